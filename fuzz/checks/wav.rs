//! What must hold for any bytes that are offered as a WAV file.

use ringback::sound::resample::to_line_rate;
use ringback::sound::wav;

/// Reads the bytes as a file of others and as one of ours; neither may be longer than what is there.
pub(crate) fn check(data: &[u8]) {
    if let Ok(foreign) = wav::read(data, 60) {
        assert!(foreign.samples.len() <= data.len());
        assert!(foreign.samples.len() as u64 <= 60 * u64::from(foreign.rate));
        let length = to_line_rate(&foreign.samples, foreign.rate).len() as u64;
        let expected =
            foreign.samples.len() as u64 * u64::from(wav::RATE) / u64::from(foreign.rate);
        assert!(length.abs_diff(expected) <= 1, "{length} for {expected}");
    }
    if let Some(samples) = wav::decode(data) {
        assert_eq!(samples.len(), (data.len() - wav::HEADER) / 2);
    }
}
