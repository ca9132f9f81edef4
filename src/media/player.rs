//! What the caller hears: segments one after the other, with jumps, pauses and another pace.
//!
//! At normal pace the player copies bytes of G.711 that were encoded once for all callers, or
//! samples where another codec will encode them. The position is kept in source time, so a jump of
//! five seconds is five seconds of the message at any pace.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use crate::line::{Pace, PlayId, SAMPLE_RATE, Segment, Skip, Sound, SoundSlot};

use super::pace::{PIECE, Stretch};
use crate::sound::g711::G711;

/// Sound longer than this is encoded as it is played: encoding minutes at once would hold up the
/// other legs of the pump.
const ENCODED_AT_ONCE: usize = 30 * SAMPLE_RATE as usize;

/// So much of a text that is continued is kept to go back to. What lies further behind is dropped,
/// so that the reading of an hour holds no more memory than that of some minutes.
const KEPT_BEHIND: usize = 120 * SAMPLE_RATE as usize;

/// The tone after which a caller speaks.
static BEEP: LazyLock<Sound> = LazyLock::new(|| tone(1_000.0, 500, 5_800.0));
/// The tone that says that a recording will end soon: lower and softer.
static WARNING: LazyLock<Sound> = LazyLock::new(|| tone(440.0, 400, 1_800.0));

/// A sine with edges of 10 ms.
fn tone(hertz: f64, milliseconds: usize, amplitude: f64) -> Sound {
    let length = milliseconds * SAMPLE_RATE as usize / 1_000;
    let samples: Box<[i16]> = (0..length)
        .map(|index| {
            let edge = index.min(length - 1 - index) as f64 / 80.0;
            let turn = std::f64::consts::TAU * hertz * index as f64 / f64::from(SAMPLE_RATE);
            (amplitude * edge.min(1.0) * turn.sin()).round() as i16
        })
        .collect();
    Sound::new(samples)
}

/// In which form sound leaves the player.
pub(super) trait Form: Copy {
    /// One sample of it.
    type Unit: Copy;

    /// No sound at all.
    fn silence(self) -> Self::Unit;
    /// One sample in this form.
    fn unit(self, sample: i16) -> Self::Unit;
    /// A whole sound in this form, made once.
    fn whole(self, sound: &Sound) -> &[Self::Unit];
}

impl Form for G711 {
    type Unit = u8;

    fn silence(self) -> u8 {
        G711::silence(self)
    }

    fn unit(self, sample: i16) -> u8 {
        self.encode(sample)
    }

    fn whole(self, sound: &Sound) -> &[u8] {
        match self {
            G711::Pcmu => sound.ulaw(|samples| self.encode_all(samples)),
            G711::Pcma => sound.alaw(|samples| self.encode_all(samples)),
        }
    }
}

/// Samples as they are, for whoever encodes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linear;

impl Form for Linear {
    type Unit = i16;

    fn silence(self) -> i16 {
        0
    }

    fn unit(self, sample: i16) -> i16 {
        sample
    }

    fn whole(self, sound: &Sound) -> &[i16] {
        sound.samples()
    }
}

/// One segment as it lies on the player.
#[derive(Debug)]
enum Part {
    Sound(SoundSlot),
    Beep,
    Silence(usize),
    /// What comes here is not known yet.
    ToBeContinued,
}

impl Part {
    fn of(segment: Segment) -> Part {
        match segment {
            Segment::Sound(slot) => Part::Sound(slot),
            Segment::Beep => Part::Beep,
            Segment::Silence(length) => Part::Silence(samples_in(length)),
            Segment::ToBeContinued => Part::ToBeContinued,
            Segment::Words(utterance) => {
                tracing::error!(prompt = %utterance.prompt, "words reached the player unspoken");
                Part::Sound(SoundSlot::ready(Arc::new(Sound::default())))
            }
        }
    }

    /// Samples in it; `None` while the sound has not been made.
    fn length(&self) -> Option<usize> {
        match self {
            Part::Sound(slot) => slot.get().map(|sound| sound.samples().len()),
            Part::Beep => Some(BEEP.samples().len()),
            Part::Silence(length) => Some(*length),
            Part::ToBeContinued => None,
        }
    }
}

