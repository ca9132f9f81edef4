//! The jitter buffer: packets in as the network brings them, 20 ms of sound out at every tick.
//!
//! Samples lie in a ring at the place of their RTP timestamp, so that packets of any length, doubled
//! or reordered, find their place by themselves. What is missing when its time comes is concealed
//! by repeating the last pitch period, fading out. A leg has one only while somebody listens.

use super::codec::{Codec, Decoder};

/// Samples in a frame of 20 ms.
pub(super) const FRAME: usize = 160;
/// How much sound the ring holds: half a second.
const RING: usize = 4_096;
/// The longest packet that is heard: more than the 120 ms that Opus allows.
const PACKET_MOST: usize = 1_024;
/// The least and the most delay that is aimed at: 20 and 120 ms.
const DELAY_LEAST: u32 = 160;
const DELAY_MOST: u32 = 960;
/// A newer packet that comes so late belongs to a clock that has leapt, or to a long stall.
const LEAP: i32 = 480;
/// After so many packets it is judged whether the delay could be less.
const JUDGED_PACKETS: u32 = 100;
/// What may be dropped without being missed.
const QUIET: i16 = 400;

/// Sound waiting for its time.
#[derive(Debug)]
pub(super) struct JitterBuffer {
    decoder: Decoder,
    samples: Box<[i16; RING]>,
    present: [u64; RING / 64],
    next: Option<u32>,
    /// The end of the newest packet.
    end: u32,
    delay: u32,
    earliest: i32,
    judged: u32,
    drop_a_frame: bool,
    late: u64,
    concealment: Concealment,
}

impl JitterBuffer {
    /// An empty buffer, which begins with twice the known jitter as its delay.
    pub(super) fn new(codec: Codec, jitter_samples: u32) -> JitterBuffer {
        JitterBuffer {
            decoder: Decoder::new(codec),
            samples: Box::new([0; RING]),
            present: [0; RING / 64],
            next: None,
            end: 0,
            delay: (2 * jitter_samples + DELAY_LEAST).clamp(DELAY_LEAST * 2, DELAY_MOST),
            earliest: i32::MAX,
            judged: 0,
            drop_a_frame: false,
            late: 0,
            concealment: Concealment::default(),
        }
    }

    /// The timestamp of the sound that is played next.
    pub(super) fn next(&self) -> Option<u32> {
        self.next
    }

    /// How many samples came too late to be heard.
    pub(super) fn late(&self) -> u64 {
        self.late
    }

    /// Whether sound still waits.
    pub(super) fn holds_sound(&self) -> bool {
        self.next
            .is_some_and(|next| (self.end.wrapping_sub(next) as i32) > 0)
    }

    /// Everything begins anew: another source, or another codec.
    pub(super) fn restart(&mut self, codec: Codec) {
        self.decoder = Decoder::new(codec);
        self.present = [0; RING / 64];
        self.next = None;
        self.earliest = i32::MAX;
        self.judged = 0;
    }

    /// Takes the payload of a packet, whose time is given in samples. `newest`: no packet before it
    /// had a higher sequence number.
    pub(super) fn insert(&mut self, timestamp: u32, payload: &[u8], newest: bool) {
        if payload.is_empty() || (!newest && self.decoder.needs_order()) {
            return;
        }
        let mut room = [0; PACKET_MOST];
        let length = self.decoder.decode(payload, &mut room);
        if length == 0 {
            return;
        }
        let sound = &room[..length];
        let length = length as i32;
        let mut ahead = match self.next {
            Some(next) => timestamp.wrapping_sub(next) as i32,
            None => self.begin_at(timestamp),
        };
        if newest {
            if ahead < -LEAP || ahead > RING as i32 * 2 {
                self.present = [0; RING / 64];
                ahead = self.begin_at(timestamp);
            } else if ahead < 0 && self.delay < DELAY_MOST {
                // Too late: wait longer from now on, by one frame that is concealed.
                self.delay += FRAME as u32;
                ahead += FRAME as i32;
                self.next = self.next.map(|next| next.wrapping_sub(FRAME as u32));
            }
            self.judge(ahead);
        }
        let over = ahead + length - RING as i32;
        if over > 0 {
            if !newest {
                return;
            }
            // A burst after a stall: the oldest makes room.
            self.advance(over as u32);
            ahead -= over;
        }
        if newest {
            self.end = timestamp.wrapping_add(sound.len() as u32);
        }
        let skipped = (-ahead).clamp(0, length) as usize;
        self.late += skipped as u64;
        let from = timestamp.wrapping_add(skipped as u32);
        let fresh = &sound[skipped..];
        let (before_wrap, behind_wrap) = fresh.split_at(fresh.len().min(RING - place(from)));
        self.samples[place(from)..][..before_wrap.len()].copy_from_slice(before_wrap);
        self.samples[..behind_wrap.len()].copy_from_slice(behind_wrap);
        self.mark(from, fresh.len(), true);
    }

    fn begin_at(&mut self, timestamp: u32) -> i32 {
        self.next = Some(timestamp.wrapping_sub(self.delay));
        self.earliest = i32::MAX;
        self.judged = 0;
        self.delay as i32
    }

    /// Packets that all come much too early mean that the delay is longer than needed.
    fn judge(&mut self, ahead: i32) {
        self.earliest = self.earliest.min(ahead);
        self.judged += 1;
        if self.judged >= JUDGED_PACKETS {
            self.drop_a_frame = self.earliest >= 2 * FRAME as i32 + 80;
            self.earliest = i32::MAX;
            self.judged = 0;
        }
    }

