//! Sound devices that ALSA makes up, and what was heard on them.

use std::path::Path;

/// A device whose loudspeaker writes a file and whose microphone reads one: 16 bit, 8 kHz, two channels,
/// whatever the program that opens it prefers.
pub(crate) fn file_device(heard: &Path, spoken: &Path) -> String {
    format!(
        "pcm.sink {{ type null }}\n\
         pcm.files {{ type file slave.pcm sink file {} infile {} format raw }}\n\
         pcm.!default {{ type plug slave {{ pcm files format S16_LE rate 8000 channels 2 }} }}\n\
         ctl.!default {{ type null }}\n",
        heard.display(),
        spoken.display()
    )
}

/// What came out of a loudspeaker, as the loudness of each 20 ms.
#[derive(Debug)]
pub(crate) struct Heard {
    seconds: f64,
    loud: usize,
    quiet: usize,
}

impl Heard {
    /// What such a device wrote.
    pub(crate) fn read(file: &Path) -> Heard {
        let bytes = std::fs::read(file).unwrap();
        let samples: Vec<i16> = bytes
            .chunks_exact(4)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        Heard::of(&samples)
    }

    pub(crate) fn of(samples: &[i16]) -> Heard {
        let loudness = |piece: &[i16]| {
            let sum: f64 = piece.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
            (sum / piece.len() as f64).sqrt()
        };
        let pieces: Vec<f64> = samples.chunks_exact(160).map(loudness).collect();
        Heard {
            seconds: samples.len() as f64 / 8_000.0,
            loud: pieces.iter().filter(|level| **level > 1_000.0).count(),
            quiet: pieces.iter().filter(|level| **level < 50.0).count(),
        }
    }

    /// Speech is loud for a while, and has pauses.
    pub(crate) fn is_speech(&self) -> bool {
        self.seconds > 1.0 && self.loud >= 50 && self.quiet >= 5
    }
}
