//! What the call record tells about the sound of a call.

use std::time::Duration;

use super::codec::Codec;

/// The figures of one leg so far.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LegStatistics {
    /// The codec agreed on last.
    pub codec: Option<Codec>,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTP packets received from the far end.
    pub packets_received: u64,
    /// RTP packets that never came.
    pub packets_lost: u64,
    /// Packets that were refused: from elsewhere, or not RTP.
    pub packets_refused: u64,
    /// Samples that came too late to be heard while somebody listened.
    pub samples_late: u64,
    /// Interarrival jitter of what was received (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// To the far end and back, when its reports told.
    pub round_trip: Option<Duration>,
    /// From the first answer to now, or to the end.
    pub duration: Duration,
    /// Keys heard.
    pub keys: u64,
    /// Keys dropped because the conversation did not keep up.
    pub keys_dropped: u64,
}
