//! The personal contacts that we keep ourselves: cards as rows of a mailbox.
//!
//! They are read when they are asked for. A mailbox has hundreds of them, not tens of thousands, and
//! a row costs a few microseconds.

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Contact, Contacts, DirectoryFault, Group, digit_map, numbers};
use crate::mailbox::MailboxId;
use crate::store::{Store, StoreFault};

/// The contacts and groups of all mailboxes in the store.
#[derive(Clone)]
pub struct EmbeddedContacts {
    store: Store,
}

impl std::fmt::Debug for EmbeddedContacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmbeddedContacts")
    }
}

impl EmbeddedContacts {
    /// The contacts in this store.
    pub fn new(store: Store) -> EmbeddedContacts {
        EmbeddedContacts { store }
    }

    /// All contacts of a mailbox, by name.
    pub async fn all(&self, mailbox: &MailboxId) -> Result<Vec<Contact>, DirectoryFault> {
        let mailbox = mailbox.clone();
        let read = self.store.read(move |db| {
            bodies::<Contact>(db, "SELECT body FROM contact WHERE mailbox = ?1", &mailbox)
        });
        let mut contacts = read.await?;
        contacts.sort_by_cached_key(|contact| (contact.display_name(), contact.id.clone()));
        Ok(contacts)
    }

    /// All personal groups of a mailbox, by name.
    pub async fn all_groups(&self, mailbox: &MailboxId) -> Result<Vec<Group>, DirectoryFault> {
        let mailbox = mailbox.clone();
        let query = "SELECT body FROM personal_group WHERE mailbox = ?1 ORDER BY name";
        let read = self.store.read(move |db| bodies(db, query, &mailbox));
        Ok(read.await?)
    }

    /// Adds contacts and groups, or replaces those of the same identity: all or nothing. Blocks.
    pub fn put_all(
        &self,
        mailbox: &MailboxId,
        contacts: &[Contact],
        groups: &[Group],
    ) -> Result<(), StoreFault> {
        self.store.write_now(|db| {
            contacts
                .iter()
                .try_for_each(|contact| put_contact(db, mailbox, contact))?;
            groups
                .iter()
                .try_for_each(|group| put_group(db, mailbox, group))
        })
    }

    /// The one contact of whom this is true. Several cards of one name are one person, as phones and
    /// mail programs that keep a card each make them.
    async fn only(
        &self,
        mailbox: &MailboxId,
        is_meant: impl Fn(&Contact) -> bool,
    ) -> Result<Option<Contact>, DirectoryFault> {
        let mut meant = self.all(mailbox).await?;
        meant.retain(is_meant);
        meant.dedup_by_key(|contact| contact.display_name());
        let one = meant.pop();
        Ok(one.filter(|_| meant.is_empty()))
    }
}

fn bodies<T: DeserializeOwned>(
    db: &Connection,
    query: &str,
    mailbox: &MailboxId,
) -> Result<Vec<T>, StoreFault> {
    let mut statement = db.prepare_cached(query)?;
    let bodies = statement.query_map([&*mailbox.0], |row| row.get::<_, String>(0))?;
    bodies.map(|body| parsed(&body?)).collect()
}

fn parsed<T: DeserializeOwned>(body: &str) -> Result<T, StoreFault> {
    serde_json::from_str(body)
        .map_err(|error| StoreFault::Database(format!("a stored contact: {error}")))
}

fn written(object: &impl Serialize) -> Result<String, StoreFault> {
    serde_json::to_string(object)
        .map_err(|error| StoreFault::Database(format!("a contact: {error}")))
}

fn put_contact(
    db: &Transaction<'_>,
    mailbox: &MailboxId,
    contact: &Contact,
) -> Result<(), StoreFault> {
    let body = written(contact)?;
    db.prepare_cached("INSERT OR REPLACE INTO contact (mailbox, id, body) VALUES (?1, ?2, ?3)")?
        .execute(params![&*mailbox.0, contact.id, body])?;
    Ok(())
}

fn put_group(db: &Transaction<'_>, mailbox: &MailboxId, group: &Group) -> Result<(), StoreFault> {
    let body = written(group)?;
    let insert = "INSERT OR REPLACE INTO personal_group (mailbox, name, body) VALUES (?1, ?2, ?3)";
    db.prepare_cached(insert)?
        .execute(params![&*mailbox.0, group.name, body])?;
    Ok(())
}

