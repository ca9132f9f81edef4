use std::io::Cursor;

use proptest::prelude::{any, proptest};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::sound::resample::to_line_rate;

/// A sine of so many hertz.
fn tone(hertz: f64, rate: u32, samples: usize) -> Vec<i16> {
    (0..samples)
        .map(|at| {
            let angle = at as f64 * hertz * std::f64::consts::TAU / f64::from(rate);
            (angle.sin() * 10_000.0) as i16
        })
        .collect()
}

fn loudness(samples: &[i16]) -> f64 {
    let sum: f64 = samples
        .iter()
        .map(|sample| f64::from(*sample).powi(2))
        .sum();
    (sum / samples.len() as f64).sqrt()
}

fn file(rate: u32, bits: u16, channels: u16, samples: &[i16]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: bits,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in samples {
        let sample = match bits {
            8 => i32::from(sample >> 8),
            24 => i32::from(*sample) << 8,
            _ => i32::from(*sample),
        };
        for _ in 0..channels {
            writer.write_sample(sample).unwrap();
        }
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn our_own_files_are_read_by_anybody_and_by_us() {
    let samples = tone(440.0, RATE, 1_000);
    let bytes = encode(&samples);
    assert_eq!(decode(&bytes).unwrap(), samples);
    let foreign = read(&bytes, 1).unwrap();
    assert_eq!(
        (foreign.rate, foreign.bits, foreign.channels),
        (RATE, 16, 1)
    );
    assert_eq!(foreign.samples, samples);
    assert_eq!(decode(&bytes[..HEADER + 7]).unwrap(), samples[..3]);
    assert_eq!(decode(&bytes[..HEADER - 1]), None);
    assert_eq!(decode(&[0; 100]), None);
}

#[test]
fn all_usual_forms_become_eight_kilohertz() {
    for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000] {
        for (bits, channels) in [(8, 1), (16, 1), (16, 2), (24, 1)] {
            let samples = tone(1_000.0, rate, rate as usize);
            let bytes = file(rate, bits, channels, &samples);
            let foreign = read(&bytes, 10).unwrap();
            let resampled = to_line_rate(&foreign.samples, foreign.rate);
            assert_eq!(resampled.len(), 8_000, "{rate} Hz");
            let error: Vec<i16> = resampled
                .iter()
                .zip(&tone(1_000.0, RATE, 8_000))
                .map(|(ours, ideal)| *ours as i16 - ideal)
                .collect();
            let error = loudness(&error[1_000..7_000]);
            let allowed = if bits == 8 { 300.0 } else { 100.0 };
            assert!(error < allowed, "{rate} Hz {bits} bit: {error}");
        }
    }
}

#[test]
fn what_cannot_be_used_says_why() {
    let bytes = file(384_000, 16, 1, &[1; 100]);
    assert!(
        read(&bytes, 10)
            .unwrap_err()
            .to_string()
            .contains("384000 Hz")
    );
    assert!(
        read(b"no sound at all", 10)
            .unwrap_err()
            .to_string()
            .contains("RIFF")
    );
    let bytes = encode(&[0; 8_001]);
    assert_eq!(read(&bytes, 1), Err(WavFault::TooLong(1)));
    assert!(read(&encode(&[0; 8_000]), 1).is_ok());
}

#[test]
fn a_header_that_lies_costs_nothing() {
    let mut bytes = encode(&[5; 100]);
    bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    bytes[40..44].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
    let foreign = read(&bytes, 10).unwrap();
    assert_eq!(foreign.samples, [5; 100], "4 GiB are claimed");
}

#[test]
fn no_file_can_break_the_reader() {
    let mut random = StdRng::seed_from_u64(20_261_121);
    let seeds = [
        file(8_000, 16, 1, &tone(400.0, 8_000, 60)),
        file(44_100, 8, 2, &tone(400.0, 44_100, 60)),
    ];
    let mut understood = 0;
    for round in 0..20_000 {
        let mut bytes = seeds[round % 2].clone();
        for _ in 0..random.random_range(1..5) {
            let at = random.random_range(0..bytes.len());
            match random.random_range(0..4) {
                // Most damage where it matters: in the header.
                0 | 1 => bytes[at % 60] = random.random(),
                2 => bytes.truncate(at.max(1)),
                _ => bytes.insert(at, random.random()),
            }
        }
        if let Ok(foreign) = read(&bytes, 60) {
            understood += 1;
            let _ = to_line_rate(&foreign.samples, foreign.rate);
        }
        let _ = decode(&bytes);
    }
    assert!(understood > 1_000, "{understood}");
}

#[test]
fn lengths_that_lie_are_put_right() {
    let good = file(16_000, 16, 1, &[1, -2, 300, -32_768]);
    assert_eq!(read(&good, 10).unwrap().samples, [1, -2, 300, -32_768]);
    for lie in [0, 0x7fff_f000_u32, u32::MAX] {
        let mut lying = good.clone();
        lying[40..44].copy_from_slice(&lie.to_le_bytes());
        assert_eq!(
            read(&lying, 10).unwrap().samples,
            [1, -2, 300, -32_768],
            "{lie}"
        );
    }
    let mut inconsistent = good.clone();
    inconsistent[28..32].copy_from_slice(&16_000_u32.to_le_bytes());
    assert_eq!(read(&inconsistent, 10).unwrap().samples.len(), 4);
    let mut cut = good;
    cut.truncate(cut.len() - 3);
    assert_eq!(read(&cut, 10).unwrap().samples, [1, -2]);
}

#[test]
fn channels_are_mixed() {
    let mut stereo = file(16_000, 16, 2, &[0, 0]);
    for (sample, place) in [100_i16, 200, -100, 100].iter().zip((HEADER..).step_by(2)) {
        stereo[place..place + 2].copy_from_slice(&sample.to_le_bytes());
    }
    assert_eq!(read(&stereo, 10).unwrap().samples, [150, 0]);
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0..44_usize) {
        let good = file(16_000, 16, 1, &[7; 20]);
        for (byte, original) in bytes.iter_mut().zip(&good).take(keep) {
            *byte = *original;
        }
        let _ = read(&bytes, 10);
    }
}

#[test]
fn g711_files_are_read() {
    for (tag, codec) in [(6_u16, G711::Pcma), (7, G711::Pcmu)] {
        let samples = tone(440.0, RATE, 800);
        let mut bytes = header(0).to_vec();
        bytes[20..22].copy_from_slice(&tag.to_le_bytes());
        bytes[32..36].copy_from_slice(&[1, 0, 8, 0]);
        bytes.extend(samples.iter().map(|sample| codec.encode(*sample)));
        let foreign = read(&bytes, 1).unwrap();
        assert_eq!((foreign.rate, foreign.bits, foreign.channels), (RATE, 8, 1));
        assert_eq!(foreign.samples.len(), 800);
        let error: f64 = loudness(
            &samples
                .iter()
                .zip(&foreign.samples)
                .map(|(one, other)| one - other)
                .collect::<Vec<_>>(),
        );
        assert!(error < loudness(&samples) / 30.0, "{error}");
        assert_eq!(read(&bytes, 0), Err(WavFault::TooLong(0)));
    }
}
