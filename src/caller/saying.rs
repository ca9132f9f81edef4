//! What is said or played to a caller, in order, before it becomes words and sound.

use std::sync::Arc;
use std::time::Duration;

use super::script::{Batch, Script};
use crate::language::prompts::text_of;
use crate::language::reading::Place;
use crate::language::{PromptFault, Prompts, Reading, Style, Value};
use crate::line::{Locale, PromptName, Segment, Sound, SoundSlot};
use crate::transcript::Event;

/// Prompts, recordings and tones, in order.
#[derive(Clone, Debug, Default)]
pub struct Saying {
    parts: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Part {
    Prompt {
        name: PromptName,
        values: Vec<(&'static str, Value)>,
    },
    Sound {
        what: &'static str,
        sound: Arc<Sound>,
    },
    Reading(Reading),
    Beep,
    Silence(Duration),
    /// What was said already, when the rest is said.
    Past,
}

/// A place in a reading: in which part of a saying, and where in its text.
pub(super) type PlaceRead = (usize, Place);

impl Saying {
    /// This prompt.
    pub fn new(prompt: PromptName) -> Saying {
        Saying::nothing().then(prompt)
    }

    /// Nothing yet.
    pub fn nothing() -> Saying {
        Saying::default()
    }

    /// Gives a variable of the last prompt its value.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Value) -> Saying {
        for part in self.parts.iter_mut().rev() {
            if let Part::Prompt { values, .. } = part {
                values.push((name, value));
                break;
            }
        }
        self
    }

    /// This, and then that.
    #[must_use]
    pub fn then(mut self, next: impl Into<Saying>) -> Saying {
        self.parts.extend(next.into().parts);
        self
    }

    /// And then a recording; `what` is its kind in transcripts: `message`, `greeting`, `name`,
    /// `recording`.
    #[must_use]
    pub fn play(mut self, what: &'static str, sound: Arc<Sound>) -> Saying {
        self.parts.push(Part::Sound { what, sound });
        self
    }

    /// And then somebody's own text, sentence by sentence as it is heard: it may be long, and in
    /// another language. Its sound is kept nowhere.
    #[must_use]
    pub fn read(mut self, reading: Reading) -> Saying {
        self.parts.push(Part::Reading(reading));
        self
    }

    /// And then the tone after which a caller speaks. A saying that ends with it may be cut short
    /// by a key, but the tone itself is always heard.
    #[must_use]
    pub fn beep(mut self) -> Saying {
        self.parts.push(Part::Beep);
        self
    }

    /// And then a pause.
    #[must_use]
    pub fn pause(mut self, length: Duration) -> Saying {
        self.parts.push(Part::Silence(length));
        self
    }

    /// Whether there is nothing to say or play.
    pub fn is_nothing(&self) -> bool {
        self.parts.is_empty()
    }

    /// What comes before the recording that this ends with, and the recording with its length.
    pub(super) fn split_recording(&self) -> (Saying, Option<(Saying, Duration)>) {
        match self.parts.split_last() {
            Some((Part::Sound { what, sound }, before)) => {
                let recording = Saying::nothing().play(what, Arc::clone(sound));
                let before = Saying {
                    parts: before.to_vec(),
                };
                (before, Some((recording, sound.length())))
            }
            _ => (self.clone(), None),
        }
    }

    /// Whether there is text of somebody's in it.
    pub(super) fn reads(&self) -> bool {
        self.parts
            .iter()
            .any(|part| matches!(part, Part::Reading(_)))
    }

    /// How much of the last text in it lies before this place, from 0 to 1; nothing when no text is
    /// read.
    pub(super) fn share_read(&self, place: PlaceRead) -> Option<f32> {
        let last = |part: &Part| matches!(part, Part::Reading(_));
        let last = self.parts.iter().rposition(last)?;
        match self.parts.get(last) {
            Some(Part::Reading(reading)) if place.0 == last => Some(reading.share(place.1)),
            _ if place.0 > last => Some(1.0),
            _ => Some(0.0),
        }
    }

    /// What is still to be said from this place on.
    pub(super) fn rest_from(&self, (part, place): PlaceRead) -> Saying {
        let mut parts = self.parts.clone();
        let (past, rest) = parts.split_at_mut(part.min(self.parts.len()));
        // In their places, so that the parts of the rest are counted as before.
        past.fill(Part::Past);
        if let Some(Part::Reading(reading)) = rest.first_mut() {
            reading.from = place;
        }
        Saying { parts }
    }

    pub(super) fn ends_with_beep(&self) -> bool {
        matches!(self.parts.last(), Some(Part::Beep))
    }

    /// What the line is given of it, piece by piece.
    pub(super) fn script(
        &self,
        prompts: &Prompts,
        locale: &Locale,
        style: Style,
    ) -> Result<Script, PromptFault> {
        let mut script = Script::default();
        for (number, part) in self.parts.iter().enumerate() {
            match part {
                Part::Prompt { name, values } => {
                    let utterances = prompts.say_in_style(style, locale, *name, values)?;
                    let text = text_of(&utterances);
                    let longest = Duration::from_millis(300) * text.len() as u32;
                    let says = Event::Says {
                        prompt: name.0.to_owned(),
                        text,
                    };
                    let words = utterances.into_iter().map(Segment::Words).collect();
                    script.push(Batch::of(words, Some(says), longest));
                }
                Part::Sound { what, sound } => {
                    let plays = Event::Plays {
                        what: (*what).to_owned(),
                    };
                    let segment = Segment::Sound(SoundSlot::ready(Arc::clone(sound)));
                    // Twice as long at the slowest pace.
                    script.push(Batch::of(vec![segment], Some(plays), sound.length() * 2));
                }
                Part::Reading(reading) => script.read(number, reading),
                Part::Beep => {
                    script.push(Batch::of(vec![Segment::Beep], None, Duration::ZERO));
                }
                Part::Past => {}
                Part::Silence(length) => {
                    script.push(Batch::of(vec![Segment::Silence(*length)], None, *length));
                }
            }
        }
        Ok(script)
    }
}

impl From<PromptName> for Saying {
    fn from(name: PromptName) -> Saying {
        Saying {
            parts: vec![Part::Prompt {
                name,
                values: Vec::new(),
            }],
        }
    }
}
