//! The directory that we keep ourselves: people as rows, held in memory between changes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;

use super::{Directory, DirectoryFault, Person, SpelledBy, digit_map};
use crate::store::{self, Store, StoreFault};

/// The people in the store.
pub struct EmbeddedDirectory {
    store: Store,
    people: Mutex<Arc<People>>,
}

/// One state of the directory.
#[derive(Default)]
struct People {
    version: i64,
    by_user: HashMap<String, Person>,
    /// Every bare number with whose it is.
    by_number: HashMap<String, Vec<String>>,
}

impl std::fmt::Debug for EmbeddedDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedDirectory")
    }
}

impl From<StoreFault> for DirectoryFault {
    fn from(fault: StoreFault) -> Self {
        DirectoryFault(fault.to_string())
    }
}

impl EmbeddedDirectory {
    /// The directory of this store.
    pub fn new(store: Store) -> EmbeddedDirectory {
        EmbeddedDirectory {
            store,
            people: Mutex::default(),
        }
    }

    /// The people as they are now: read again only when somebody changed them.
    async fn people(&self) -> Result<Arc<People>, DirectoryFault> {
        let known = self.lock().clone();
        let version = known.version;
        let read = self.store.read(move |db| {
            if store::organisation_version(db)? == version {
                return Ok(None);
            }
            People::read(db).map(Some)
        });
        let Some(people) = read.await? else {
            return Ok(known);
        };
        let people = Arc::new(people);
        *self.lock() = people.clone();
        Ok(people)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<People>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl People {
    fn read(db: &Connection) -> Result<People, StoreFault> {
        let mut people = People {
            version: store::organisation_version(db)?,
            ..People::default()
        };
        let mut statement = db.prepare_cached("SELECT body FROM person")?;
        let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
        for body in bodies {
            let person: Person = serde_json::from_str(&body?)
                .map_err(|error| StoreFault::Database(format!("a stored person: {error}")))?;
            for number in person.extension.iter().chain(&person.mobile) {
                let users = people.by_number.entry(bare(number)).or_default();
                if !users.contains(&person.user) {
                    users.push(person.user.clone());
                }
            }
            people.by_user.insert(person.user.clone(), person);
        }
        Ok(people)
    }
}

/// A number without separators.
fn bare(number: &str) -> String {
    number
        .chars()
        .filter(|character| character.is_ascii_digit() || matches!(character, '+' | '*' | '#'))
        .collect()
}

#[async_trait]
impl Directory for EmbeddedDirectory {
    async fn by_user(&self, user: &str) -> Result<Option<Person>, DirectoryFault> {
        Ok(self.people().await?.by_user.get(user).cloned())
    }

    async fn by_number(&self, number: &str) -> Result<Option<Person>, DirectoryFault> {
        let people = self.people().await?;
        let users = people.by_number.get(&bare(number)).map(Vec::as_slice);
        Ok(match users {
            Some([user]) => people.by_user.get(user).cloned(),
            _ => None,
        })
    }

    async fn search(&self, digits: &str, by: SpelledBy) -> Result<Vec<Person>, DirectoryFault> {
        let people = self.people().await?;
        let mut found: Vec<Person> = people
            .by_user
            .values()
            .filter(|person| digit_map::is_spelled_by(person, digits, by))
            .cloned()
            .collect();
        found.sort_by(|a, b| {
            (&a.surname, &a.given_name, &a.user).cmp(&(&b.surname, &b.given_name, &b.user))
        });
        Ok(found)
    }
}
