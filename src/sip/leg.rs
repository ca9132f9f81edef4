//! One call, from its INVITE to its end: a task that owns the dialog and hears everything that concerns it.

mod arrival;
mod in_dialog;
mod own_requests;

use std::sync::Arc;
use std::time::Duration;

use rsipstack::sip::{Header, Method, Response};
use rsipstack::transaction::Transaction;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::body::{self, BodyHeaders};
use super::call_leg::{
    Answer, AnswerFault, CallLegEvent, Command, Decline, LegEnd, Offer, Release,
};
use super::dialog::{self, Dialog, values};
use super::endpoint::Shared;
use super::offer_answer::{self, LocalMedia, MediaPlan, NotAcceptable};
use super::registry::Seat;
use super::sdp::Description;
use super::session_timer::Agreed;
use super::transactions::{InviteEvent, InviteTransaction, Reply};

pub(super) use arrival::arrive;

/// How long a call may wait for a decision, in T1: 30 seconds. Whoever decides takes milliseconds.
const DECIDE_WITHIN: u32 = 60;
/// How long an INVITE may stay without any response. RFC 3261 section 17.2.1 leaves us 200 ms before it needs a 100;
/// nearly all calls ring or are answered sooner, and then that message is spared.
const TRYING_AFTER: Duration = Duration::from_millis(100);
/// How long a BYE to a peer that never acknowledged is worth waiting for, in T1: 6 seconds. With the 32 before it, an
/// INVITE leaves nothing behind after 40 (security S5).
const SHORT_BYE_WITHIN: u32 = 12;
/// How long any other message is worth repeating, in T1: 32 seconds (RFC 3261 section 17).
const REPEAT_WITHIN: u32 = 64;

/// How far the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The INVITE has no final response.
    Deciding,
    /// Our 200 is out, its ACK not yet here.
    Answered,
    Confirmed,
    /// The caller's BYE waits for its answer.
    Releasing,
    /// Our BYE waits for its answer.
    Ending,
    Over,
}

/// A reliable 180 that its PRACK has not yet confirmed (RFC 3262 section 3).
struct Unconfirmed {
    response: Response,
    again_at: Instant,
    interval: Duration,
    give_up_at: Instant,
}

/// The sound of the call.
struct Session {
    local: LocalMedia,
    version: u64,
    /// Our last description, to see whether the next one differs.
    last: String,
    plan: Option<MediaPlan>,
}

pub(super) struct Leg {
    shared: Arc<Shared>,
    _seat: Seat,
    dialog: Dialog,
    phase: Phase,
    /// The INVITE that made the call, until it is acknowledged; then re-INVITEs that wait for their ACK.
    invites: Vec<InviteTransaction>,
    offer: Offer,
    description: Option<Description>,
    /// `Require: 100rel` stood in the INVITE.
    needs_reliable: bool,
    unconfirmed: Option<Unconfirmed>,
    /// The RSeq of that 180. Its PRACK may cross our 200, and is welcome then too.
    awaits_prack: Option<u32>,
    /// The CSeq of the INVITE that made the call.
    first_cseq: u32,
    has_rung: bool,
    session: Option<Session>,
    /// The CSeq of the INVITE whose 200 carried our offer, until its ACK brings the answer.
    offered_in: Option<u32>,
    timer: Option<(Agreed, Instant)>,
    refresh: own_requests::Refresh,
    events: Option<mpsc::Sender<CallLegEvent>>,
    hang_up_when_acknowledged: bool,
    waiting_for_end: Vec<oneshot::Sender<()>>,
    held_bye: Option<HeldBye>,
    decide_by: Instant,
    /// When the 100 is due; none once the INVITE has a response.
    trying_at: Option<Instant>,
    cancelled: tokio_util::sync::CancellationToken,
    channels: Channels,
}

/// The near ends of the leg's own channels, for the tasks that it starts.
struct Channels {
    invite_events: mpsc::UnboundedSender<InviteEvent>,
    replies: mpsc::UnboundedSender<Reply>,
}

