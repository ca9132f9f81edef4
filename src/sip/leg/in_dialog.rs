//! What the peer asks for within the call: BYE, re-INVITE, UPDATE, INFO, PRACK, OPTIONS.

use rsipstack::sip::{Header, Method};
use rsipstack::transaction::Transaction;
use tokio::time::Instant;

use super::arrival::timer_request;
use super::{HeldBye, Leg, Phase, REPEAT_WITHIN, allows, description_in};
use crate::sip::body;
use crate::sip::call_leg::{CallLegEvent, LegEnd, Release};
use crate::sip::dialog::{self, cseq, value, values};
use crate::sip::offer_answer::{self, MediaPlan, NotAcceptable};
use crate::sip::transactions::{InviteTransaction, serve_invite};

/// Extensions that a request may require of us.
const KNOWN_EXTENSIONS: &[&str] = &["timer", "100rel"];

/// A 200 to a change of the session, or why not.
enum Change {
    Accepted {
        text: Option<String>,
        plan: Option<MediaPlan>,
        is_our_offer: bool,
    },
    Refused {
        status: u16,
        extra: Vec<Header>,
    },
}

impl Change {
    fn refused(status: u16) -> Self {
        Self::Refused {
            status,
            extra: Vec::new(),
        }
    }

    /// RFC 3261 section 14.2, RFC 3311 section 5.2: once more, a little later.
    fn later() -> Self {
        let seconds = rand::random_range(0..=10_u8);
        Self::Refused {
            status: 500,
            extra: vec![Header::RetryAfter(seconds.to_string().into())],
        }
    }
}

impl Leg {
    pub(super) async fn on_request(&mut self, mut transaction: Transaction) {
        let method = transaction.original.method;
        let Some(number) = cseq(&transaction.original.headers) else {
            return self.refuse(transaction, 400, Vec::new()).await;
        };
        if number <= self.dialog.remote_cseq {
            // Section 12.2.2: out of order.
            return self.refuse(transaction, 500, Vec::new()).await;
        }
        self.dialog.remote_cseq = number;
        if let Some(connection) = &transaction.connection
            && self.dialog.path.transport.is_stream()
        {
            // The peer may have connected anew; what it sends over is what it reads.
            self.dialog.path.connection = connection.clone();
        }
        if method != Method::Bye
            && matches!(self.phase, Phase::Releasing | Phase::Ending | Phase::Over)
        {
            return self.refuse(transaction, 481, Vec::new()).await;
        }
        let unknown: Vec<String> = values(&transaction.original.headers, "Require")
            .flat_map(|required| required.split(','))
            .map(str::trim)
            .filter(|required| {
                !required.is_empty()
                    && !KNOWN_EXTENSIONS
                        .iter()
                        .any(|k| required.eq_ignore_ascii_case(k))
            })
            .map(str::to_owned)
            .collect();
        if !unknown.is_empty() {
            let extra = vec![Header::Unsupported(unknown.join(", ").into())];
            return self.refuse(transaction, 420, extra).await;
        }
        match method {
            Method::Bye => self.on_bye(transaction).await,
            Method::Invite => self.on_reinvite(transaction, number).await,
            Method::Update => self.on_update(transaction).await,
            Method::Info => self.on_info(transaction).await,
            Method::PRack => {
                let status = if self.confirms_provisional(&transaction) {
                    200
                } else {
                    481
                };
                self.reply(&mut transaction, status, Vec::new(), String::new())
                    .await;
            }
            Method::Options => {
                let extra = vec![
                    Header::Allow(dialog::ALLOW.into()),
                    Header::Accept(dialog::ACCEPT.into()),
                    Header::Supported(dialog::SUPPORTED.into()),
                ];
                self.reply(&mut transaction, 200, extra, String::new())
                    .await;
            }
            _ => {
                self.refuse(transaction, 405, vec![Header::Allow(dialog::ALLOW.into())])
                    .await
            }
        }
    }

