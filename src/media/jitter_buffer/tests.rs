use proptest::prelude::*;

use super::*;
use crate::sound::g711::G711;

const CODEC: G711 = G711::Pcmu;

/// A tone whose frames can be told from silence.
fn wave(from: usize, length: usize) -> Vec<u8> {
    (from..from + length)
        .map(|index| {
            let turn = index as f64 / 8_000.0 * 200.0 * std::f64::consts::TAU;
            CODEC.encode((8_000.0 * turn.sin()) as i16)
        })
        .collect()
}

fn decoded(bytes: &[u8]) -> Vec<i16> {
    bytes.iter().map(|&byte| CODEC.decode(byte)).collect()
}

fn play(buffer: &mut JitterBuffer, frames: usize) -> Vec<i16> {
    let mut all = Vec::new();
    for _ in 0..frames {
        let mut frame = [0; FRAME];
        buffer.play(&mut frame);
        all.extend(frame);
    }
    all
}

/// Packets of 20 ms, in order, one for each tick.
fn steady(buffer: &mut JitterBuffer, first: u32, frames: usize) -> Vec<i16> {
    let mut all = Vec::new();
    for number in 0..frames {
        let payload = wave(number * FRAME, FRAME);
        buffer.insert(first.wrapping_add((number * FRAME) as u32), &payload, true);
        all.extend(play(buffer, 1));
    }
    all
}

#[test]
fn a_steady_stream_comes_out_whole_after_its_delay() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    let heard = steady(&mut buffer, u32::MAX - 1_000, 50);
    let delay = 320;
    assert!(heard[..delay].iter().all(|&sample| sample == 0));
    assert!(heard[delay..] == decoded(&wave(0, 50 * FRAME - delay)));
    assert_eq!(buffer.late(), 0);
}

#[test]
fn packets_of_any_length_make_the_same_sound() {
    for length in [80, 160, 240, 320, 480] {
        let mut buffer = JitterBuffer::new(CODEC.into(), 400);
        let sound = wave(0, 9_600);
        let mut heard = Vec::new();
        let mut sent = 0;
        for tick in 0..60 {
            while sent + length <= sound.len() && sent <= tick * FRAME {
                buffer.insert(sent as u32, &sound[sent..sent + length], true);
                sent += length;
            }
            heard.extend(play(&mut buffer, 1));
        }
        let start = heard.iter().position(|&sample| sample != 0).unwrap();
        let whole = decoded(&sound);
        let first = whole.iter().position(|&sample| sample != 0).unwrap();
        let rest = heard.len() - start;
        assert!(heard[start..] == whole[first..first + rest], "{length}");
    }
}

#[test]
fn reordered_and_doubled_packets_change_nothing() {
    let mut plain = JitterBuffer::new(CODEC.into(), 400);
    let mut shuffled = JitterBuffer::new(CODEC.into(), 400);
    let packets: Vec<_> = (0..40)
        .map(|n| (n as u32 * 160, wave(n * FRAME, FRAME)))
        .collect();
    let mut heard = (Vec::new(), Vec::new());
    for pair in packets.chunks(2) {
        for (timestamp, payload) in pair {
            plain.insert(*timestamp, payload, true);
        }
        shuffled.insert(pair[1].0, &pair[1].1, true);
        shuffled.insert(pair[0].0, &pair[0].1, false);
        shuffled.insert(pair[1].0, &pair[1].1, false);
        heard.0.extend(play(&mut plain, 2));
        heard.1.extend(play(&mut shuffled, 2));
    }
    // The delay of the shuffled stream counts from its second packet, which came first.
    assert!(heard.0[FRAME..] == heard.1[..heard.1.len() - FRAME]);
    assert_eq!(shuffled.late(), 0);
}

#[test]
fn a_lost_packet_is_concealed_without_a_click() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    let mut heard = Vec::new();
    for number in 0..60_usize {
        if number % 20 != 10 {
            buffer.insert((number * FRAME) as u32, &wave(number * FRAME, FRAME), true);
        }
        heard.extend(play(&mut buffer, 1));
    }
    let whole = decoded(&wave(0, heard.len()));
    let steepest = |samples: &[i16]| {
        samples
            .windows(2)
            .map(|pair| pair[0].abs_diff(pair[1]))
            .max()
            .unwrap()
    };
    assert!(steepest(&heard[320..]) <= steepest(&whole) * 2);
    // The tone goes on in the hole.
    let hole = &heard[320 + 30 * FRAME..320 + 31 * FRAME];
    let power = super::super::arithmetic::mean_square(hole);
    assert!(
        power > 0.5 * super::super::arithmetic::mean_square(&whole),
        "{power}"
    );
}

