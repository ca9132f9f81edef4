//! To the rate and the band of a telephone line, by windowed-sinc filters.

use std::f32::consts::PI;

use crate::line::SAMPLE_RATE;

/// Where the band of the telephone ends: below half the rate, so that nothing folds back.
const BAND_HIGH_HZ: f32 = 3_400.0;
/// Where it begins.
const BAND_LOW_HZ: f32 = 200.0;
/// Half the length of the filters in seconds: the transition at the top is about 350 Hz wide, at
/// the bottom half of that.
const HIGH_HALF_LENGTH: f32 = 0.008;
const LOW_HALF_LENGTH: f32 = 0.016;
/// Sums side by side, which the processor adds to at once; one sum alone has to wait for itself.
const LANES: usize = 8;

/// Sound at `rate` as sound at [`SAMPLE_RATE`], nothing above the telephone band.
pub fn to_line_rate(samples: &[i16], rate: u32) -> Vec<f32> {
    let rate = rate.max(1);
    let common = gcd(rate, SAMPLE_RATE);
    let (up, down) = ((SAMPLE_RATE / common) as usize, (rate / common) as usize);
    // Below 8 kHz there is nothing above its own half; the filter only interpolates.
    let cutoff = BAND_HIGH_HZ.min(rate as f32 * 0.45) / rate as f32;
    let half = (HIGH_HALF_LENGTH * rate as f32).ceil() as usize;
    let phases: Vec<Vec<f32>> = (0..up)
        .map(|phase| low_pass(cutoff, half, phase as f32 / up as f32))
        .collect();
    let length = (samples.len() * up).div_ceil(down);
    (0..length)
        .map(|output| {
            let position = output * down;
            let (center, phase) = (position / up, position % up);
            phases
                .get(phase)
                .map_or(0.0, |taps| around(samples, center, half, taps))
        })
        .collect()
}

/// Sound that comes piece by piece, at another rate: what a sound card and a line need of each
/// other.
#[derive(Debug)]
pub struct Stream {
    up: usize,
    down: usize,
    half: usize,
    phases: Vec<Vec<f32>>,
    /// What is still needed of the sound so far.
    heard: Vec<i16>,
    /// The sample in it that the next one to come lies behind, and how far, in `up`ths.
    center: usize,
    phase: usize,
}

impl Stream {
    /// From this rate to that one, both in hertz.
    pub fn new(from: u32, to: u32) -> Stream {
        let (from, to) = (from.max(1), to.max(1));
        let common = gcd(from, to);
        let (up, down) = ((to / common) as usize, (from / common) as usize);
        let cutoff = BAND_HIGH_HZ.min(from.min(to) as f32 * 0.45) / from as f32;
        let half = (HIGH_HALF_LENGTH * from as f32).ceil() as usize;
        let phases = (0..up).map(|phase| low_pass(cutoff, half, phase as f32 / up as f32));
        Stream {
            up,
            down,
            half,
            phases: phases.collect(),
            heard: vec![0; half],
            center: half,
            phase: 0,
        }
    }

    /// Takes the next samples, and gives what can be told by now.
    pub fn push(&mut self, samples: &[i16]) -> Vec<i16> {
        self.heard.extend_from_slice(samples);
        let mut out = Vec::with_capacity(samples.len() * self.up / self.down + 1);
        while self.center + self.half < self.heard.len() {
            let taps = self.phases.get(self.phase).map_or(&[][..], Vec::as_slice);
            let sample = around(&self.heard, self.center, self.half, taps);
            out.push(sample.round() as i16);
            self.phase += self.down;
            self.center += self.phase / self.up;
            self.phase %= self.up;
        }
        let over = (self.center - self.half).min(self.heard.len());
        self.heard.drain(..over);
        self.center -= over;
        out
    }
}

/// Takes what is below the telephone band away: hum and rumble that a line would not carry.
pub fn cut_low(samples: &[f32]) -> Vec<f32> {
    let rate = SAMPLE_RATE as f32;
    let half = (LOW_HALF_LENGTH * rate) as usize;
    let taps = low_pass(BAND_LOW_HZ * 0.8 / rate, half, 0.0);
    (0..samples.len())
        .map(|index| samples[index] - around(samples, index, half, &taps))
        .collect()
}

