//! What we ask of the peer within the call: BYE, and refreshes of the session (RFC 4028 section 7).

use std::time::Duration;

use rsipstack::sip::{Header, Method, Response};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Leg, Phase, REPEAT_WITHIN, description_in};
use crate::sip::call_leg::LegEnd;
use crate::sip::dialog::{self, value};
use crate::sip::offer_answer;
use crate::sip::registry::Acknowledgement;
use crate::sip::session_timer::{self, Agreed, Refresher};
use crate::sip::transactions::{self, Sending};

/// Where our refreshing stands.
pub(super) struct Refresh {
    pub(super) peer_takes_update: bool,
    in_flight: Option<Method>,
    /// After 491, or a Min-SE that was larger: when to try again.
    again_at: Option<Instant>,
    /// This interval's refresh has been tried and refused; the session ends with the interval.
    has_failed: bool,
    /// Cancelled when the call ends: a refresh under way is not repeated then.
    abandoned: CancellationToken,
}

impl Refresh {
    pub(super) fn new(peer_takes_update: bool) -> Self {
        Self {
            peer_takes_update,
            in_flight: None,
            again_at: None,
            has_failed: false,
            abandoned: CancellationToken::new(),
        }
    }

    /// The call is ending: what is under way matters no longer.
    pub(super) fn abandon(&self) {
        self.abandoned.cancel();
    }

    /// The session was refreshed: the next interval begins.
    pub(super) fn begin_anew(&mut self) {
        self.again_at = None;
        self.has_failed = false;
    }

    pub(super) fn has_invite_in_flight(&self) -> bool {
        self.in_flight == Some(Method::Invite)
    }

    /// Our re-INVITE carries an offer, our UPDATE never does.
    pub(super) fn has_offer_in_flight(&self) -> bool {
        self.has_invite_in_flight()
    }
}

impl Leg {
    /// When the session timer wants something next.
    pub(super) fn next_timer_step(&self) -> Option<Instant> {
        let (agreed, refreshed) = self
            .timer
            .as_ref()
            .filter(|_| self.phase == Phase::Confirmed)?;
        let is_ours = agreed.refresher == Refresher::Ourselves;
        if !is_ours || self.refresh.in_flight.is_some() || self.refresh.has_failed {
            return Some(agreed.ends_at(*refreshed));
        }
        Some(
            self.refresh
                .again_at
                .unwrap_or_else(|| agreed.act_at(*refreshed))
                .min(agreed.ends_at(*refreshed)),
        )
    }

    pub(super) fn on_timer_step(&mut self, now: Instant) {
        let Some((agreed, refreshed)) = self.timer.filter(|_| self.phase == Phase::Confirmed)
        else {
            return;
        };
        if now >= agreed.ends_at(refreshed) {
            self.session_expired();
        } else if agreed.refresher == Refresher::Ourselves
            && self.refresh.in_flight.is_none()
            && !self.refresh.has_failed
            && now
                >= self
                    .refresh
                    .again_at
                    .unwrap_or_else(|| agreed.act_at(refreshed))
        {
            self.send_refresh(&agreed);
        }
    }

    fn send_refresh(&mut self, agreed: &Agreed) {
        self.refresh.again_at = None;
        let min_se = self.shared.timer_settings.min_se().to_string();
        let mut extra = vec![
            Header::Contact(self.dialog.contact().into()),
            Header::SessionExpires(agreed.in_request().into()),
            Header::MinSE(min_se.into()),
            Header::Supported(dialog::SUPPORTED.into()),
            Header::Allow(dialog::ALLOW.into()),
        ];
        let update = self.refresh.peer_takes_update;
        if !update && (self.offered_in.is_some() || !self.invites.is_empty()) {
            // Theirs is under way: after it (section 14.1).
            self.refresh.again_at = Some(self.after_glare());
            return;
        }
        let body = match &mut self.session {
            Some(session) if !update => {
                extra.push(Header::ContentType("application/sdp".into()));
                session.version += 1;
                session.last =
                    offer_answer::offer(session.plan.as_ref(), session.local, session.version);
                session.last.clone()
            }
            _ => String::new(),
        };
        let method = if update {
            Method::Update
        } else {
            Method::Invite
        };
        if self.send(method, extra, body, REPEAT_WITHIN) {
            self.refresh.in_flight = Some(method);
        } else {
            self.refresh.has_failed = true;
        }
    }

