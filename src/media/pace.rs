//! Faster and slower without another pitch: waveform similarity overlap-add (WSOLA).
//!
//! Pieces of 12.5 ms are laid one after the other, each faded into the next over its whole length.
//! Where the next piece comes from is searched in 7 ms around the place that the pace asks for, so
//! that it goes on as the last one would have. The source lies in memory, so a position is simply
//! an index: jumps and changes of pace need no flushing, and with a pace of 100 the very bytes of
//! the source follow without a seam. (That is why this is not the crate `wsola`, a stream.)

use crate::line::Pace;

use super::arithmetic::dot;

/// How much one step gives: 12.5 ms.
pub(super) const PIECE: usize = 100;
/// How far a piece may be moved to fit: 7 ms either way.
const SEARCH: usize = 56;

/// A read head in a sound that moves faster or slower than it gives samples.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Where the last piece would go on: the position in source time.
    position: usize,
    /// Where the pace says that the next piece lies.
    ideal: f64,
}

impl Stretch {
    /// A head that goes on from `position`.
    pub(super) fn new(position: usize) -> Stretch {
        Stretch {
            position,
            ideal: position as f64,
        }
    }

    /// The position in source time. A plain copy may go on here without a seam.
    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Gives the next piece; false when the source is over.
    pub(super) fn step(&mut self, source: &[i16], pace: Pace, out: &mut [i16; PIECE]) -> bool {
        if self.ideal >= source.len() as f64 {
            return false;
        }
        let chosen = self.best_fit(source);
        for (index, sample) in out.iter_mut().enumerate() {
            let going_on = f32::from(at(source, self.position + index));
            let coming = f32::from(at(source, chosen + index));
            let share = RISE[index];
            *sample = (going_on * (1.0 - share) + coming * share).round() as i16;
        }
        self.position = chosen + PIECE;
        self.ideal += PIECE as f64 * f64::from(pace.0.clamp(50, 200)) / 100.0;
        true
    }

    /// The place near the ideal one that resembles the continuation most.
    fn best_fit(&self, source: &[i16]) -> usize {
        let ideal = self.ideal as usize;
        let first = ideal.saturating_sub(SEARCH);
        let wanted: [f32; PIECE] =
            std::array::from_fn(|index| f32::from(at(source, self.position + index)));
        let around: [f32; PIECE + 2 * SEARCH] =
            std::array::from_fn(|index| f32::from(at(source, first + index)));
        let mut energy: f32 = around[..PIECE].iter().map(|sample| sample * sample).sum();
        let mut best = (ideal - first, f32::MIN);
        for shift in 0..=2 * SEARCH {
            let alike = dot(&wanted, &around[shift..shift + PIECE]);
            let score = alike / energy.max(1.0).sqrt();
            // Among equals (silence) the one nearest to the ideal place keeps the pace exact.
            let nearer = shift.abs_diff(ideal - first) < best.0.abs_diff(ideal - first);
            if score > best.1 + 1e-3 || (score >= best.1 && nearer) {
                best = (shift, score);
            }
            if shift < 2 * SEARCH {
                let (leaving, entering) = (around[shift], around[shift + PIECE]);
                energy += entering * entering - leaving * leaving;
            }
        }
        first + best.0
    }
}

fn at(source: &[i16], index: usize) -> i16 {
    source.get(index).copied().unwrap_or(0)
}

/// The rising half of a Hann window.
const RISE: [f32; PIECE] = {
    let mut rise = [0.0; PIECE];
    let mut index = 0;
    while index < PIECE {
        // sin² by its series, since floating-point functions are not const: 0 ≤ x < π/2.
        let x = (index as f64 + 0.5) / PIECE as f64 * std::f64::consts::FRAC_PI_2;
        let square = x * x;
        let sine = x
            * (1.0
                - square / 6.0
                    * (1.0
                        - square / 20.0
                            * (1.0
                                - square / 42.0 * (1.0 - square / 72.0 * (1.0 - square / 110.0)))));
        rise[index] = (sine * sine) as f32;
        index += 1;
    }
    rise
};