#[test]
fn a_long_loss_fades_to_silence() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    steady(&mut buffer, 0, 20);
    let heard = play(&mut buffer, 20);
    assert!(heard[320 + FADE_TO..].iter().all(|&sample| sample == 0));
    assert!(heard[320..400].iter().any(|&sample| sample != 0));
}

#[test]
fn late_packets_make_the_delay_grow_and_steady_ones_shrink_it_in_quiet() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    steady(&mut buffer, 0, 20);
    assert_eq!(buffer.delay, 320);
    // Two packets are held up by 60 ms.
    play(&mut buffer, 3);
    for number in 20..24 {
        buffer.insert(number * 160, &wave(0, FRAME), true);
    }
    let grown = buffer.delay;
    assert!(grown > 320, "{grown}");
    let quiet = vec![CODEC.silence(); FRAME];
    for number in 24..1_000 {
        buffer.insert(number * 160, &quiet, true);
        play(&mut buffer, 1);
    }
    assert!(buffer.delay < grown, "{}", buffer.delay);
    assert!(buffer.delay >= DELAY_LEAST);
}

#[test]
fn a_sender_that_stops_its_clock_in_silence_is_followed() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    steady(&mut buffer, 0, 20);
    play(&mut buffer, 100);
    // The timestamp goes on as if no time had passed.
    let heard = steady(&mut buffer, 20 * 160, 20);
    let loud = heard
        .iter()
        .filter(|sample| sample.unsigned_abs() > 1_000)
        .count();
    assert!(loud > 2_000, "{loud}");
}

#[test]
fn a_leap_ahead_is_followed() {
    let mut buffer = JitterBuffer::new(CODEC.into(), 0);
    steady(&mut buffer, 0, 20);
    let heard = steady(&mut buffer, 3_000_000_000, 20);
    let loud = heard
        .iter()
        .filter(|sample| sample.unsigned_abs() > 1_000)
        .count();
    assert!(loud > 2_000, "{loud}");
}

proptest! {
    /// Whatever arrives: a frame for every tick, and nothing fails.
    #[test]
    fn anything_is_survived(
        packets in prop::collection::vec(
            (any::<u32>(), prop::collection::vec(any::<u8>(), 0..700), any::<bool>(), 0..4_usize),
            0..60,
        )
    ) {
        let mut buffer = JitterBuffer::new(CODEC.into(), 20);
        for (timestamp, payload, newest, frames) in packets {
            buffer.insert(timestamp, &payload, newest);
            prop_assert_eq!(play(&mut buffer, frames).len(), frames * FRAME);
        }
    }

    /// With delays up to 60 ms and losses up to a fifth, the sound keeps its pace: what was sent
    /// within a time is played within the same time and at most the largest delay more.
    #[test]
    fn the_pace_is_kept_under_jitter_and_loss(
        fates in prop::collection::vec((0..100_u8, 0..3_usize), 250),
        losses in 0..20_u8,
        first: u32,
    ) {
        let mut arriving: Vec<Vec<(usize, bool)>> = vec![Vec::new(); 260];
        for (number, &(lost, delay)) in fates.iter().enumerate() {
            if lost >= losses {
                arriving[number + delay].push((number, false));
            }
        }
        let mut newest_so_far = None;
        for packets in &mut arriving {
            for (number, newest) in packets {
                *newest = newest_so_far < Some(*number);
                newest_so_far = newest_so_far.max(Some(*number));
            }
        }
        let mut buffer = JitterBuffer::new(CODEC.into(), 0);
        for (tick, packets) in arriving.iter().enumerate() {
            for &(number, newest) in packets {
                let timestamp = first.wrapping_add((number * FRAME) as u32);
                buffer.insert(timestamp, &wave(number * FRAME, FRAME), newest);
            }
            play(&mut buffer, 1);
            if let Some(next) = buffer.next() {
                let behind = (tick as i32 + 1) * 160 - next.wrapping_sub(first) as i32;
                prop_assert!((0..=1_200).contains(&behind), "{} samples behind", behind);
            }
        }
    }
}
