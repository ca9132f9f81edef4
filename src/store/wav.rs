//! WAV files as we store them: 16 bit linear, 8 kHz, mono, in the plainest form; and reading WAV
//! files of others, whose headers may lie.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

/// Bytes before the first sample of a file that we write.
pub const HEADER: usize = 44;

/// Sample rate of files that we write, in hertz.
pub const RATE: u32 = 8_000;

/// Most samples of a stored file that are ever read: a recording of 100 minutes and some more.
const STORED_SAMPLES_MAX: usize = 110 * 60 * RATE as usize;

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
    let mut bytes = Vec::with_capacity(HEADER + samples.len() * 2);
    bytes.extend_from_slice(&header(samples.len() as u64));
    for sample in samples {
        bytes.extend_from_slice(&sample.to_le_bytes());
    }
    bytes
}

/// The samples of a file that we wrote. What the file holds counts, not what its header says, so
/// that a file whose writer was killed can be read too.
pub fn decode(bytes: &[u8]) -> Option<Vec<i16>> {
    let sound = bytes.get(HEADER..)?;
    (bytes.starts_with(b"RIFF")).then(|| {
        sound
            .chunks_exact(2)
            .take(STORED_SAMPLES_MAX)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect()
    })
}

/// Reads a file that we wrote. Blocks.
pub fn read_stored(path: &Path) -> io::Result<Vec<i16>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take((HEADER + STORED_SAMPLES_MAX * 2) as u64)
        .read_to_end(&mut bytes)?;
    decode(&bytes)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a WAV file of ours"))
}

/// Writes a file and syncs it; the folder is the caller's to sync. Blocks.
pub fn write_stored(path: &Path, samples: &[i16]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(&encode(samples))?;
    file.sync_all()
}

/// What a WAV file of others is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foreign {
    /// Samples a second.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// Bits a sample.
    pub bits: u16,
    /// The first channel, as 16 bit.
    pub samples: Vec<i16>,
}

/// Reads any PCM file of 8 or 16 bit and 8 to 48 kHz, of at most `seconds_max`. A header that
/// promises more than there is does not matter.
pub fn read_foreign(source: impl Read, seconds_max: u64) -> Result<Foreign, WavFault> {
    let mut reader =
        hound::WavReader::new(source).map_err(|error| WavFault::Unusable(error.to_string()))?;
    let spec = reader.spec();
    if spec.sample_format != hound::SampleFormat::Int || !matches!(spec.bits_per_sample, 8 | 16) {
        return Err(WavFault::Unusable(format!(
            "it has {} bits a sample; 8 or 16 bit linear PCM is needed",
            spec.bits_per_sample
        )));
    }
    if !(8_000..=48_000).contains(&spec.sample_rate) || !(1..=8).contains(&spec.channels) {
        return Err(WavFault::Unusable(format!(
            "it has {} Hz and {} channels; 8000 to 48000 Hz and 1 to 8 channels are needed",
            spec.sample_rate, spec.channels
        )));
    }
    let longest = usize::try_from(seconds_max.saturating_mul(u64::from(spec.sample_rate)))
        .unwrap_or(usize::MAX);
    let mut samples = Vec::new();
    let each = usize::from(spec.channels);
    for sample in reader.samples::<i16>().step_by(each) {
        // The end of the file before the promised end is the end.
        let Ok(sample) = sample else { break };
        if samples.len() >= longest {
            return Err(WavFault::TooLong(seconds_max));
        }
        samples.push(if spec.bits_per_sample == 8 {
            sample << 8
        } else {
            sample
        });
    }
    Ok(Foreign {
        rate: spec.sample_rate,
        channels: spec.channels,
        bits: spec.bits_per_sample,
        samples,
    })
}

/// Reads any usable WAV file and brings it to [`RATE`]. Blocks.
pub fn import(path: &Path, seconds_max: u64) -> Result<Vec<i16>, WavFault> {
    let file = fs::File::open(path).map_err(|error| WavFault::Unreadable(error.to_string()))?;
    let foreign = read_foreign(io::BufReader::new(file), seconds_max)?;
    Ok(resample(&foreign.samples, foreign.rate))
}