fn samples_in(length: Duration) -> usize {
    (length.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as usize
}

/// One `Play` under way.
#[derive(Debug)]
struct Playing {
    id: PlayId,
    parts: Vec<Part>,
    /// The part being played, and the sample in it.
    part: usize,
    offset: usize,
    /// So many parts have been heard, at least their first sample, or are past.
    begun: usize,
    /// The read head while the pace is not the normal one, and what it gave beyond the frame.
    stretch: Option<Stretch>,
    spare: [i16; PIECE],
    spare_from: usize,
    /// It was skipped to its end.
    over: bool,
}

/// The player of one leg.
#[derive(Debug, Default)]
pub(super) struct Player {
    playing: Option<Box<Playing>>,
    paused: bool,
    pace: Pace,
    began: Option<(PlayId, usize)>,
    ended: Option<PlayId>,
    waiting: u32,
    warning: Option<usize>,
}

impl Player {
    /// Plays these segments instead of what is playing now.
    pub(super) fn play(&mut self, id: PlayId, segments: Vec<Segment>) {
        self.paused = false;
        self.waiting = 0;
        self.playing = Some(Box::new(Playing {
            id,
            parts: segments.into_iter().map(Part::of).collect(),
            part: 0,
            offset: 0,
            begun: 0,
            stretch: None,
            spare: [0; PIECE],
            spare_from: PIECE,
            over: false,
        }));
    }

    /// Puts these segments in the place of what was to be continued.
    pub(super) fn continue_with(&mut self, id: PlayId, segments: Vec<Segment>) {
        let Some(playing) = self.playing.as_mut().filter(|playing| playing.id == id) else {
            return;
        };
        if matches!(playing.parts.last(), Some(Part::ToBeContinued)) {
            playing.parts.pop();
            playing.parts.extend(segments.into_iter().map(Part::of));
            playing.drop_far_behind();
        }
    }

    /// Silence, now.
    pub(super) fn stop(&mut self) {
        self.playing = None;
        self.paused = false;
    }

    /// Pauses, or goes on.
    pub(super) fn pause_or_resume(&mut self) {
        self.paused = !self.paused && self.playing.is_some();
    }

    /// Goes on, if it was paused.
    pub(super) fn resume(&mut self) {
        self.paused = false;
    }

    /// Sets the pace for the rest of the call.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.pace = Pace(pace.0.clamp(50, 200));
    }

    /// Jumps in source time.
    pub(super) fn skip(&mut self, skip: Skip) {
        let Some(playing) = &mut self.playing else {
            return;
        };
        match skip {
            Skip::Back(length) => playing.back(samples_in(length)),
            Skip::Ahead(length) => playing.ahead(samples_in(length)),
            Skip::ToEnd => playing.over = true,
            Skip::ToStart => playing.go_to(0, 0),
        }
        if matches!(skip, Skip::Back(_) | Skip::ToStart) {
            playing.begun = playing.begun.min(playing.part);
        }
    }

    /// Gives the soft tone over what is playing, once.
    pub(super) fn warn(&mut self) {
        self.warning = Some(0);
    }

    /// Whether anything is being played, paused included.
    pub(super) fn is_playing(&self) -> bool {
        self.playing.is_some()
    }

    /// For how many fills in a row nothing could be played because a sound was not ready.
    pub(super) fn waiting(&self) -> u32 {
        self.waiting
    }

    /// The last segment that has just begun to sound, once; once more after a jump back to it.
    pub(super) fn take_began(&mut self) -> Option<(PlayId, usize)> {
        self.began.take()
    }

    /// The `Play` that has just ended, once.
    pub(super) fn take_ended(&mut self) -> Option<PlayId> {
        self.ended.take()
    }

    /// Fills `out` with what comes next.
    pub(super) fn fill<F: Form>(&mut self, form: F, out: &mut [F::Unit]) {
        self.fill_playing(form, out);
        if let Some(from) = self.warning {
            let tone = form.whole(&WARNING);
            let rest = &tone[from.min(tone.len())..];
            let length = rest.len().min(out.len());
            out[..length].copy_from_slice(&rest[..length]);
            self.warning = (length == out.len()).then_some(from + length);
        }
    }

    fn fill_playing<F: Form>(&mut self, form: F, out: &mut [F::Unit]) {
        let Some(playing) = &mut self.playing else {
            out.fill(form.silence());
            return;
        };
        let mut done = 0;
        if !self.paused || playing.over {
            while done < out.len() && !playing.over {
                match playing.give(form, self.pace, &mut out[done..]) {
                    Some(given) => {
                        done += given;
                        if given > 0 && playing.part >= playing.begun {
                            playing.begun = playing.part + 1;
                            self.began = Some((playing.id, playing.part));
                        }
                    }
                    None => break,
                }
            }
            playing.over |= playing.is_all_given();
            self.waiting = if done == 0 { self.waiting + 1 } else { 0 };
        }
        out[done..].fill(form.silence());
        if playing.over {
            self.ended = Some(playing.id);
            self.playing = None;
            self.paused = false;
        }
    }
}

