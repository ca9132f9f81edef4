//! An INVITE that begins a call: judged, announced, and given a task.

use std::sync::Arc;

use rsipstack::sip::Header;
use rsipstack::transaction::Transaction;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::own_requests::Refresh;
use super::{Channels, DECIDE_WITHIN, Ears, Leg, Phase, TRYING_AFTER, allows, description_in};
use crate::sip::address::{NameAddress, Party, party_of_uri, split_outside_quotes};
use crate::sip::call_leg::{IncomingCall, Offer};
use crate::sip::dialog::{Dialog, Path, as_received, lists, response, value, values};
use crate::sip::diversion::diversions;
use crate::sip::endpoint::Shared;
use crate::sip::offer_answer;
use crate::sip::session_timer::TimerRequest;
use crate::sip::transactions::{InviteTransaction, serve_invite};

/// Takes an INVITE outside of any dialog. `announce` hears of the call unless it is refused here.
pub(in crate::sip) async fn arrive(
    shared: &Arc<Shared>,
    mut transaction: Transaction,
    path: Path,
    announce: &mpsc::Sender<IncomingCall>,
) {
    let local_tag = rsipstack::transaction::random_text(16);
    let refuse = |status: u16, extra: Vec<Header>| Refusal { status, extra };
    let authority = shared.authority(&path);
    let Some(dialog) = Dialog::called(&transaction.original, path, local_tag.clone(), authority)
    else {
        return refuse(400, Vec::new())
            .send(shared, transaction, &local_tag)
            .await;
    };
    if shared.is_draining() {
        let after = shared.retry_after.as_secs().max(1).to_string();
        return refuse(503, vec![Header::RetryAfter(after.into())])
            .send(shared, transaction, &local_tag)
            .await;
    }
    let timer = match shared
        .timer_settings
        .judge(&timer_request(&transaction.original.headers))
    {
        Ok(agreed) => agreed,
        Err(min_se) => {
            let extra = vec![Header::MinSE(min_se.to_string().into())];
            return refuse(422, extra)
                .send(shared, transaction, &local_tag)
                .await;
        }
    };
    let Some((seat, requests)) =
        shared
            .registry
            .enter(dialog.key.clone(), dialog.path.clone(), dialog.remote_cseq)
    else {
        // The same INVITE came over two ways (RFC 3261 section 8.2.2.2).
        return refuse(482, Vec::new())
            .send(shared, transaction, &local_tag)
            .await;
    };

    // Not sent yet: most calls get their answer sooner. But a repeated INVITE is answered with it, and an early
    // CANCEL finds our tag in it (section 9.2).
    transaction.last_response = Some(response(
        &transaction.original,
        100,
        &local_tag,
        &shared.server_name,
        Vec::new(),
        String::new(),
    ));

    let request = &transaction.original;
    let (offer, description) = match description_in(&request.headers, &request.body) {
        Ok(None) => (Offer::Ours, None),
        Ok(Some(description)) => match offer_answer::choose(&description) {
            Ok((_, plan)) => (Offer::Theirs(plan), Some(description)),
            Err(fault) => (Offer::NotAcceptable(fault), None),
        },
        Err(fault) => (Offer::NotAcceptable(fault), None),
    };
    let (commands, commands_receiver) = mpsc::unbounded_channel();
    let (invite_events, invite_events_receiver) = mpsc::unbounded_channel();
    let (replies, replies_receiver) = mpsc::unbounded_channel();
    let cancelled = CancellationToken::new();
    let call = incoming_call(
        shared,
        &transaction,
        &dialog,
        offer.clone(),
        commands,
        cancelled.clone(),
    );
    let now = Instant::now();
    let invite = InviteTransaction::new(&transaction, dialog.remote_cseq);
    let headers = &transaction.original.headers;
    let leg = Leg {
        shared: shared.clone(),
        _seat: seat,
        phase: Phase::Deciding,
        invites: vec![invite],
        offer,
        description,
        needs_reliable: lists(headers, "Require", "100rel"),
        unconfirmed: None,
        awaits_prack: None,
        first_cseq: dialog.remote_cseq,
        has_rung: false,
        session: None,
        offered_in: None,
        timer: timer.map(|agreed| (agreed, now)),
        refresh: Refresh::new(allows(headers, rsipstack::sip::Method::Update)),
        events: None,
        hang_up_when_acknowledged: false,
        waiting_for_end: Vec::new(),
        held_bye: None,
        decide_by: now + shared.t1 * DECIDE_WITHIN,
        trying_at: Some(now + TRYING_AFTER),
        cancelled,
        channels: Channels {
            invite_events: invite_events.clone(),
            replies,
        },
        dialog,
    };
    let cseq = leg.dialog.remote_cseq;
    let ears = Ears {
        commands: commands_receiver,
        requests,
        invite_events: invite_events_receiver,
        replies: replies_receiver,
    };
    shared.tasks.spawn(serve_invite(
        transaction,
        cseq,
        invite_events,
        shared.stop.clone(),
    ));
    shared.tasks.spawn(leg.run(ears));
    // A full queue drops the call, and the leg declines it.
    if announce.try_send(call).is_err() {
        tracing::warn!("calls arrive faster than they are decided about; one is declined");
    }
}

