//! WAV files: as we write them (16 bit linear, 8 kHz, mono, in the plainest form), and as others
//! do. Foreign headers lie: a streaming voice writes placeholders, a cut file promises what is not
//! there.

use std::io::Cursor;

use super::g711::G711;
use crate::line::SAMPLE_RATE;

/// Bytes before the first sample of a file that we write.
pub const HEADER: usize = 44;

/// Sample rate of files that we write, in hertz.
pub const RATE: u32 = SAMPLE_RATE;

/// Most samples of a file of ours that are ever read: a recording of 100 minutes and some more.
pub const OWN_SAMPLES_MAX: usize = 110 * 60 * RATE as usize;

/// Rates that are understood, in hertz.
const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Most channels that are understood; they are mixed to one.
const CHANNELS_MAX: u16 = 8;

/// Why somebody's WAV file was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WavFault {
    /// It could not be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Not a WAV file, or not one that we understand.
    #[error("is not a WAV file that can be used: {0}")]
    Unusable(String),
    /// Longer than allowed.
    #[error("is longer than {0} seconds")]
    TooLong(u64),
}

/// The header of a file with so many samples.
pub fn header(samples: u64) -> [u8; HEADER] {
    // A WAV cannot say more than 4 GiB; 100 minutes are 96 MB.
    let data = u32::try_from(samples.saturating_mul(2)).unwrap_or(u32::MAX - 36);
    let mut header = [0; HEADER];
    header[0..4].copy_from_slice(b"RIFF");
    header[4..8].copy_from_slice(&(data.saturating_add(36)).to_le_bytes());
    header[8..16].copy_from_slice(b"WAVEfmt ");
    header[16..20].copy_from_slice(&16_u32.to_le_bytes());
    header[20..22].copy_from_slice(&1_u16.to_le_bytes()); // PCM
    header[22..24].copy_from_slice(&1_u16.to_le_bytes()); // mono
    header[24..28].copy_from_slice(&RATE.to_le_bytes());
    header[28..32].copy_from_slice(&(RATE * 2).to_le_bytes());
    header[32..34].copy_from_slice(&2_u16.to_le_bytes());
    header[34..36].copy_from_slice(&16_u16.to_le_bytes());
    header[36..40].copy_from_slice(b"data");
    header[40..44].copy_from_slice(&data.to_le_bytes());
    header
}

/// The bytes of a file with these samples.
pub fn encode(samples: &[i16]) -> Vec<u8> {
    let mut bytes = vec![0; HEADER + samples.len() * 2];
    bytes[..HEADER].copy_from_slice(&header(samples.len() as u64));
    let (places, _) = bytes[HEADER..].as_chunks_mut();
    for (place, sample) in places.iter_mut().zip(samples) {
        *place = sample.to_le_bytes();
    }
    bytes
}

/// A WAV file of G.711 µ-law bytes (format 7), with the `fact` chunk that everything but PCM has.
pub fn ulaw_file(sound: &[u8]) -> Vec<u8> {
    const HEADER: u32 = 58;
    let length = u32::try_from(sound.len()).unwrap_or(u32::MAX - HEADER - 1);
    let padding = length % 2;
    let mut file = Vec::with_capacity(sound.len() + HEADER as usize + 1);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(HEADER - 8 + length + padding).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&18_u32.to_le_bytes());
    file.extend_from_slice(&7_u16.to_le_bytes()); // G.711 µ-law
    file.extend_from_slice(&1_u16.to_le_bytes()); // mono
    file.extend_from_slice(&RATE.to_le_bytes());
    file.extend_from_slice(&RATE.to_le_bytes()); // bytes a second
    file.extend_from_slice(&1_u16.to_le_bytes()); // bytes a sample
    file.extend_from_slice(&8_u16.to_le_bytes()); // bits a sample
    file.extend_from_slice(&0_u16.to_le_bytes()); // nothing more in this chunk
    file.extend_from_slice(b"fact");
    file.extend_from_slice(&4_u32.to_le_bytes());
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(b"data");
    file.extend_from_slice(&length.to_le_bytes());
    file.extend_from_slice(&sound[..length as usize]);
    file.resize(file.len() + padding as usize, 0xFF);
    file
}