    /// Puts a request on its way; false where the peer's address cannot be used.
    fn send(&mut self, method: Method, extra: Vec<Header>, body: String, within: u32) -> bool {
        let cseq = self.dialog.next_cseq();
        let Some(request) =
            self.dialog
                .request(method, cseq, &self.shared.server_name, extra, body)
        else {
            tracing::warn!(
                call_id = self.dialog.key.call_id,
                "the peer's Contact is no address"
            );
            return false;
        };
        let sending = Sending {
            endpoint: self.shared.stack.clone(),
            request,
            cseq,
            connection: self.dialog.path.connection.clone(),
            next_hop: self.dialog.next_hop(),
            within: self.shared.t1 * within,
            abandoned: match method {
                Method::Bye => CancellationToken::new(),
                _ => self.refresh.abandoned.clone(),
            },
        };
        self.shared.tasks.spawn(transactions::send(
            sending,
            self.channels.replies.clone(),
            self.shared.stop.clone(),
        ));
        true
    }

    pub(super) fn send_bye(&mut self, within: u32) {
        self.refresh.abandon();
        if self.send(Method::Bye, Vec::new(), String::new(), within) {
            self.phase = Phase::Ending;
        } else {
            self.phase = Phase::Over;
        }
    }

    pub(super) fn on_reply(&mut self, reply: transactions::Reply) {
        if reply.method == Method::Bye {
            // Whatever the answer: the call is over. A challenge (401, 407) is not met: nobody who calls us gets
            // credentials of ours (security S4).
            self.phase = Phase::Over;
            return;
        }
        self.refresh.in_flight = None;
        if reply.method == Method::Invite
            && let Some(response) = &reply.response
            && (200..300).contains(&response.status_code.code())
        {
            self.dialog.refresh_target(&response.headers);
            self.acknowledge(reply.cseq);
            if self.phase == Phase::Confirmed {
                self.take_refreshed_answer(response);
            }
        }
        if self.phase != Phase::Confirmed {
            return;
        }
        let status = reply
            .response
            .as_ref()
            .map_or(408, |response| response.status_code.code());
        match (status, &reply.response) {
            (200..=299, Some(response)) => {
                if let Some((agreed, refreshed)) = &mut self.timer {
                    *agreed = agreed.after_our_refresh(value(&response.headers, "Session-Expires"));
                    *refreshed = Instant::now();
                }
                self.refresh.begin_anew();
            }
            (422, Some(response)) => {
                let min_se = value(&response.headers, "Min-SE").and_then(session_timer::seconds);
                match (min_se, &mut self.timer) {
                    (Some(min_se), Some((agreed, _)))
                        if Duration::from_secs(min_se.into()) > agreed.interval =>
                    {
                        agreed.interval = Duration::from_secs(min_se.into());
                        self.refresh.again_at = Some(Instant::now());
                    }
                    _ => self.refresh.has_failed = true,
                }
            }
            (491, _) => self.refresh.again_at = Some(self.after_glare()),
            (405 | 501, _) if self.refresh.peer_takes_update => {
                self.refresh.peer_takes_update = false;
                self.refresh.again_at = Some(Instant::now());
            }
            // They do not know the call any more, or are gone (RFC 4028 section 10, RFC 3261 section 12.2.1.2).
            (408 | 481, _) => self.end(LegEnd::SessionExpired, REPEAT_WITHIN),
            // Anything else, a challenge included, leaves the call as it is until the interval ends.
            _ => self.refresh.has_failed = true,
        }
    }

    fn take_refreshed_answer(&mut self, response: &Response) {
        if let Ok(Some(description)) = description_in(&response.headers, &response.body)
            && let Ok((_, plan)) = offer_answer::choose(&description)
        {
            self.set_plan(plan);
        }
    }

    /// The ACK of a 2xx to our re-INVITE, kept for when that 2xx comes again.
    fn acknowledge(&mut self, cseq: u32) {
        let Some(ack) = self.dialog.request(
            Method::Ack,
            cseq,
            &self.shared.server_name,
            Vec::new(),
            String::new(),
        ) else {
            return;
        };
        let (next_hop, connection) = (self.dialog.next_hop(), self.dialog.path.connection.clone());
        let (registry, key) = (self.shared.registry.clone(), self.dialog.key.clone());
        self.shared.tasks.spawn(async move {
            let destination = next_hop.resolve().await;
            let kept = Acknowledgement {
                cseq,
                ack,
                connection,
                destination,
            };
            registry.keep_acknowledgement(&key, kept.clone());
            transactions::send_ack(kept.ack, kept.connection, kept.destination).await;
        });
    }

    /// After glare. They own the Call-ID, so we try again within two seconds (RFC 3261 section 14.1), and before the
    /// session ends.
    fn after_glare(&self) -> Instant {
        let pause = Duration::from_millis(10 * u64::from(rand::random_range(1..=200_u8)));
        let now = Instant::now();
        let left = self.timer.as_ref().map_or(pause, |(agreed, refreshed)| {
            agreed.ends_at(*refreshed) - now
        });
        now + pause.min(left / 2)
    }
}
