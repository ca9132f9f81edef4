use std::net::{IpAddr, Ipv4Addr, UdpSocket};

use rtp_rs::{RtpPacketBuilder, RtpReader};

use super::super::codec::Codec;
use super::super::doors::{LegHandle, Media, MediaConfig};
use super::super::plan::LegPlan;
use super::super::telephone_event::TelephoneEvent;
use super::*;
use crate::line::{
    Key, LINE_QUEUE, Line, LineCommand, LineEvent, PlayId, RecordingLimits, Segment, Sound,
    SoundSlot, TakeEnd, Tape, TapeId, TapeWriter, line,
};
use crate::sound::g711::G711;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A far end with real sockets.
struct Telephone {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    to: SocketAddr,
    sequence: u16,
    timestamp: u32,
}

impl Telephone {
    fn new(to: SocketAddr) -> Telephone {
        let rtp = UdpSocket::bind((HERE, 0)).unwrap();
        let rtcp = UdpSocket::bind((HERE, 0)).unwrap();
        for socket in [&rtp, &rtcp] {
            socket
                .set_read_timeout(Some(Duration::from_secs(3)))
                .unwrap();
        }
        Telephone {
            rtp,
            rtcp,
            to,
            sequence: 100,
            timestamp: 5_000,
        }
    }

    fn plan(&self) -> LegPlan {
        LegPlan {
            remote: self.rtp.local_addr().unwrap(),
            remote_rtcp: self.rtcp.local_addr().unwrap(),
            codec: Codec::PCMU,
            payload_type: 0,
            telephone_event: Some(101),
            ptime_ms: 20,
            send: true,
            receive: true,
            behind_nat: false,
        }
    }

    fn send(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8]) {
        let packet = RtpPacketBuilder::new()
            .payload_type(payload_type)
            .marked(marker)
            .sequence(self.sequence.into())
            .ssrc(77)
            .timestamp(timestamp)
            .payload(payload)
            .build()
            .unwrap();
        self.sequence = self.sequence.wrapping_add(1);
        self.rtp.send_to(&packet, self.to).unwrap();
    }

    fn speak(&mut self, samples: &[i16]) {
        let payload = G711::Pcmu.encode_all(samples);
        self.send(0, false, self.timestamp, &payload);
        self.timestamp += samples.len() as u32;
    }

    fn press(&mut self, code: u8) {
        for step in 1..=6_u16 {
            let event = TelephoneEvent {
                code,
                end: step > 3,
                volume: 10,
                duration: step.min(4) * 160,
            };
            self.send(101, step == 1, self.timestamp, &event.to_bytes());
        }
        self.timestamp += 1_280;
    }

    /// The next packet with sound: sequence number, timestamp, marker and payload.
    fn hear(&self) -> (u16, u32, bool, Vec<u8>) {
        let mut buffer = [0; 2_000];
        let (length, from) = self.rtp.recv_from(&mut buffer).unwrap();
        assert_eq!(from, self.to);
        let rtp = RtpReader::new(&buffer[..length]).unwrap();
        let sequence = rtp.sequence_number().into();
        (
            sequence,
            rtp.timestamp(),
            rtp.mark(),
            rtp.payload().to_vec(),
        )
    }

    fn deaf(&self) -> bool {
        self.rtp.set_nonblocking(true).unwrap();
        let nothing = self.rtp.recv_from(&mut [0; 100]).is_err();
        self.rtp.set_nonblocking(false).unwrap();
        nothing
    }
}

fn media() -> Media {
    Media::start(MediaConfig {
        rtp_ports: 32_000..=32_999,
        pumps: 2,
        no_media_timeout: Duration::from_secs(60),
    })
    .unwrap()
}

fn call(media: &Media) -> (Telephone, LegHandle, Line) {
    let port = media.open(HERE).unwrap();
    let telephone = Telephone::new(port.local());
    let (near, far) = line();
    let handle = port.start(Some(telephone.plan()), far);
    (telephone, handle, near)
}

