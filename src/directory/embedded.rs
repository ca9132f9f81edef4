//! The directory that we keep ourselves: people as rows, held in memory between changes.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::index::Index;
use super::{Directory, DirectoryFault, Group, Person, SpelledBy};
use crate::store::{self, Store, StoreFault};

/// The people in the store.
pub struct EmbeddedDirectory {
    store: Store,
    known: Mutex<Arc<Known>>,
}

/// One state of the directory.
#[derive(Default)]
struct Known {
    version: i64,
    index: Index,
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
            known: Mutex::default(),
        }
    }

    /// The people as they are now: read again only when somebody changed them.
    async fn known(&self) -> Result<Arc<Known>, DirectoryFault> {
        let known = self.lock().clone();
        let version = known.version;
        let read = self.store.read(move |db| {
            if store::organisation_version(db)? == version {
                return Ok(None);
            }
            Known::read(db).map(Some)
        });
        let Some(newer) = read.await? else {
            return Ok(known);
        };
        let newer = Arc::new(newer);
        *self.lock() = newer.clone();
        Ok(newer)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Arc<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn read(db: &Connection) -> Result<Known, StoreFault> {
        Ok(Known {
            version: store::organisation_version(db)?,
            index: Index::new(
                bodies(db, "SELECT body FROM person")?,
                bodies(db, "SELECT body FROM distribution_group")?,
            ),
        })
    }
}

fn bodies<T: DeserializeOwned>(db: &Connection, query: &str) -> Result<Vec<T>, StoreFault> {
    let mut statement = db.prepare_cached(query)?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| {
            serde_json::from_str(&body?)
                .map_err(|error| StoreFault::Database(format!("a row of the directory: {error}")))
        })
        .collect()
}

#[async_trait]
impl Directory for EmbeddedDirectory {
    async fn by_user(&self, user: &str) -> Result<Option<Person>, DirectoryFault> {
        let known = self.known().await?;
        Ok(known.index.by_user(user).map(|person| (**person).clone()))
    }

    async fn by_number(&self, number: &str) -> Result<Option<Person>, DirectoryFault> {
        let known = self.known().await?;
        Ok(known.index.by_number(number).map(|one| (**one).clone()))
    }

    async fn by_address(&self, address: &str) -> Result<Option<Person>, DirectoryFault> {
        let known = self.known().await?;
        Ok(known.index.by_address(address).map(|one| (**one).clone()))
    }

    async fn search(
        &self,
        digits: &str,
        by: SpelledBy,
    ) -> Result<Vec<Arc<Person>>, DirectoryFault> {
        Ok(self.known().await?.index.search(digits, by))
    }

    async fn search_groups(&self, digits: &str) -> Result<Vec<Group>, DirectoryFault> {
        Ok(self.known().await?.index.search_groups(digits))
    }

    async fn group(&self, name: &str) -> Result<Option<Group>, DirectoryFault> {
        Ok(self.known().await?.index.group(name).cloned())
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// User, given name, surname, extension, mobile number.
    type Row<'a> = (&'a str, &'a str, &'a str, Option<&'a str>, Option<&'a str>);

    fn directory(people: &[Row<'_>]) -> (TempDir, EmbeddedDirectory) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        put(&store, people);
        (folder, EmbeddedDirectory::new(store))
    }

    fn put(store: &Store, people: &[Row<'_>]) {
        store
            .write_now(|db| {
                for (user, given_name, surname, extension, mobile) in people {
                    let person = Person {
                        user: (*user).into(),
                        given_name: (*given_name).into(),
                        surname: (*surname).into(),
                        extension: extension.map(str::to_owned),
                        mobile: mobile.map(str::to_owned),
                        ..Person::default()
                    };
                    let body = serde_json::to_string(&person).unwrap();
                    db.execute(
                        "INSERT OR REPLACE INTO person VALUES (?1, ?2)",
                        [*user, &body],
                    )?;
                }
                store::count_organisation_change(db)
            })
            .unwrap();
    }

    async fn number(directory: &EmbeddedDirectory, number: &str) -> Option<String> {
        let found = directory.by_number(number).await.unwrap();
        found.map(|person| person.user)
    }

    #[tokio::test]
    async fn people_are_found_by_user_and_by_either_number() {
        let (_folder, directory) = directory(&[
            (
                "alice",
                "Alice",
                "Archer",
                Some("2001"),
                Some("+15550102001"),
            ),
            ("bob", "Bob", "Baker", Some("2002"), Some("+1 555 010 2002")),
        ]);
        assert_eq!(number(&directory, "2001").await.as_deref(), Some("alice"));
        assert_eq!(
            number(&directory, "+1 (555) 010-2001").await.as_deref(),
            Some("alice")
        );
        assert_eq!(
            number(&directory, "+15550102002").await.as_deref(),
            Some("bob")
        );
        assert_eq!(number(&directory, "2003").await, None);
        assert_eq!(number(&directory, "").await, None);
        let bob = directory.by_user("bob").await.unwrap().unwrap();
        assert_eq!(bob.display_name(), "Bob Baker");
        assert_eq!(directory.by_user("Bob").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_number_of_two_people_names_nobody() {
        let (_folder, directory) = directory(&[
            ("alice", "Alice", "Archer", Some("2001"), None),
            ("bob", "Bob", "Baker", Some("2002"), Some("2001")),
            ("carol", "Carol", "Carter", Some("2003"), Some("2003")),
        ]);
        assert_eq!(number(&directory, "2001").await, None);
        assert_eq!(number(&directory, "2003").await.as_deref(), Some("carol"));
    }

    #[tokio::test]
    async fn who_is_renamed_is_found_under_the_new_name_at_once() {
        let (_folder, directory) = directory(&[
            ("a", "Kim", "Brown", None, None),
            ("b", "Kim", "Browne", None, None),
            ("c", "Kin", "Crown", None, None),
        ]);
        let found = async |digits| {
            let people = directory
                .search(digits, SpelledBy::LastFirst)
                .await
                .unwrap();
            let users: Vec<String> = people.iter().map(|person| person.user.clone()).collect();
            users.join(" ")
        };
        assert_eq!(
            found("27696").await,
            "a b c",
            "Brown, Browne and Crown are spelled alike"
        );
        assert_eq!(found("276963").await, "b");
        put(&directory.store, &[("a", "Kim", "Zuse", None, None)]);
        assert_eq!(found("27696").await, "b c");
        assert_eq!(found("9873").await, "a");
        assert_eq!(found("").await, "");
    }
}
