//! Reading WAV files that others made. Their lengths lie: a streaming engine writes placeholders,
//! a cut file promises what is not there.

use std::io::Cursor;

use super::SpeechFault;

/// Longest sound read from a file, in seconds.
const SECONDS_MAX: u64 = 600;

/// The samples of a WAV file, mixed to one channel, and their rate.
pub fn read(bytes: &[u8]) -> Result<(Vec<i16>, u32), SpeechFault> {
    let unreadable = |what: &dyn std::fmt::Display| SpeechFault::Sound(what.to_string());
    let bytes = with_true_lengths(bytes).ok_or_else(|| unreadable(&"not a WAV file"))?;
    let reader = hound::WavReader::new(Cursor::new(bytes)).map_err(|fault| unreadable(&fault))?;
    let spec = reader.spec();
    let channels = usize::from(spec.channels.max(1));
    if !(4_000..=192_000).contains(&spec.sample_rate) {
        return Err(unreadable(&format!("{} Hz", spec.sample_rate)));
    }
    if u64::from(reader.duration()) > SECONDS_MAX * u64::from(spec.sample_rate) {
        return Err(unreadable(&format!("longer than {SECONDS_MAX} s")));
    }
    let all: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.into_samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let full = 2_f32.powi(i32::from(spec.bits_per_sample.max(1)) - 1);
            reader
                .into_samples::<i32>()
                .map(|sample| sample.map(|sample| sample as f32 / full))
                .collect()
        }
    };
    let all = all.map_err(|fault| unreadable(&fault))?;
    let samples = all
        .chunks_exact(channels)
        .map(|frame| {
            let mixed = frame.iter().sum::<f32>() / channels as f32;
            (mixed * 32_768.0).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect();
    Ok((samples, spec.sample_rate))
}

/// A copy whose RIFF and data chunks are as long as what is there, cut to whole frames, and whose
/// format agrees with itself (flite's 8 kHz voice states the bytes a second of another rate).
fn with_true_lengths(bytes: &[u8]) -> Option<Vec<u8>> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut whole = bytes.to_vec();
    let mut place: usize = 12;
    let mut frame: usize = 1;
    loop {
        let name = bytes.get(place..place + 4)?;
        let length = number_at(bytes, place + 4, 4)? as usize;
        let start = place + 8;
        if name == b"fmt " {
            let channels = number_at(bytes, start + 2, 2)?;
            let rate = number_at(bytes, start + 4, 4)?;
            let bits = number_at(bytes, start + 14, 2)?;
            let align = channels.checked_mul(bits.div_ceil(8))?;
            let bytes_a_second = rate.checked_mul(align)?;
            frame = (align as usize).max(1);
            whole
                .get_mut(start + 8..start + 12)?
                .copy_from_slice(&bytes_a_second.to_le_bytes());
            whole
                .get_mut(start + 12..start + 14)?
                .copy_from_slice(&u16::try_from(align).ok()?.to_le_bytes());
        }
        if name == b"data" {
            let there = bytes.len() - start;
            let length = if length == 0 {
                there
            } else {
                length.min(there)
            };
            let length = length - length % frame;
            whole.truncate(start + length);
            let riff = u32::try_from(whole.len() - 8).ok()?;
            whole[4..8].copy_from_slice(&riff.to_le_bytes());
            whole[place + 4..start].copy_from_slice(&u32::try_from(length).ok()?.to_le_bytes());
            return Some(whole);
        }
        // Chunks are padded to even lengths.
        place = start.checked_add(length)?.checked_add(length % 2)?;
    }
}

/// The little-endian number of `width` bytes at a place.
fn number_at(bytes: &[u8], place: usize, width: usize) -> Option<u32> {
    let digits = bytes.get(place..place.checked_add(width)?)?;
    Some(
        digits
            .iter()
            .rev()
            .fold(0, |number, byte| number << 8 | u32::from(*byte)),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wav(channels: u16, samples: &[i16]) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let spec = hound::WavSpec {
            channels,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
        samples
            .iter()
            .for_each(|sample| writer.write_sample(*sample).unwrap());
        writer.finalize().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn lengths_that_lie_are_put_right() {
        let good = wav(1, &[1, -2, 300, -32_768]);
        assert_eq!(read(&good).unwrap(), (vec![1, -2, 300, -32_768], 16_000));
        for lie in [0, 0x7fff_f000_u32, u32::MAX] {
            let mut lying = good.clone();
            lying[40..44].copy_from_slice(&lie.to_le_bytes());
            assert_eq!(read(&lying).unwrap().0, [1, -2, 300, -32_768], "{lie}");
        }
        let mut inconsistent = good.clone();
        inconsistent[28..32].copy_from_slice(&16_000_u32.to_le_bytes());
        assert_eq!(read(&inconsistent).unwrap().0.len(), 4);
        let mut cut = good;
        cut.truncate(cut.len() - 3);
        assert_eq!(read(&cut).unwrap().0, [1, -2]);
    }

    #[test]
    fn channels_are_mixed() {
        assert_eq!(read(&wav(2, &[100, 200, -100, 100])).unwrap().0, [150, 0]);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), keep in 0..44_usize) {
            let good = wav(1, &[7; 20]);
            for (byte, original) in bytes.iter_mut().zip(&good).take(keep) {
                *byte = *original;
            }
            let _ = read(&bytes);
        }
    }
}
