//! The organisation as an administrator and a call see it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tempfile::TempDir;

use super::pins::PinKeeper;
use super::{Organisation, demo};
use crate::policy::clock::WallClock;
use crate::policy::pin::PinCost;
use crate::store::Store;

mod apply;
mod demonstration;
mod mailboxes;
mod people;
mod pins;

const NOW: i64 = 1_795_000_000;

/// A clock that tests move.
struct TestClock(AtomicI64);

impl TestClock {
    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl WallClock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

/// A store of its own, with the demo in it.
struct House {
    folder: TempDir,
    store: Store,
    organisation: Arc<Organisation>,
    clock: Arc<TestClock>,
}

impl House {
    fn new() -> House {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut random = StdRng::seed_from_u64(1);
        demo::build(&store, &[], now(), &mut random, PinCost::CHEAPEST).unwrap();
        House::of(folder, store)
    }

    fn of(folder: TempDir, store: Store) -> House {
        House {
            organisation: Arc::new(Organisation::open(store.clone()).unwrap()),
            clock: Arc::new(TestClock(AtomicI64::new(NOW))),
            folder,
            store,
        }
    }

    fn pins(&self) -> PinKeeper {
        PinKeeper::new(
            self.organisation.clone(),
            self.clock.clone(),
            PinCost::CHEAPEST,
        )
    }
}
