//! A leg whose far end is no telephone but sound in frames: a sound card, for example.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use rtp_rs::{RtpPacketBuilder, RtpReader};

use super::jitter_buffer::FRAME;
use super::leg::Leg;
use super::plan::{LegIdentity, LegPlan};
use super::rtcp::NtpClock;
use crate::line::{HangUpCause, Key, LineCommand, LineEvent};
use crate::sound::g711::G711;

/// Samples in a frame: 20 ms.
pub const FRAME_SAMPLES: usize = FRAME;
/// How long a frame is.
pub const FRAME_LENGTH: Duration = Duration::from_millis(20);

/// Nobody sends anything there: the packets of such a leg stay in the process.
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
const CODEC: G711 = G711::Pcmu;
const SOUND: u8 = 0;
/// Keys come by [`FrameLeg::press`], so nobody looks for their tones in the sound.
const KEYS: u8 = 101;

/// A [`Leg`] with linear sound at both its ends.
#[derive(Debug)]
pub struct FrameLeg {
    leg: Leg,
    packet: Vec<u8>,
    heard: Vec<u8>,
    sequence: u16,
    timestamp: u32,
}

impl FrameLeg {
    /// A leg that is in a call from now on.
    pub fn new(now: Instant) -> FrameLeg {
        let identity = LegIdentity {
            ssrc: 1,
            first_sequence: 0,
            first_timestamp: 0,
            random: 0,
            clock: NtpClock {
                instant: now,
                ntp: 0,
            },
        };
        let mut leg = Leg::new(now, identity, Duration::MAX);
        leg.set_plan(
            now,
            LegPlan {
                remote: NOWHERE,
                remote_rtcp: NOWHERE,
                codec: CODEC.into(),
                payload_type: SOUND,
                telephone_event: Some(KEYS),
                ptime_ms: 20,
                send: true,
                receive: true,
                behind_nat: false,
            },
        );
        FrameLeg {
            leg,
            packet: Vec::new(),
            heard: Vec::new(),
            sequence: 0,
            timestamp: 0,
        }
    }

    /// Does what the conversation asks.
    pub fn on_command(&mut self, command: LineCommand) {
        self.leg.on_command(command);
    }

    /// A key went down.
    pub fn press(&mut self, key: Key) {
        self.leg.press(key);
    }

    /// The call is over.
    pub fn end(&mut self, cause: HangUpCause) {
        self.leg.end(cause);
    }

    /// The next thing that the conversation must learn.
    pub fn next_event(&mut self) -> Option<LineEvent> {
        self.leg.next_event()
    }

    /// Time goes on by one frame: takes what is heard there, gives what is to be heard.
    pub fn exchange(
        &mut self,
        now: Instant,
        from_there: &[i16; FRAME_SAMPLES],
    ) -> [i16; FRAME_SAMPLES] {
        self.hear(now, from_there);
        self.leg.on_tick(now, &mut self.packet);
        let mut to_there = [0; FRAME_SAMPLES];
        if let Ok(rtp) = RtpReader::new(&self.packet) {
            for (sample, &byte) in to_there.iter_mut().zip(rtp.payload()) {
                *sample = CODEC.decode(byte);
            }
        }
        to_there
    }

    fn hear(&mut self, now: Instant, frame: &[i16; FRAME_SAMPLES]) {
        let payload = CODEC.encode_all(frame);
        let rtp = RtpPacketBuilder::new()
            .payload_type(SOUND)
            .sequence(self.sequence.into())
            .ssrc(2)
            .timestamp(self.timestamp)
            .payload(&payload);
        self.heard.resize(rtp.target_length(), 0);
        if rtp.build_into(&mut self.heard).is_ok() {
            self.leg.on_packet(now, NOWHERE, &self.heard);
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME_SAMPLES as u32);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::line::{PlayId, RecordingLimits, Segment, Tape, TapeId, TapeWriter};

    #[derive(Clone, Default)]
    struct Reel(Arc<Mutex<Vec<i16>>>);

    impl TapeWriter for Reel {
        fn write(&mut self, samples: &[i16]) {
            self.0.lock().unwrap().extend_from_slice(samples);
        }
    }

    fn loudest(samples: &[i16]) -> u16 {
        samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)
    }

    #[test]
    fn what_is_played_comes_out_and_what_goes_in_is_recorded() {
        let mut now = crate::media::test_clock();
        let mut leg = FrameLeg::new(now);
        leg.on_command(LineCommand::Play(PlayId(1), vec![Segment::Beep]));
        let mut played = Vec::new();
        for _ in 0..30 {
            now += FRAME_LENGTH;
            played.extend(leg.exchange(now, &[0; FRAME_SAMPLES]));
        }
        assert!(loudest(&played[..4_000]) > 5_000, "half a second of tone");
        assert!(loudest(&played[4_160..]) < 20, "and then silence");
        assert_eq!(leg.next_event(), Some(LineEvent::Began(PlayId(1), 0)));
        assert_eq!(leg.next_event(), Some(LineEvent::PlayEnded(PlayId(1))));

        let reel = Reel::default();
        let tape = Tape {
            id: TapeId("reel".into()),
            writer: Box::new(reel.clone()),
        };
        let limits = RecordingLimits {
            longest: Duration::from_secs(60),
            idle: Duration::from_secs(5),
            warn_before_end: Duration::ZERO,
        };
        leg.on_command(LineCommand::Record(tape, Box::new(limits)));
        for _ in 0..50 {
            now += FRAME_LENGTH;
            leg.exchange(now, &[8_000; FRAME_SAMPLES]);
        }
        leg.press(Key::POUND);
        assert_eq!(leg.next_event(), Some(LineEvent::Key(Key::POUND)));
        leg.end(HangUpCause::Caller);
        assert!(matches!(leg.next_event(), Some(LineEvent::RecordEnded(_))));
        let ended = Some(LineEvent::HungUp(HangUpCause::Caller));
        assert_eq!(leg.next_event(), ended);
        let recorded = reel.0.lock().unwrap();
        assert!(recorded.len() > 7_000 && loudest(&recorded) > 7_500);
    }
}
