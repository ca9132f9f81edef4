//! Sound in files and at other rates: one reader of WAV files, whoever wrote them, one of MP3 files, and one way to
//! the rate of the telephone. Used wherever sound comes in: voices, studio recordings, uploads,
//! stored messages.

pub mod g711;
pub mod half_band;
pub mod mp3;
pub mod resample;
pub mod wav;
