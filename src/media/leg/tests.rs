use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::super::rtcp::NtpClock;
use super::super::telephone_event::TelephoneEvent;
use super::*;
use crate::line::{Pace, PlayId, Segment, Skip, Sound, SoundSlot, TapeId, TapeWriter};
use crate::sound::g711::G711;

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn plan() -> LegPlan {
    LegPlan {
        remote: address("192.0.2.1:4000"),
        remote_rtcp: address("192.0.2.1:4001"),
        codec: Codec::PCMU,
        payload_type: 0,
        telephone_event: Some(101),
        ptime_ms: 20,
        send: true,
        receive: true,
        behind_nat: false,
    }
}

/// A leg, its far end and the clock between them.
struct Talk {
    leg: Leg,
    now: Instant,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
    from: SocketAddr,
    sent: Vec<Vec<u8>>,
    events: Vec<LineEvent>,
}

impl Talk {
    fn new(plan: Option<LegPlan>) -> Talk {
        let now = crate::media::test_clock();
        let identity = LegIdentity {
            ssrc: 0xABCD,
            first_sequence: 65_530,
            first_timestamp: u32::MAX - 1_000,
            random: 12_345,
            clock: NtpClock {
                instant: now,
                ntp: 0xE5A0_0000_0000_0000,
            },
        };
        let mut leg = Leg::new(now, identity, Duration::from_secs(60));
        if let Some(plan) = plan {
            leg.set_plan(now, plan);
        }
        Talk {
            leg,
            now,
            sequence: 9,
            timestamp: 160_000,
            ssrc: 7,
            from: address("192.0.2.1:4000"),
            sent: Vec::new(),
            events: Vec::new(),
        }
    }

    fn packet(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) {
        let packet = RtpPacketBuilder::new()
            .payload_type(payload_type)
            .marked(marker)
            .sequence(self.sequence.into())
            .ssrc(self.ssrc)
            .timestamp(timestamp)
            .payload(payload)
            .build()
            .unwrap();
        self.sequence = self.sequence.wrapping_add(1);
        self.leg.on_packet(self.now, self.from, &packet);
    }

    fn hears(&mut self, samples: &[i16]) {
        let payload = G711::Pcmu.encode_all(samples);
        self.packet(0, false, self.timestamp, &payload);
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32);
    }

    fn event(&mut self, code: u8, end: bool, duration: u16) {
        let event = TelephoneEvent {
            code,
            end,
            volume: 10,
            duration,
        };
        self.packet(101, duration == 160, self.timestamp, &event.to_bytes());
    }

    fn tick(&mut self) {
        let mut packet = Vec::new();
        let tick = self.leg.tick();
        self.leg.on_tick(self.now, &mut packet);
        if !packet.is_empty() {
            self.sent.push(packet);
        }
        while let Some(event) = self.leg.next_event() {
            self.events.push(event);
        }
        self.now += tick;
    }

    fn ticks(&mut self, count: usize) {
        for _ in 0..count {
            self.tick();
        }
    }

    fn payload(&self, index: usize) -> &[u8] {
        RtpReader::new(&self.sent[index]).unwrap().payload()
    }

    fn keys(&self) -> String {
        let key = |event: &LineEvent| match event {
            LineEvent::Key(key) => Some(key.character()),
            _ => None,
        };
        self.events.iter().filter_map(key).collect()
    }
}

fn sound(samples: Vec<i16>) -> Segment {
    Segment::Sound(SoundSlot::ready(Arc::new(Sound::new(samples))))
}

fn play(id: u64, samples: usize) -> LineCommand {
    LineCommand::Play(PlayId(id), vec![sound(vec![8_000; samples])])
}

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<i16>>>);

impl TapeWriter for Memory {
    fn write(&mut self, samples: &[i16]) {
        self.0.lock().unwrap().extend_from_slice(samples);
    }
}

impl Memory {
    fn record(&self) -> LineCommand {
        LineCommand::Record(
            Tape {
                id: TapeId("tape".into()),
                writer: Box::new(self.clone()),
            },
            Box::new(RecordingLimits {
                longest: Duration::from_secs(120),
                idle: Duration::from_secs(5),
                warn_before_end: Duration::from_secs(60),
            }),
        )
    }

