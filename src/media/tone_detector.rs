//! Keys in the sound itself (DTMF, ITU-T Q.23 and Q.24), for callers whose telephone does not send
//! named events.
//!
//! Goertzel filters at the eight frequencies, over blocks of 102 samples that overlap by half. Three
//! equal blocks in a row are a key, two blocks without it are its end.

use crate::line::Key;

/// Samples in a block, and from one block to the next.
const BLOCK: usize = 102;
const HOP: usize = 51;
/// Equal blocks that make a key, and blocks without that end it.
const HITS: u8 = 3;
const MISSES: u8 = 3;

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
    candidate: Option<char>,
    hits: u8,
    pressed: Option<char>,
    misses: u8,
    since: usize,
}

impl Default for ToneDetector {
    fn default() -> Self {
        ToneDetector {
            block: [0.0; BLOCK],
            filled: 0,
            candidate: None,
            hits: 0,
            pressed: None,
            misses: 0,
            since: 0,
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
        self.since += HOP;
        if let Some(pressed) = self.pressed {
            if heard == Some(pressed) {
                self.misses = 0;
                return Some(None);
            }
            self.misses += 1;
            if self.misses < MISSES && (heard.is_none() || heard != self.candidate) {
                self.follow(heard);
                return Some(None);
            }
        }
        self.follow(heard);
        if self.misses >= MISSES {
            self.pressed = None;
        }
        let certain = self.candidate.filter(|_| self.hits >= HITS)?;
        if self.pressed == Some(certain) {
            return Some(None);
        }
        self.pressed = Some(certain);
        self.misses = 0;
        // A to D are heard, so that they are not taken for silence, but nobody has such keys.
        Some(Key::new(certain))
    }

    fn follow(&mut self, heard: Option<char>) {
        if heard.is_some() && heard == self.candidate {
            self.hits += 1;
        } else {
            self.candidate = heard;
            self.hits = u8::from(heard.is_some());
            self.since = BLOCK;
        }
    }
}

/// The key whose two tones fill this block.
fn classify(block: &[f32; BLOCK]) -> Option<char> {
    let energy: f32 = block.iter().map(|sample| sample * sample).sum();
    // Both tones at their faintest, so that silence costs nothing.
    if energy < FAINTEST * FAINTEST / 2.0 * BLOCK as f32 {
        return None;
    }
    let power = |coefficients: &[f32; 4]| -> [f32; 4] {
        coefficients.map(|coefficient| {
            let (mut before, mut last) = (0.0_f32, 0.0_f32);
            for &sample in block {
                let now = sample + coefficient * last - before;
                before = last;
                last = now;
            }
            before * before + last * last - coefficient * before * last
        })
    };
    let low = power(&COEFFICIENTS.0);
    let high = power(&COEFFICIENTS.1);
    let (row, column) = (strongest(&low), strongest(&high));
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

fn strongest(powers: &[f32; 4]) -> usize {
    (1..4).fold(0, |best, index| {
        if powers[index] > powers[best] {
            index
        } else {
            best
        }
    })
}

static COEFFICIENTS: std::sync::LazyLock<([f32; 4], [f32; 4])> = std::sync::LazyLock::new(|| {
    let of = |hertz: f64| (2.0 * (std::f64::consts::TAU * hertz / 8_000.0).cos()) as f32;
    (LOW.map(of), HIGH.map(of))
});
