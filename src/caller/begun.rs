//! What has begun to sound of what was given to the line.
//!
//! A prompt stands in the transcript when it begins to sound, not when it is sent: a key or a
//! hang-up may cut off prompts that nobody heard.

use std::collections::VecDeque;

use crate::line::PlayId;
use crate::transcript::{Event, Transcript};

/// The prompts and recordings of the present `Play` that have not begun, and of the one before it:
/// what the line told of that may still be on its way.
#[derive(Debug, Default)]
pub(super) struct Begun {
    waiting: VecDeque<Waiting>,
    /// What has not begun by the end was jumped over.
    skipped_to_the_end: bool,
}

#[derive(Debug)]
struct Waiting {
    play: PlayId,
    /// Where in the `Play` it begins.
    segment: usize,
    event: Event,
}

impl Begun {
    /// This is played from now on, instead of what was played before.
    pub(super) fn plays(&mut self, play: PlayId, events: Vec<(usize, Event)>) {
        self.waiting.retain(|waiting| waiting.play.0 + 1 == play.0);
        self.waiting
            .extend(events.into_iter().map(|(segment, event)| Waiting {
                play,
                segment,
                event,
            }));
        self.skipped_to_the_end = false;
    }

    /// And this, now that it goes on.
    pub(super) fn continues(&mut self, play: PlayId, events: Vec<(usize, Event)>) {
        self.waiting
            .extend(events.into_iter().map(|(segment, event)| Waiting {
                play,
                segment,
                event,
            }));
    }

    /// The rest of what plays will not be heard.
    pub(super) fn skips_to_the_end(&mut self) {
        self.skipped_to_the_end = true;
    }

    /// This segment sounds, so everything up to it has begun.
    pub(super) fn began(&mut self, transcript: &Transcript, play: PlayId, segment: usize) {
        while let Some(first) = self.waiting.front()
            && (first.play.0, first.segment) <= (play.0, segment)
        {
            if let Some(Waiting {
                play: of, event, ..
            }) = self.waiting.pop_front()
                && of == play
            {
                transcript.note(event);
            }
        }
    }

    /// It was played to its end, or skipped to it.
    pub(super) fn ended(&mut self, transcript: &Transcript, play: PlayId) {
        if self.skipped_to_the_end {
            self.waiting.retain(|waiting| waiting.play != play);
        }
        self.began(transcript, play, usize::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::transcript::Witness;

    #[derive(Default)]
    struct Written(Mutex<String>);

    impl Witness for Written {
        fn note(&self, _call: &str, event: Event) {
            if let Event::Plays { what } = event {
                self.0.lock().unwrap().push_str(&what);
            }
        }
    }

    fn plays(begun: &mut Begun, play: u64, events: &[(usize, &str)]) {
        let event = |(segment, what): &(usize, &str)| {
            let what = (*what).to_owned();
            (*segment, Event::Plays { what })
        };
        begun.plays(PlayId(play), events.iter().map(event).collect());
    }

    enum Step {
        Began(u64, usize),
        Ended(u64),
        SkipToEnd,
        PlayNext,
    }

    #[test]
    fn only_what_has_begun_is_written_and_in_order() {
        use Step::*;
        // Play 1: a of two segments, b of one, c; play 2: d, e.
        let table: &[(&[Step], &str)] = &[
            (&[], ""),
            (&[Began(1, 0)], "a"),
            (&[Began(1, 0), Began(1, 1)], "a"),
            (&[Began(1, 2), Began(1, 2)], "ab"),
            (&[Began(1, 3)], "abc"),
            (&[Ended(1)], "abc"),
            (&[Began(1, 0), Ended(1), Began(1, 3)], "abc"),
            (&[Began(1, 0), SkipToEnd, Began(1, 2), Ended(1)], "ab"),
            (&[Began(1, 0), PlayNext, Began(2, 0), Ended(2)], "ade"),
            (&[PlayNext, Began(1, 2), Began(2, 0)], "abd"),
            (&[PlayNext, Began(2, 0), Began(1, 2)], "d"),
            (&[SkipToEnd, PlayNext, Ended(2)], "de"),
        ];
        for (steps, expected) in table {
            let written = Arc::new(Written::default());
            let transcript = Transcript::new("call", Arc::new([written.clone() as _]));
            let mut begun = Begun::default();
            plays(&mut begun, 1, &[(0, "a"), (2, "b"), (3, "c")]);
            for step in *steps {
                match step {
                    Began(play, segment) => begun.began(&transcript, PlayId(*play), *segment),
                    Ended(play) => begun.ended(&transcript, PlayId(*play)),
                    SkipToEnd => begun.skips_to_the_end(),
                    PlayNext => plays(&mut begun, 2, &[(0, "d"), (1, "e")]),
                }
            }
            assert_eq!(*written.0.lock().unwrap(), *expected);
        }
    }
}
