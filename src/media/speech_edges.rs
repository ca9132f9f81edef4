//! Is this frame speech? The detector of the WebRTC project (8 kHz, 20 ms, mode 2), behind a floor
//! of level: what is fainter than -55 dBFS is never speech, whatever its shape.

use webrtc_vad::{SampleRate, Vad, VadMode};

use super::jitter_buffer::FRAME;

/// -55 dBFS as a mean square: 10^(-55/10) of full scale.
const FLOOR: f32 = 32_768.0 * 32_768.0 * 3.162e-6;

/// The voice detector of one leg. It is made at the first frame, on the thread that uses it, since
/// the detector must not move between threads.
#[derive(Default)]
pub(super) struct SpeechEdges {
    detector: Option<Vad>,
}

impl SpeechEdges {
    /// Whether this frame, of this mean square, is speech. The detector holds on for 120 ms after speech
    /// has ended.
    pub(super) fn is_speech(&mut self, frame: &[i16; FRAME], level: f32) -> bool {
        let detector = self.detector.get_or_insert_with(|| {
            Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, VadMode::Aggressive)
        });
        // The detector sees every frame, faint ones too: it tracks the noise.
        let speech = detector.is_voice_segment(frame).unwrap_or(false);
        speech && level >= FLOOR
    }

    /// Lets go of the detector's memory until it is needed again.
    pub(super) fn rest(&mut self) {
        self.detector = None;
    }
}

impl std::fmt::Debug for SpeechEdges {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SpeechEdges({})",
            if self.detector.is_some() {
                "at work"
            } else {
                "at rest"
            }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::arithmetic::mean_square;
    use super::*;

    /// Something like a vowel: a pulse train of 120 Hz through two resonances.
    fn vowel(level: f32) -> Vec<i16> {
        let (mut a1, mut a2, mut b1, mut b2) = (0.0_f32, 0.0, 0.0, 0.0);
        (0..8_000)
            .map(|index| {
                let pulse = if index % 67 == 0 { 1.0 } else { 0.0 };
                let first = pulse + 1.62 * a1 - 0.94 * a2;
                (a2, a1) = (a1, first);
                let second = first + 1.0 * b1 - 0.9 * b2;
                (b2, b1) = (b1, second);
                (second * level) as i16
            })
            .collect()
    }

    fn share(samples: &[i16]) -> f32 {
        let mut edges = SpeechEdges::default();
        let frames = samples.as_chunks::<FRAME>().0;
        let is_speech = |frame: &&[i16; FRAME]| edges.is_speech(frame, mean_square(*frame));
        let voiced = frames.iter().filter(is_speech).count();
        voiced as f32 / frames.len() as f32
    }

    #[test]
    fn a_voice_is_speech_and_silence_is_not() {
        assert!(share(&vowel(1_000.0)) > 0.7, "{}", share(&vowel(1_000.0)));
        assert_eq!(share(&[0; 8_000]), 0.0);
    }

    #[test]
    fn what_is_fainter_than_the_floor_is_never_speech() {
        assert_eq!(share(&vowel(3.0)), 0.0);
    }
}