#[cfg(test)]
mod tests {
    use super::*;

    const PACES: [u16; 7] = [50, 60, 80, 100, 125, 150, 200];

    fn stretched(source: &[i16], pace: u16) -> Vec<i16> {
        let mut stretch = Stretch::new(0);
        let mut piece = [0; PIECE];
        let mut all = Vec::new();
        while stretch.step(source, Pace(pace), &mut piece) {
            all.extend_from_slice(&piece);
        }
        all
    }

    fn tone(hertz: f64, seconds: usize) -> Vec<i16> {
        (0..8_000 * seconds)
            .map(|index| {
                let turn = std::f64::consts::TAU * hertz * index as f64 / 8_000.0;
                (10_000.0 * turn.sin()) as i16
            })
            .collect()
    }

    /// Something with a changing pitch and pauses, as speech has.
    fn talk(seconds: usize) -> Vec<i16> {
        let mut phase = 0.0_f64;
        (0..8_000 * seconds)
            .map(|index| {
                let time = index as f64 / 8_000.0;
                phase += (140.0 + 40.0 * (time * 3.0).sin()) / 8_000.0;
                let turn = std::f64::consts::TAU * phase;
                let level = (time * 4.0).sin().max(0.0);
                ((turn.sin() + 0.5 * (2.0 * turn).sin() + 0.3 * (5.0 * turn).sin())
                    * level
                    * 6_000.0) as i16
            })
            .collect()
    }

    fn crossings(samples: &[i16]) -> usize {
        samples
            .windows(2)
            .filter(|pair| pair[0] < 0 && pair[1] >= 0)
            .count()
    }

    #[test]
    fn the_length_is_within_one_percent() {
        let source = talk(10);
        for pace in PACES {
            let wanted = source.len() as f64 * 100.0 / f64::from(pace);
            let got = stretched(&source, pace).len() as f64;
            assert!(
                (got / wanted - 1.0).abs() < 0.01,
                "{pace}: {got} for {wanted}"
            );
        }
    }

    #[test]
    fn the_pitch_is_within_one_percent() {
        for hertz in [110.0, 200.0, 440.0, 1_000.0, 2_345.0] {
            let source = tone(hertz, 4);
            for pace in PACES {
                let samples = stretched(&source, pace);
                let inner = &samples[800..samples.len() - 800];
                let heard = crossings(inner) as f64 / inner.len() as f64 * 8_000.0;
                assert!(
                    (heard / hertz - 1.0).abs() < 0.01,
                    "{pace}, {hertz} Hz: {heard}"
                );
            }
        }
    }

    #[test]
    fn there_are_no_clicks() {
        let source = talk(10);
        let steepest = |samples: &[i16]| {
            let steps = samples.windows(2).map(|pair| pair[0].abs_diff(pair[1]));
            steps.max().unwrap()
        };
        let limit = steepest(&source) * 2;
        for pace in PACES {
            let step = steepest(&stretched(&source, pace));
            assert!(
                step <= limit,
                "{pace}: a step of {step} where {limit} is allowed"
            );
        }
    }

    #[test]
    fn normal_pace_changes_nothing() {
        let source = talk(2);
        let samples = stretched(&source, 100);
        assert!(samples[..source.len()] == source[..]);
    }

    #[test]
    fn a_change_of_pace_works_at_the_next_piece_and_silence_keeps_the_pace() {
        let source = vec![0; 80_000];
        let mut stretch = Stretch::new(0);
        let mut piece = [0; PIECE];
        for _ in 0..10 {
            stretch.step(&source, Pace(100), &mut piece);
        }
        let before = stretch.position();
        for _ in 0..10 {
            stretch.step(&source, Pace(200), &mut piece);
        }
        assert!((1_800..=2_000).contains(&(stretch.position() - before)));
    }

    #[test]
    fn nothing_and_little_end_at_once() {
        assert!(stretched(&[], 150).is_empty());
        assert_eq!(stretched(&[7; 5], 150).len(), PIECE);
    }
}
