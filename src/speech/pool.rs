//! How many voices may speak at once, and who goes first: the first sentence of somebody who waits,
//! then the sentences after it, then what is rendered ahead of time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::oneshot;

use super::SpeechFault;

/// How urgent a sentence is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Priority {
    /// A caller waits in silence for it.
    First,
    /// It follows what a caller is hearing.
    Following,
    /// Nobody waits.
    AheadOfTime,
}

const QUEUES: usize = 3;
/// More sentences waiting than this could not be spoken within anybody's patience.
const WAITING_MAX: usize = 2_000;

pub(crate) struct Pool(Mutex<State>);

struct State {
    free: usize,
    waiting: [VecDeque<oneshot::Sender<()>>; QUEUES],
}

/// The right to run one job; dropping it lets the next one run.
pub(crate) struct Place(Arc<Pool>);

impl Pool {
    pub(crate) fn new(places: usize) -> Arc<Pool> {
        Arc::new(Pool(Mutex::new(State {
            free: places.max(1),
            waiting: Default::default(),
        })))
    }

    /// Waits for a place. Dropping the future gives up the turn.
    pub(crate) async fn place(self: &Arc<Self>, priority: Priority) -> Result<Place, SpeechFault> {
        let turn = {
            let mut state = self.state();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Place(self.clone()));
            }
            let queue = &mut state.waiting[priority as usize];
            queue.retain(|waiting| !waiting.is_closed());
            if queue.len() >= WAITING_MAX {
                return Err(SpeechFault::Busy);
            }
            let (sender, turn) = oneshot::channel();
            queue.push_back(sender);
            turn
        };
        // Held from here on, so that a place given to a future that is dropped now is given back.
        let offered = Offered {
            pool: self.clone(),
            turn: Some(turn),
        };
        offered.accept().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn release(&self) {
        let mut state = self.state();
        for queue in 0..QUEUES {
            while let Some(next) = state.waiting[queue].pop_front() {
                if next.send(()).is_ok() {
                    return;
                }
            }
        }
        state.free += 1;
    }
}

struct Offered {
    pool: Arc<Pool>,
    turn: Option<oneshot::Receiver<()>>,
}

impl Offered {
    async fn accept(mut self) -> Result<Place, SpeechFault> {
        let Some(turn) = self.turn.as_mut() else {
            return Err(SpeechFault::Busy);
        };
        let given = turn.await;
        self.turn = None;
        match given {
            Ok(()) => Ok(Place(self.pool.clone())),
            Err(_) => Err(SpeechFault::Busy),
        }
    }
}

impl Drop for Offered {
    fn drop(&mut self) {
        if let Some(mut turn) = self.turn.take() {
            turn.close();
            if turn.try_recv().is_ok() {
                self.pool.release();
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.release();
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the tests need several tasks that wait at once"
)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_in_silence_goes_first() {
        let pool = Pool::new(1);
        let busy = pool.place(Priority::AheadOfTime).await.unwrap();
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut tasks = Vec::new();
        for priority in [
            Priority::AheadOfTime,
            Priority::Following,
            Priority::First,
            Priority::Following,
        ] {
            let (pool, order) = (pool.clone(), order.clone());
            tasks.push(tokio::spawn(async move {
                let _place = pool.place(priority).await.unwrap();
                order.lock().unwrap().push(priority);
            }));
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(order.lock().unwrap().is_empty());
        drop(busy);
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(
            *order.lock().unwrap(),
            [
                Priority::First,
                Priority::Following,
                Priority::Following,
                Priority::AheadOfTime
            ]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_never_lost() {
        let pool = Pool::new(2);
        let first = pool.place(Priority::First).await.unwrap();
        let second = pool.place(Priority::First).await.unwrap();
        // One gives up before it was its turn, one just when it got it.
        let mut gives_up = Box::pin(pool.place(Priority::First));
        let mut too_late = Box::pin(pool.place(Priority::First));
        assert!(
            tokio::time::timeout(Duration::from_secs(1), &mut gives_up)
                .await
                .is_err()
        );
        assert!(
            tokio::time::timeout(Duration::from_secs(1), &mut too_late)
                .await
                .is_err()
        );
        drop(gives_up);
        drop(first);
        drop(too_late);
        drop(second);
        assert_eq!(pool.state().free, 2);
        let _both = (
            pool.place(Priority::First).await.unwrap(),
            pool.place(Priority::First).await.unwrap(),
        );
    }
}
