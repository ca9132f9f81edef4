//! Whether this process lives, and whether it should be sent calls.

use std::sync::RwLock;

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

/// The state of the process, for whoever asks.
#[derive(Debug)]
pub struct Health(RwLock<State>);

impl Default for Health {
    fn default() -> Self {
        Health(RwLock::new(State::Starting))
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

    /// Whether new calls are taken.
    pub fn is_ready(&self) -> bool {
        self.state() == State::Ready
    }
}
