//! What a story says about people: where they work and how they are reached, whom a subscriber knows,
//! groups, and the people of a second dial plan.

use std::sync::Arc;

use async_trait::async_trait;
use ringback::directory::embedded::EmbeddedDirectory;
use ringback::directory::embedded_contacts::EmbeddedContacts;
use ringback::directory::{Contact, Contacts, Directory, DirectoryFault, Group, Person, SpelledBy};
use ringback::mailbox::MailboxId;

use super::requests::Room;
use super::world::Watched;

/// The second dial plan of stories, and its policy.
pub const OTHER_PLAN: &str = "other";

/// The people whom a subscriber of the story knows.
#[derive(Default)]
pub struct Acquaintances {
    pub contacts: Vec<Contact>,
    pub groups: Vec<Group>,
}

/// The identity of a contact that a story names.
fn id_of(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn unquoted(word: &str) -> String {
    word.trim_matches('"').to_owned()
}

/// A property of somebody in the directory; false when it is none.
pub fn describe(person: &mut Person, words: &[&str]) -> bool {
    let [property, value] = words else {
        return false;
    };
    let value = unquoted(value);
    match *property {
        "title" => person.title = value,
        "department" => person.department = value,
        "location" => person.location = value,
        "company" => person.company = value,
        "mail" => person.mail = Some(value),
        "business" => person.business = Some(value),
        "home" => person.home = Some(value),
        "romanised" => person.romanised_name = Some(value),
        _ => return false,
    }
    true
}

impl Acquaintances {
    /// `contact "Ann Ivory" mobile +15550109016 company "Acme"`, or
    /// `personal group "Friends" of "Ann Ivory" bob`; false when it is neither.
    pub fn take(&mut self, words: &[&str]) -> Result<bool, String> {
        match words {
            ["contact", name, rest @ ..] => self.contacts.push(contact(name, rest)?),
            ["personal", "group", rest @ ..] => self.groups.push(group(rest)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn contact(name: &str, mut rest: &[&str]) -> Result<Contact, String> {
    let name = unquoted(name);
    let (given, surname) = name.split_once(' ').unwrap_or((&name, ""));
    let mut contact = Contact {
        id: id_of(&name),
        given_name: given.to_owned(),
        surname: surname.to_owned(),
        ..Contact::default()
    };
    while let [property, value, others @ ..] = rest {
        let value = unquoted(value);
        match *property {
            "mobile" => contact.mobile = Some(value),
            "business" => contact.business = Some(value),
            "home" => contact.home = Some(value),
            "mail" => contact.mail = Some(value),
            "company" => contact.company = value,
            "title" => contact.title = value,
            "nickname" => contact.nickname = value,
            "id" => contact.id = value,
            other => return Err(format!("`{other}` is nothing that a contact has")),
        }
        rest = others;
    }
    if let [word] = rest {
        return Err(format!("`{word}` wants a value"));
    }
    Ok(contact)
}

/// `"Friends" of "Ann Ivory" bob someone@example.test`; `hidden` and `mail` may stand before `of`.
pub fn group(words: &[&str]) -> Result<Group, String> {
    let (name, mut rest) = words.split_first().ok_or("a group needs a name")?;
    let mut group = Group {
        name: unquoted(name),
        ..Group::default()
    };
    loop {
        match rest {
            [] => return Ok(group),
            ["hidden", others @ ..] => {
                group.hidden = true;
                rest = others;
            }
            ["mail", mail, others @ ..] => {
                group.mail = Some((*mail).to_owned());
                rest = others;
            }
            ["of", members @ ..] => {
                let members = members.iter().map(|member| {
                    let name = unquoted(member);
                    if *member == name { name } else { id_of(&name) }
                });
                group.members = members.collect();
                return Ok(group);
            }
            [other, ..] => return Err(format!("`{other}` is nothing that a group has")),
        }
    }
}

#[async_trait]
impl Directory for Watched<EmbeddedDirectory> {
    async fn by_user(&self, user: &str) -> Result<Option<Person>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.by_user(user).await
    }
    async fn by_number(&self, number: &str) -> Result<Option<Person>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.by_number(number).await
    }
    async fn by_address(&self, address: &str) -> Result<Option<Person>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.by_address(address).await
    }
    async fn search(
        &self,
        digits: &str,
        by: SpelledBy,
    ) -> Result<Vec<Arc<Person>>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.search(digits, by).await
    }
    async fn search_groups(&self, digits: &str) -> Result<Vec<Group>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.search_groups(digits).await
    }
    async fn group(&self, name: &str) -> Result<Option<Group>, DirectoryFault> {
        self.requests.directory(Room::Directory)?;
        self.room.group(name).await
    }
}

#[async_trait]
impl Contacts for Watched<EmbeddedContacts> {
    async fn search(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Contact>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.search(mailbox, digits).await
    }
    async fn search_groups(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Group>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.search_groups(mailbox, digits).await
    }
    async fn group(
        &self,
        mailbox: &MailboxId,
        name: &str,
    ) -> Result<Option<Group>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.group(mailbox, name).await
    }
    async fn by_number(
        &self,
        mailbox: &MailboxId,
        number: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.by_number(mailbox, number).await
    }
    async fn by_address(
        &self,
        mailbox: &MailboxId,
        address: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.by_address(mailbox, address).await
    }
    async fn contact(
        &self,
        mailbox: &MailboxId,
        id: &str,
    ) -> Result<Option<Contact>, DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.contact(mailbox, id).await
    }
    async fn put(&self, mailbox: &MailboxId, contact: &Contact) -> Result<(), DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.put(mailbox, contact).await
    }
    async fn put_group(&self, mailbox: &MailboxId, group: &Group) -> Result<(), DirectoryFault> {
        self.requests.directory(Room::Contacts)?;
        self.room.put_group(mailbox, group).await
    }
}
