//! Dial plans, gateways, hunt groups, policies, mailboxes and people: read, check, apply, export.
//!
//! The organisation lives in the store. A running server works with an [`OrganisationSnapshot`]
//! in memory, which is replaced as a whole when anybody, the command line included, has changed
//! the store.

pub mod apply;
pub mod demo;
pub mod demo_mails;
pub mod mailboxes;
mod people;
pub mod people_file;
mod pin_rows;
pub mod pins;
mod rows;
pub mod snapshot;
mod text;
mod whole;

use std::sync::{Arc, PoisonError, RwLock};

use rusqlite::params;

use crate::directory::{Person, digit_map};
use crate::line::Sound;
use crate::policy::mailbox::{Subscriber, Subscribers};
use crate::store::{self, Store, StoreFault, wav};

pub use apply::{Report, apply, apply_text, check_text, export, export_text};
pub use snapshot::OrganisationSnapshot;
pub use whole::{OrganisationFault, Whole};

/// The organisation as it is now.
pub struct Organisation {
    store: Store,
    snapshot: RwLock<Arc<OrganisationSnapshot>>,
}

impl std::fmt::Debug for Organisation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Organisation(version {})", self.snapshot().version())
    }
}

impl Organisation {
    /// Reads the organisation in `store`. Blocks.
    pub fn open(store: Store) -> Result<Organisation, StoreFault> {
        let snapshot = store.read_now(OrganisationSnapshot::read)?;
        Ok(Organisation {
            store,
            snapshot: RwLock::new(Arc::new(snapshot)),
        })
    }

    /// The present state. Cheap; a call keeps it for one decision, not for its length.
    pub fn snapshot(&self) -> Arc<OrganisationSnapshot> {
        self.snapshot
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Reads the organisation again if somebody changed it; says whether.
    pub async fn refresh(&self) -> Result<bool, StoreFault> {
        if self.store.organisation_version().await? == self.snapshot().version() {
            return Ok(false);
        }
        let snapshot = self.store.read(OrganisationSnapshot::read).await?;
        self.replace(snapshot);
        Ok(true)
    }

    /// [`Organisation::refresh`] for the command line: blocks.
    pub fn refresh_now(&self) -> Result<(), StoreFault> {
        let snapshot = self.store.read_now(OrganisationSnapshot::read)?;
        self.replace(snapshot);
        Ok(())
    }

    /// Puts another sound in the place of a dial plan's welcome or announcement. A file that no dial plan
    /// names is left alone, and an error: it would be heard by nobody.
    pub async fn replace_custom_prompt(
        &self,
        file_name: &str,
        sound: &Sound,
    ) -> Result<(), OrganisationFault> {
        let (name, bytes) = (file_name.to_owned(), wav::encode(sound.samples()));
        let replaced = self
            .store
            .write(move |db| {
                let rows = db.execute(
                    "UPDATE custom_prompt SET wav = ?2 WHERE file_name = ?1",
                    params![name, bytes],
                )?;
                if rows > 0 {
                    store::count_organisation_change(db)?;
                }
                Ok(rows > 0)
            })
            .await?;
        if !replaced {
            return Err(OrganisationFault::wrong(format!(
                "no dial plan has a sound {file_name:?} any more"
            )));
        }
        self.refresh().await?;
        Ok(())
    }

    fn replace(&self, snapshot: OrganisationSnapshot) {
        let mut present = self
            .snapshot
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        // Two readers may have raced; the newer state stays.
        if snapshot.version() >= present.version() {
            *present = Arc::new(snapshot);
        }
    }
}

/// The users whom callers can find by their extension only: not hidden, and with a name that no
/// keypad spells. Blocks.
pub fn people_without_keys(store: &Store) -> Result<Vec<String>, StoreFault> {
    let people = store.read_now(rows::all::<Person>)?;
    let unfindable = people
        .into_iter()
        .filter(|person| !person.hidden && !digit_map::can_be_spelled(person));
    Ok(unfindable.map(|person| person.user).collect())
}

impl Subscribers for Organisation {
    fn by_number(&self, dial_plan: &str, number: &str) -> Option<Subscriber> {
        self.snapshot().by_number(dial_plan, number)
    }

    fn by_user(&self, user: &str) -> Option<Subscriber> {
        self.snapshot().by_user(user)
    }
}

#[cfg(test)]
mod tests;
