//! The doors of a call: what a caller asks for, and the leg that an answered call becomes.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::address::Party;
use super::diversion::Diversion;
use super::offer_answer::{MediaPlan, NotAcceptable};
use super::transport::Transport;

/// An INVITE that waits for a decision. Dropped undecided, it is declined with 500.
#[derive(Debug)]
pub struct IncomingCall {
    /// The Call-ID of the peer.
    pub call_id: String,
    /// Where it came from.
    pub source: SocketAddr,
    /// How it came.
    pub transport: Transport,
    /// Whom the Request-URI names: where the call was sent in the end.
    pub called: Party,
    /// Whom the To header names: whom the caller dialled, often.
    pub to: Party,
    /// Who calls, as From says; nobody where the caller hides.
    pub calling: Option<Party>,
    /// Who calls, as a peer that we trust asserts (RFC 3325).
    pub asserted: Option<Party>,
    /// Whether the caller asked that who calls be kept from the called (RFC 3323, RFC 3325).
    pub is_private: bool,
    /// From whom the call was diverted, most recent first.
    pub diversions: Vec<Diversion>,
    /// The local address that routes to the peer.
    pub local_ip: IpAddr,
    pub(super) offer: Offer,
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) cancelled: CancellationToken,
}

/// What the INVITE offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Nothing: we offer.
    Ours,
    Theirs(MediaPlan),
    NotAcceptable(NotAcceptable),
}

/// Why and how a call is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decline {
    /// The SIP status, 300 to 699.
    pub status: u16,
    /// When the peer may try again.
    pub retry_after: Option<Duration>,
    /// A few words for the peer's log, in a Warning header.
    pub reason: Option<String>,
}

impl Decline {
    /// A refusal without further words.
    #[must_use]
    pub fn with_status(status: u16) -> Self {
        Self {
            status,
            retry_after: None,
            reason: None,
        }
    }

    /// The peer may try again after that time.
    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Says why.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

impl From<NotAcceptable> for Decline {
    fn from(fault: NotAcceptable) -> Self {
        Self::with_status(fault.status()).because(fault.to_string())
    }
}

/// Why a call could not be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerFault {
    /// The caller hung up first.
    #[error("the caller cancelled the call before it was answered")]
    Cancelled,
    /// Nothing in the offer fits; the call was declined for that.
    #[error("the offer is not acceptable: {0}")]
    NotAcceptable(#[from] NotAcceptable),
    /// The SIP room is closing.
    #[error("the SIP room is closing")]
    Closing,
}

/// Small: the queue of each call has room for 32 of them from the beginning.
pub(super) enum Command {
    Ring,
    Decline(Box<Decline>),
    Answer(Box<Answer>),
    HangUp { done: oneshot::Sender<()> },
}

pub(super) struct Answer {
    pub(super) rtp: SocketAddr,
    pub(super) rtcp: SocketAddr,
    pub(super) events: mpsc::Sender<CallLegEvent>,
    pub(super) done: oneshot::Sender<Result<(), AnswerFault>>,
}

/// Events that may wait for the owner of a leg.
pub(super) const EVENTS_WAITING_MAX: usize = 64;

impl IncomingCall {
    /// What was offered, judged. None: the INVITE came without an offer; we make one in the 200 and the plan
    /// comes with the ACK, as [`CallLegEvent::Media`].
    ///
    /// # Errors
    /// Nothing in the offer fits; decline with that.
    pub fn media_plan(&self) -> Result<Option<MediaPlan>, NotAcceptable> {
        match &self.offer {
            Offer::Ours => Ok(None),
            Offer::Theirs(plan) => Ok(Some(plan.clone())),
            Offer::NotAcceptable(fault) => Err(*fault),
        }
    }

    /// Tells the caller that it rings.
    pub async fn ring(&self) {
        let _ = self.commands.send(Command::Ring);
    }

    /// Resolves when the caller hangs up before the call is answered.
    pub async fn cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    /// Refuses the call.
    pub async fn decline(self, decline: Decline) {
        let _ = self.commands.send(Command::Decline(Box::new(decline)));
    }

    /// Takes the call; sound is expected at these addresses (as bound: an unspecified address is replaced by the
    /// one that routes to the peer). The ACK is waited for by the leg, not here.
    ///
    /// # Errors
    /// The caller was faster to cancel, or nothing in the offer fits.
    pub async fn answer(self, rtp: SocketAddr, rtcp: SocketAddr) -> Result<CallLeg, AnswerFault> {
        let (events, events_receiver) = mpsc::channel(EVENTS_WAITING_MAX);
        let (done, answered) = oneshot::channel();
        let gone = |cancelled: &CancellationToken| {
            if cancelled.is_cancelled() {
                AnswerFault::Cancelled
            } else {
                AnswerFault::Closing
            }
        };
        if self
            .commands
            .send(Command::Answer(Box::new(Answer {
                rtp,
                rtcp,
                events,
                done,
            })))
            .is_err()
        {
            return Err(gone(&self.cancelled));
        }
        answered
            .await
            .unwrap_or_else(|_| Err(gone(&self.cancelled)))?;
        Ok(CallLeg {
            events: events_receiver,
            call_id: self.call_id,
            commands: self.commands,
        })
    }
}

/// Our end of an answered call. Dropped, it hangs up.
#[derive(Debug)]
pub struct CallLeg {
    /// What happens to the call; ends after [`CallLegEvent::HungUp`].
    pub events: mpsc::Receiver<CallLegEvent>,
    /// The Call-ID of the peer.
    pub call_id: String,
    commands: mpsc::UnboundedSender<Command>,
}

impl CallLeg {
    /// Ends the call. Returns when the peer has confirmed it, or after a few seconds; by then every trace of the
    /// call will go by itself.
    pub async fn hang_up(&self) {
        const WAIT: Duration = Duration::from_secs(2);
        let (done, over) = oneshot::channel();
        if self.commands.send(Command::HangUp { done }).is_ok() {
            let _ = tokio::time::timeout(WAIT, over).await;
        }
    }
}

/// What happens to an answered call.
#[derive(Debug)]
pub enum CallLegEvent {
    /// The ACK is there.
    Confirmed,
    /// Sound goes another way now: the first plan of a call that came without offer, a hold, a resume, a move.
    Media(Box<MediaPlan>),
    /// A key that was pressed, told by INFO.
    Key(char),
    /// The call is over.
    HungUp {
        /// Who or what ended it.
        cause: LegEnd,
        /// Holds back the answer to the caller's BYE.
        release: Release,
    },
}

/// Who or what ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LegEnd {
    /// The caller hung up.
    Caller,
    /// The ACK never came.
    NotAcknowledged,
    /// The session timer ran out, or its refresh found the peer gone or the call forgotten.
    SessionExpired,
    /// The peer broke the protocol.
    Fault,
}

/// While it lives, the caller's BYE stays unanswered, for a bounded time: what the call recorded is synced first
/// (durability D1).
#[derive(Debug)]
pub struct Release {
    _released: Option<oneshot::Sender<()>>,
}

impl Release {
    /// A release and what resolves when it is dropped.
    pub(super) fn new() -> (Self, oneshot::Receiver<()>) {
        let (released, receiver) = oneshot::channel();
        (
            Self {
                _released: Some(released),
            },
            receiver,
        )
    }

    /// Nothing is held back.
    pub(super) fn of_nothing() -> Self {
        Self { _released: None }
    }
}
