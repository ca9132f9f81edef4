//! What a leg is told before it can speak: what was agreed on, and who it is.

use std::net::SocketAddr;

use super::codec::Codec;
use super::jitter_buffer::FRAME;
use super::rtcp::NtpClock;
use super::way::STREAM;

/// What offer and answer agreed on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LegPlan {
    /// Where the far end wants its sound.
    pub remote: SocketAddr,
    /// Where it wants its control packets.
    pub remote_rtcp: SocketAddr,
    /// The codec.
    pub codec: Codec,
    /// The payload type of the codec.
    pub payload_type: u8,
    /// The payload type of named telephone events; `None` when they were not agreed on, and keys
    /// are looked for in the sound.
    pub telephone_event: Option<u8>,
    /// How much sound the far end wants in a packet: 10–60 ms. Anything else counts as 20, and so
    /// does what cannot be a packet of the codec.
    pub ptime_ms: u8,
    /// Whether we may send; not while the far end holds the call.
    pub send: bool,
    /// Whether the far end sends.
    pub receive: bool,
    /// Whether the far end sits behind a NAT, so that its true address must be learnt.
    pub behind_nat: bool,
}

impl LegPlan {
    /// Samples in one packet of ours: whole tens of milliseconds.
    pub(super) fn packet_samples(&self) -> usize {
        match self.ptime_ms {
            ptime @ 10..=60 if self.codec.can_fill(ptime / 10 * 10) => usize::from(ptime) / 10 * 80,
            _ => FRAME,
        }
    }

    pub(super) fn tick_samples(&self) -> usize {
        if self.packet_samples().is_multiple_of(FRAME) {
            FRAME
        } else {
            FRAME / 2
        }
    }

    /// What holds for a stream: µ-law in packets of 20 ms, keys by signalling. Without a microphone
    /// nothing comes, and nothing is missed.
    pub fn streamed(microphone: bool) -> LegPlan {
        LegPlan {
            remote: STREAM,
            remote_rtcp: STREAM,
            codec: Codec::PCMU,
            payload_type: 0,
            // So that nobody looks for keys in the sound: they come by signalling.
            telephone_event: Some(101),
            ptime_ms: 20,
            send: true,
            receive: microphone,
            behind_nat: false,
        }
    }
}

/// What makes a leg's stream its own; all of it should be random.
#[derive(Clone, Copy, Debug)]
pub struct LegIdentity {
    /// The synchronisation source.
    pub ssrc: u32,
    /// The sequence number of the first packet.
    pub first_sequence: u16,
    /// The timestamp of the first packet.
    pub first_timestamp: u32,
    /// For the name and the rhythm of control packets.
    pub random: u64,
    /// What time it is, for sender reports.
    pub clock: NtpClock,
}
