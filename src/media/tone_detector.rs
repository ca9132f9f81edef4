//! Keys in the sound itself (DTMF, ITU-T Q.23 and Q.24), for callers whose telephone does not send
//! named events.
//!
//! Goertzel filters at the eight frequencies, over blocks of 102 samples that overlap by half. A tone
//! of `n` samples leaves `(n - 50) / 51` blocks that are pure enough: four in a row accept 40 ms even
//! when the frequencies are off, and refuse 23 ms. Four blocks without it are its end: a break of
//! 10 ms spoils three at most.

use std::sync::LazyLock;

use crate::line::Key;

use super::arithmetic::{dot, powers};

/// Samples in a block, and from one block to the next.
const BLOCK: usize = 102;
const HOP: usize = 51;
/// Equal blocks that make a key, and blocks without that end it.
const HITS: u8 = 4;
const MISSES: u8 = 4;

const LOW: [f64; 4] = [697.0, 770.0, 852.0, 941.0];
const HIGH: [f64; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
const KEYS: [[char; 4]; 4] = [
    ['1', '2', '3', 'A'],
    ['4', '5', '6', 'B'],
    ['7', '8', '9', 'C'],
    ['*', '0', '#', 'D'],
];

/// A tone's neighbours in its own group must be fainter by so much (8 dB).
const NEIGHBOUR: f32 = 6.3;
/// Both tones together hold at least so much of the block's energy.
const PURITY: f32 = 0.75;
/// How much louder the low tone may be (9.5 dB), and the high one (5 dB).
const LOW_LOUDER: f32 = 8.912;
const HIGH_LOUDER: f32 = 3.163;
/// The faintest amplitude of one tone.
const FAINTEST: f32 = 200.0;

/// What a block added.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tone {
    /// The key, when it has just become certain; `None` while it goes on.
    pub(super) key: Option<Key>,
    /// How many samples ago it began, seen from the end of the samples just given.
    pub(super) began_ago: usize,
}

/// The detector of one leg.
#[derive(Debug)]
pub(super) struct ToneDetector {
    block: [f32; BLOCK],
    filled: usize,
    /// What the last block was, for how many blocks, and how many samples ago that began.
    heard: Option<char>,
    run: u8,
    since: usize,
    pressed: Option<char>,
    misses: u8,
}

impl Default for ToneDetector {
    fn default() -> Self {
        ToneDetector {
            block: [0.0; BLOCK],
            filled: 0,
            heard: None,
            run: 0,
            since: 0,
            pressed: None,
            misses: 0,
        }
    }
}

impl ToneDetector {
    /// Listens to the next samples; calls `found` for every key that becomes certain in them, and
    /// for every block through which a key goes on.
    pub(super) fn listen(&mut self, samples: &[i16], mut found: impl FnMut(Tone)) {
        for (index, &sample) in samples.iter().enumerate() {
            self.block[self.filled] = f32::from(sample);
            self.filled += 1;
            if self.filled < BLOCK {
                continue;
            }
            if let Some(key) = self.block_done() {
                found(Tone {
                    key,
                    began_ago: self.since + samples.len() - 1 - index,
                });
            }
            self.block.copy_within(HOP.., 0);
            self.filled = BLOCK - HOP;
        }
    }

    /// `Some` while a key is down, with the key in its first certain block.
    fn block_done(&mut self) -> Option<Option<Key>> {
        let heard = classify(&self.block);
        if heard == self.heard {
            self.run = self.run.saturating_add(1);
            self.since += HOP;
        } else {
            self.heard = heard;
            self.run = 1;
            self.since = BLOCK;
        }
        if heard.is_some() && heard != self.pressed && self.run >= HITS {
            self.pressed = heard;
            self.misses = 0;
            // A to D are followed like the others, but nobody has such keys.
            return Some(heard.and_then(Key::new));
        }
        self.pressed?;
        if heard == self.pressed {
            self.misses = 0;
        } else {
            self.misses += 1;
            if self.misses >= MISSES {
                self.pressed = None;
                return None;
            }
        }
        Some(None)
    }
}

