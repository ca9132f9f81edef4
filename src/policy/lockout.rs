//! Counting failed sign-ins: when sign-in is blocked for a while, and when a mailbox is locked.
//!
//! An attempt is counted as failed before its outcome is known, and taken back when the PIN was
//! right: so neither parallel calls nor a killed process can guess for free.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::mailbox_policy::MailboxPolicy;

/// How long sign-in is blocked after too many failures in a row.
pub const BLOCKED_FOR: Duration = Duration::from_secs(15 * 60);

/// Time in which wrong sign-ins are counted over all mailboxes.
pub const SPRAY_WINDOW: Duration = Duration::from_secs(10 * 60);
/// Wrong sign-ins of one calling number in [`SPRAY_WINDOW`] after which it is refused unheard.
pub const SPRAY_PER_CALLING_NUMBER: u64 = 20;
/// Wrong sign-ins in the whole system in [`SPRAY_WINDOW`] after which answers become slow.
pub const SPRAY_PER_SYSTEM: u64 = 100;

/// The failures of one mailbox, over all calls and channels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Failures {
    /// Failures in a row.
    pub count: u32,
    /// Sign-in is blocked until then.
    pub blocked_until: Option<Timestamp>,
    /// Locked until an administrator unlocks it.
    pub locked: bool,
}

/// Whether a PIN is looked at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// It is.
    Open,
    /// Not before the block is over.
    Blocked,
    /// Not before an administrator unlocks the mailbox.
    Locked,
}

impl Failures {
    /// Whether an attempt at `now` is looked at.
    pub fn gate(&self, now: Timestamp) -> Gate {
        if self.locked {
            Gate::Locked
        } else if self.blocked_until.is_some_and(|until| now < until) {
            Gate::Blocked
        } else {
            Gate::Open
        }
    }

    /// The same without what a clock that was set back would make longer than [`BLOCKED_FOR`].
    pub fn at(self, now: Timestamp) -> Failures {
        let longest = later(now, BLOCKED_FOR);
        Failures {
            blocked_until: self.blocked_until.map(|until| until.min(longest)),
            ..self
        }
    }

    /// After one more failure in a row at `now`.
    pub fn after_failure(self, now: Timestamp, policy: &MailboxPolicy) -> Failures {
        let count = self.count.saturating_add(1);
        let blocks = policy.resets_pin_at(count);
        Failures {
            count,
            blocked_until: blocks.then(|| later(now, BLOCKED_FOR)),
            locked: self.locked || count >= u32::from(policy.max_logon_attempts),
        }
    }

    /// After the attempt that was counted as failure number `attempt` turned out right: what was
    /// counted before it is forgiven, what other calls have begun since still counts.
    pub fn after_success(self, attempt: u32, policy: &MailboxPolicy, now: Timestamp) -> Failures {
        let newer = self.count.saturating_sub(attempt);
        (0..newer).fold(Failures::default(), |failures, _| {
            failures.after_failure(now, policy)
        })
    }
}

fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| now.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + seconds).unwrap()
    }

    /// What the nth failure in a row leads to, one a second, each let through after the block.
    fn after(failures: u32, policy: &MailboxPolicy) -> Gate {
        let mut state = Failures::default();
        for _ in 0..failures {
            state = state.after_failure(at(0), policy);
        }
        state.gate(at(0))
    }

    #[test]
    fn five_block_and_fifteen_lock() {
        let policy = MailboxPolicy::default();
        let table = [
            (0, Gate::Open),
            (1, Gate::Open),
            (4, Gate::Open),
            (5, Gate::Blocked),
            (6, Gate::Open),
            (9, Gate::Open),
            (10, Gate::Blocked),
            (11, Gate::Open),
            (14, Gate::Open),
            (15, Gate::Locked),
            (16, Gate::Locked),
        ];
        for (failures, gate) in table {
            assert_eq!(after(failures, &policy), gate, "{failures} failures");
        }
    }

    #[test]
    fn blocking_can_be_switched_off() {
        let policy = MailboxPolicy {
            logon_failures_before_pin_reset: 0,
            max_logon_attempts: 3,
            ..MailboxPolicy::default()
        };
        assert_eq!(after(2, &policy), Gate::Open);
        assert_eq!(after(3, &policy), Gate::Locked);
    }

    #[test]
    fn a_block_lasts_fifteen_minutes_and_not_longer_with_a_clock_set_back() {
        let policy = MailboxPolicy {
            logon_failures_before_pin_reset: 1,
            ..MailboxPolicy::default()
        };
        let blocked = Failures::default().after_failure(at(0), &policy);
        assert_eq!(blocked.gate(at(899)), Gate::Blocked);
        assert_eq!(blocked.gate(at(900)), Gate::Open);
        let set_back = blocked.at(at(-3_600));
        assert_eq!(set_back.gate(at(-3_600 + 899)), Gate::Blocked);
        assert_eq!(set_back.gate(at(-3_600 + 900)), Gate::Open);
    }

    #[test]
    fn a_right_pin_forgives_what_came_before_and_nothing_that_came_after() {
        let policy = MailboxPolicy::default();
        let mut state = Failures::default();
        for _ in 0..5 {
            state = state.after_failure(at(0), &policy);
        }
        assert_eq!(state.after_success(5, &policy, at(0)), Failures::default());
        let newer = state.after_success(3, &policy, at(0));
        assert_eq!((newer.count, newer.gate(at(0))), (2, Gate::Open));
    }

    #[test]
    fn a_lock_outlasts_everything() {
        let policy = MailboxPolicy::default();
        let locked = Failures {
            locked: true,
            ..Failures::default()
        };
        assert_eq!(
            locked.after_failure(at(0), &policy).gate(at(1 << 30)),
            Gate::Locked
        );
    }
}
