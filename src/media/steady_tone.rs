//! Busy and congestion tones: what a line plays when the caller has gone and nobody told us.
//!
//! A frame is a tone when its two strongest narrow bands hold more than 90 % of its energy. Three
//! seconds in which every loud frame is the same tone are no speech. The pauses of a cadence are
//! allowed; music, ringing and voices do not hold one pitch for so long.

use std::sync::LazyLock;

use super::arithmetic::{dot, powers};
use super::jitter_buffer::FRAME;

/// Bins of 50 Hz: 200 to 3400 Hz.
const FIRST_BIN: usize = 4;
const LAST_BIN: usize = 68;
/// All bins, and how many are measured at a time: as many as a processor has lanes.
const BINS: usize = 72;
const GROUP: usize = 8;
/// A frame below about -45 dBFS is a pause.
const LOUD: f32 = 32_768.0 * 32_768.0 * 3.162e-5;
/// How much of the energy must lie in the bands.
const SHARE: f32 = 0.9;
/// 3 s of it, with pauses of at most 1 s, at least a third of it sounding.
const ENOUGH_FRAMES: u32 = 150;
const PAUSE_FRAMES: u32 = 50;
/// How often a loud frame is looked at while no tone is suspected.
const LOOK_EVERY: u32 = 8;

/// Watches the frames of a recording for a steady tone.
#[derive(Debug, Default)]
pub(super) struct SteadyTone {
    bins: Option<(usize, usize)>,
    frames: u32,
    loud: u32,
    /// Silent frames in a row.
    pause: u32,
    /// Loud frames in a row that were no tone, and all of them.
    smeared_in_a_row: u32,
    smeared: u32,
    /// Loud frames since the last one that was looked at.
    unlooked: u32,
}

/// What a frame did to the watch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Watch {
    /// No tone, or not any more.
    Nothing,
    /// A tone has just begun with this frame.
    Began,
    /// It goes on, or pauses.
    GoesOn,
    /// It has lasted long enough.
    Certain,
}

impl SteadyTone {
    /// Looks at the next frame, of this mean square.
    pub(super) fn frame(&mut self, frame: &[i16; FRAME], level: f32) -> Watch {
        if level < LOUD {
            if self.bins.is_none() {
                return Watch::Nothing;
            }
            self.frames += 1;
            self.pause += 1;
            self.smeared_in_a_row = 0;
            if self.pause > PAUSE_FRAMES {
                *self = SteadyTone::default();
                return Watch::Nothing;
            }
            return Watch::GoesOn;
        }
        // While nothing is suspected it is enough to look now and then.
        self.unlooked += 1;
        if self.bins.is_none() && self.unlooked < LOOK_EVERY {
            return Watch::Nothing;
        }
        self.unlooked = 0;
        let Some(found) = tone_of(frame) else {
            // The first and the last frame of a burst are cut in the middle.
            self.frames += 1;
            self.smeared += 1;
            self.smeared_in_a_row += 1;
            let forgiven = self.smeared_in_a_row == 1 && self.smeared * 5 <= self.frames + 5;
            if self.bins.is_some() && forgiven {
                return Watch::GoesOn;
            }
            *self = SteadyTone::default();
            return Watch::Nothing;
        };
        let same = self.bins.is_some_and(|bins| near(bins, found));
        if !same {
            *self = SteadyTone {
                bins: Some(found),
                frames: 1,
                loud: 1,
                ..SteadyTone::default()
            };
            return Watch::Began;
        }
        self.frames += 1;
        self.loud += 1;
        self.pause = 0;
        self.smeared_in_a_row = 0;
        if self.frames >= ENOUGH_FRAMES && self.loud * 3 >= self.frames {
            Watch::Certain
        } else {
            Watch::GoesOn
        }
    }
}

fn near(one: (usize, usize), other: (usize, usize)) -> bool {
    let close = |a: usize, b: usize| a.abs_diff(b) <= 1;
    (close(one.0, other.0) || close(one.0, other.1))
        && (close(one.1, other.1) || close(one.1, other.0))
}

/// The two strongest bins, the same one twice for a single tone; `None` when it is no tone.
fn tone_of(frame: &[i16; FRAME]) -> Option<(usize, usize)> {
    let windowed: [f32; FRAME] = std::array::from_fn(|index| f32::from(frame[index]) * HANN[index]);
    let mut energies = [0.0_f32; BINS];
    let groups = energies.as_chunks_mut::<GROUP>().0;
    for (bins, coefficients) in groups.iter_mut().zip(COEFFICIENTS.iter()) {
        *bins = powers(&windowed, coefficients);
    }
    let total = dot(&windowed, &windowed) * FRAME as f32 / 2.0;
    let strongest = |skip: Option<usize>| {
        (FIRST_BIN..=LAST_BIN)
            .filter(|bin| skip.is_none_or(|skip| skip.abs_diff(*bin) > 2))
            .max_by(|a, b| energies[*a].total_cmp(&energies[*b]))
    };
    let around = |bin: usize| energies[bin - 1..=bin + 1].iter().sum::<f32>();
    let first = strongest(None)?;
    if around(first) >= SHARE * total {
        return Some((first, first));
    }
    let second = strongest(Some(first))?;
    (around(first) + around(second) >= SHARE * total).then_some((first, second))
}