/// The key whose two tones fill this block.
fn classify(block: &[f32; BLOCK]) -> Option<char> {
    let energy = dot(block, block);
    // Both tones at their faintest, so that silence costs nothing.
    if energy < FAINTEST * FAINTEST / 2.0 * BLOCK as f32 {
        return None;
    }
    let [l1, l2, l3, l4, h1, h2, h3, h4] = powers(block, &TONES.coefficients);
    let (low, high) = ([l1, l2, l3, l4], [h1, h2, h3, h4]);
    let (row, column) = (strongest(&low), strongest(&high));
    // Most sound is no key by far.
    if (low[row] + high[column]) * 2.0 / (BLOCK as f32) < PURITY * 0.7 * energy {
        return None;
    }
    // In so short a block a tone leaks into its neighbours and into the other group. The fainter
    // tone of an uneven pair is only measured well once the louder one is out of the way.
    let [l1, l2, l3, l4, ..] = powers(&without(block, &TONES.high[column]), &TONES.coefficients);
    let [.., h1, h2, h3, h4] = powers(&without(block, &TONES.low[row]), &TONES.coefficients);
    let (low, high) = ([l1, l2, l3, l4], [h1, h2, h3, h4]);
    let (low_power, high_power) = (low[row], high[column]);
    let clear = |powers: &[f32; 4], best: usize| {
        powers
            .iter()
            .enumerate()
            .all(|(index, power)| index == best || power * NEIGHBOUR < powers[best])
    };
    // A sine of amplitude a has a power of (a n / 2)².
    let faintest = (FAINTEST * BLOCK as f32 / 2.0).powi(2);
    let pure = (low_power + high_power) * 2.0 / BLOCK as f32 >= PURITY * energy;
    let certain = low_power >= faintest
        && high_power >= faintest
        && low_power <= high_power * LOW_LOUDER
        && high_power <= low_power * HIGH_LOUDER
        && pure
        && clear(&low, row)
        && clear(&high, column);
    certain.then_some(KEYS[row][column])
}

/// The block with one tone taken out of it.
fn without(block: &[f32; BLOCK], tone: &ToneTable) -> [f32; BLOCK] {
    let (cosine, sine) = (dot(block, &tone.cosine), dot(block, &tone.sine));
    let scale = 2.0 / BLOCK as f32;
    std::array::from_fn(|index| {
        block[index] - scale * (cosine * tone.cosine[index] + sine * tone.sine[index])
    })
}

fn strongest(powers: &[f32; 4]) -> usize {
    (1..4).fold(0, |best, index| {
        if powers[index] > powers[best] {
            index
        } else {
            best
        }
    })
}

/// One of the eight tones.
struct ToneTable {
    cosine: [f32; BLOCK],
    sine: [f32; BLOCK],
}

struct Tones {
    /// Of the low tones, then of the high ones.
    coefficients: [f32; 8],
    low: [ToneTable; 4],
    high: [ToneTable; 4],
}

static TONES: LazyLock<Tones> = LazyLock::new(|| {
    let turn = |hertz: f64| std::f64::consts::TAU * hertz / 8_000.0;
    let table = |hertz: f64| {
        let turn = turn(hertz);
        ToneTable {
            cosine: std::array::from_fn(|index| (turn * index as f64).cos() as f32),
            sine: std::array::from_fn(|index| (turn * index as f64).sin() as f32),
        }
    };
    let coefficient = |hertz: f64| (2.0 * turn(hertz).cos()) as f32;
    let mut coefficients = [0.0; 8];
    for (coefficient_of, hertz) in coefficients.iter_mut().zip(LOW.into_iter().chain(HIGH)) {
        *coefficient_of = coefficient(hertz);
    }
    Tones {
        coefficients,
        low: LOW.map(table),
        high: HIGH.map(table),
    }
});

#[cfg(test)]
mod tests;