    /// A final response other than 2xx to any request; that of an INVITE waits for its ACK.
    async fn refuse(&self, mut transaction: Transaction, status: u16, extra: Vec<Header>) {
        self.reply(&mut transaction, status, extra, String::new())
            .await;
        if transaction.original.method == Method::Invite {
            self.shared.tasks.spawn(serve_invite(
                transaction,
                // No INVITE has this number: the leg does not wait for this ACK.
                u32::MAX,
                self.channels.invite_events.clone(),
                self.shared.stop.clone(),
            ));
        }
    }

    async fn on_bye(&mut self, mut transaction: Transaction) {
        match self.phase {
            Phase::Answered | Phase::Confirmed => {
                let (release, released) = Release::new();
                self.tell(CallLegEvent::HungUp {
                    cause: LegEnd::Caller,
                    release,
                });
                self.events = None;
                self.refresh.abandon();
                self.phase = Phase::Releasing;
                self.held_bye = Some(HeldBye {
                    transaction,
                    released,
                    answer_by: Instant::now() + self.shared.release_within,
                });
            }
            Phase::Deciding => {
                self.reply(&mut transaction, 200, Vec::new(), String::new())
                    .await;
                self.cancel();
            }
            // Both hang up at once; or the BYE again under another number.
            Phase::Releasing | Phase::Ending | Phase::Over => {
                self.reply(&mut transaction, 200, Vec::new(), String::new())
                    .await;
            }
        }
    }

    async fn on_reinvite(&mut self, mut transaction: Transaction, number: u32) {
        let change = match self.phase {
            // The first INVITE has no final response yet (section 14.2).
            Phase::Deciding => Change::later(),
            // Our own offer is on its way: glare.
            _ if self.offered_in.is_some() || self.refresh.has_invite_in_flight() => {
                Change::refused(491)
            }
            _ => self.change(&transaction, true),
        };
        match change {
            Change::Refused { status, extra } => self.refuse(transaction, status, extra).await,
            Change::Accepted {
                text,
                plan,
                is_our_offer,
            } => {
                if is_our_offer {
                    self.offered_in = Some(number);
                }
                let extra = self.headers_of_2xx(text.is_some());
                self.reply(&mut transaction, 200, extra, text.unwrap_or_default())
                    .await;
                self.invites
                    .push(InviteTransaction::new(&transaction, number));
                self.shared.tasks.spawn(serve_invite(
                    transaction,
                    number,
                    self.channels.invite_events.clone(),
                    self.shared.stop.clone(),
                ));
                if let Some(plan) = plan {
                    self.set_plan(plan);
                }
            }
        }
    }

    async fn on_update(&mut self, mut transaction: Transaction) {
        let carries_offer = !transaction.original.body.is_empty();
        let change = if carries_offer && self.phase == Phase::Deciding {
            // RFC 3311 section 5.2: the offer of the INVITE has no answer yet.
            Change::later()
        } else if carries_offer && (self.offered_in.is_some() || self.refresh.has_offer_in_flight())
        {
            Change::refused(491)
        } else {
            self.change(&transaction, false)
        };
        match change {
            Change::Refused { status, extra } => self.refuse(transaction, status, extra).await,
            Change::Accepted { text, plan, .. } => {
                let extra = self.headers_of_2xx(text.is_some());
                self.reply(&mut transaction, 200, extra, text.unwrap_or_default())
                    .await;
                if let Some(plan) = plan {
                    self.set_plan(plan);
                }
            }
        }
    }

