//! Twice the rate, for codecs of a wider band: between any two samples one more, by a half-band
//! filter. What was below 3.4 kHz stays; its mirror above 4.6 kHz is below -60 dB.

use std::sync::LazyLock;

/// So many samples to each side of a new one take part in it.
const SIDE: usize = 16;
/// The scale of the weights: small enough that no sum of full samples leaves 32 bits.
const SCALE: f64 = 8_192.0;
/// The shape of the Kaiser window, for -63 dB.
const BETA: f64 = 6.0;

/// The weights of what lies before and behind, nearest first.
static WEIGHTS: LazyLock<[i32; SIDE]> = LazyLock::new(|| {
    let plain: [f64; SIDE] = std::array::from_fn(|index| {
        let distance = index as f64 + 0.5;
        let angle = std::f64::consts::PI * distance;
        let along = distance / (SIDE as f64 + 0.5);
        angle.sin() / angle * bessel(BETA * (1.0 - along * along).sqrt()) / bessel(BETA)
    });
    let sum: f64 = 2.0 * plain.iter().sum::<f64>();
    plain.map(|weight| (weight / sum * SCALE).round() as i32)
});

/// The modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..30 {
        term *= (x / 2.0 / f64::from(k)).powi(2);
        sum += term;
    }
    sum
}

/// Sound that comes piece by piece, at twice its rate, 2 ms later (at 8 kHz).
#[derive(Debug, Default)]
pub struct Doubler {
    /// The last samples, oldest first.
    past: [i16; 2 * SIDE - 1],
}

impl Doubler {
    /// Takes samples and writes twice as many; what has no room is not written.
    pub fn push(&mut self, samples: &[i16], doubled: &mut [i16]) {
        let weights = &*WEIGHTS;
        let mut window = [0_i16; 2 * SIDE];
        window[..2 * SIDE - 1].copy_from_slice(&self.past);
        for (&sample, pair) in samples.iter().zip(doubled.as_chunks_mut::<2>().0) {
            window[2 * SIDE - 1] = sample;
            let (before, behind) = window.split_at(SIDE);
            let sum: i32 = before
                .iter()
                .rev()
                .zip(behind)
                .zip(weights)
                .map(|((&before, &behind), weight)| {
                    (i32::from(before) + i32::from(behind)) * weight
                })
                .sum();
            let between = (sum + SCALE as i32 / 2) / SCALE as i32;
            let between = between.clamp(i32::from(i16::MIN), i32::from(i16::MAX));
            *pair = [window[SIDE - 1], between as i16];
            window.copy_within(1.., 0);
        }
        self.past.copy_from_slice(&window[..2 * SIDE - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(hertz: f64, samples: usize) -> Vec<i16> {
        (0..samples)
            .map(|n| {
                let turns = hertz * n as f64 / 8_000.0;
                ((turns * std::f64::consts::TAU).sin() * 20_000.0).round() as i16
            })
            .collect()
    }

    fn doubled(samples: &[i16]) -> Vec<i16> {
        let mut doubler = Doubler::default();
        let mut all = Vec::new();
        for piece in samples.chunks(77) {
            let mut out = vec![0; 2 * piece.len()];
            doubler.push(piece, &mut out);
            all.extend(out);
        }
        all
    }

    /// The amplitude of one frequency at 16 kHz.
    fn level(samples: &[i16], hertz: f64) -> f64 {
        let (mut real, mut imaginary) = (0.0, 0.0);
        for (n, &sample) in samples.iter().enumerate() {
            let turns = hertz * n as f64 / 16_000.0 * std::f64::consts::TAU;
            real += f64::from(sample) * turns.cos();
            imaginary += f64::from(sample) * turns.sin();
        }
        2.0 * real.hypot(imaginary) / samples.len() as f64
    }

    #[test]
    fn every_tone_keeps_its_level_and_has_no_mirror() {
        for hertz in [100.0, 400.0, 1_000.0, 2_000.0, 3_000.0, 3_400.0] {
            let heard = doubled(&tone(hertz, 8_320));
            let heard = &heard[640..];
            let kept = 20.0 * (level(heard, hertz) / 20_000.0).log10();
            assert!(kept.abs() < 0.1, "{hertz} Hz: {kept} dB");
            let mirror = 20.0 * (level(heard, 8_000.0 - hertz).max(1.0) / 20_000.0).log10();
            assert!(mirror < -60.0, "{hertz} Hz: mirror at {mirror} dB");
        }
    }

    #[test]
    fn the_loudest_sound_there_can_be_does_not_overflow() {
        let harsh: Vec<i16> = (0..640)
            .map(|n| if n / 3 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect();
        let heard = doubled(&harsh);
        assert_eq!(heard.len(), 2 * harsh.len());
        // Each sample that was there is there, later by the filter's half.
        let delay = SIDE;
        for (n, &sample) in harsh.iter().enumerate().take(harsh.len() - delay) {
            assert_eq!(heard[2 * (n + delay)], sample);
        }
    }
}
