//! Where a recording stands that is played while a question is asked over it.
//!
//! The line tells only when playing ends. A saying that ends with a recording is therefore played
//! in two pieces: from the moment the recording itself begins, clock, pace and jumps tell where it
//! stands. So words can be put in between, and what was heard of a message is known when the
//! caller leaves it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::{Caller, Saying, Talk, now};
use crate::line::{LineCommand, Pace, Skip};

/// What is played when the present piece has ended.
pub(super) struct Piece {
    saying: Saying,
    /// For a recording: its length, and where it begins.
    recording: Option<(Duration, Duration)>,
}

impl Piece {
    /// It has ended by then, at the slowest pace.
    fn longest(&self) -> Duration {
        const WORDS_LONGEST: Duration = Duration::from_secs(120);
        match self.recording {
            Some((length, _)) => WORDS_LONGEST + length * 2,
            None => WORDS_LONGEST,
        }
    }
}

/// A recording that is, or was, being played.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    length: Duration,
    at: Duration,
    /// Since when it runs from `at`; nothing while it rests.
    since: Option<Instant>,
    pace: Pace,
}

impl Standing {
    fn begin(now: Instant, length: Duration, at: Duration, pace: Pace) -> Standing {
        Standing {
            length,
            at,
            since: Some(now),
            pace,
        }
    }

    fn at(&self, now: Instant) -> Duration {
        let ran = self
            .since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        (self.at + ran * u32::from(self.pace.0) / 100).min(self.length)
    }

    /// Stands still.
    fn rest(&mut self, now: Instant) {
        self.at = self.at(now);
        self.since = None;
    }

    fn pause_or_resume(&mut self, now: Instant) {
        match self.since {
            Some(_) => self.rest(now),
            None => self.since = Some(now),
        }
    }

    fn set_pace(&mut self, now: Instant, pace: Pace) {
        self.at = self.at(now);
        self.since = self.since.map(|_| now);
        self.pace = pace;
    }

    fn skip(&mut self, now: Instant, skip: Skip) {
        self.at = match skip {
            Skip::Back(by) => self.at(now).saturating_sub(by),
            Skip::Ahead(by) => (self.at(now) + by).min(self.length),
            Skip::ToStart => Duration::ZERO,
            Skip::ToEnd => self.at(now),
        };
        // What is skipped to the end has not been heard to the end.
        self.since = self.since.map(|_| now).filter(|_| skip != Skip::ToEnd);
    }
}

impl Caller {
    /// How much of the recording or text that was started last has been reached, from 0 to 1. What was
    /// skipped by going to the end does not count.
    pub fn played_share(&self) -> f32 {
        let Some(standing) = self.standing else {
            return self.share_read().unwrap_or(0.0);
        };
        if standing.length.is_zero() {
            return 1.0;
        }
        standing.at(now()).as_secs_f32() / standing.length.as_secs_f32()
    }

    /// Says a few words in the middle of what plays, which then goes on from where it was.
    pub async fn interject(&mut self, saying: impl Into<Saying>) -> Talk {
        self.play_started().await?;
        let saying = saying.into();
        let rest = self.rest_of_started();
        if rest.is_empty() {
            return self.say(saying).await;
        }
        self.play(&saying).await?;
        self.play_afterwards(rest);
        Ok(())
    }

    /// Plays what was started from its beginning.
    pub(super) async fn begin(&mut self, saying: &Saying) -> Talk {
        self.forget_standing(saying);
        let mut pieces = pieces_of(saying);
        self.pieces.clear();
        if let Some(first) = pieces.pop_front() {
            self.play_piece(first).await?;
        }
        self.play_afterwards(pieces);
        Ok(())
    }

    /// What is still to be heard of what was started; nothing when that is over.
    pub(super) fn rest_of_started(&mut self) -> VecDeque<Piece> {
        let Some(started) = &self.started else {
            return VecDeque::new();
        };
        if self.playing.is_none() && self.pieces.is_empty() {
            return VecDeque::new();
        }
        let rest = match self.standing {
            Some(_) => None,
            None => self.rest_of_reading(&started.saying),
        };
        let mut pieces = pieces_of(rest.as_ref().unwrap_or(&started.saying));
        if let Some(standing) = &mut self.standing {
            standing.rest(now());
            let at = standing.at;
            pieces.retain(|piece| piece.recording.is_some());
            for piece in &mut pieces {
                piece.recording = piece.recording.map(|(length, _)| (length, at));
            }
        }
        pieces
    }