    fn samples(&self) -> Vec<i16> {
        self.0.lock().unwrap().clone()
    }
}

fn voice(from: usize) -> Vec<i16> {
    (from..from + FRAME)
        .map(|index| {
            let time = index as f64 / 8_000.0;
            let turn = std::f64::consts::TAU * (140.0 * time + 4.0 * (time * 5.0).sin());
            let sum: f64 = (1..12)
                .map(|n| (turn * f64::from(n)).sin() / f64::from(n))
                .sum();
            (4_000.0 * sum) as i16
        })
        .collect()
}

#[test]
fn the_stream_has_no_gap_whatever_happens() {
    let mut talk = Talk::new(Some(plan()));
    talk.ticks(5);
    talk.leg.on_command(play(1, 700));
    talk.ticks(10);
    talk.leg.on_command(play(2, 7_000));
    talk.ticks(3);
    talk.leg.on_command(LineCommand::PauseOrResume);
    talk.ticks(3);
    talk.leg.on_command(LineCommand::SetPace(Pace(150)));
    talk.leg.on_command(LineCommand::PauseOrResume);
    talk.ticks(3);
    talk.leg.on_command(LineCommand::StopPlaying);
    talk.ticks(3);
    assert_eq!(talk.sent.len(), 27);
    for (index, packet) in talk.sent.iter().enumerate() {
        let rtp = RtpReader::new(packet).unwrap();
        assert_eq!(
            u16::from(rtp.sequence_number()),
            65_530_u16.wrapping_add(index as u16)
        );
        assert_eq!(
            rtp.timestamp(),
            (u32::MAX - 1_000).wrapping_add(index as u32 * 160)
        );
        assert_eq!(rtp.mark(), index == 0);
        assert_eq!(rtp.ssrc(), 0xABCD);
        assert_eq!(rtp.payload().len(), 160);
    }
    assert_eq!(
        talk.events,
        [
            LineEvent::Began(PlayId(1), 0),
            LineEvent::PlayEnded(PlayId(1)),
            LineEvent::Began(PlayId(2), 0),
        ]
    );
    assert!(talk.payload(26).iter().all(|&byte| byte == 0xFF));
}

#[test]
fn packets_have_the_length_that_was_asked_for() {
    let cases = [
        (10, 80),
        (20, 160),
        (30, 240),
        (40, 320),
        (50, 400),
        (60, 480),
        (25, 160),
    ];
    for (ptime_ms, samples) in cases {
        let mut talk = Talk::new(Some(LegPlan { ptime_ms, ..plan() }));
        let start = talk.now;
        while talk.now < start + Duration::from_millis(600) {
            talk.tick();
        }
        assert_eq!(talk.sent.len(), 600 * 8 / samples, "ptime {ptime_ms}");
        for index in 0..talk.sent.len() {
            assert_eq!(talk.payload(index).len(), samples, "ptime {ptime_ms}");
        }
    }
    // What is out of range counts as 20 (security requirement P4).
    for ptime_ms in [0, 1, 9, 61, 255] {
        assert_eq!(LegPlan { ptime_ms, ..plan() }.packet_samples(), 160);
    }
}

#[test]
fn a_held_call_sends_nothing_but_its_time_goes_on() {
    let mut talk = Talk::new(Some(plan()));
    talk.ticks(2);
    talk.leg.set_plan(
        talk.now,
        LegPlan {
            send: false,
            ..plan()
        },
    );
    talk.ticks(10);
    assert_eq!(talk.sent.len(), 2);
    talk.leg.set_plan(talk.now, plan());
    talk.ticks(2);
    let before = RtpReader::new(&talk.sent[1]).unwrap();
    let after = RtpReader::new(&talk.sent[2]).unwrap();
    assert_eq!(after.timestamp().wrapping_sub(before.timestamp()), 11 * 160);
    let steps = u16::from(after.sequence_number()).wrapping_sub(before.sequence_number().into());
    assert_eq!(steps, 1);
    assert!(after.mark());
}