/// The samples of a file that we wrote. What the file holds counts, not what its header says, so
/// that a file whose writer was killed can be read too.
pub fn decode(bytes: &[u8]) -> Option<Vec<i16>> {
    let sound = bytes.get(HEADER..)?;
    (bytes.starts_with(b"RIFF")).then(|| {
        let (pairs, _) = sound.as_chunks();
        let pairs = &pairs[..pairs.len().min(OWN_SAMPLES_MAX)];
        pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
    })
}

/// A WAV file of others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Samples a second.
    pub rate: u32,
    /// Channels in the file.
    pub channels: u16,
    /// Bits a sample in the file.
    pub bits: u16,
    /// All channels mixed to one, as 16 bit.
    pub samples: Vec<i16>,
}

/// Reads any linear, floating-point or G.711 file of at most `seconds_max`. What the file holds counts, not
/// what its header promises.
pub fn read(bytes: &[u8], seconds_max: u64) -> Result<Foreign, WavFault> {
    let unusable = |what: &dyn std::fmt::Display| WavFault::Unusable(what.to_string());
    let bytes = with_true_lengths(bytes).ok_or_else(|| unusable(&"it has no RIFF header"))?;
    if let Some((codec, rate, channels)) = squeezed(&bytes) {
        return read_squeezed(&bytes, codec, rate, channels, seconds_max);
    }
    let reader = hound::WavReader::new(Cursor::new(bytes)).map_err(|fault| unusable(&fault))?;
    let spec = reader.spec();
    check_shape(spec.sample_rate, spec.channels)?;
    if u64::from(reader.duration()) > seconds_max.saturating_mul(u64::from(spec.sample_rate)) {
        return Err(WavFault::TooLong(seconds_max));
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
    let all = all.map_err(|fault| unusable(&fault))?;
    let samples = all
        .chunks_exact(usize::from(spec.channels))
        .map(|frame| {
            let mixed = frame.iter().sum::<f32>() / f32::from(spec.channels);
            (mixed * 32_768.0).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect();
    Ok(Foreign {
        rate: spec.sample_rate,
        channels: spec.channels,
        bits: spec.bits_per_sample,
        samples,
    })
}

fn check_shape(rate: u32, channels: u16) -> Result<(), WavFault> {
    if RATES.contains(&rate) && (1..=CHANNELS_MAX).contains(&channels) {
        return Ok(());
    }
    Err(WavFault::Unusable(format!(
        "it has {rate} Hz and {channels} channels; {} to {} Hz and 1 to {CHANNELS_MAX} channels are needed",
        RATES.start(),
        RATES.end()
    )))
}

/// Codec, rate and channels of a G.711 file (WAVE_FORMAT_ALAW and _MULAW), which hound does not read.
fn squeezed(bytes: &[u8]) -> Option<(G711, u32, u16)> {
    let format = chunk(bytes, b"fmt ")?;
    let codec = match number_at(format, 0, 2)? {
        6 => G711::Pcma,
        7 => G711::Pcmu,
        _ => return None,
    };
    let channels = u16::try_from(number_at(format, 2, 2)?).ok()?;
    Some((codec, number_at(format, 4, 4)?, channels))
}

fn read_squeezed(
    bytes: &[u8],
    codec: G711,
    rate: u32,
    channels: u16,
    seconds_max: u64,
) -> Result<Foreign, WavFault> {
    check_shape(rate, channels)?;
    let sound = chunk(bytes, b"data").unwrap_or_default();
    let frames = sound.chunks_exact(usize::from(channels));
    if frames.len() as u64 > seconds_max.saturating_mul(u64::from(rate)) {
        return Err(WavFault::TooLong(seconds_max));
    }
    let mixed = |frame: &[u8]| {
        let sum: i32 = frame
            .iter()
            .map(|byte| i32::from(codec.decode(*byte)))
            .sum();
        (sum / i32::from(channels)) as i16
    };
    Ok(Foreign {
        rate,
        channels,
        bits: 8,
        samples: frames.map(mixed).collect(),
    })
}

/// What stands in the first chunk of this name.
fn chunk<'a>(bytes: &'a [u8], wanted: &[u8]) -> Option<&'a [u8]> {
    let mut place: usize = 12;
    loop {
        let name = bytes.get(place..place + 4)?;
        let length = number_at(bytes, place + 4, 4)? as usize;
        let start = place + 8;
        if name == wanted {
            return Some(&bytes[start..bytes.len().min(start.checked_add(length)?)]);
        }
        place = start.checked_add(length)?.checked_add(length % 2)?;
    }
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
mod tests;