fn copy<U: Copy>(whole: &[U], offset: &mut usize, out: &mut [U]) -> usize {
    let rest = &whole[(*offset).min(whole.len())..];
    let given = out.len().min(rest.len());
    out[..given].copy_from_slice(&rest[..given]);
    *offset += given;
    given
}

impl Playing {
    /// Gives some samples; `None` when the sound is not ready. Sets `over` when all was given.
    fn give<F: Form>(&mut self, form: F, pace: Pace, out: &mut [F::Unit]) -> Option<usize> {
        loop {
            let Some(part) = self.parts.get(self.part) else {
                self.over = true;
                return Some(0);
            };
            let length = part.length()?;
            // What the read head gave beyond the last frame comes first.
            if self.spare_from < PIECE {
                return Some(self.give_spare(form, out));
            }
            if self.offset >= length {
                self.go_to(self.part + 1, 0);
                continue;
            }
            let sound = match part {
                Part::Sound(slot) => slot.get()?,
                Part::Beep => return Some(copy(form.whole(&BEEP), &mut self.offset, out)),
                Part::Silence(_) => {
                    let given = out.len().min(length - self.offset);
                    out[..given].fill(form.silence());
                    self.offset += given;
                    return Some(given);
                }
                Part::ToBeContinued => return None,
            };
            if pace == Pace::NORMAL {
                self.stretch = None;
                if length <= ENCODED_AT_ONCE {
                    return Some(copy(form.whole(sound), &mut self.offset, out));
                }
                let given = out.len().min(length - self.offset);
                let samples = &sound.samples()[self.offset..self.offset + given];
                for (unit, &sample) in out.iter_mut().zip(samples) {
                    *unit = form.unit(sample);
                }
                self.offset += given;
                return Some(given);
            }
            let offset = self.offset;
            let head = self.stretch.get_or_insert_with(|| Stretch::new(offset));
            if head.step(sound.samples(), pace, &mut self.spare) {
                self.offset = head.position().min(length);
                self.spare_from = 0;
            } else {
                self.offset = length;
            }
        }
    }

    /// Whether nothing more will come, so that the end is told with the last sample.
    fn is_all_given(&self) -> bool {
        let mut rest = self.parts[self.part.min(self.parts.len())..].iter();
        let given = rest
            .next()
            .is_none_or(|part| part.length().is_some_and(|length| self.offset >= length));
        given && self.spare_from == PIECE && rest.all(|part| part.length() == Some(0))
    }

    fn give_spare<F: Form>(&mut self, form: F, out: &mut [F::Unit]) -> usize {
        let rest = &self.spare[self.spare_from..];
        let given = out.len().min(rest.len());
        for (unit, &sample) in out.iter_mut().zip(rest) {
            *unit = form.unit(sample);
        }
        self.spare_from += given;
        given
    }

    fn go_to(&mut self, part: usize, offset: usize) {
        self.part = part;
        self.offset = offset;
        self.stretch = None;
        self.spare_from = PIECE;
    }

    /// Lets go of sound that nobody goes back to.
    fn drop_far_behind(&mut self) {
        let mut behind = self.offset;
        let before = self.part.min(self.parts.len());
        for part in self.parts[..before].iter_mut().rev() {
            behind = behind.saturating_add(part.length().unwrap_or(0));
            if behind > KEPT_BEHIND && matches!(part, Part::Sound(_)) {
                // No sound, so a jump back ends behind it.
                *part = Part::Silence(0);
            }
        }
    }

    fn ahead(&mut self, mut samples: usize) {
        loop {
            let Some(part) = self.parts.get(self.part) else {
                self.over = true;
                return;
            };
            // A sound that is not there has no length: the jump ends at its beginning.
            let Some(length) = part.length() else {
                return;
            };
            let rest = length.saturating_sub(self.offset);
            if samples < rest {
                self.go_to(self.part, self.offset + samples);
                return;
            }
            samples -= rest;
            self.go_to(self.part + 1, 0);
        }
    }

    fn back(&mut self, mut samples: usize) {
        loop {
            if samples <= self.offset {
                self.go_to(self.part, self.offset - samples);
                return;
            }
            let before = self.part.checked_sub(1);
            let Some(before) = before.filter(|&before| self.goes_on_from(before)) else {
                self.go_to(self.part, 0);
                return;
            };
            samples -= self.offset;
            let length = self.parts[before].length().unwrap_or(0);
            self.go_to(before, length);
        }
    }

    /// Whether a jump back may pass from the present part into the one before it. Sounds in a row
    /// are one group; a beep or a pause before a group belongs to something else.
    fn goes_on_from(&self, before: usize) -> bool {
        let is_sound = |part: usize| matches!(self.parts.get(part), Some(Part::Sound(_)));
        is_sound(before) || !is_sound(self.part)
    }
}

#[cfg(test)]
mod tests;
