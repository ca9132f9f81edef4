//! How late a pump runs, as a running mean: what tells a core that has too many calls from one that
//! was held up once.

use std::time::Duration;

/// The mean follows what is new within so many slots: half a second.
const SLOTS_BEHIND: u32 = 200;

/// A running mean of how late slots begin.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Lateness {
    mean: Duration,
}

impl Lateness {
    /// One more slot began so late.
    pub(super) fn note(&mut self, late: Duration) {
        self.mean = (self.mean * (SLOTS_BEHIND - 1) + late) / SLOTS_BEHIND;
    }

    /// The mean.
    pub(super) fn mean(self) -> Duration {
        self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(slots: u32, late_ms: impl Fn(u32) -> u64) -> Duration {
        let mut lateness = Lateness::default();
        for slot in 0..slots {
            lateness.note(Duration::from_millis(late_ms(slot)));
        }
        lateness.mean()
    }

    #[test]
    fn one_hold_up_is_not_taken_for_too_many_calls() {
        // 60 ms late once, made up for slot by slot.
        let held_up = |slot: u32| 60_u64.saturating_sub(u64::from(slot) * 3);
        for slots in 1..1_000 {
            let mean = after(slots, held_up);
            assert!(mean < Duration::from_millis(5), "{mean:?} after {slots}");
        }
        assert!(after(1_000, held_up) < Duration::from_millis(1));
    }

    #[test]
    fn what_lasts_is_noticed_within_a_second_and_forgotten_as_soon() {
        assert!(after(400, |_| 30) > Duration::from_millis(20));
        let recovered = after(1_200, |slot| if slot < 400 { 30 } else { 0 });
        assert!(recovered < Duration::from_millis(1), "{recovered:?}");
    }
}
