//! How long we wait for a caller and how often we ask again, as data.

use std::time::Duration;

/// The time-outs and tries of one call's questions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Patience {
    /// Silence after a menu was read before it is read again.
    pub menu: Duration,
    /// How long a first key may still become a two-key command (`1` against `11`).
    pub between_keys: Duration,
    /// How long after the last digit an extension, PIN or name counts as entered.
    pub digits: Duration,
    /// InputFailuresBeforeDisconnect: at so many failures in a row we give up.
    pub failures_max: u8,
    /// How long one utterance may take from its first sound until it was understood or not.
    pub utterance: Duration,
    /// How long playing may stay paused before it counts as ended.
    pub paused_longest: Duration,
    /// How long we wait for somebody who asked us to.
    pub waiting_longest: Duration,
    /// How many questions one call may be asked.
    pub questions_per_call_max: u32,
}

impl Patience {
    /// The same with so many hundredths of the waits for keys.
    pub fn times(self, hundredths: u32) -> Patience {
        let longer = |wait: Duration| wait * hundredths / 100;
        Patience {
            menu: longer(self.menu),
            between_keys: longer(self.between_keys),
            digits: longer(self.digits),
            ..self
        }
    }
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            menu: Duration::from_secs(5),
            between_keys: Duration::from_secs(1),
            digits: Duration::from_secs(3),
            failures_max: 3,
            utterance: Duration::from_secs(12),
            paused_longest: Duration::from_secs(300),
            waiting_longest: Duration::from_secs(300),
            questions_per_call_max: 2_000,
        }
    }
}