#[test]
fn silence_of_the_far_end_ends_the_call_but_not_on_hold() {
    let mut talk = Talk::new(Some(plan()));
    talk.ticks(2_999);
    talk.hears(&[0; FRAME]);
    talk.ticks(2_999);
    assert_eq!(talk.leg.ended(), None);
    talk.leg.set_plan(
        talk.now,
        LegPlan {
            send: false,
            ..plan()
        },
    );
    talk.ticks(10_000);
    assert_eq!(talk.leg.ended(), None);
    talk.leg.set_plan(talk.now, plan());
    talk.from = address("192.0.2.1:4002");
    for _ in 0..3_000 {
        talk.hears(&[0; FRAME]);
        talk.tick();
    }
    talk.ticks(2);
    assert_eq!(talk.leg.ended(), Some(HangUpCause::NoMedia));
    assert_eq!(talk.events, [LineEvent::HungUp(HangUpCause::NoMedia)]);
}

#[test]
fn a_key_comes_with_its_first_packet_and_only_once() {
    let mut talk = Talk::new(Some(plan()));
    talk.event(5, false, 160);
    assert_eq!(
        talk.leg.next_event(),
        Some(LineEvent::Key(Key::digit(5).unwrap()))
    );
    talk.event(5, false, 320);
    for _ in 0..3 {
        talk.event(5, true, 480);
    }
    talk.tick();
    assert_eq!(talk.keys(), "");
    talk.leg.press(Key::STAR);
    talk.tick();
    assert_eq!(talk.keys(), "*");
    assert_eq!(talk.leg.statistics().keys, 2);
}

#[test]
fn keys_beyond_the_queue_are_dropped_and_counted_but_ends_are_not() {
    let mut talk = Talk::new(Some(plan()));
    for _ in 0..40 {
        talk.leg.press(Key::POUND);
    }
    talk.leg.end(HangUpCause::Caller);
    talk.tick();
    assert_eq!(talk.keys().len(), KEYS_WAITING);
    assert_eq!(
        talk.events.last(),
        Some(&LineEvent::HungUp(HangUpCause::Caller))
    );
    assert_eq!(talk.leg.statistics().keys_dropped, 40 - KEYS_WAITING as u64);
}

#[test]
fn each_segment_is_told_when_it_begins_and_before_the_end() {
    let mut talk = Talk::new(Some(plan()));
    let segments = vec![
        sound(vec![8_000; 800]),
        Segment::Beep,
        sound(vec![8_000; 320]),
    ];
    talk.leg.on_command(LineCommand::Play(PlayId(1), segments));
    let began = |segment| LineEvent::Began(PlayId(1), segment);
    talk.ticks(5);
    assert_eq!(talk.events, [began(0)]);
    talk.ticks(1);
    assert_eq!(talk.events, [began(0), began(1)]);
    talk.leg.on_command(LineCommand::Skip(Skip::ToStart));
    talk.ticks(40);
    let ended = LineEvent::PlayEnded(PlayId(1));
    // What begins again after a jump back is told again: who follows a text knows where it stands.
    let again = [began(0), began(1), began(2), ended];
    assert_eq!(talk.events[..2], [began(0), began(1)]);
    assert_eq!(talk.events[2..], again);
}

#[test]
fn what_was_cut_off_before_it_sounded_has_not_begun() {
    let mut talk = Talk::new(Some(plan()));
    talk.leg.on_command(play(1, 800));
    talk.leg.on_command(LineCommand::StopPlaying);
    talk.ticks(2);
    let segments = vec![sound(vec![8_000; 800]), sound(vec![8_000; 800])];
    talk.leg.on_command(LineCommand::Play(PlayId(2), segments));
    talk.ticks(3);
    talk.leg.on_command(LineCommand::StopPlaying);
    talk.ticks(20);
    assert_eq!(talk.events, [LineEvent::Began(PlayId(2), 0)]);
}

#[test]
fn beginnings_that_nobody_fetches_become_one_and_take_no_room_from_keys() {
    let mut talk = Talk::new(Some(plan()));
    let mut packet = Vec::new();
    let segments = (0..100).map(|_| sound(vec![8_000; 160])).collect();
    talk.leg.on_command(LineCommand::Play(PlayId(1), segments));
    for index in 0..60 {
        talk.leg.on_tick(talk.now, &mut packet);
        assert_eq!(talk.leg.has_only_a_beginning(), index < 40);
        if index >= 39 {
            talk.leg.press(Key::POUND);
        }
    }
    let mut events = std::iter::from_fn(|| talk.leg.next_event());
    assert_eq!(events.next(), Some(LineEvent::Began(PlayId(1), 39)));
    let events: Vec<LineEvent> = events.collect();
    let keys = events
        .iter()
        .filter(|event| matches!(event, LineEvent::Key(_)));
    assert_eq!(keys.count(), KEYS_WAITING);
    assert_eq!(events.last(), Some(&LineEvent::Began(PlayId(1), 59)));
}

