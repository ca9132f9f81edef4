//! Times, sorted into steps of 10 µs: what share is below what.

use std::time::Duration;

const STEP_NS: u64 = 10_000;
/// Two seconds; what is longer counts as so long.
const STEPS: usize = 200_000;

/// A collection of times.
pub(super) struct Times {
    steps: Vec<u32>,
    count: u64,
    longest: u64,
}

impl Times {
    pub(super) fn new() -> Times {
        Times {
            steps: vec![0; STEPS],
            count: 0,
            longest: 0,
        }
    }

    pub(super) fn add(&mut self, ns: u64) {
        let step = usize::try_from(ns / STEP_NS).map_or(STEPS - 1, |step| step.min(STEPS - 1));
        self.steps[step] += 1;
        self.count += 1;
        self.longest = self.longest.max(ns);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn longest(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// The time that this share of all does not exceed.
    pub(super) fn share(&self, share: f64) -> Duration {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (step, &count) in self.steps.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted.max(1) {
                return Duration::from_nanos((step as u64 + 1) * STEP_NS).min(self.longest());
            }
        }
        self.longest()
    }
}
