//! SIP: sockets and the gate in front of the stack.

mod gate;
mod transport;

pub use gate::{
    Gate, GateCounts, GateLimits, Peer, Peers, Reason, StreamHead, Verdict, read_stream_head,
};
pub use transport::{Frame, Framer, Listener, SipFault, StreamLimits, Transport};
