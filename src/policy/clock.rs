//! What day and time it is for conversations. SIP and media timers never ask here.

use jiff::Timestamp;

/// The wall clock of an organisation. `--clock` of the demo shifts it.
pub trait WallClock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}