#[test]
fn tones_count_only_where_events_were_not_agreed_on() {
    for (telephone_event, expected) in [(Some(101), ""), (None, "7")] {
        let mut talk = Talk::new(Some(LegPlan {
            telephone_event,
            ..plan()
        }));
        let samples: Vec<i16> = (0..4_800)
            .map(|index| {
                let time = f64::from(index) / 8_000.0 * std::f64::consts::TAU;
                let sum = (852.0 * time).sin() + (1_209.0 * time).sin();
                if (800..2_400).contains(&index) {
                    (6_000.0 * sum) as i16
                } else {
                    0
                }
            })
            .collect();
        for frame in samples.chunks(FRAME) {
            talk.hears(frame);
            talk.tick();
        }
        talk.ticks(10);
        assert_eq!(talk.keys(), expected);
    }
}

#[test]
fn what_is_lost_is_missing_neither_in_length_nor_in_sound() {
    let mut talk = Talk::new(Some(plan()));
    let memory = Memory::default();
    talk.leg.on_command(memory.record());
    for number in 0..250 {
        if number % 50 == 25 {
            talk.sequence = talk.sequence.wrapping_add(1);
            talk.timestamp += 160;
        } else {
            talk.hears(&voice(number * FRAME));
        }
        talk.tick();
    }
    talk.leg.on_command(LineCommand::StopRecording);
    talk.tick();
    let recorded = memory.samples();
    assert_eq!(recorded.len(), 250 * FRAME);
    let silent = recorded
        .chunks(80)
        .skip(10)
        .filter(|chunk| chunk.iter().all(|sample| sample.unsigned_abs() < 50));
    assert_eq!(silent.count(), 0);
    assert_eq!(talk.leg.statistics().packets_lost, 5);
    let [LineEvent::RecordEnded(take)] = &talk.events[..] else {
        panic!("{:?}", talk.events);
    };
    assert_eq!(take.end, TakeEnd::Stopped);
    assert!(take.voiced > Duration::from_secs(4), "{:?}", take.voiced);
}

#[test]
fn a_recording_keeps_the_pace_of_the_wall_when_nothing_comes() {
    let mut talk = Talk::new(Some(plan()));
    let memory = Memory::default();
    talk.leg.on_command(memory.record());
    talk.ticks(200);
    assert!(talk.events.is_empty());
    talk.leg.end(HangUpCause::Caller);
    talk.tick();
    assert_eq!(memory.samples().len(), 200 * FRAME);
    assert!(matches!(talk.events[0], LineEvent::RecordEnded(_)));
    assert_eq!(talk.events[1], LineEvent::HungUp(HangUpCause::Caller));
}

#[test]
fn the_sound_of_a_key_is_not_recorded() {
    let mut talk = Talk::new(Some(plan()));
    let memory = Memory::default();
    talk.leg.on_command(memory.record());
    for number in 0..50 {
        talk.hears(&voice(number * FRAME));
        talk.tick();
    }
    // 40 ms of the tone slip through before the far end says that it is a key.
    let key_at = talk.timestamp;
    let tone = vec![20_000; FRAME];
    for step in 1..=2_u16 {
        talk.hears(&tone);
        talk.tick();
        if step == 2 {
            talk.timestamp = key_at;
            for duration in [160, 320, 480, 640] {
                talk.event(1, duration == 640, duration);
            }
            talk.timestamp = key_at + 640;
        }
    }
    talk.ticks(2);
    for number in 50..80 {
        talk.hears(&voice(number * FRAME));
        talk.tick();
    }
    assert_eq!(talk.keys(), "1");
    talk.leg.end(HangUpCause::Caller);
    talk.tick();
    let recorded = memory.samples();
    assert!(recorded.iter().all(|sample| sample.unsigned_abs() < 15_000));
    let quiet = recorded
        .split(|&sample| sample != 0)
        .map(<[i16]>::len)
        .max()
        .unwrap();
    // 60 ms before, 80 ms of key, 40 ms after.
    assert!((1_400..1_700).contains(&quiet), "{quiet}");
}

