//! Our own WAV files on disk, and taking in those of others.

use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;

pub use crate::sound::wav::{
    Foreign, HEADER, OWN_SAMPLES_MAX, RATE, WavFault, decode, encode, header,
};
use crate::sound::{resample, wav};

/// A second of the largest foreign file that makes sense: 48 kHz, 24 bit, two channels.
const FOREIGN_BYTES_A_SECOND: u64 = 48_000 * 3 * 2;

/// Reads a file that we wrote. Blocks.
pub fn read_stored(path: &Path) -> io::Result<Vec<i16>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?
        .take((HEADER + OWN_SAMPLES_MAX * 2) as u64)
        .read_to_end(&mut bytes)?;
    decode(&bytes)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a WAV file of ours"))
}

/// Writes a file and syncs it; the folder is the caller's to sync. Blocks.
pub fn write_stored(path: &Path, samples: &[i16]) -> io::Result<()> {
    // Under its name only when it is whole: a backup may be copying the folder.
    let unfinished = path.with_extension("unfinished");
    let mut file = fs::File::create(&unfinished)?;
    file.write_all(&encode(samples))?;
    file.sync_all()?;
    fs::rename(&unfinished, path)
}

/// Reads a file of others of at most `seconds_max`. Blocks.
pub fn read_foreign(path: &Path, seconds_max: u64) -> Result<Foreign, WavFault> {
    let unreadable = |error: io::Error| WavFault::Unreadable(error.to_string());
    let bytes_max = seconds_max.saturating_mul(FOREIGN_BYTES_A_SECOND);
    let mut bytes = Vec::new();
    fs::File::open(path)
        .map_err(unreadable)?
        .take(bytes_max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > bytes_max {
        return Err(WavFault::TooLong(seconds_max));
    }
    wav::read(&bytes, seconds_max)
}

/// Reads a file of others and brings it to [`RATE`]. Blocks.
pub fn import(path: &Path, seconds_max: u64) -> Result<Vec<i16>, WavFault> {
    let foreign = read_foreign(path, seconds_max)?;
    if foreign.rate == RATE {
        return Ok(foreign.samples);
    }
    let samples = resample::to_line_rate(&foreign.samples, foreign.rate);
    Ok(samples
        .into_iter()
        .map(|sample| sample.round() as i16)
        .collect())
}