/// The next event that is no beginning of a segment.
fn next(line: &mut Line) -> LineEvent {
    let deadline = Instant::now() + Duration::from_secs(5);
    while Instant::now() < deadline {
        match line.events.try_recv() {
            Ok(LineEvent::Began(..)) => {}
            Ok(event) => return event,
            Err(tokio::sync::mpsc::error::TryRecvError::Empty) => {
                std::thread::sleep(Duration::from_millis(1));
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("no event came");
}

fn sound(samples: Vec<i16>) -> Segment {
    Segment::Sound(SoundSlot::ready(Arc::new(Sound::new(samples))))
}

struct Memory(Arc<Mutex<Vec<i16>>>);

impl TapeWriter for Memory {
    fn write(&mut self, samples: &[i16]) {
        self.0.lock().unwrap().extend_from_slice(samples);
    }
}

#[test]
fn packets_come_steadily_and_in_order_from_the_first() {
    let media = media();
    let (telephone, handle, near) = call(&media);
    let samples: Vec<i16> = (0..8_000).map(|index| (index % 160) as i16 * 100).collect();
    let expected = G711::Pcmu.encode_all(&samples);
    near.commands
        .try_send(LineCommand::Play(PlayId(1), vec![sound(samples)]))
        .unwrap();
    let mut heard = Vec::new();
    let mut gaps = Vec::new();
    let (mut sequence, mut timestamp, marker, first) = telephone.hear();
    assert!(marker);
    heard.extend(first);
    let mut at = Instant::now();
    for _ in 0..60 {
        let (next_sequence, next_timestamp, marker, payload) = telephone.hear();
        assert!(!marker);
        assert_eq!(next_sequence, sequence.wrapping_add(1));
        assert_eq!(next_timestamp, timestamp.wrapping_add(160));
        assert_eq!(payload.len(), 160);
        heard.extend(payload);
        gaps.push(at.elapsed());
        at = Instant::now();
        (sequence, timestamp) = (next_sequence, next_timestamp);
    }
    let start = heard
        .windows(expected.len())
        .position(|window| *window == *expected);
    assert!(
        start.is_some_and(|start| start <= 320),
        "began at {start:?}"
    );
    let total: Duration = gaps.iter().sum();
    assert!(
        (1_000..2_000).contains(&total.as_millis()),
        "{total:?} for 60 packets"
    );
    drop(handle);
    media.close();
}

#[test]
fn a_key_arrives_once_and_stops_the_prompt_at_once() {
    let media = media();
    let (mut telephone, _handle, mut near) = call(&media);
    let commands = near.commands.clone();
    commands
        .try_send(LineCommand::Play(
            PlayId(1),
            vec![sound(vec![8_000; 80_000])],
        ))
        .unwrap();
    while telephone.hear().3.contains(&0xFF) {}
    telephone.press(11);
    assert_eq!(next(&mut near), LineEvent::Key(Key::POUND));
    commands.try_send(LineCommand::StopPlaying).unwrap();
    while !telephone.deaf() {}
    // At most the packet that was on its way may still carry the prompt.
    let sounding = (0..5)
        .filter(|_| !telephone.hear().3.contains(&0xFF))
        .count();
    assert!(sounding <= 1, "{sounding} packets after the key");
    for code in [1, 1, 1, 1] {
        telephone.press(code);
    }
    for _ in 0..4 {
        assert_eq!(next(&mut near), LineEvent::Key(Key::digit(1).unwrap()));
    }
    std::thread::sleep(Duration::from_millis(50));
    assert!(near.events.try_recv().is_err());
}

#[test]
fn beginnings_leave_room_on_the_line_for_what_cannot_wait() {
    let media = media();
    let (telephone, handle, mut near) = call(&media);
    let segments = (0..50).map(|_| sound(vec![8_000; 160])).collect();
    near.commands
        .try_send(LineCommand::Play(PlayId(1), segments))
        .unwrap();
    for _ in 0..45 {
        telephone.hear();
    }
    assert!((20..=LINE_QUEUE / 2).contains(&near.events.len()));
    handle.press(Key::STAR);
    let mut told = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(5);
    while told.last() != Some(&LineEvent::PlayEnded(PlayId(1))) && Instant::now() < deadline {
        match near.events.try_recv() {
            Ok(event) => told.push(event),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
    }
    assert!(told.contains(&LineEvent::Key(Key::STAR)));
    let begun: Vec<usize> = told
        .iter()
        .filter_map(|event| match event {
            LineEvent::Began(PlayId(1), segment) => Some(*segment),
            _ => None,
        })
        .collect();
    assert!(begun.is_sorted_by(|earlier, later| earlier < later));
    assert_eq!((begun.first(), begun.last()), (Some(&0), Some(&49)));
}

#[test]
fn strangers_are_neither_heard_nor_answered() {
    let media = media();
    let (mut telephone, handle, mut near) = call(&media);
    let mut stranger = Telephone::new(telephone.to);
    stranger.press(5);
    telephone.press(6);
    assert_eq!(next(&mut near), LineEvent::Key(Key::digit(6).unwrap()));
    stranger.sequence = telephone.sequence;
    stranger.press(7);
    stranger
        .rtcp
        .send_to(&[0x80, 203, 0, 1, 0, 0, 0, 77], telephone.to)
        .unwrap();
    telephone.press(8);
    assert_eq!(next(&mut near), LineEvent::Key(Key::digit(8).unwrap()));
    assert!(stranger.deaf());
    handle.press(Key::STAR);
    assert_eq!(next(&mut near), LineEvent::Key(Key::STAR));
}

#[test]
fn what_is_said_is_recorded_and_the_hang_up_comes_last() {
    let media = media();
    let (mut telephone, handle, mut near) = call(&media);
    let tape = Arc::new(Mutex::new(Vec::new()));
    let limits = RecordingLimits {
        longest: Duration::from_secs(60),
        idle: Duration::from_secs(5),
        warn_before_end: Duration::ZERO,
    };
    let id = TapeId("one".into());
    let command = LineCommand::Record(
        Tape {
            id: id.clone(),
            writer: Box::new(Memory(Arc::clone(&tape))),
        },
        Box::new(limits),
    );
    near.commands.try_send(command).unwrap();
    telephone.hear();
    for number in 0..50_usize {
        let frame: Vec<i16> = (0..160)
            .map(|index| {
                let turn = (number * 160 + index) as f64 / 8_000.0 * 300.0 * std::f64::consts::TAU;
                (8_000.0 * turn.sin()) as i16
            })
            .collect();
        telephone.speak(&frame);
        telephone.hear();
    }
    handle.hang_up(HangUpCause::Caller);
    let LineEvent::RecordEnded(take) = next(&mut near) else {
        panic!("the recording must end first");
    };
    assert_eq!((take.tape, take.end), (id, TakeEnd::HungUp));
    assert_eq!(next(&mut near), LineEvent::HungUp(HangUpCause::Caller));
    let recorded = tape.lock().unwrap().clone();
    assert_eq!(Arc::strong_count(&tape), 1, "the tape is let go");
    assert!(
        (6_000..14_000).contains(&recorded.len()),
        "{} samples",
        recorded.len()
    );
    let loud = recorded
        .iter()
        .filter(|sample| sample.unsigned_abs() > 4_000)
        .count();
    assert!(loud > 3_000, "{loud} loud samples");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(handle.ended()), HangUpCause::Caller);
    assert!(handle.statistics().packets_received >= 45);
    assert_eq!(media.counts().ports, 0);
}

#[test]
fn the_conversation_hangs_up_after_its_last_word() {
    let media = media();
    let (telephone, handle, mut near) = call(&media);
    near.commands
        .try_send(LineCommand::Play(
            PlayId(3),
            vec![sound(vec![8_000; 2_400])],
        ))
        .unwrap();
    near.commands.try_send(LineCommand::HangUp).unwrap();
    assert_eq!(next(&mut near), LineEvent::PlayEnded(PlayId(3)));
    assert_eq!(next(&mut near), LineEvent::HungUp(HangUpCause::Ringback));
    let mut sounding = 0;
    while sounding < 2_400 {
        let (.., payload) = telephone.hear();
        sounding += payload.iter().filter(|&&byte| byte != 0xFF).count();
    }
    assert!(telephone.deaf(), "the prompt ends with the last packet");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(handle.ended()), HangUpCause::Ringback);
    // The last control packet says goodbye.
    let mut buffer = [0; 500];
    let length = telephone.rtcp.recv(&mut buffer).unwrap();
    let last = rtcp_types::Compound::parse(&buffer[..length])
        .unwrap()
        .last();
    assert!(
        matches!(last, Some(Ok(rtcp_types::Packet::Bye(_)))),
        "{last:?}"
    );
}

struct Torn;

impl TapeWriter for Torn {
    fn write(&mut self, _: &[i16]) {
        panic!("this tape is torn on purpose");
    }
}

#[test]
fn a_leg_that_fails_ends_alone() {
    let media = media();
    let (first, _first_handle, mut first_line) = call(&media);
    let (second, second_handle, mut second_line) = call(&media);
    // On two pumps there is a third call beside one of them.
    let (third, _third_handle, mut third_line) = call(&media);
    let torn = Tape {
        id: TapeId("torn".into()),
        writer: Box::new(Torn),
    };
    let limits = RecordingLimits {
        longest: Duration::from_secs(60),
        idle: Duration::from_secs(5),
        warn_before_end: Duration::ZERO,
    };
    second_line
        .commands
        .try_send(LineCommand::Record(torn, Box::new(limits)))
        .unwrap();
    assert_eq!(
        next(&mut second_line),
        LineEvent::HungUp(HangUpCause::Fault)
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    assert_eq!(runtime.block_on(second_handle.ended()), HangUpCause::Fault);
    drop(second);
    for (telephone, line) in [(first, &mut first_line), (third, &mut third_line)] {
        for _ in 0..20 {
            telephone.hear();
        }
        assert!(line.events.try_recv().is_err());
    }
    // Its end is told a moment before its pump has put it away.
    let figures = || {
        let counts = media.counts();
        (counts.legs, counts.ports, counts.legs_failed)
    };
    let until = Instant::now() + Duration::from_secs(5);
    while figures() != (2, 2, 1) && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(figures(), (2, 2, 1));
}

/// A tape that keeps the pump waiting.
struct Slow;

impl TapeWriter for Slow {
    fn write(&mut self, _: &[i16]) {
        std::thread::sleep(Duration::from_millis(60));
    }
}

#[test]
fn a_pump_that_cannot_keep_up_says_so_until_it_can() {
    let media = Media::start(MediaConfig {
        rtp_ports: 33_000..=33_099,
        pumps: 1,
        no_media_timeout: Duration::from_secs(60),
    })
    .unwrap();
    let (telephone, handle, near) = call(&media);
    telephone.hear();
    let until = |late: bool| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while (media.lateness() > Duration::from_millis(20)) != late {
            assert!(Instant::now() < deadline, "{:?}", media.counts());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    let limits = RecordingLimits {
        longest: Duration::from_secs(60),
        idle: Duration::from_secs(60),
        warn_before_end: Duration::ZERO,
    };
    let tape = Tape {
        id: TapeId("slow".into()),
        writer: Box::new(Slow),
    };
    near.commands
        .try_send(LineCommand::Record(tape, Box::new(limits)))
        .unwrap();
    until(true);
    near.commands.try_send(LineCommand::StopRecording).unwrap();
    until(false);
    handle.hang_up(HangUpCause::Caller);
}

#[test]
fn ports_come_back_however_calls_end() {
    let media = media();
    let nowhere = UdpSocket::bind((HERE, 0)).unwrap();
    let telephone = Telephone::new(nowhere.local_addr().unwrap());
    for round in 0..2_000_u32 {
        let port = media.open(HERE).unwrap();
        let (near, far) = line();
        match round % 5 {
            // Refused before it was answered.
            0 => drop(port),
            // The handle is dropped: the signalling failed.
            1 => drop(port.start(Some(telephone.plan()), far)),
            // Cancelled before the answer.
            2 => port.start(None, far).hang_up(HangUpCause::Caller),
            // The conversation is gone at once, and its line with it.
            3 => {
                drop(near);
                drop(port.start(Some(telephone.plan()), far));
            }
            // The caller hangs up while nobody fetches events.
            _ => {
                let handle = port.start(Some(telephone.plan()), far);
                for _ in 0..100 {
                    handle.press(Key::POUND);
                }
                handle.hang_up(HangUpCause::Caller);
            }
        }
        // Not faster than calls can end, else the range is full.
        while media.counts().ports > 300 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    while media.counts().ports + media.counts().legs > 0 && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    let counts = media.counts();
    assert_eq!((counts.ports, counts.legs), (0, 0));
}

#[test]
fn closing_ends_all_calls_with_their_recordings() {
    let media = media();
    let (_telephone, handle, mut near) = call(&media);
    let tape = Arc::new(Mutex::new(Vec::new()));
    let record = LineCommand::Record(
        Tape {
            id: TapeId("last".into()),
            writer: Box::new(Memory(Arc::clone(&tape))),
        },
        Box::new(RecordingLimits {
            longest: Duration::from_secs(60),
            idle: Duration::from_secs(5),
            warn_before_end: Duration::ZERO,
        }),
    );
    near.commands.try_send(record).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    media.close();
    assert!(matches!(next(&mut near), LineEvent::RecordEnded(take) if take.end == TakeEnd::HungUp));
    assert_eq!(next(&mut near), LineEvent::HungUp(HangUpCause::Shutdown));
    assert!(near.events.try_recv().is_err());
    assert_eq!(Arc::strong_count(&tape), 1);
    // What comes too late changes nothing.
    handle.press(Key::POUND);
    handle.hang_up(HangUpCause::Caller);
}

#[test]
fn an_offer_in_the_acknowledgement_and_a_moved_far_end_are_followed() {
    let media = media();
    let port = media.open(HERE).unwrap();
    let mut first = Telephone::new(port.local());
    let mut moved = Telephone::new(port.local());
    let (mut near, far) = line();
    let handle = port.start(None, far);
    first.press(1);
    std::thread::sleep(Duration::from_millis(60));
    assert!(first.deaf());
    handle.change(first.plan());
    first.hear();
    first.press(2);
    assert_eq!(next(&mut near), LineEvent::Key(Key::digit(2).unwrap()));
    handle.change(moved.plan());
    moved.hear();
    first.press(3);
    moved.press(4);
    assert_eq!(next(&mut near), LineEvent::Key(Key::digit(4).unwrap()));
    while !first.deaf() {}
    std::thread::sleep(Duration::from_millis(60));
    assert!(first.deaf(), "nothing goes to where the call was");
}

#[test]
fn short_packets_come_twice_as_often() {
    let media = media();
    let port = media.open(HERE).unwrap();
    let telephone = Telephone::new(port.local());
    let (_near, far) = line();
    let plan = LegPlan {
        ptime_ms: 10,
        ..telephone.plan()
    };
    let _handle = port.start(Some(plan), far);
    let begun = Instant::now();
    for _ in 0..50 {
        assert_eq!(telephone.hear().3.len(), 80);
    }
    let time = begun.elapsed().as_millis();
    assert!((450..1_500).contains(&time), "50 packets in {time} ms");
}

#[test]
fn a_streamed_leg_speaks_and_hears_like_any_other() {
    let media = media();
    let (mut line, far) = line();
    let (leg, door, mut packets) = media.start_streamed(LegPlan::streamed(true), far, 25);
    let speech: Vec<i16> = (0..1_600).map(|n| ((n * n) % 9_000) as i16).collect();
    let sound = Arc::new(Sound::new(speech));
    let segments = vec![Segment::Sound(SoundSlot::ready(sound))];
    let play = LineCommand::Play(PlayId(1), segments);
    line.commands.blocking_send(play).unwrap();
    let (mut loud, mut last) = (0, None);
    for _ in 0..20 {
        let packet = packets.blocking_recv().unwrap();
        let rtp = RtpReader::new(&packet).unwrap();
        let sequence = u16::from(rtp.sequence_number());
        assert!(last.is_none_or(|last: u16| sequence == last.wrapping_add(1)));
        last = Some(sequence);
        loud += usize::from(
            rtp.payload()
                .iter()
                .any(|byte| *byte != G711::Pcmu.silence()),
        );
    }
    assert!(loud >= 9, "{loud} of 20 packets with sound");
    let packet = RtpPacketBuilder::new()
        .payload_type(0)
        .ssrc(7)
        .payload(&[0; 160])
        .build()
        .unwrap();
    door.take(&packet);
    door.take(b"no packet");
    door.take(&[0x80; 4_000]);
    leg.press(Key::POUND);
    while line.events.blocking_recv() != Some(LineEvent::Key(Key::POUND)) {}
    leg.hang_up(HangUpCause::Caller);
    while packets.blocking_recv().is_some() {}
    let figures = leg.statistics();
    assert_eq!((figures.packets_received, figures.packets_refused), (1, 1));
    assert_eq!(media.counts().ports, 0, "a stream needs no ports");
}
