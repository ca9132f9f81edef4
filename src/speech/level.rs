//! One loudness for every voice and recording: −20 dBFS while somebody speaks, no peak above
//! −6 dBFS, the silence at the ends cut, and edges faded so that nothing clicks.

use crate::line::{SAMPLE_RATE, Sound};

use crate::sound::resample;

/// Active level: root mean square of the frames in which somebody speaks.
const ACTIVE_LEVEL: f32 = 3_276.8;
/// Highest peak.
const PEAK: f32 = 16_422.0;
/// What is more than this below the loudest frame is a pause.
const PAUSE_BELOW_LOUDEST: f32 = 0.03;
/// Quieter frames are never speech.
const SILENCE: f32 = 30.0;
/// More would turn noise into a prompt.
const GAIN_MAX: f32 = 31.6;
const FRAME: usize = SAMPLE_RATE as usize / 50;
const FADE: usize = SAMPLE_RATE as usize / 100;
/// How far ahead of a peak the limiter turns down.
const LOOK_AHEAD: usize = SAMPLE_RATE as usize / 200;
/// Silence left before and after.
const KEEP_BEFORE: usize = SAMPLE_RATE as usize / 50;
const KEEP_AFTER: usize = SAMPLE_RATE as usize / 5;

/// Sound of any rate, made fit for the line.
pub fn fit_for_line(samples: &[i16], rate: u32) -> Sound {
    let mut samples = resample::cut_low(&resample::to_line_rate(samples, rate));
    trim(&mut samples);
    normalise(&mut samples);
    fade(&mut samples);
    let samples: Vec<i16> = samples.into_iter().map(|sample| sample as i16).collect();
    Sound::new(samples)
}

fn loudness(frame: &[f32]) -> f32 {
    let power: f32 = frame.iter().map(|sample| sample * sample).sum();
    (power / frame.len().max(1) as f32).sqrt()
}

/// The level of a frame from which on it counts as speech.
fn speech_from(samples: &[f32]) -> f32 {
    let loudest = samples.chunks(FRAME).map(loudness).fold(0.0, f32::max);
    (loudest * PAUSE_BELOW_LOUDEST).max(SILENCE)
}

fn trim(samples: &mut Vec<f32>) {
    let from = speech_from(samples);
    let mut speaking = samples
        .chunks(FRAME)
        .enumerate()
        .filter(|(_, frame)| loudness(frame) >= from)
        .map(|(index, _)| index);
    let Some(first) = speaking.next() else {
        return;
    };
    let last = speaking.next_back().unwrap_or(first);
    samples.truncate((last + 1) * FRAME + KEEP_AFTER);
    samples.drain(..(first * FRAME).saturating_sub(KEEP_BEFORE));
}

fn normalise(samples: &mut [f32]) {
    let from = speech_from(samples);
    let (mut power, mut frames) = (0.0_f64, 0_usize);
    for frame in samples.chunks(FRAME) {
        let level = loudness(frame);
        if level >= from {
            power += f64::from(level * level);
            frames += 1;
        }
    }
    if frames == 0 {
        return;
    }
    let active = (power / frames as f64).sqrt() as f32;
    let gain = (ACTIVE_LEVEL / active).min(GAIN_MAX);
    samples.iter_mut().for_each(|sample| *sample *= gain);
    limit(samples);
}

/// Turns down around peaks: the lowest gain needed nearby, averaged so that it moves smoothly. Each
/// gain averaged is at most what the peak in the middle needs, so no peak escapes.
fn limit(samples: &mut [f32]) {
    let needed: Vec<f32> = samples
        .iter()
        .map(|sample| (PEAK / sample.abs().max(1.0)).min(1.0))
        .collect();
    if needed.iter().all(|gain| *gain >= 1.0) {
        return;
    }
    let lowest: Vec<f32> = (0..needed.len())
        .map(|index| {
            let range =
                index.saturating_sub(LOOK_AHEAD)..(index + LOOK_AHEAD + 1).min(needed.len());
            needed[range].iter().copied().fold(1.0, f32::min)
        })
        .collect();
    for (index, sample) in samples.iter_mut().enumerate() {
        let range = index.saturating_sub(LOOK_AHEAD)..(index + LOOK_AHEAD + 1).min(lowest.len());
        let window = &lowest[range];
        *sample *= window.iter().sum::<f32>() / window.len() as f32;
    }
}

fn fade(samples: &mut [f32]) {
    let length = FADE.min(samples.len() / 2);
    for index in 0..length {
        let gain = index as f32 / length as f32;
        samples[index] *= gain;
        let mirrored = samples.len() - 1 - index;
        samples[mirrored] *= gain;
    }
}

#[cfg(test)]
mod tests {
    use std::f32::consts::PI;

    use super::*;

    /// Two bursts of a tone with a pause, silence around, and a click ten times as loud in the middle.
    fn talk(level: f32) -> Vec<i16> {
        let mut samples = vec![0_i16; 8_000];
        for second in [1, 2] {
            samples.extend((0..16_000).map(|n| {
                let swell = (PI * n as f32 / 16_000.0).sin();
                ((2.0 * PI * 440.0 * n as f32 / 16_000.0).sin() * swell * level) as i16
            }));
            samples.extend(vec![0_i16; 4_000 * second]);
        }
        samples[16_000] = (level * 10.0).min(32_000.0) as i16;
        samples
    }

    fn active_decibels(sound: &Sound) -> f32 {
        let samples: Vec<f32> = sound.samples().iter().map(|s| f32::from(*s)).collect();
        let from = speech_from(&samples);
        let levels: Vec<f32> = samples
            .chunks(FRAME)
            .map(loudness)
            .filter(|l| *l >= from)
            .collect();
        let power: f32 = levels.iter().map(|l| l * l).sum::<f32>() / levels.len() as f32;
        20.0 * (power.sqrt() / 32_768.0).log10()
    }

    #[test]
    fn every_level_comes_out_alike() {
        for level in [300.0, 3_000.0, 30_000.0] {
            let sound = fit_for_line(&talk(level), 16_000);
            let decibels = active_decibels(&sound);
            assert!(
                (-21.5..=-19.0).contains(&decibels),
                "{level}: {decibels} dBFS"
            );
            let peak = sound
                .samples()
                .iter()
                .map(|s| s.unsigned_abs())
                .max()
                .unwrap();
            assert!(f32::from(peak) <= PEAK, "{level}: peak {peak}");
        }
    }

    #[test]
    fn silence_around_is_cut_and_ends_are_quiet() {
        let sound = fit_for_line(&talk(8_000.0), 16_000);
        // Half a second before and half a second after went, the pause stayed.
        let millis = sound.length().as_millis();
        assert!((2_150..2_500).contains(&millis), "{millis} ms");
        assert_eq!(sound.samples()[0], 0);
        assert_eq!(*sound.samples().last().unwrap(), 0);
    }

    #[test]
    fn silence_stays_silence() {
        assert_eq!(fit_for_line(&[], 16_000).samples().len(), 0);
        let quiet = fit_for_line(&[1; 16_000], 16_000);
        assert!(
            quiet
                .samples()
                .iter()
                .all(|sample| sample.unsigned_abs() < 10)
        );
    }
}