#[async_trait]
impl Contacts for EmbeddedContacts {
    async fn search(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Contact>, DirectoryFault> {
        if digits.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.all(mailbox).await?;
        found.retain(|contact| {
            let spellings = digit_map::spellings_of_contact(contact);
            spellings.iter().any(|keys| keys.starts_with(digits))
        });
        Ok(found)
    }

    async fn search_groups(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Group>, DirectoryFault> {
        if digits.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = self.all_groups(mailbox).await?;
        found.retain(|group| {
            let spellings = digit_map::spellings(&group.name);
            !group.hidden && spellings.iter().any(|keys| keys.starts_with(digits))
        });
        Ok(found)
    }

    async fn group(
        &self,
        mailbox: &MailboxId,
        name: &str,
    ) -> Result<Option<Group>, DirectoryFault> {
        let groups = self.all_groups(mailbox).await?;
        Ok(groups.into_iter().find(|group| group.name == name))
    }

    async fn by_number(
        &self,
        mailbox: &MailboxId,
        number: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        let number = numbers::bare(number);
        self.only(mailbox, |contact| {
            let own = [&contact.business, &contact.mobile, &contact.home];
            own.into_iter()
                .flatten()
                .any(|own| numbers::are_same(&numbers::bare(own), &number))
        })
        .await
    }

    async fn by_address(
        &self,
        mailbox: &MailboxId,
        address: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        self.only(mailbox, |contact| {
            let mail = contact.mail.as_deref();
            mail.is_some_and(|mail| mail.eq_ignore_ascii_case(address))
        })
        .await
    }

    async fn contact(
        &self,
        mailbox: &MailboxId,
        id: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        let (mailbox, id) = (mailbox.clone(), id.to_owned());
        let query = "SELECT body FROM contact WHERE mailbox = ?1 AND id = ?2";
        let read = self.store.read(move |db| {
            let mut statement = db.prepare_cached(query)?;
            let mut rows = statement.query([&*mailbox.0, &id])?;
            match rows.next()? {
                Some(row) => parsed(&row.get::<_, String>(0)?).map(Some),
                None => Ok(None),
            }
        });
        Ok(read.await?)
    }

    async fn put(&self, mailbox: &MailboxId, contact: &Contact) -> Result<(), DirectoryFault> {
        let (mailbox, contact) = (mailbox.clone(), contact.clone());
        let write = self
            .store
            .write(move |db| put_contact(db, &mailbox, &contact));
        Ok(write.await?)
    }

    async fn put_group(&self, mailbox: &MailboxId, group: &Group) -> Result<(), DirectoryFault> {
        let (mailbox, group) = (mailbox.clone(), group.clone());
        let write = self.store.write(move |db| put_group(db, &mailbox, &group));
        Ok(write.await?)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    fn contact(id: &str, given: &str, surname: &str, mobile: &str) -> Contact {
        Contact {
            id: id.into(),
            given_name: given.into(),
            surname: surname.into(),
            mobile: Some(mobile.into()),
            mail: Some(format!("{id}@example.test")),
            ..Contact::default()
        }
    }

    fn alice() -> MailboxId {
        MailboxId("alice".into())
    }

    fn contacts(contacts: &[Contact]) -> (TempDir, EmbeddedContacts) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let kept = EmbeddedContacts::new(store);
        kept.put_all(&alice(), contacts, &[]).unwrap();
        (folder, kept)
    }

    async fn found(kept: &EmbeddedContacts, digits: &str) -> String {
        let found = kept.search(&alice(), digits).await.unwrap();
        let ids: Vec<String> = found.into_iter().map(|contact| contact.id).collect();
        ids.join(" ")
    }

    #[tokio::test]
    async fn contacts_are_spelled_either_way_round_and_stay_in_their_mailbox() {
        let (_folder, kept) = contacts(&[
            contact("a", "Jürgen", "Groß", "1"),
            contact("b", "Ann", "Ivory", "2"),
            Contact {
                id: "c".into(),
                company: "Acme".into(),
                ..Contact::default()
            },
        ]);
        for (digits, expected) in [
            ("587436", "a"),
            ("583743", "a"),
            ("47677", "a"),
            ("266", "b"),
            ("48679", "b"),
            ("22", "c"),
            ("", ""),
        ] {
            assert_eq!(found(&kept, digits).await, expected, "{digits}");
        }
        let bob = MailboxId("bob".into());
        assert_eq!(kept.search(&bob, "266").await.unwrap(), []);
        assert_eq!(kept.contact(&bob, "a").await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_number_or_address_of_two_people_names_nobody() {
        let (_folder, kept) = contacts(&[
            contact("a", "Ann", "Ivory", "+1 555 010 9016"),
            contact("b", "Ann", "Ivory", "5550109016"),
            contact("c", "Bert", "Ash", "+1 555 010 9017"),
            contact("d", "Carl", "Ash", "15550109017"),
        ]);
        let name = async |number| {
            let found = kept.by_number(&alice(), number).await.unwrap();
            found.map(|contact| contact.display_name())
        };
        assert_eq!(name("+15550109016").await.as_deref(), Some("Ann Ivory"));
        assert_eq!(name("5550109017").await, None);
        assert_eq!(name("5550109018").await, None);
        let by_address = kept.by_address(&alice(), "C@EXAMPLE.test").await.unwrap();
        assert_eq!(by_address.map(|contact| contact.id).as_deref(), Some("c"));
    }

    #[tokio::test]
    async fn putting_again_replaces() {
        let (_folder, kept) = contacts(&[contact("a", "Ann", "Ivory", "1")]);
        let group = Group {
            name: "Friends".into(),
            members: vec!["a".into()],
            ..Group::default()
        };
        kept.put_group(&alice(), &group).await.unwrap();
        kept.put(&alice(), &contact("a", "Ann", "Zeta", "1"))
            .await
            .unwrap();
        assert_eq!(found(&kept, "93").await, "a");
        assert_eq!(found(&kept, "48").await, "");
        let groups = kept.search_groups(&alice(), "374363").await.unwrap();
        assert_eq!(groups, [group]);
    }
}