    /// What a re-INVITE or UPDATE changes: session timer, target, sound.
    fn change(&mut self, transaction: &Transaction, is_invite: bool) -> Change {
        let request = &transaction.original;
        let agreed = match self
            .shared
            .timer_settings
            .judge(&timer_request(&request.headers))
        {
            Ok(agreed) => agreed,
            Err(min_se) => {
                let extra = vec![Header::MinSE(min_se.to_string().into())];
                return Change::Refused { status: 422, extra };
            }
        };
        let description = match description_in(&request.headers, &request.body) {
            Ok(description) => description,
            Err(fault) => return refusal_of(fault),
        };
        if description.is_some() && !self.can_tell() {
            return Change::later();
        }
        let mut change = Change::Accepted {
            text: None,
            plan: None,
            is_our_offer: false,
        };
        if let Some(session) = &mut self.session {
            let version = session.version + 1;
            let (text, plan, is_our_offer) = match &description {
                Some(offer) => match offer_answer::choose(offer) {
                    Ok((at, plan)) => {
                        let text =
                            offer_answer::answer(offer, Some((at, &plan)), session.local, version);
                        (Some(text), Some(plan), false)
                    }
                    // The peer takes its audio away for a while: silence, not the end of the call.
                    Err(_) if offer_answer::removes_audio(offer) => {
                        let plan = session.plan.clone().map(|plan| MediaPlan {
                            send: false,
                            receive: false,
                            ..plan
                        });
                        (
                            Some(offer_answer::answer(offer, None, session.local, version)),
                            plan,
                            false,
                        )
                    }
                    // The session stays as it was (section 14.2).
                    Err(fault) => return refusal_of(fault),
                },
                None if is_invite => (
                    Some(offer_answer::offer(
                        session.plan.as_ref(),
                        session.local,
                        version,
                    )),
                    None,
                    true,
                ),
                None => (None, None, false),
            };
            if let Some(text) = &text {
                session.version = version;
                session.last.clone_from(text);
            }
            change = Change::Accepted {
                text,
                plan,
                is_our_offer,
            };
        }
        self.dialog.refresh_target(&request.headers);
        self.refresh.peer_takes_update |= allows(&request.headers, Method::Update);
        self.timer = agreed.map(|agreed| (agreed, Instant::now()));
        self.refresh.begin_anew();
        change
    }

    async fn on_info(&mut self, mut transaction: Transaction) {
        let request = &transaction.original;
        let content_type = value(&request.headers, "Content-Type");
        let (status, key) = match content_type {
            _ if value(&request.headers, "Info-Package").is_some() => (469, None),
            _ if request.body.is_empty() => (200, None),
            Some(content_type) => match body::info_key(content_type, &request.body) {
                Some(key) => (200, key),
                None => (415, None),
            },
            None => (415, None),
        };
        let extra = match status {
            415 => vec![Header::Accept(
                "application/dtmf-relay, application/dtmf".into(),
            )],
            // RFC 6086 section 4.2.2: we receive none.
            469 => vec![Header::Other("Recv-Info".into(), String::new())],
            _ => Vec::new(),
        };
        self.reply(&mut transaction, status, extra, String::new())
            .await;
        if let Some(key) = key {
            self.tell(CallLegEvent::Key(key));
        }
    }

    /// RFC 3262 section 3: the PRACK names the response that it confirms.
    fn confirms_provisional(&mut self, transaction: &Transaction) -> bool {
        let Some(rseq) = self.awaits_prack else {
            return false;
        };
        let rack = value(&transaction.original.headers, "RAck").unwrap_or_default();
        let mut words = rack.split_ascii_whitespace();
        let number = |word: Option<&str>| word.and_then(|word| word.parse::<u32>().ok());
        let confirms = number(words.next()) == Some(rseq)
            && number(words.next()) == Some(self.first_cseq)
            && words.next().is_some_and(|method| method == "INVITE");
        if confirms {
            self.unconfirmed = None;
            self.awaits_prack = None;
        }
        confirms
    }

    /// Hangs up on the session timer's behalf.
    pub(super) fn session_expired(&mut self) {
        tracing::info!(
            call_id = self.dialog.key.call_id,
            "the session timer ran out: the peer is gone"
        );
        self.end(LegEnd::SessionExpired, REPEAT_WITHIN);
    }
}

fn refusal_of(fault: NotAcceptable) -> Change {
    let mut extra = Vec::new();
    if fault == NotAcceptable::UnsupportedType {
        extra.push(Header::Accept("application/sdp, multipart/mixed".into()));
    }
    Change::Refused {
        status: fault.status(),
        extra,
    }
}