struct HeldBye {
    transaction: Transaction,
    released: oneshot::Receiver<()>,
    answer_by: Instant,
}

/// What the leg's task listens to.
pub(super) struct Ears {
    commands: mpsc::UnboundedReceiver<Command>,
    requests: mpsc::Receiver<Box<Transaction>>,
    invite_events: mpsc::UnboundedReceiver<InviteEvent>,
    replies: mpsc::UnboundedReceiver<Reply>,
}

impl Leg {
    /// Lives until the call is over.
    pub(super) async fn run(mut self, mut ears: Ears) {
        let stop = self.shared.stop.clone();
        let closing = self.shared.closing.clone();
        let mut commands_open = true;
        let mut told_to_close = false;
        while self.phase != Phase::Over {
            let deadline = self.deadline();
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = closing.cancelled(), if !told_to_close => {
                    told_to_close = true;
                    self.owner_left();
                }
                Some(event) = ears.invite_events.recv() => self.on_invite_event(event),
                Some(reply) = ears.replies.recv() => self.on_reply(reply),
                // Boxed, as below: what is done now and then takes no room meanwhile.
                Some(transaction) = ears.requests.recv() => Box::pin(self.on_request(*transaction)).await,
                command = ears.commands.recv(), if commands_open => match command {
                    Some(command) => self.on_command(command),
                    None => {
                        commands_open = false;
                        self.owner_left();
                    }
                },
                () = released(&mut self.held_bye) => Box::pin(self.answer_held_bye()).await,
                () = tokio::time::sleep_until(deadline) => Box::pin(self.on_deadline(Instant::now())).await,
            }
        }
        Box::pin(self.finish()).await;
    }

    /// The next moment at which something is due. There is always one: the call's end at the latest.
    fn deadline(&self) -> Instant {
        let mut earliest = Instant::now() + Duration::from_secs(3600);
        let mut consider = |at: Option<Instant>| earliest = earliest.min(at.unwrap_or(earliest));
        consider((self.phase == Phase::Deciding).then_some(self.decide_by));
        consider(self.trying_at);
        consider(
            self.unconfirmed
                .as_ref()
                .map(|unconfirmed| unconfirmed.again_at.min(unconfirmed.give_up_at)),
        );
        consider(self.held_bye.as_ref().map(|held| held.answer_by));
        consider(self.next_timer_step());
        earliest
    }

    async fn on_deadline(&mut self, now: Instant) {
        if self.phase == Phase::Deciding && now >= self.decide_by {
            tracing::warn!(
                call_id = self.dialog.key.call_id,
                "nobody decided about a call; it is declined"
            );
            self.decline(&Decline::with_status(500));
            return;
        }
        if self.trying_at.is_some_and(|at| now >= at) {
            self.respond_to_invite(100, Vec::new(), String::new());
        }
        if self
            .held_bye
            .as_ref()
            .is_some_and(|held| now >= held.answer_by)
        {
            self.answer_held_bye().await;
        }
        self.repeat_unconfirmed(now);
        self.on_timer_step(now);
    }

    /// Nobody listens on our side any more.
    fn owner_left(&mut self) {
        match self.phase {
            Phase::Deciding => self.decline(&Decline::with_status(500)),
            Phase::Answered | Phase::Confirmed => self.hang_up(),
            Phase::Releasing | Phase::Ending | Phase::Over => {}
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Ring => self.ring(),
            Command::Decline(decline) => {
                if self.phase == Phase::Deciding {
                    self.decline(&decline);
                }
            }
            Command::Answer(answer) => {
                let Answer {
                    rtp,
                    rtcp,
                    events,
                    done,
                } = *answer;
                let outcome = if self.phase == Phase::Deciding {
                    let ip = self
                        .shared
                        .advertised_to(self.dialog.path.source)
                        .unwrap_or(rtp.ip());
                    let ip = if ip.is_unspecified() {
                        self.shared.local_ip_towards(self.dialog.path.source)
                    } else {
                        ip
                    };
                    let local = LocalMedia {
                        rtp: (ip, rtp.port()).into(),
                        rtcp_port: rtcp.port(),
                        session_id: rand::random::<u32>().into(),
                    };
                    self.answer(local, events)
                } else {
                    Err(AnswerFault::Cancelled)
                };
                let _ = done.send(outcome);
            }
            Command::HangUp { done } => {
                self.waiting_for_end.push(done);
                self.hang_up();
            }
        }
    }

    fn decline(&mut self, decline: &Decline) {
        let mut extra = Vec::new();
        if let Some(after) = decline.retry_after {
            extra.push(Header::RetryAfter(
                after.as_secs().max(1).to_string().into(),
            ));
        }
        if let Some(reason) = &decline.reason {
            // A quoted string (RFC 3261 section 20.43): nothing in it may end the quotes or the line.
            let text: String = reason
                .chars()
                .filter(|c| !c.is_control() && !matches!(c, '"' | '\\'))
                .collect();
            extra.push(Header::Warning(format!("399 ringback \"{text}\"").into()));
        }
        if decline.status == 415 {
            extra.push(Header::Accept(dialog::ACCEPT.into()));
        }
        if decline.status == 405 {
            extra.push(Header::Allow(dialog::ALLOW.into()));
        }
        let status = if (300..700).contains(&decline.status) {
            decline.status
        } else {
            500
        };
        self.respond_to_invite(status, extra, String::new());
        self.phase = Phase::Over;
    }

    /// A response to the INVITE that made the call.
    fn respond_to_invite(&mut self, status: u16, extra: Vec<Header>, body: String) {
        self.trying_at = None;
        if let Some(response) = self.response_to_invite(status, extra, body)
            && let Some(invite) = self.invites.first()
        {
            invite.respond(response);
        }
    }

    fn response_to_invite(
        &self,
        status: u16,
        extra: Vec<Header>,
        body: String,
    ) -> Option<Response> {
        let invite = self.invites.first()?;
        Some(dialog::response(
            &invite.request,
            status,
            &self.dialog.key.local_tag,
            &self.shared.server_name,
            extra,
            body,
        ))
    }

    fn ring(&mut self) {
        if self.phase != Phase::Deciding || self.has_rung {
            return;
        }
        let contact = Header::Contact(self.dialog.contact().into());
        if !self.needs_reliable {
            self.has_rung = true;
            self.respond_to_invite(180, vec![contact], String::new());
            return;
        }
        // RFC 3262 section 5 wants our offer in the first reliable response, and we have none yet: no 18x then.
        if self.offer == Offer::Ours {
            return;
        }
        self.has_rung = true;
        let rseq = rand::random::<u32>() >> 2 | 1;
        let extra = vec![
            contact,
            Header::Require("100rel".into()),
            Header::RSeq(rseq.to_string().into()),
        ];
        self.awaits_prack = Some(rseq);
        let (now, t1) = (Instant::now(), self.shared.t1);
        // Goes out for the first time at once, as one that is due again.
        self.unconfirmed = self
            .response_to_invite(180, extra, String::new())
            .map(|response| Unconfirmed {
                response,
                again_at: now,
                interval: t1 / 2,
                give_up_at: now + t1 * REPEAT_WITHIN,
            });
        self.repeat_unconfirmed(now);
    }

    fn repeat_unconfirmed(&mut self, now: Instant) {
        let Some(unconfirmed) = &mut self.unconfirmed else {
            return;
        };
        if now >= unconfirmed.give_up_at {
            // RFC 3262 section 3: a caller that never confirms is rejected with a 5xx.
            self.unconfirmed = None;
            self.decline(&Decline::with_status(504));
        } else if now >= unconfirmed.again_at {
            if let Some(invite) = self.invites.first() {
                invite.respond(unconfirmed.response.clone());
            }
            self.trying_at = None;
            unconfirmed.interval *= 2;
            unconfirmed.again_at = now + unconfirmed.interval;
        }
    }

    fn answer(
        &mut self,
        local: LocalMedia,
        events: mpsc::Sender<CallLegEvent>,
    ) -> Result<(), AnswerFault> {
        let mut session = Session {
            local,
            version: 1,
            last: String::new(),
            plan: None,
        };
        let text = match (&self.offer, &self.description) {
            (Offer::NotAcceptable(fault), _) => {
                let fault = *fault;
                self.decline(&fault.into());
                return Err(fault.into());
            }
            (Offer::Theirs(plan), Some(description)) => {
                let chosen = offer_answer::choose(description).ok();
                session.plan = Some(plan.clone());
                offer_answer::answer(
                    description,
                    chosen.as_ref().map(|(at, plan)| (*at, plan)),
                    local,
                    1,
                )
            }
            _ => {
                self.offered_in = self.invites.first().map(|invite| invite.cseq);
                offer_answer::offer(None, local, 1)
            }
        };
        session.last.clone_from(&text);
        self.session = Some(session);
        let extra = self.headers_of_2xx(true);
        self.respond_to_invite(200, extra, text);
        // No longer repeated once the final response is out (RFC 3262 section 3).
        self.unconfirmed = None;
        self.description = None;
        self.events = Some(events);
        self.phase = Phase::Answered;
        Ok(())
    }

    /// What every 200 of ours to INVITE and UPDATE says.
    fn headers_of_2xx(&self, has_description: bool) -> Vec<Header> {
        let mut extra = vec![
            Header::Contact(self.dialog.contact().into()),
            Header::Allow(dialog::ALLOW.into()),
            Header::Supported(dialog::SUPPORTED.into()),
        ];
        if let Some((agreed, _)) = &self.timer {
            extra.push(Header::SessionExpires(agreed.in_response().into()));
            if agreed.refresher == super::session_timer::Refresher::Peer {
                extra.push(Header::Require("timer".into()));
            }
        }
        if has_description {
            extra.push(Header::ContentType("application/sdp".into()));
        }
        extra
    }

    fn on_invite_event(&mut self, event: InviteEvent) {
        match event {
            InviteEvent::Cancelled { cseq } => {
                let is_the_first = self
                    .invites
                    .first()
                    .is_some_and(|invite| invite.cseq == cseq);
                if self.phase == Phase::Deciding && is_the_first {
                    self.cancel();
                }
            }
            InviteEvent::Acknowledged { cseq, ack } => {
                // The ACK of a refusal within the call tells nothing.
                let is_of_2xx = self.invites.iter().any(|invite| invite.cseq == cseq);
                self.forget_invite(cseq);
                if self.phase == Phase::Answered && is_of_2xx {
                    self.phase = Phase::Confirmed;
                    self.tell(CallLegEvent::Confirmed);
                }
                if self.offered_in == Some(cseq) && self.phase == Phase::Confirmed {
                    self.offered_in = None;
                    self.take_answer(&ack.headers, &ack.body);
                }
                if self.hang_up_when_acknowledged && self.phase == Phase::Confirmed {
                    self.send_bye(REPEAT_WITHIN);
                }
            }
            InviteEvent::NotAcknowledged { cseq } => {
                let was_waiting = self.invites.iter().any(|invite| invite.cseq == cseq);
                self.forget_invite(cseq);
                if was_waiting && matches!(self.phase, Phase::Answered | Phase::Confirmed) {
                    self.end(LegEnd::NotAcknowledged, SHORT_BYE_WITHIN);
                }
            }
        }
    }

    /// The INVITE is over; its request need not be kept for the whole call.
    fn forget_invite(&mut self, cseq: u32) {
        self.invites.retain(|invite| invite.cseq != cseq);
        self.invites.shrink_to_fit();
    }

    /// The caller gave up before we answered: by CANCEL, or by a BYE in the early dialog.
    fn cancel(&mut self) {
        self.respond_to_invite(487, Vec::new(), String::new());
        self.cancelled.cancel();
        self.phase = Phase::Over;
    }

    /// The answer to an offer of ours, in the ACK.
    fn take_answer(&mut self, headers: &rsipstack::sip::Headers, body: &[u8]) {
        match description_in(headers, body)
            .and_then(|found| found.ok_or(NotAcceptable::NothingFits))
        {
            Ok(description) => match offer_answer::choose(&description) {
                Ok((_, plan)) => self.set_plan(plan),
                Err(fault) => self.give_up(fault),
            },
            Err(fault) => self.give_up(fault),
        }
    }

    fn give_up(&mut self, fault: NotAcceptable) {
        tracing::info!(call_id = self.dialog.key.call_id, %fault, "the answer to our offer cannot be used");
        self.end(LegEnd::Fault, REPEAT_WITHIN);
    }

    fn set_plan(&mut self, plan: MediaPlan) {
        let Some(session) = &mut self.session else {
            return;
        };
        if session.plan.as_ref() != Some(&plan) {
            session.plan = Some(plan.clone());
            self.tell(CallLegEvent::Media(Box::new(plan)));
        }
    }

    /// Tells the owner; one place in the queue always stays free for the end of the call.
    fn tell(&self, event: CallLegEvent) {
        if let Some(events) = &self.events {
            let is_last = matches!(event, CallLegEvent::HungUp { .. });
            if (is_last || events.capacity() > 1) && events.try_send(event).is_err() {
                tracing::debug!(
                    call_id = self.dialog.key.call_id,
                    "nobody hears about the call any more"
                );
            }
        }
    }

    /// Whether the owner can be told of a change now; else the peer has to try again.
    fn can_tell(&self) -> bool {
        self.events
            .as_ref()
            .is_none_or(|events| events.capacity() > 1)
    }

    fn hang_up(&mut self) {
        match self.phase {
            // RFC 3261 section 15: no BYE before the ACK.
            Phase::Answered => self.hang_up_when_acknowledged = true,
            Phase::Confirmed => self.send_bye(REPEAT_WITHIN),
            Phase::Deciding | Phase::Releasing | Phase::Ending => {}
            Phase::Over => self.waiting_for_end.clear(),
        }
    }

    /// Ends the call because of something other than a wish of either side.
    fn end(&mut self, cause: LegEnd, bye_within: u32) {
        self.tell(CallLegEvent::HungUp {
            cause,
            release: Release::of_nothing(),
        });
        self.events = None;
        self.send_bye(bye_within);
    }

    async fn answer_held_bye(&mut self) {
        if let Some(mut held) = self.held_bye.take() {
            self.reply(&mut held.transaction, 200, Vec::new(), String::new())
                .await;
        }
        self.phase = Phase::Over;
    }

    /// Answers a request other than INVITE.
    async fn reply(
        &self,
        transaction: &mut Transaction,
        status: u16,
        extra: Vec<Header>,
        body: String,
    ) {
        let response = dialog::response(
            &transaction.original,
            status,
            &self.dialog.key.local_tag,
            &self.shared.server_name,
            extra,
            body,
        );
        if let Err(fault) = transaction.respond(response).await {
            tracing::debug!(%fault, "a response could not be sent");
        }
    }

    async fn finish(&mut self) {
        if self.held_bye.is_some() {
            self.answer_held_bye().await;
        }
        for invite in &self.invites {
            // A 2xx whose call is over need not be repeated; a refusal waits for its ACK by itself.
            if self.session.is_some() {
                invite.end();
            }
        }
        self.waiting_for_end.clear();
    }
}

/// Resolves when the owner lets the held BYE go.
async fn released(held: &mut Option<HeldBye>) {
    match held {
        Some(held) => {
            let _ = (&mut held.released).await;
        }
        None => std::future::pending().await,
    }
}

/// The session description that a message carries.
fn description_in(
    headers: &rsipstack::sip::Headers,
    body: &[u8],
) -> Result<Option<Description>, NotAcceptable> {
    let first = |name| values(headers, name).next();
    let about = BodyHeaders {
        content_type: first("Content-Type"),
        content_encoding: first("Content-Encoding"),
        content_disposition: first("Content-Disposition"),
    };
    body::description(about, body)
}

/// Whether the peer understands a method, as far as its Allow tells.
fn allows(headers: &rsipstack::sip::Headers, method: Method) -> bool {
    dialog::lists(headers, "Allow", &method.to_string())
}