/// A Blackman-windowed sinc around a point `fraction` of a sample after the middle tap. `cutoff` is
/// a part of the sample rate.
fn low_pass(cutoff: f32, half: usize, fraction: f32) -> Vec<f32> {
    let taps: Vec<f32> = (0..=2 * half)
        .map(|tap| {
            let distance = tap as f32 - half as f32 - fraction;
            let angle = 2.0 * PI * cutoff * distance;
            let sinc = if angle.abs() < 1e-6 {
                1.0
            } else {
                angle.sin() / angle
            };
            let along = (distance / (half as f32 + 1.0)).clamp(-1.0, 1.0);
            let window = 0.42 + 0.5 * (PI * along).cos() + 0.08 * (2.0 * PI * along).cos();
            sinc * window
        })
        .collect();
    let sum: f32 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

/// The taps applied to the samples around `center`; outside there is silence.
fn around<S: Copy + Into<f32>>(samples: &[S], center: usize, half: usize, taps: &[f32]) -> f32 {
    let samples = samples
        .get(center.saturating_sub(half)..)
        .unwrap_or_default();
    let taps = taps.get(half.saturating_sub(center)..).unwrap_or_default();
    let length = samples.len().min(taps.len());
    let (samples, samples_left) = samples[..length].as_chunks::<LANES>();
    let (taps, taps_left) = taps[..length].as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (samples, taps) in samples.iter().zip(taps) {
        for lane in 0..LANES {
            sums[lane] += samples[lane].into() * taps[lane];
        }
    }
    let left = samples_left.iter().zip(taps_left);
    let left: f32 = left.map(|(sample, tap)| (*sample).into() * tap).sum();
    sums.iter().sum::<f32>() + left
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f32, rate: u32) -> Vec<i16> {
        (0..rate)
            .map(|n| {
                let turns = f64::from(hertz) * f64::from(n) / f64::from(rate);
                ((turns * std::f64::consts::TAU).sin() * 10_000.0).round() as i16
            })
            .collect()
    }

    /// The level of the middle of a second, in dB of the tone that went in.
    fn decibels(samples: &[f32]) -> f32 {
        let middle = &samples[2_000..6_000];
        let power: f32 = middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32;
        10.0 * (power / (10_000.0 * 10_000.0 / 2.0)).log10()
    }

    #[test]
    fn the_band_passes_and_nothing_else_does() {
        for rate in [8_000, 16_000, 22_050, 44_100, 48_000] {
            for hertz in [300.0, 1_000.0, 3_000.0] {
                let passed = decibels(&cut_low(&to_line_rate(&tone(hertz, rate), rate)));
                assert!(passed.abs() < 0.5, "{hertz} Hz at {rate}: {passed} dB");
            }
            for hertz in [3_900.0, 4_800.0, 6_500.0, 10_000.0] {
                if hertz < rate as f32 / 2.0 {
                    let passed = decibels(&to_line_rate(&tone(hertz, rate), rate));
                    assert!(passed < -50.0, "{hertz} Hz at {rate}: {passed} dB");
                }
            }
        }
        let hum = decibels(&cut_low(&to_line_rate(&tone(50.0, 16_000), 16_000)));
        assert!(hum < -30.0, "hum: {hum} dB");
    }

    /// What is in the middle of a second besides a tone of this pitch, in dB of a tone at the usual level.
    fn besides(samples: &[i16], hertz: f32, rate: u32) -> f32 {
        let middle = &samples[rate as usize / 4..rate as usize * 3 / 4];
        let turn =
            |n: usize| 2.0 * std::f64::consts::PI * f64::from(hertz) * n as f64 / f64::from(rate);
        let share = |wave: fn(f64) -> f64| {
            let products = middle.iter().enumerate();
            let sum: f64 = products.map(|(n, s)| f64::from(*s) * wave(turn(n))).sum();
            2.0 * sum / middle.len() as f64
        };
        let (sine, cosine) = (share(f64::sin), share(f64::cos));
        let rest = middle.iter().enumerate().map(|(n, s)| {
            let rest = f64::from(*s) - sine * turn(n).sin() - cosine * turn(n).cos();
            rest * rest
        });
        let power = rest.sum::<f64>() / middle.len() as f64;
        (10.0 * (power / (10_000.0_f64.powi(2) / 2.0)).log10()) as f32
    }

    #[test]
    fn nothing_folds_back_on_the_way_down_or_up() {
        for rate in [16_000, 44_100, 48_000] {
            // On the way down all that a line cannot carry would fold into its band.
            for hertz in (4_000..rate / 2).step_by(100) {
                let foreign = tone(hertz as f32, rate);
                let folded = decibels(&to_line_rate(&foreign, rate));
                assert!(folded < -60.0, "{hertz} Hz at {rate}: {folded} dB");
                let pieces: Vec<f32> = Stream::new(rate, SAMPLE_RATE)
                    .push(&foreign)
                    .into_iter()
                    .map(f32::from)
                    .collect();
                let folded = decibels(&pieces);
                assert!(
                    folded < -60.0,
                    "{hertz} Hz at {rate} in pieces: {folded} dB"
                );
            }
            // On the way up a tone would be mirrored at each multiple of the line's rate.
            for hertz in (300..3_200).step_by(100) {
                let hertz = hertz as f32;
                let mut up = Stream::new(SAMPLE_RATE, rate).push(&tone(hertz, SAMPLE_RATE));
                up.resize(rate as usize, 0);
                let images = besides(&up, hertz, rate);
                assert!(images < -60.0, "{hertz} Hz to {rate}: {images} dB");
            }
        }
    }

    #[test]
    fn sound_in_pieces_is_the_same_sound() {
        for rate in [8_000, 16_000, 44_100, 48_000] {
            let mut to_line = Stream::new(rate, SAMPLE_RATE);
            let mut from_line = Stream::new(SAMPLE_RATE, rate);
            let mut out = Vec::new();
            for piece in tone(1_000.0, rate).chunks(237) {
                out.extend(from_line.push(&to_line.push(piece)));
            }
            let missing = rate as usize - out.len();
            assert!(
                missing < rate as usize / 30,
                "{rate}: {missing} are missing"
            );
            let at_line = to_line_rate(&out, rate);
            let level = decibels(&at_line);
            assert!(level.abs() < 0.5, "{rate}: {level} dB");
            // Nothing is repeated or left out between the pieces: a tone stays one.
            let other = to_line_rate(&tone(3_900.0, rate), rate);
            assert!(decibels(&other) < -30.0);
        }
    }

    #[test]
    fn lengths_follow_the_rate() {
        assert_eq!(to_line_rate(&[0; 22_050], 22_050).len(), 8_000);
        assert_eq!(to_line_rate(&[0; 16_001], 16_000).len(), 8_001);
        assert!(to_line_rate(&[], 16_000).is_empty());
    }
}
