//! Sums over samples, written so that the compiler can do eight at a time: a floating-point sum in
//! one variable must be added in order, eight variables need not.

const LANES: usize = 8;

/// The sum of the products of two equally long pieces.
pub(super) fn dot(one: &[f32], other: &[f32]) -> f32 {
    let (ones, one_rest) = one.as_chunks::<LANES>();
    let (others, other_rest) = other.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += one[lane] * other[lane];
        }
    }
    let rest: f32 = one_rest
        .iter()
        .zip(other_rest)
        .map(|(one, other)| one * other)
        .sum();
    sums.iter().sum::<f32>() + rest
}

/// The mean of the squares of some samples.
pub(super) fn mean_square(samples: &[i16]) -> f32 {
    let (chunks, rest) = samples.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for chunk in chunks {
        for lane in 0..LANES {
            let sample = f32::from(chunk[lane]);
            sums[lane] += sample * sample;
        }
    }
    let rest: f32 = rest
        .iter()
        .map(|&sample| f32::from(sample) * f32::from(sample))
        .sum();
    (sums.iter().sum::<f32>() + rest) / samples.len().max(1) as f32
}

/// Goertzel filters side by side: the powers of a block at as many frequencies as there are
/// coefficients (twice the cosine of the turn from sample to sample).
pub(super) fn powers<const TONES: usize>(
    block: &[f32],
    coefficients: &[f32; TONES],
) -> [f32; TONES] {
    let mut before = [0.0_f32; TONES];
    let mut last = [0.0_f32; TONES];
    for &sample in block {
        for tone in 0..TONES {
            let now = sample + coefficients[tone] * last[tone] - before[tone];
            before[tone] = last[tone];
            last[tone] = now;
        }
    }
    std::array::from_fn(|tone| {
        let (before, last) = (before[tone], last[tone]);
        before * before + last * last - coefficients[tone] * before * last
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_plain_ones() {
        for length in [0, 1, 7, 8, 9, 100, 160] {
            let one: Vec<f32> = (0..length).map(|index| index as f32).collect();
            let plain: f32 = one.iter().map(|sample| sample * sample).sum();
            assert!((dot(&one, &one) - plain).abs() <= plain * 1e-5, "{length}");
            let samples: Vec<i16> = (0..length).map(|index| index as i16).collect();
            let mean = plain / (length.max(1)) as f32;
            assert!(
                (mean_square(&samples) - mean).abs() <= mean * 1e-5,
                "{length}"
            );
        }
    }

    #[test]
    fn a_sine_has_its_power_at_its_frequency_only() {
        let turns = [0.1_f32, 0.2, 0.3];
        let block: Vec<f32> = (0..628)
            .map(|index| (index as f32 * 0.2).sin() * 10.0)
            .collect();
        let [below, at, above] = powers(&block, &turns.map(|turn| 2.0 * turn.cos()));
        let wanted = (10.0_f32 * 628.0 / 2.0).powi(2);
        assert!((at / wanted - 1.0).abs() < 0.02, "{at} for {wanted}");
        assert!(below < wanted / 100.0 && above < wanted / 100.0);
    }
}
