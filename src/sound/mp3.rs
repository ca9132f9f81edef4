//! MPEG audio (layers I to III, so MP3), as other systems attach recordings to mails.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nanomp3::SliceReader;

/// Samples that are decoded at once: a frame of two channels has no more.
const AT_ONCE: usize = 2 * 1_152;

/// The samples a second of a file and what it sounds like, all channels mixed to one. Nothing when it is no
/// such file, or longer than `seconds_max`. What was cut off or damaged is heard as far as it goes.
pub fn read(bytes: &[u8], seconds_max: u64) -> Option<(u32, Vec<i16>)> {
    let mut samples = Vec::new();
    let mut rate = 0;
    // A damaged frame can trip the decoder up (version 0.2.0). It is safe code, so no more is lost than what
    // comes after it.
    let heard = catch_unwind(AssertUnwindSafe(|| {
        decode(bytes, seconds_max, &mut rate, &mut samples)
    }));
    match heard {
        Ok(false) => None,
        Ok(true) | Err(_) => (!samples.is_empty()).then_some((rate, samples)),
    }
}

/// False when it is too long.
fn decode(bytes: &[u8], seconds_max: u64, rate: &mut u32, samples: &mut Vec<i16>) -> bool {
    let mut reader = SliceReader::<i16>::new(bytes);
    let mut piece = [0; AT_ONCE];
    while let Ok(length @ 1..) = reader.read(&mut piece) {
        *rate = reader.sample_rate();
        let channels = reader
            .channels()
            .map_or(1, |channels| usize::from(channels.num()));
        let frames = piece[..length].chunks_exact(channels);
        samples.extend(frames.map(|frame| {
            let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
            (sum / channels as i32) as i16
        }));
        if samples.len() as u64 > seconds_max.saturating_mul(u64::from(*rate)) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MONO: &[u8] = include_bytes!("mp3/tone-8000.mp3");
    const STEREO: &[u8] = include_bytes!("mp3/tone-44100-stereo.mp3");

    /// How often a tone swings through nothing, in swings a second.
    fn pitch(rate: u32, samples: &[i16]) -> f64 {
        let middle = &samples[samples.len() / 4..samples.len() * 3 / 4];
        let crossings = middle
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count();
        crossings as f64 * f64::from(rate) / middle.len() as f64
    }

    #[test]
    fn a_tone_is_as_high_and_as_long_as_it_was() {
        for (file, rate, seconds) in [(MONO, 8_000, 3), (STEREO, 44_100, 2)] {
            let (found, samples) = read(file, 60).unwrap();
            assert_eq!(found, rate);
            let length = samples.len() as f64 / f64::from(rate);
            assert!((length - f64::from(seconds)).abs() < 0.1, "{length} s");
            let pitch = pitch(rate, &samples);
            assert!((pitch - 400.0).abs() < 4.0, "{pitch} Hz");
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max();
            assert!((2_500..5_500).contains(&loudest.unwrap()), "{loudest:?}");
        }
    }

    #[test]
    fn half_a_file_is_half_heard_and_nothing_is_nothing() {
        let (_, whole) = read(MONO, 60).unwrap();
        let (_, half) = read(&MONO[..MONO.len() / 2], 60).unwrap();
        assert!((whole.len() * 4 / 10..whole.len() * 6 / 10).contains(&half.len()));
        assert_eq!(read(b"", 60), None);
        assert_eq!(read(b"RIFF and no tone", 60), None);
        assert_eq!(read(MONO, 2), None, "longer than is allowed");
    }

    proptest! {
        #[test]
        fn no_file_can_break_the_reader(
            mut place in 0..MONO.len(),
            noise in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let _ = read(&noise, 60);
            let mut damaged = MONO.to_vec();
            for byte in noise {
                damaged[place] = byte;
                place = (place + 7) % damaged.len();
            }
            let _ = read(&damaged, 60);
        }
    }
}
