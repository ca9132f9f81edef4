//! The calls in progress: how many there are, and how they are told to end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// Whether a call is to end for a reason outside of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) enum Ending {
    /// It goes on.
    #[default]
    No,
    /// The caller is told that the service goes down, then the call ends.
    Told,
    /// Its gateway was disabled: it ends at once.
    GatewayDisabled,
    /// It ends at once.
    Now,
}

#[derive(Debug)]
struct Running {
    source: IpAddr,
    ending: watch::Sender<Ending>,
}

#[derive(Debug, Default)]
struct State {
    running: HashMap<u64, Running>,
    next: u64,
}

/// All calls in progress.
#[derive(Debug)]
pub(super) struct Calls {
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

impl Default for Calls {
    fn default() -> Self {
        Calls {
            state: Mutex::default(),
            count: watch::Sender::new(0),
        }
    }
}

/// The right to be one of the calls in progress; dropping it makes room for another.
#[derive(Debug)]
pub(super) struct Ticket {
    calls: Arc<Calls>,
    id: u64,
    /// Tells the call that it is to end.
    pub(super) ending: watch::Receiver<Ending>,
}

impl Calls {
    /// Lets one more call in, unless there are `at_most` already.
    pub(super) fn admit(self: &Arc<Self>, at_most: usize, source: IpAddr) -> Option<Ticket> {
        let mut state = self.state();
        if state.running.len() >= at_most {
            return None;
        }
        let id = state.next;
        state.next += 1;
        let (sender, ending) = watch::channel(Ending::No);
        let running = Running {
            source,
            ending: sender,
        };
        state.running.insert(id, running);
        self.count.send_replace(state.running.len());
        Some(Ticket {
            calls: self.clone(),
            id,
            ending,
        })
    }

    /// Ends the calls from these sources. A call that already ends in a more urgent way goes on so.
    pub(super) fn end(&self, how: Ending, of: impl Fn(IpAddr) -> bool) -> usize {
        let state = self.state();
        let meant = state.running.values().filter(|call| of(call.source));
        meant
            .filter(|call| {
                call.ending.send_if_modified(|ending| {
                    let more_urgent = how > *ending;
                    if more_urgent {
                        *ending = how;
                    }
                    more_urgent
                })
            })
            .count()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        *self.count.borrow()
    }

    /// Returns when there are none.
    pub(super) async fn all_over(&self) {
        let mut count = self.count.subscribe();
        // The sender lives as long as self.
        let _ = count.wait_for(|count| *count == 0).await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut state = self.calls.state();
        state.running.remove(&self.id);
        self.calls.count.send_replace(state.running.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    #[tokio::test]
    async fn no_more_than_allowed_come_in_and_each_leaves_once() {
        let calls = Arc::new(Calls::default());
        let first = calls.admit(2, HERE).unwrap();
        let second = calls.admit(2, THERE).unwrap();
        assert!(calls.admit(2, HERE).is_none());
        assert_eq!(calls.count(), 2);
        drop(first);
        assert_eq!(calls.count(), 1);
        assert!(calls.admit(2, HERE).is_some(), "there is room again");
        drop(second);
        calls.all_over().await;
    }

    #[test]
    fn only_who_is_meant_is_ended_and_never_less_urgently() {
        let calls = Arc::new(Calls::default());
        let here = calls.admit(9, HERE).unwrap();
        let there = calls.admit(9, THERE).unwrap();
        assert_eq!(
            calls.end(Ending::GatewayDisabled, |source| source == THERE),
            1
        );
        assert_eq!(*here.ending.borrow(), Ending::No);
        assert_eq!(*there.ending.borrow(), Ending::GatewayDisabled);
        assert_eq!(calls.end(Ending::Told, |_| true), 1);
        assert_eq!(*there.ending.borrow(), Ending::GatewayDisabled);
        assert_eq!(*here.ending.borrow(), Ending::Told);
        assert_eq!(calls.end(Ending::Now, |_| true), 2);
    }
}
