//! The wall clocks of conversations. SIP and media timers never ask them.

use jiff::{SignedDuration, Timestamp};

use crate::policy::clock::WallClock;

/// The clock of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl WallClock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that others are handed"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that was set to some instant when it was made, and goes on from there.
#[derive(Clone, Copy, Debug)]
pub struct ShiftedClock {
    ahead: SignedDuration,
}

impl ShiftedClock {
    /// A clock that shows `start` now.
    pub fn starting_at(start: Timestamp) -> ShiftedClock {
        ShiftedClock {
            ahead: start.duration_since(SystemClock.now()),
        }
    }
}

impl WallClock for ShiftedClock {
    fn now(&self) -> Timestamp {
        let real = SystemClock.now();
        real.checked_add(self.ahead).unwrap_or(real)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_clock_starts_where_it_is_told_and_goes_on() {
        let start: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let clock = ShiftedClock::starting_at(start);
        let first = clock.now();
        assert!(first >= start && first.duration_since(start) < SignedDuration::from_secs(5));
        assert!(clock.now() >= first);
    }
}