    /// Goes on with the next piece. The end of the present one is nobody's business.
    pub(super) async fn play_next_piece(&mut self) -> Talk {
        self.piece_ended = false;
        let Some(next) = self.pieces.pop_front() else {
            return Ok(());
        };
        let rest = std::mem::take(&mut self.pieces);
        self.play_piece(next).await?;
        self.play_afterwards(rest);
        Ok(())
    }

    /// Keeps these pieces for when the present one has ended. Whoever waits for the end waits for all
    /// of them, though the wait began with the first.
    pub(super) fn play_afterwards(&mut self, pieces: VecDeque<Piece>) {
        if let Some(ends_by) = &mut self.playing_ends_by {
            *ends_by += pieces.iter().map(Piece::longest).sum::<Duration>();
        }
        self.pieces = pieces;
    }

    async fn play_piece(&mut self, piece: Piece) -> Talk {
        let from = piece.recording.map_or(Duration::ZERO, |(_, at)| at);
        if from.is_zero() {
            self.play(&piece.saying).await?;
        } else {
            self.go_on_playing(&piece.saying).await?;
            self.command(LineCommand::Skip(Skip::Ahead(from))).await?;
        }
        if let Some((length, at)) = piece.recording {
            self.standing = Some(Standing::begin(now(), length, at, self.pace));
        }
        Ok(())
    }

    /// The end of what plays was reached, by playing or by a jump.
    pub(super) fn standing_ended(&mut self) {
        if let Some(standing) = &mut self.standing {
            if standing.since.is_some() {
                standing.at = standing.length;
            }
            standing.since = None;
        }
    }

    /// What plays was cut off.
    pub(super) fn standing_stopped(&mut self) {
        if let Some(standing) = &mut self.standing {
            standing.rest(now());
        }
    }

    pub(super) fn standing_skipped(&mut self, skip: Skip) {
        if skip == Skip::ToEnd {
            self.pieces.clear();
        }
        if let Some(standing) = &mut self.standing {
            standing.skip(now(), skip);
        }
    }

    pub(super) fn standing_paused_or_resumed(&mut self) {
        if let Some(standing) = &mut self.standing {
            standing.pause_or_resume(now());
        }
    }

    pub(super) fn standing_paced(&mut self, pace: Pace) {
        if let Some(standing) = &mut self.standing {
            standing.set_pace(now(), pace);
        }
    }
}

/// What is said before, and the recording that it ends with.
fn pieces_of(saying: &Saying) -> VecDeque<Piece> {
    let (before, recording) = saying.split_recording();
    let before = (!before.is_nothing()).then_some(Piece {
        saying: before,
        recording: None,
    });
    let recording = recording.map(|(saying, length)| Piece {
        saying,
        recording: Some((length, Duration::ZERO)),
    });
    before.into_iter().chain(recording).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn a_recording_stands_where_clock_pace_and_jumps_say() {
        let start = now();
        let mut standing = Standing::begin(start, S(60), S(0), Pace::NORMAL);
        assert_eq!(standing.at(start + S(10)), S(10));
        standing.set_pace(start + S(10), Pace(150));
        assert_eq!(standing.at(start + S(20)), S(25));
        standing.pause_or_resume(start + S(20));
        assert_eq!(standing.at(start + S(50)), S(25));
        standing.pause_or_resume(start + S(50));
        standing.skip(start + S(50), Skip::Back(S(30)));
        assert_eq!(standing.at(start + S(50)), S(0));
        standing.skip(start + S(50), Skip::Ahead(S(55)));
        assert_eq!(standing.at(start + S(51)), Duration::from_millis(56_500));
        assert_eq!(standing.at(start + S(99)), S(60), "never beyond the end");
    }

    #[test]
    fn going_to_the_end_is_not_hearing_it() {
        let start = now();
        let mut standing = Standing::begin(start, S(60), S(0), Pace::NORMAL);
        standing.skip(start + S(3), Skip::ToEnd);
        assert_eq!(standing.at(start + S(90)), S(3));
    }
}
