//! A subscriber's own people: personal contacts and groups, behind a trait.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::DirectoryFault;
use crate::mailbox::{CallDetails, MailboxId};

/// A personal contact.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Contact {
    /// Identity within the mailbox: the card's UID (RFC 6350).
    pub id: String,
    /// Given names.
    pub given_name: String,
    /// Family name.
    pub surname: String,
    /// The name as a whole (FN), when it has no such parts.
    pub full_name: String,
    /// Nickname: found by it too.
    pub nickname: String,
    /// Company.
    pub company: String,
    /// Job title.
    pub title: String,
    /// Office telephone.
    pub business: Option<String>,
    /// Mobile telephone.
    pub mobile: Option<String>,
    /// Telephone at home.
    pub home: Option<String>,
    /// Mail address.
    pub mail: Option<String>,
}

impl Contact {
    /// The name to read aloud.
    pub fn display_name(&self) -> String {
        let parts = format!("{} {}", self.given_name, self.surname);
        let parts = parts.trim();
        // Telephones keep cards with nothing but an address.
        let mail = self.mail.as_deref().unwrap_or_default();
        for name in [parts, &self.full_name, &self.nickname, &self.company, mail] {
            if !name.is_empty() {
                return name.to_owned();
            }
        }
        String::new()
    }

    /// What a mail about a call tells of this contact, the call itself apart.
    pub fn call_details(&self) -> CallDetails {
        CallDetails {
            name: Some(self.display_name()),
            mail: self.mail.clone(),
            title: Some(self.title.clone()),
            company: Some(self.company.clone()),
            work: self.business.clone(),
            mobile: self.mobile.clone(),
            home: self.home.clone(),
            ..CallDetails::default()
        }
    }
}

/// Several people under one name.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Group {
    /// Identity: unique in the organisation, or within the mailbox.
    pub name: String,
    /// Its mail address, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// User names of colleagues, contact ids, mail addresses.
    pub members: Vec<String>,
    /// Not found by callers.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// The personal contacts of a mailbox.
#[async_trait]
pub trait Contacts: Send + Sync {
    /// The contacts whose name begins with these keys, spelled either way round
    /// ([`spellings_of_contact`](super::digit_map::spellings_of_contact)), by name.
    async fn search(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Contact>, DirectoryFault>;
    /// The personal groups whose name begins with these keys, by name.
    async fn search_groups(
        &self,
        mailbox: &MailboxId,
        digits: &str,
    ) -> Result<Vec<Group>, DirectoryFault>;
    /// A personal group by name.
    async fn group(&self, mailbox: &MailboxId, name: &str)
    -> Result<Option<Group>, DirectoryFault>;
    /// The one contact with this number, however much of area and country is written before it;
    /// nobody when two differ. Two cards of one name are one person.
    async fn by_number(
        &self,
        mailbox: &MailboxId,
        number: &str,
    ) -> Result<Option<Contact>, DirectoryFault>;
    /// The one contact with this mail address; nobody when two differ.
    async fn by_address(
        &self,
        mailbox: &MailboxId,
        address: &str,
    ) -> Result<Option<Contact>, DirectoryFault>;
    /// A contact by identity.
    async fn contact(
        &self,
        mailbox: &MailboxId,
        id: &str,
    ) -> Result<Option<Contact>, DirectoryFault>;
    /// Adds a contact, or replaces the one with its identity.
    async fn put(&self, mailbox: &MailboxId, contact: &Contact) -> Result<(), DirectoryFault>;
    /// Adds a personal group, or replaces the one with its name.
    async fn put_group(&self, mailbox: &MailboxId, group: &Group) -> Result<(), DirectoryFault>;
}
