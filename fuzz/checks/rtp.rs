//! What must hold for any packets that reach a leg from the right address: it goes on.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ringback::line::{LineCommand, LineEvent, RecordingLimits, Tape, TapeId, TapeWriter};
use ringback::media::{Codec, FarReport, Leg, LegIdentity, LegPlan, NtpClock};

/// A tape on which only the length counts.
struct Meter(std::sync::Arc<std::sync::atomic::AtomicU64>);

impl TapeWriter for Meter {
    fn write(&mut self, samples: &[i16]) {
        let length = samples.len() as u64;
        self.0
            .fetch_add(length, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Plays the bytes to a recording leg as packets. Each is preceded by its length and its kind:
/// bit 0: RTCP, bit 1: as it is, not made to look like RTP, bit 2: a tick follows.
pub(crate) fn check(data: &[u8]) {
    let _ = FarReport::parse(data, 1);
    let now = Instant::now();
    let (rtp, rtcp) = (
        SocketAddr::from(([192, 0, 2, 1], 4_000)),
        SocketAddr::from(([192, 0, 2, 1], 4_001)),
    );
    let in_band = data.first().is_some_and(|byte| byte & 8 != 0);
    let codec = if data.first().is_some_and(|byte| byte & 16 != 0) {
        Codec::G722
    } else {
        Codec::PCMU
    };
    let identity = LegIdentity {
        ssrc: 1,
        first_sequence: 65_000,
        first_timestamp: u32::MAX - 400,
        random: 1,
        clock: NtpClock {
            instant: now,
            ntp: 0xE5A0_0000_0000_0000,
        },
    };
    let mut leg = Leg::new(now, identity, Duration::from_secs(60));
    leg.set_plan(
        now,
        LegPlan {
            remote: rtp,
            remote_rtcp: rtcp,
            codec,
            payload_type: 0,
            telephone_event: (!in_band).then_some(101),
            ptime_ms: 20,
            send: true,
            receive: true,
            behind_nat: false,
        },
    );
    let written = std::sync::Arc::default();
    leg.on_command(LineCommand::Record(
        Tape {
            id: TapeId("fuzz".into()),
            writer: Box::new(Meter(std::sync::Arc::clone(&written))),
        },
        Box::new(RecordingLimits {
            longest: Duration::from_secs(600),
            idle: Duration::from_secs(600),
            warn_before_end: Duration::from_secs(60),
        }),
    ));
    let mut ticks = 0;
    let mut sent = Vec::new();
    let mut rest = data;
    while let [length, kind, bytes @ ..] = rest {
        let (packet, after) = bytes.split_at(usize::from(*length).min(bytes.len()));
        rest = after;
        let mut packet = packet.to_vec();
        if kind & 1 != 0 {
            leg.on_rtcp(now, rtcp, &packet);
        } else {
            if kind & 2 == 0 && packet.len() > 12 {
                packet[0] = 0x80;
                packet[1] = if packet[1] & 1 == 0 { 0 } else { 101 };
            }
            leg.on_packet(now, rtp, &packet);
        }
        if kind & 4 != 0 {
            leg.on_tick(now, &mut sent);
            assert_eq!(sent.len(), 12 + 160, "every tick sends a packet");
            ticks += 1;
        }
        while let Some(event) = leg.next_event() {
            // A steady tone may end the recording; nothing may end the call.
            assert!(!matches!(event, LineEvent::HungUp(_)));
        }
    }
    assert_eq!(leg.ended(), None);
    leg.on_command(LineCommand::StopRecording);
    let written = written.load(std::sync::atomic::Ordering::Relaxed);
    assert!(
        written <= ticks * 160,
        "a recording is not longer than its time"
    );
}
