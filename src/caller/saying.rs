//! What is said or played to a caller, in order, before it becomes words and sound.

use std::sync::Arc;
use std::time::Duration;

use crate::language::prompts::text_of;
use crate::language::{PromptFault, Prompts, Value};
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
    Beep,
    Silence(Duration),
}

/// A [`Saying`] made ready for the line.
pub(super) struct Rendered {
    pub(super) segments: Vec<Segment>,
    /// What begins with which segment.
    pub(super) events: Vec<(usize, Event)>,
    /// Playing that has not ended by then never will.
    pub(super) longest: Duration,
}

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

    pub(super) fn ends_with_beep(&self) -> bool {
        matches!(self.parts.last(), Some(Part::Beep))
    }

    pub(super) fn render(
        &self,
        prompts: &Prompts,
        locale: &Locale,
    ) -> Result<Rendered, PromptFault> {
        let mut segments = Vec::new();
        let mut events = Vec::new();
        let mut longest = Duration::from_secs(30);
        for part in &self.parts {
            match part {
                Part::Prompt { name, values } => {
                    let utterances = prompts.say(locale, *name, values)?;
                    let text = text_of(&utterances);
                    longest += Duration::from_millis(300) * text.len() as u32;
                    let says = Event::Says {
                        prompt: name.0.to_owned(),
                        text,
                    };
                    events.push((segments.len(), says));
                    segments.extend(utterances.into_iter().map(Segment::Words));
                }
                Part::Sound { what, sound } => {
                    longest += sound.length() * 2; // At the slowest pace.
                    let plays = Event::Plays {
                        what: (*what).to_owned(),
                    };
                    events.push((segments.len(), plays));
                    segments.push(Segment::Sound(SoundSlot::ready(Arc::clone(sound))));
                }
                Part::Beep => segments.push(Segment::Beep),
                Part::Silence(length) => {
                    longest += *length;
                    segments.push(Segment::Silence(*length));
                }
            }
        }
        Ok(Rendered {
            segments,
            events,
            longest,
        })
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
