//! The sound of a call: RTP in and out, keys, playing and recording.
//!
//! A [`Leg`] is our end of one call's sound. It is pure: packets, commands and ticks go in, packets
//! and events come out. The pump owns the sockets and the clock, one thread per core, and ticks
//! every leg each 20 ms. `server` opens a [`Port`] for each call, tells the far end its address and
//! starts the leg with what was agreed on.

mod arithmetic;
mod codec;
mod doors;
mod frame_leg;
mod jitter_buffer;
mod lateness;
mod leg;
mod pace;
mod payload;
mod plan;
mod player;
mod ports;
mod pump;
mod recorder;
mod rtcp;
mod slots;
mod source;
mod speech_edges;
mod statistics;
mod steady_tone;
mod telephone_event;
mod tone_detector;
mod way;

pub use codec::Codec;
pub use doors::{LegHandle, LegWatch, Media, MediaConfig, MediaCounts, Port};
pub use frame_leg::{FRAME_LENGTH, FRAME_SAMPLES, FrameLeg};
pub use leg::Leg;
pub use plan::{LegIdentity, LegPlan};
pub use ports::MediaFault;

pub use rtcp::{FarReport, NtpClock};
pub use statistics::LegStatistics;
pub use telephone_event::{Heard, TelephoneEvent, TelephoneEvents};
pub use way::{PacketDoor, STREAMED_PACKET_MOST};

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "a test needs some moment to count from"
)]
fn test_clock() -> std::time::Instant {
    std::time::Instant::now()
}
