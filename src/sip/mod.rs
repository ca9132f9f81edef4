//! SIP: the sockets, the gate in front of the stack, and the calls that pass it.
//!
//! [`Endpoint::start`] listens; each INVITE that passes the gate arrives as an [`IncomingCall`], to be declined or
//! answered; an answered call is a [`CallLeg`]. The stack (rsipstack) brings parser and transactions. Dialogs,
//! session timers, reliable provisional responses, offers and answers are ours. None of its types leaves this room.

mod address;
mod body;
mod call_leg;
mod dialog;
mod diversion;
mod endpoint;
mod gate;
mod leg;
mod offer_answer;
mod registry;
mod sdp;
mod session_timer;
mod transactions;
mod transport;

pub use address::Party;
pub use call_leg::{AnswerFault, CallLeg, CallLegEvent, Decline, IncomingCall, LegEnd, Release};
pub use diversion::{Diversion, DiversionReason};
pub use endpoint::{Endpoint, EndpointCounts, SipConfig};
pub use gate::{
    Gate, GateCounts, GateLimits, Peer, Peers, Reason, StreamHead, Verdict, read_stream_head,
};
pub use offer_answer::{Codec, MediaPlan, NotAcceptable, answer_to_offer};
pub use transport::{Frame, Framer, Listener, SipFault, StreamLimits, Transport};
