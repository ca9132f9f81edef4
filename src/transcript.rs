//! What was said and pressed in a call, as plain events: read by files, pages and the live view.
//!
//! Some events only serve who follows a call as it goes on: see [`Event::is_passing`].
//!
//! No PIN digit ever stands here. A key that a PIN question took is [`Event::Key`] with
//! [`Pressed::Secret`]; keys that nobody consumed are only counted.

use std::sync::Arc;

use serde::Serialize;

/// One thing that happened in a call.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A call was answered.
    Arrived {
        /// `subscriber-access`, `call-answering`, …
        entry_point: String,
        /// The called number.
        called: String,
        /// The calling number, if any.
        calling: Option<String>,
        /// The number that diverted the call, if any.
        diverted_from: Option<String>,
        /// ReasonForCall: `Direct`, `DivertForward`, `DivertBusy`, `DivertNoAnswer`.
        reason: String,
    },
    /// A prompt began to sound. One that was cut off before its first word is not here.
    Says {
        /// Its name.
        prompt: String,
        /// All its words.
        text: String,
    },
    /// A question took a key.
    Key {
        /// Which.
        key: Pressed,
    },
    /// Keys that no question took, dropped.
    UnusedKeys {
        /// How many.
        count: usize,
    },
    /// The recogniser's words.
    Hears {
        /// As understood.
        words: String,
    },
    /// The caller chose.
    Choice {
        /// The menu's name.
        menu: String,
        /// The choice's name.
        choice: String,
    },
    /// A recording began to sound.
    Plays {
        /// What: `message`, `greeting`, `name`, `recording`.
        what: String,
    },
    /// The caller was recorded.
    Records {
        /// Length in seconds.
        seconds: f64,
    },
    /// The caller is transferred.
    Transfers {
        /// To which number.
        to: String,
    },
    /// The caller signed in.
    SignedIn {
        /// To whose mailbox.
        mailbox: String,
    },
    /// A question is open from now on: what may be pressed.
    Asks {
        /// The menu's name, or `digits`, `pin`, `after-tone`.
        menu: String,
        /// What the menu is called on the key card; empty where it has no place there.
        heading: String,
        /// The keys that mean something.
        keys: Vec<OpenKey>,
    },
    /// What was said or played is over, or was cut off.
    FallsSilent,
    /// The call is over.
    Ended {
        /// Why.
        why: String,
    },
}

impl Event {
    /// Whether this is of use only while the call goes on, or for drawing it: transcripts in files
    /// are kept without it.
    pub fn is_passing(&self) -> bool {
        matches!(self, Event::Asks { .. } | Event::FallsSilent)
    }
}

/// A key that means something now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct OpenKey {
    /// What is pressed.
    pub keys: String,
    /// The choice's name.
    pub choice: String,
    /// What it does, as callers are told.
    pub says: String,
    /// `any-time`, `while-playing` or `after-playing`.
    pub when: &'static str,
}

/// A key in a transcript.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pressed {
    /// This one.
    Key(char),
    /// A digit of a PIN.
    Secret,
}

impl Serialize for Pressed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Pressed::Key(character) => serializer.serialize_char(*character),
            Pressed::Secret => serializer.serialize_str("secret"),
        }
    }
}

/// Somebody who is told what happens in calls, as it happens. Must not block.
pub trait Witness: Send + Sync {
    /// `call` is the SIP Call-ID.
    fn note(&self, call: &str, event: Event);
}

/// One call's transcript, as its conversation writes it.
#[derive(Clone)]
pub struct Transcript {
    call: Arc<str>,
    witnesses: Arc<[Arc<dyn Witness>]>,
}

impl Transcript {
    /// The transcript of the call with this Call-ID.
    pub fn new(call: &str, witnesses: Arc<[Arc<dyn Witness>]>) -> Transcript {
        Transcript {
            call: call.into(),
            witnesses,
        }
    }

    /// A transcript that nobody reads.
    pub fn unread() -> Transcript {
        Transcript {
            call: "".into(),
            witnesses: Arc::new([]),
        }
    }

    /// Whether anybody reads it.
    pub fn is_read(&self) -> bool {
        !self.witnesses.is_empty()
    }

    /// Writes one event.
    pub fn note(&self, event: Event) {
        for witness in self.witnesses.iter() {
            witness.note(&self.call, event.clone());
        }
    }
}
