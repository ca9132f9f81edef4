//! Whether this process lives, and whether it should be sent calls.

use std::sync::{Arc, PoisonError, RwLock};

/// What `/healthz` answers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum State {
    /// Not yet listening.
    Starting,
    /// Takes calls.
    Ready,
    /// Finishes its calls and takes no new ones.
    Draining,
}

/// Says what an operator ought to know although calls are taken.
pub type Note = Arc<dyn Fn() -> Option<String> + Send + Sync>;

/// The state of the process, for whoever asks.
pub struct Health(RwLock<State>, RwLock<Option<Note>>);

impl Default for Health {
    fn default() -> Self {
        Health(RwLock::new(State::Starting), RwLock::new(None))
    }
}

impl std::fmt::Debug for Health {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Health({:?})", self.state())
    }
}

impl Health {
    /// Changes the state.
    pub fn set(&self, state: State) {
        *self
            .0
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = state;
    }

    /// The state.
    pub fn state(&self) -> State {
        self.0
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone()
    }

    /// Asks `note`, each time somebody asks, for what else there is to say.
    pub fn ask(&self, note: Note) {
        *self.1.write().unwrap_or_else(PoisonError::into_inner) = Some(note);
    }

    /// What an operator ought to know although calls are taken.
    pub fn note(&self) -> Option<String> {
        let note = self.1.read().unwrap_or_else(PoisonError::into_inner);
        let note = note.clone()?;
        note()
    }

    /// Whether new calls are taken.
    pub fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }
}