/// Brings samples at `rate` to [`RATE`]: a windowed sinc that cuts what 8 kHz cannot carry.
pub fn resample(samples: &[i16], rate: u32) -> Vec<i16> {
    if rate == RATE || samples.is_empty() {
        return samples.to_vec();
    }
    /// Zero crossings of the kernel on each side, at the output rate.
    const REACH: f64 = 16.0;
    let step = f64::from(rate) / f64::from(RATE);
    let length = (samples.len() as f64 / step).floor() as usize;
    let half_width = REACH * step;
    (0..length)
        .map(|at| {
            let centre = at as f64 * step;
            let first = (centre - half_width).ceil().max(0.0) as usize;
            let last = ((centre + half_width).floor() as usize).min(samples.len() - 1);
            let mut sum = 0.0;
            let mut weights = 0.0;
            for (offset, sample) in samples[first..=last].iter().enumerate() {
                // 0.95: the kernel needs some room to fall off below 4 kHz.
                let distance = ((first + offset) as f64 - centre) / step;
                let angle = std::f64::consts::PI * distance * 0.95;
                let sinc = if angle.abs() < 1e-9 {
                    1.0
                } else {
                    angle.sin() / angle
                };
                let window = 0.5 + 0.5 * (std::f64::consts::PI * distance / REACH).cos();
                sum += sinc * window * f64::from(*sample);
                weights += sinc * window;
            }
            (sum / weights).round().clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use rand::rngs::StdRng;
    use rand::{Rng, SeedableRng};

    use super::*;

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
            let sample = if bits == 8 { sample >> 8 } else { *sample };
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
        let foreign = read_foreign(&bytes[..], 1).unwrap();
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
            for (bits, channels) in [(8, 1), (16, 1), (16, 2)] {
                let samples = tone(1_000.0, rate, rate as usize);
                let bytes = file(rate, bits, channels, &samples);
                let foreign = read_foreign(&bytes[..], 10).unwrap();
                let resampled = resample(&foreign.samples, foreign.rate);
                assert_eq!(resampled.len(), 8_000, "{rate} Hz");
                let middle = &resampled[1_000..7_000];
                let error: Vec<i16> = middle
                    .iter()
                    .zip(&tone(1_000.0, RATE, 8_000)[1_000..7_000])
                    .map(|(ours, ideal)| ours - ideal)
                    .collect();
                let allowed = if bits == 8 { 300.0 } else { 30.0 };
                assert!(
                    loudness(&error) < allowed,
                    "{rate} Hz {bits} bit: {}",
                    loudness(&error)
                );
            }
        }
        let too_high = resample(&tone(6_000.0, 48_000, 48_000), 48_000);
        assert!(
            loudness(&too_high[1_000..7_000]) < 30.0,
            "what 8 kHz cannot carry is cut"
        );
    }

    #[test]
    fn what_cannot_be_used_says_why() {
        let bytes = file(96_000, 16, 1, &[1; 100]);
        assert!(
            read_foreign(&bytes[..], 10)
                .unwrap_err()
                .to_string()
                .contains("96000 Hz")
        );
        let bytes = file(8_000, 24, 1, &[1; 100]);
        assert!(
            read_foreign(&bytes[..], 10)
                .unwrap_err()
                .to_string()
                .contains("24 bits")
        );
        let bytes = encode(&[0; 8_001]);
        assert_eq!(read_foreign(&bytes[..], 1), Err(WavFault::TooLong(1)));
        assert!(read_foreign(&encode(&[0; 8_000])[..], 1).is_ok());
        assert!(import(Path::new("/nowhere/at/all.wav"), 1).is_err());
    }

    #[test]
    fn a_header_that_lies_costs_nothing() {
        let mut bytes = encode(&[5; 100]);
        bytes[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes[40..44].copy_from_slice(&(u32::MAX - 1).to_le_bytes());
        let foreign = read_foreign(&bytes[..], 10).unwrap();
        assert_eq!(foreign.samples, [5; 100], "4 GiB are claimed");
    }

    #[test]
    fn no_file_can_break_the_reader() {
        let mut random = StdRng::seed_from_u64(20_261_121);
        let seeds = [
            file(8_000, 16, 1, &tone(400.0, 8_000, 60)),
            file(44_100, 8, 2, &tone(400.0, 44_100, 60)),
        ];
        let mut read = 0;
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
            if let Ok(foreign) = read_foreign(&bytes[..], 60) {
                read += 1;
                let _ = resample(&foreign.samples, foreign.rate);
            }
            let _ = decode(&bytes);
        }
        assert!(read > 1_000, "{read}");
    }
}