#[test]
fn hanging_up_waits_for_the_last_word_even_when_it_was_paused() {
    let mut talk = Talk::new(Some(plan()));
    talk.leg.on_command(play(4, 800));
    talk.tick();
    talk.leg.on_command(LineCommand::PauseOrResume);
    talk.ticks(10);
    talk.leg.on_command(LineCommand::HangUp);
    talk.ticks(10);
    assert_eq!(
        talk.events,
        [
            LineEvent::Began(PlayId(4), 0),
            LineEvent::PlayEnded(PlayId(4)),
            LineEvent::HungUp(HangUpCause::Ringback)
        ]
    );
    assert_eq!(talk.leg.ended(), Some(HangUpCause::Ringback));
    assert_eq!(talk.sent.len(), 15);
}

#[test]
fn hanging_up_does_not_wait_for_ever_for_words() {
    let mut talk = Talk::new(Some(plan()));
    let never = Segment::Sound(SoundSlot::default());
    talk.leg
        .on_command(LineCommand::Play(PlayId(1), vec![never]));
    talk.leg.on_command(LineCommand::HangUp);
    talk.ticks(600);
    assert_eq!(talk.events, [LineEvent::HungUp(HangUpCause::Ringback)]);
}

#[test]
fn without_a_plan_a_leg_is_silent_and_deaf_and_keeps_what_it_is_to_say() {
    let mut talk = Talk::new(None);
    talk.leg.on_command(play(1, 160));
    talk.hears(&[1_000; FRAME]);
    talk.event(5, false, 160);
    talk.ticks(10);
    assert!(talk.sent.is_empty() && talk.events.is_empty());
    talk.leg.set_plan(talk.now, plan());
    talk.ticks(2);
    assert_eq!(
        talk.events,
        [
            LineEvent::Began(PlayId(1), 0),
            LineEvent::PlayEnded(PlayId(1))
        ]
    );
    assert_eq!(talk.sent.len(), 2);
}

#[test]
fn stopping_silences_what_waits_for_its_packet() {
    let mut talk = Talk::new(Some(LegPlan {
        ptime_ms: 60,
        ..plan()
    }));
    talk.leg.on_command(play(1, 80_000));
    talk.ticks(2);
    talk.leg.on_command(LineCommand::StopPlaying);
    talk.tick();
    assert!(talk.payload(0).iter().all(|&byte| byte == 0xFF));
}

#[test]
fn skipping_to_the_end_ends_the_play_at_the_next_tick() {
    let mut talk = Talk::new(Some(plan()));
    talk.leg.on_command(play(1, 80_000));
    talk.ticks(3);
    talk.leg.on_command(LineCommand::Skip(Skip::ToEnd));
    talk.tick();
    assert_eq!(
        talk.events,
        [
            LineEvent::Began(PlayId(1), 0),
            LineEvent::PlayEnded(PlayId(1))
        ]
    );
}

#[test]
fn another_source_takes_over_but_two_at_a_time_do_not_mix() {
    let mut talk = Talk::new(Some(plan()));
    talk.hears(&[0; FRAME]);
    talk.ssrc = 8;
    talk.hears(&[0; FRAME]);
    assert_eq!(talk.leg.reception.as_ref().unwrap().ssrc(), 7);
    talk.hears(&[0; FRAME]);
    assert_eq!(talk.leg.reception.as_ref().unwrap().ssrc(), 8);
    talk.event(3, false, 160);
    talk.tick();
    assert_eq!(talk.keys(), "3");
    // After silence it takes over at once.
    talk.ticks(20);
    talk.ssrc = 9;
    talk.event(4, false, 160);
    talk.tick();
    assert_eq!(talk.keys(), "34");
    let figures = talk.leg.statistics();
    assert_eq!((figures.packets_received, figures.packets_lost), (4, 0));
}