static COEFFICIENTS: LazyLock<[[f32; GROUP]; BINS / GROUP]> = LazyLock::new(|| {
    std::array::from_fn(|group| {
        std::array::from_fn(|index| {
            let bin = (group * GROUP + index) as f64;
            (2.0 * (std::f64::consts::TAU * bin / FRAME as f64).cos()) as f32
        })
    })
});

static HANN: LazyLock<[f32; FRAME]> = LazyLock::new(|| {
    std::array::from_fn(|index| {
        let turn = std::f64::consts::TAU * (index as f64 + 0.5) / FRAME as f64;
        (0.5 - 0.5 * turn.cos()) as f32
    })
});

#[cfg(test)]
mod tests {
    use super::super::arithmetic::mean_square;
    use super::*;

    fn frames(samples: &[i16]) -> Vec<[i16; FRAME]> {
        samples.as_chunks::<FRAME>().0.to_vec()
    }

    fn sine(parts: &[(f64, f64)], seconds: f64) -> Vec<i16> {
        (0..(seconds * 8_000.0) as usize)
            .map(|index| {
                let time = index as f64 / 8_000.0;
                let sum: f64 = parts
                    .iter()
                    .map(|(hertz, level)| level * (std::f64::consts::TAU * hertz * time).sin())
                    .sum();
                sum as i16
            })
            .collect()
    }

    fn cadence(parts: &[(f64, f64)], on: f64, off: f64, seconds: f64) -> Vec<i16> {
        let mut samples = sine(parts, seconds);
        for (index, sample) in samples.iter_mut().enumerate() {
            if (index as f64 / 8_000.0) % (on + off) >= on {
                *sample = 0;
            }
        }
        samples
    }

    fn certain_after(samples: &[i16]) -> Option<f64> {
        let mut watch = SteadyTone::default();
        frames(samples)
            .iter()
            .position(|frame| watch.frame(frame, mean_square(frame)) == Watch::Certain)
            .map(|index| (index + 1) as f64 * 0.02)
    }

    #[test]
    fn busy_and_congestion_tones_are_known_after_three_seconds() {
        let busy: [(&str, Vec<i16>); 4] = [
            (
                "North America",
                cadence(&[(480.0, 3_000.0), (620.0, 3_000.0)], 0.5, 0.5, 6.0),
            ),
            (
                "reorder",
                cadence(&[(480.0, 3_000.0), (620.0, 3_000.0)], 0.25, 0.25, 6.0),
            ),
            ("Germany", cadence(&[(425.0, 4_000.0)], 0.48, 0.48, 6.0)),
            (
                "United Kingdom",
                cadence(&[(400.0, 4_000.0)], 0.375, 0.375, 6.0),
            ),
        ];
        for (name, samples) in busy {
            let after = certain_after(&samples).unwrap_or_else(|| panic!("{name} was not known"));
            assert!((2.9..=4.0).contains(&after), "{name}: after {after} s");
        }
    }

    #[test]
    fn a_gliding_voice_noise_and_silence_are_no_tones() {
        let mut phase = 0.0_f64;
        let voice: Vec<i16> = (0..80_000)
            .map(|index| {
                let time = f64::from(index) / 8_000.0;
                phase += (150.0 + 50.0 * (time * 2.0).sin()) / 8_000.0;
                let turn = std::f64::consts::TAU * phase;
                (3_000.0
                    * (1..8)
                        .map(|n| (turn * f64::from(n)).sin() / f64::from(n))
                        .sum::<f64>()) as i16
            })
            .collect();
        let mut seed = 1_u32;
        let noise: Vec<i16> = (0..80_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 18) as i16 - 8_192
            })
            .collect();
        assert_eq!(certain_after(&voice), None);
        assert_eq!(certain_after(&noise), None);
        assert_eq!(certain_after(&[0; 80_000]), None);
    }

    #[test]
    fn a_short_tone_is_forgiven() {
        let mut samples = sine(&[(425.0, 4_000.0)], 2.0);
        samples.extend([0; 16_000]);
        samples.extend(sine(&[(425.0, 4_000.0)], 2.0));
        assert_eq!(certain_after(&samples), None);
    }
}
