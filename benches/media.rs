//! What a tick of 1,000 legs costs without its sockets: 20 ms of 1,000 calls.
//!
//! Divide by 20 ms for the share of a core. The pump adds the system calls, one to send and one to
//! receive for each leg.

#![expect(clippy::disallowed_methods, reason = "a benchmark has a clock")]

use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ringback::line::{
    LineCommand, Pace, PlayId, RecordingLimits, Segment, Sound, SoundSlot, Tape, TapeId, TapeWriter,
};
use ringback::media::{Codec, Leg, LegIdentity, LegPlan, NtpClock};
use ringback::sound::g711::G711;
use rtp_rs::RtpPacketBuilder;

const LEGS: u32 = 1_000;
const TICK: Duration = Duration::from_millis(20);

struct Nowhere;

impl TapeWriter for Nowhere {
    fn write(&mut self, samples: &[i16]) {
        black_box(samples);
    }
}

/// A thousand calls and a far end that speaks on all of them.
struct House {
    legs: Vec<Leg>,
    now: Instant,
    tick: u32,
    packet: Vec<u8>,
    incoming: Vec<u8>,
    far: SocketAddr,
}

impl House {
    fn new(telephone_event: Option<u8>) -> House {
        let now = Instant::now();
        let far = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let plan = LegPlan {
            remote: far,
            remote_rtcp: SocketAddr::from(([192, 0, 2, 1], 4_001)),
            codec: Codec::PCMU,
            payload_type: 0,
            telephone_event,
            ptime_ms: 20,
            send: true,
            receive: true,
            behind_nat: false,
        };
        let legs = (0..LEGS).map(|number| {
            let identity = LegIdentity {
                ssrc: number,
                first_sequence: number as u16,
                first_timestamp: number,
                random: u64::from(number) + 1,
                clock: NtpClock {
                    instant: now,
                    ntp: 0,
                },
            };
            let mut leg = Leg::new(now, identity, Duration::MAX);
            leg.set_plan(now, plan);
            leg
        });
        House {
            legs: legs.collect(),
            now,
            tick: 0,
            packet: Vec::with_capacity(2_000),
            incoming: Vec::new(),
            far,
        }
    }

    /// Every call says the same 20 ms, then every leg is ticked.
    fn tick(&mut self) {
        // A pitch that glides, with harmonics: a steady one would end the recordings.
        let payload: [u8; 160] = std::array::from_fn(|index| {
            let time = (self.tick * 160 + index as u32) as f32 / 8_000.0;
            let turn = time * 900.0 + 20.0 * (time * 3.0).sin();
            let sum = turn.sin() + (2.0 * turn).sin() + 0.5 * (3.0 * turn).sin();
            G711::Pcmu.encode((sum * 3_000.0) as i16)
        });
        let packet = RtpPacketBuilder::new()
            .payload_type(0)
            .sequence((self.tick as u16).into())
            .ssrc(9)
            .timestamp(self.tick * 160)
            .payload(&payload);
        self.incoming.resize(packet.target_length(), 0);
        if packet.build_into(&mut self.incoming).is_err() {
            return;
        }
        for leg in &mut self.legs {
            leg.on_packet(self.now, self.far, &self.incoming);
            leg.on_tick(self.now, &mut self.packet);
            black_box(&self.packet);
            while let Some(event) = leg.next_event() {
                black_box(event);
            }
        }
        self.tick += 1;
        self.now += TICK;
    }

    fn command(&mut self, command: impl Fn() -> LineCommand) {
        for leg in &mut self.legs {
            leg.on_command(command());
        }
    }
}

fn play(samples: usize) -> LineCommand {
    static SOUND: std::sync::OnceLock<Arc<Sound>> = std::sync::OnceLock::new();
    let sound = SOUND.get_or_init(|| {
        let samples: Vec<i16> = (0..samples)
            .map(|index| ((index as f32 * 0.2).sin() * 8_000.0) as i16)
            .collect();
        Arc::new(Sound::new(samples))
    });
    let segments = (0..10_000).map(|_| Segment::Sound(SoundSlot::ready(Arc::clone(sound))));
    LineCommand::Play(PlayId(1), segments.collect())
}

fn record() -> LineCommand {
    LineCommand::Record(
        Tape {
            id: TapeId("bench".into()),
            writer: Box::new(Nowhere),
        },
        Box::new(RecordingLimits {
            longest: Duration::from_secs(1_000_000),
            idle: Duration::from_secs(1_000_000),
            warn_before_end: Duration::ZERO,
        }),
    )
}

fn tick_of_1000_legs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tick of 1000 legs");
    group.sample_size(20);
    let mut silent = House::new(Some(101));
    group.bench_function("silent", |bencher| bencher.iter(|| silent.tick()));
    let mut playing = House::new(Some(101));
    playing.command(|| play(200_000));
    group.bench_function("playing", |bencher| bencher.iter(|| playing.tick()));
    let mut slower = House::new(Some(101));
    slower.command(|| play(200_000));
    slower.command(|| LineCommand::SetPace(Pace(80)));
    group.bench_function("playing slower", |bencher| bencher.iter(|| slower.tick()));
    let mut recording = House::new(Some(101));
    recording.command(record);
    group.bench_function("recording", |bencher| bencher.iter(|| recording.tick()));
    let mut tones = House::new(None);
    group.bench_function("looking for tones", |bencher| bencher.iter(|| tones.tick()));
    group.finish();
}

criterion_group!(benches, tick_of_1000_legs);
criterion_main!(benches);
