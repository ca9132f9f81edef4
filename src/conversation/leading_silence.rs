//! The silence before somebody begins to speak, cut from recordings that stand inside sentences of
//! ours: nobody wants to wait for a name in the middle of "… can't answer right now".
//!
//! The recorder keeps it, since a message has the pace of its call; and it need not tell where the
//! voice began, since that can be read from the sound itself, once, when a recording is accepted.

use crate::line::SAMPLE_RATE;

/// So much is kept before the voice: the soft beginning of a word, and a breath.
const KEPT: usize = 3 * SAMPLE_RATE as usize / 10;

/// The pieces that are judged, of 20 ms.
const FRAME: usize = SAMPLE_RATE as usize / 50;

/// Voice fills at least so many of so many pieces; the click of a handset does not.
const VOICED: usize = 3;
const OF: usize = 5;

/// What is fainter is never voice: -55 dBFS as a mean square.
const FLOOR: u64 = 3_400;

/// Neither is what is so much fainter than the loudest piece (30 dB): the noise of the line.
const BELOW_LOUDEST: u64 = 1_000;

/// `samples` without the silence before the voice, of which at most 300 ms stay. All of them when
/// no voice is found: then it is not for us to say what is sound.
pub(super) fn without_leading_silence(samples: &[i16]) -> &[i16] {
    let levels: Vec<u64> = samples.chunks(FRAME).map(mean_square).collect();
    let loudest = levels.iter().copied().max().unwrap_or(0);
    let voice = FLOOR.max(loudest / BELOW_LOUDEST);
    let begins = levels.windows(OF).position(|window| {
        window[0] >= voice && window.iter().filter(|level| **level >= voice).count() >= VOICED
    });
    match begins {
        Some(frame) => &samples[(frame * FRAME).saturating_sub(KEPT)..],
        None => samples,
    }
}

fn mean_square(frame: &[i16]) -> u64 {
    let sum: u64 = frame
        .iter()
        .map(|sample| u64::from(sample.unsigned_abs()).pow(2))
        .sum();
    sum / frame.len().max(1) as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: usize = SAMPLE_RATE as usize;

    /// A buzz of this amplitude, for so many milliseconds.
    fn buzz(amplitude: i16, ms: usize) -> Vec<i16> {
        (0..ms * SECOND / 1_000)
            .map(|at| {
                if at / 20 % 2 == 0 {
                    amplitude
                } else {
                    -amplitude
                }
            })
            .collect()
    }

    #[test]
    fn at_most_300_ms_stay_before_the_voice() {
        let silence = |ms| buzz(0, ms);
        let voice = || buzz(4_000, 1_000);
        // What is recorded, and how many milliseconds of it go.
        let table: [(&str, Vec<Vec<i16>>, usize); 12] = [
            ("nothing at all", vec![], 0),
            ("voice at once", vec![voice()], 0),
            ("a short silence", vec![silence(300), voice()], 0),
            ("a long one", vec![silence(2_300), voice()], 2_000),
            (
                "a long one and pauses",
                vec![silence(1_000), voice(), silence(2_000), voice()],
                700,
            ),
            ("only silence", vec![silence(5_000)], 0),
            (
                "too faint for a voice",
                vec![silence(2_000), buzz(50, 1_000)],
                0,
            ),
            (
                "a quiet voice",
                vec![silence(2_000), buzz(200, 1_000)],
                1_700,
            ),
            ("noise of the line", vec![buzz(100, 2_000), voice()], 1_700),
            (
                "a click in the silence",
                vec![silence(1_000), buzz(20_000, 20), silence(980), voice()],
                1_700,
            ),
            (
                "a soft beginning",
                vec![silence(2_000), buzz(90, 200), voice()],
                1_900,
            ),
            (
                "shorter than one window",
                vec![silence(20), buzz(4_000, 60)],
                0,
            ),
        ];
        for (what, parts, gone_ms) in table {
            let samples = parts.concat();
            let kept = without_leading_silence(&samples);
            let gone = (samples.len() - kept.len()) * 1_000 / SECOND;
            assert_eq!(gone, gone_ms, "{what}");
            assert!(samples.ends_with(kept), "{what}");
        }
    }

    proptest! {
        /// Whatever is recorded: only a beginning is cut, and never anything loud.
        #[test]
        fn nothing_but_a_quiet_beginning_is_cut(
            parts in prop::collection::vec((0i16..=i16::MAX, 0usize..800), 0..8),
        ) {
            let samples: Vec<i16> = parts.iter().flat_map(|(level, ms)| buzz(*level, *ms)).collect();
            let kept = without_leading_silence(&samples);
            prop_assert!(samples.ends_with(kept));
            let loudest = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
            let cut = &samples[..samples.len() - kept.len()];
            // Half as loud as the loudest is voice when it lasts for 100 ms.
            let loud = |window: &[i16]| {
                window.iter().all(|sample| sample.unsigned_abs() > (loudest / 2).max(64))
            };
            prop_assert!(!cut.windows(SECOND / 10).any(loud));
        }
    }
}