struct Refusal {
    status: u16,
    extra: Vec<Header>,
}

impl Refusal {
    /// Answers, and leaves the transaction to wait for its ACK.
    async fn send(self, shared: &Arc<Shared>, mut transaction: Transaction, local_tag: &str) {
        let answer = response(
            &transaction.original,
            self.status,
            local_tag,
            &shared.server_name,
            self.extra,
            String::new(),
        );
        if let Err(fault) = transaction.respond(answer).await {
            tracing::debug!(%fault, "a refusal could not be sent");
            return;
        }
        let (nobody, _) = mpsc::unbounded_channel();
        shared
            .tasks
            .spawn(serve_invite(transaction, 0, nobody, shared.stop.clone()));
    }
}

pub(super) fn timer_request(headers: &rsipstack::sip::Headers) -> TimerRequest {
    let supported = lists(headers, "Supported", "timer") || lists(headers, "Require", "timer");
    TimerRequest::read(
        value(headers, "Session-Expires"),
        value(headers, "Min-SE"),
        supported,
    )
}

fn incoming_call(
    shared: &Arc<Shared>,
    transaction: &Transaction,
    dialog: &Dialog,
    offer: Offer,
    commands: mpsc::UnboundedSender<super::Command>,
    cancelled: CancellationToken,
) -> IncomingCall {
    let request = &transaction.original;
    let headers = &request.headers;
    let address = |name| {
        value(headers, name)
            .and_then(NameAddress::parse)
            .map(|address| address.party())
    };
    let asserted = values(headers, "P-Asserted-Identity")
        .flat_map(|identities| split_outside_quotes(identities, ','))
        .filter_map(NameAddress::parse)
        .map(|address| address.party());
    // Of a SIP and a tel identity the SIP one says more (RFC 3325 section 9.1).
    let asserted =
        asserted.reduce(|first, second| if first.host.is_some() { first } else { second });
    let privacy = values(headers, "Privacy").flat_map(|value| value.split([';', ',']));
    let is_private = privacy.into_iter().any(|word| {
        ["id", "user", "header", "session"]
            .iter()
            .any(|kind| word.trim().eq_ignore_ascii_case(kind))
    });
    IncomingCall {
        call_id: dialog.key.call_id.clone(),
        source: dialog.path.source,
        transport: dialog.path.transport,
        called: party_of_uri(&as_received(&request.uri)),
        to: address("To").unwrap_or_default(),
        calling: address("From").filter(|party: &Party| !party.is_anonymous()),
        asserted: asserted.filter(|party| !party.is_anonymous()),
        is_private,
        diversions: diversions(
            values(headers, "Diversion"),
            values(headers, "History-Info"),
        ),
        local_ip: shared.local_ip_towards(dialog.path.source),
        offer,
        commands,
        cancelled,
    }
}
