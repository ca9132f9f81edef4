//! How long we wait for a caller and how often we ask again, as data.

use std::time::Duration;

use super::Why;

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
    /// Whether nobody is sent away for silence without an offer to wait. Then a key also forgives the
    /// silences before it: whoever presses one, a wrong one even, is there.
    pub offers_to_wait: bool,
    /// How many questions one call may be asked.
    pub questions_per_call_max: u32,
}

impl Patience {
    /// Counts a failure in a row, given those before it and how many of them were silences since the last
    /// key.
    pub(super) fn count(&self, why: Why, failures: &mut u8, silences: &mut u8) {
        if why == Why::Silence {
            *silences = silences.saturating_add(1);
        } else {
            if self.offers_to_wait {
                *failures = failures.saturating_sub(*silences);
            }
            *silences = 0;
        }
        *failures = failures.saturating_add(1);
    }

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
            offers_to_wait: false,
            questions_per_call_max: 2_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(offers_to_wait: bool, inputs: &[Why]) -> u8 {
        let patience = Patience {
            offers_to_wait,
            ..Patience::default()
        };
        let (mut failures, mut silences) = (0, 0);
        for why in inputs {
            patience.count(*why, &mut failures, &mut silences);
        }
        failures
    }

    #[test]
    fn a_key_forgives_the_silences_before_it_to_whom_we_wait_for() {
        use Why::{InvalidInput as Wrong, Silence};
        for (inputs, stranger, subscriber) in [
            (&[Silence, Silence, Silence][..], 3, 3),
            (&[Wrong, Wrong, Wrong], 3, 3),
            (&[Silence, Silence, Wrong], 3, 1),
            (&[Wrong, Silence, Silence], 3, 3),
            (&[Wrong, Silence, Wrong, Silence], 4, 3),
        ] {
            assert_eq!(counted(false, inputs), stranger, "{inputs:?}");
            assert_eq!(counted(true, inputs), subscriber, "{inputs:?}");
        }
    }
}
