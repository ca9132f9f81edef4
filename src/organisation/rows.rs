//! The organisation's objects as rows: a name and a body in JSON.

use rusqlite::{Connection, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::directory::{Group, Person};
use crate::policy::dial_plan::{DialPlan, Gateway, HuntGroup};
use crate::policy::mailbox::Mailbox;
use crate::policy::mailbox_policy::MailboxPolicy;
use crate::store::StoreFault;

/// Something that is kept as a named row.
pub(super) trait Object: Serialize + DeserializeOwned + PartialEq + Clone {
    /// What it is called in TOML.
    const TABLE: &'static str;
    /// The table in the store.
    const ROWS: &'static str = Self::TABLE;
    /// The column that names it, and the key in TOML.
    const KEY: &'static str = "name";
    /// Its name.
    fn name(&self) -> &str;
}

impl Object for DialPlan {
    const TABLE: &'static str = "dial_plan";
    fn name(&self) -> &str {
        &self.name
    }
}

impl Object for Gateway {
    const TABLE: &'static str = "gateway";
    fn name(&self) -> &str {
        &self.name
    }
}

impl Object for HuntGroup {
    const TABLE: &'static str = "hunt_group";
    fn name(&self) -> &str {
        &self.name
    }
}

impl Object for MailboxPolicy {
    const TABLE: &'static str = "mailbox_policy";
    fn name(&self) -> &str {
        &self.name
    }
}

impl Object for Mailbox {
    const TABLE: &'static str = "mailbox";
    const KEY: &'static str = "user";
    fn name(&self) -> &str {
        &self.user
    }
}

impl Object for Group {
    const TABLE: &'static str = "group";
    // `group` is a word of SQL.
    const ROWS: &'static str = "distribution_group";
    fn name(&self) -> &str {
        &self.name
    }
}

impl Object for Person {
    const TABLE: &'static str = "person";
    const KEY: &'static str = "user";
    fn name(&self) -> &str {
        &self.user
    }
}

/// All objects of a kind, by name.
pub(super) fn all<T: Object>(db: &Connection) -> Result<Vec<T>, StoreFault> {
    let mut statement =
        db.prepare_cached(&format!("SELECT body FROM {} ORDER BY {}", T::ROWS, T::KEY))?;
    let bodies = statement.query_map([], |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| {
            serde_json::from_str(&body?)
                .map_err(|error| StoreFault::Database(format!("a stored {}: {error}", T::TABLE)))
        })
        .collect()
}

/// Writes an object over the one of its name, if there is one.
pub(super) fn put<T: Object>(db: &Transaction<'_>, object: &T) -> Result<(), StoreFault> {
    let body = serde_json::to_string(object)
        .map_err(|error| StoreFault::Database(format!("a {}: {error}", T::TABLE)))?;
    db.prepare_cached(&format!(
        "INSERT INTO {table} ({key}, body) VALUES (?1, ?2)
         ON CONFLICT ({key}) DO UPDATE SET body = excluded.body",
        table = T::ROWS,
        key = T::KEY
    ))?
    .execute(params![object.name(), body])?;
    Ok(())
}

/// Removes an object.
pub(super) fn remove<T: Object>(db: &Transaction<'_>, name: &str) -> Result<(), StoreFault> {
    db.prepare_cached(&format!("DELETE FROM {} WHERE {} = ?1", T::ROWS, T::KEY))?
        .execute([name])?;
    Ok(())
}