    /// Gives the next 20 ms. True when any of it was really heard.
    pub(super) fn play(&mut self, out: &mut [i16; FRAME]) -> bool {
        let mut heard = self.play_frame(out);
        if self.drop_a_frame
            && out
                .iter()
                .all(|sample| sample.unsigned_abs() < QUIET as u16)
        {
            self.drop_a_frame = false;
            self.delay = self.delay.saturating_sub(FRAME as u32).max(DELAY_LEAST);
            heard |= self.play_frame(out);
        }
        heard
    }

    fn play_frame(&mut self, out: &mut [i16; FRAME]) -> bool {
        let Some(next) = self.next else {
            out.fill(0);
            return false;
        };
        let mut heard = false;
        let mut done = 0;
        while done < FRAME {
            let from = next.wrapping_add(done as u32);
            let (present, length) = self.run(from, FRAME - done);
            let run = &mut out[done..done + length];
            if present {
                let whole = RING - place(from);
                let (before_wrap, behind_wrap) = run.split_at_mut(length.min(whole));
                before_wrap.copy_from_slice(&self.samples[place(from)..][..before_wrap.len()]);
                behind_wrap.copy_from_slice(&self.samples[..behind_wrap.len()]);
                self.concealment.heard(run);
                heard = true;
            } else {
                self.concealment.conceal(run);
            }
            done += length;
        }
        self.advance(FRAME as u32);
        heard
    }

    /// Whether there is sound at that time, and for how many samples, at most so many, it is the same.
    fn run(&self, from: u32, most: usize) -> (bool, usize) {
        let mut at = place(from);
        let present = self.present[at / 64] >> (at % 64) & 1 == 1;
        let mut length = 0;
        while length < most {
            let word = self.present[at / 64];
            let other = if present { !word } else { word };
            let same = (other >> (at % 64)).trailing_zeros() as usize;
            let rest = 64 - at % 64;
            length += same.min(rest);
            if same < rest {
                break;
            }
            at = (at + rest) % RING;
        }
        (present, length.min(most))
    }

    /// Notes of so many samples, at most the whole ring, whether they are there.
    fn mark(&mut self, from: u32, count: usize, present: bool) {
        let mut at = place(from);
        let mut left = count;
        while left > 0 {
            let here = left.min(64 - at % 64);
            let bits = (u64::MAX >> (64 - here)) << (at % 64);
            if present {
                self.present[at / 64] |= bits;
            } else {
                self.present[at / 64] &= !bits;
            }
            left -= here;
            at = (at + here) % RING;
        }
    }

    fn advance(&mut self, samples: u32) {
        let Some(next) = self.next else {
            return;
        };
        self.mark(next, (samples as usize).min(RING), false);
        self.next = Some(next.wrapping_add(samples));
    }
}

fn place(timestamp: u32) -> usize {
    timestamp as usize % RING
}

/// How much of the past a concealment looks at: 40 ms.
const HISTORY: usize = 320;
const PITCH_SHORTEST: usize = 40;
const PITCH_LONGEST: usize = 160;
/// Concealed sound is at full level so long, and silent at the end (10 and 60 ms).
const FADE_FROM: usize = 80;
const FADE_TO: usize = 480;
/// Concealed and real sound are joined over 4 ms.
const JOIN: usize = 32;

/// Fills holes with what was heard last, in the manner of G.711 appendix I.
#[derive(Debug)]
struct Concealment {
    history: [i16; HISTORY],
    missing: usize,
    period: usize,
}

impl Default for Concealment {
    fn default() -> Self {
        Concealment {
            history: [0; HISTORY],
            // Nothing was heard yet: there is nothing to repeat or to join.
            missing: FADE_TO,
            period: PITCH_SHORTEST,
        }
    }
}

impl Concealment {
    fn heard(&mut self, samples: &mut [i16]) {
        if (1..FADE_TO).contains(&self.missing) {
            let join = JOIN.min(samples.len());
            for (index, sample) in samples.iter_mut().take(join).enumerate() {
                let real = i32::from(*sample) * (index as i32 + 1);
                let repeated = i32::from(self.repeated(self.missing + index));
                let share = (join - index - 1) as i32;
                *sample = ((real + repeated * share) / join as i32) as i16;
            }
        }
        self.missing = 0;
        if samples.len() >= HISTORY {
            self.history
                .copy_from_slice(&samples[samples.len() - HISTORY..]);
        } else {
            self.history.copy_within(samples.len().., 0);
            self.history[HISTORY - samples.len()..].copy_from_slice(samples);
        }
    }

    fn conceal(&mut self, samples: &mut [i16]) {
        if self.missing == 0 {
            self.period = self.pitch();
        }
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample = self.repeated(self.missing + index);
        }
        self.missing += samples.len();
    }

    fn repeated(&self, missing: usize) -> i16 {
        if missing >= FADE_TO {
            return 0;
        }
        let sample = i32::from(self.history[HISTORY - self.period + missing % self.period]);
        let level = FADE_TO - missing.max(FADE_FROM);
        (sample * level as i32 / (FADE_TO - FADE_FROM) as i32) as i16
    }

    /// The lag at which the last 20 ms resemble what came before them most.
    fn pitch(&self) -> usize {
        let recent = &self.history[HISTORY - FRAME..];
        let mut best = (PITCH_SHORTEST, f32::MIN);
        for lag in PITCH_SHORTEST..=PITCH_LONGEST {
            let before = &self.history[HISTORY - FRAME - lag..HISTORY - lag];
            let (mut alike, mut energy) = (0.0_f32, 1.0_f32);
            for (&now, &then) in recent.iter().zip(before) {
                alike += f32::from(now) * f32::from(then);
                energy += f32::from(then) * f32::from(then);
            }
            let score = alike / energy.sqrt();
            if score > best.1 {
                best = (lag, score);
            }
        }
        best.0
    }
}

#[cfg(test)]
mod tests;