#[test]
fn a_changed_codec_is_spoken_and_understood() {
    let mut talk = Talk::new(Some(plan()));
    let memory = Memory::default();
    talk.leg.on_command(memory.record());
    talk.ticks(2);
    talk.leg.set_plan(
        talk.now,
        LegPlan {
            codec: Codec::PCMA,
            payload_type: 8,
            ..plan()
        },
    );
    for _ in 0..20 {
        let payload = G711::Pcma.encode_all(&[5_000; FRAME]);
        talk.packet(8, false, talk.timestamp, &payload);
        talk.timestamp += 160;
        talk.tick();
    }
    let last = RtpReader::new(talk.sent.last().unwrap()).unwrap();
    assert_eq!((last.payload_type(), last.payload()[0]), (8, 0xD5));
    talk.leg.end(HangUpCause::Caller);
    let near = |sample: &&i16| sample.abs_diff(5_000) < 200;
    assert!(memory.samples().iter().filter(near).count() > 2_500);
}

#[test]
fn reports_go_to_the_signalled_address_and_say_goodbye() {
    let mut talk = Talk::new(Some(plan()));
    let mut reports = 0;
    let mut packet = Vec::new();
    for _ in 0..1_500 {
        talk.hears(&[0; FRAME]);
        talk.tick();
        talk.leg.write_rtcp(talk.now, &mut packet);
        reports += usize::from(!packet.is_empty());
    }
    assert!((3..=12).contains(&reports), "{reports} reports in 30 s");
    assert_eq!(talk.leg.rtcp_destination(), Some(address("192.0.2.1:4001")));
    talk.leg.end(HangUpCause::Caller);
    talk.leg.write_goodbye(&mut packet);
    assert!(!packet.is_empty());
}

#[test]
fn behind_a_nat_the_learnt_source_is_answered() {
    let mut talk = Talk::new(Some(LegPlan {
        behind_nat: true,
        ..plan()
    }));
    talk.from = address("198.51.100.7:61000");
    assert_eq!(talk.leg.destination(), Some(address("192.0.2.1:4000")));
    for _ in 0..5 {
        talk.hears(&[0; FRAME]);
        talk.tick();
    }
    assert_eq!(talk.leg.destination(), Some(talk.from));
    assert_eq!(talk.leg.settled_source(), Some(talk.from));
    assert_eq!(
        talk.leg.rtcp_destination(),
        Some(address("198.51.100.7:61001"))
    );
    talk.event(2, false, 160);
    talk.tick();
    assert_eq!(talk.keys(), "2");
    assert_eq!(talk.leg.statistics().packets_refused, 4);
}

#[test]
fn a_second_recording_ends_the_first() {
    let mut talk = Talk::new(Some(plan()));
    let (one, two) = (Memory::default(), Memory::default());
    talk.leg.on_command(one.record());
    talk.ticks(10);
    talk.leg.on_command(two.record());
    talk.ticks(10);
    talk.leg.on_command(LineCommand::StopRecording);
    talk.leg.on_command(LineCommand::StopRecording);
    talk.tick();
    assert_eq!((one.samples().len(), two.samples().len()), (1_600, 1_600));
    assert_eq!(talk.events.len(), 2);
}

proptest! {
    /// Whatever bytes come as RTP and RTCP, from the right address: the leg goes on.
    #[test]
    fn no_packet_ends_a_leg(
        packets in prop::collection::vec(
            (prop::collection::vec(any::<u8>(), 0..80), any::<bool>(), any::<bool>()),
            0..60,
        ),
        in_band: bool,
    ) {
        let telephone_event = (!in_band).then_some(101);
        let mut talk = Talk::new(Some(LegPlan { telephone_event, ..plan() }));
        talk.leg.on_command(Memory::default().record());
        for (mut bytes, is_rtcp, like_rtp) in packets {
            if like_rtp && bytes.len() > 12 {
                bytes[0] = 0x80 | (bytes[0] & 0x3F);
                bytes[1] = if bytes[1] & 1 == 0 { 101 } else { 0 };
            }
            if is_rtcp {
                talk.leg.on_rtcp(talk.now, address("192.0.2.1:4001"), &bytes);
            } else {
                talk.leg.on_packet(talk.now, talk.from, &bytes);
            }
            talk.tick();
        }
        prop_assert_eq!(talk.leg.ended(), None);
        let sent = talk.sent.len();
        talk.tick();
        prop_assert_eq!(talk.sent.len(), sent + 1);
    }
}
