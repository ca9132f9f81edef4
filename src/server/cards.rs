//! How the owners of mailboxes appear in mails: out of the directory and the organisation.

use std::sync::Arc;

use async_trait::async_trait;

use crate::directory::Directory;
use crate::mailbox::{Card, Cards, MailFault, MailboxId};
use crate::policy::mailbox::{Subscriber, Subscribers};

/// The cards of an organisation.
pub(super) struct DirectoryCards {
    pub(super) subscribers: Arc<dyn Subscribers>,
    pub(super) directory: Arc<dyn Directory>,
}

#[async_trait]
impl Cards for DirectoryCards {
    async fn card(&self, mailbox: &MailboxId) -> Result<Card, MailFault> {
        let person = self
            .directory
            .by_user(&mailbox.0)
            .await
            .map_err(|fault| MailFault::Unavailable(fault.to_string()))?;
        let subscriber = self.subscribers.by_user(&mailbox.0);
        if person.is_none() && subscriber.is_none() {
            return Err(MailFault::NotFound);
        }
        let person = person.unwrap_or_default();
        let named = person.display_name();
        Ok(Card {
            name: match (&subscriber, named.is_empty()) {
                (Some(subscriber), true) => subscriber.display_name.clone(),
                _ => named,
            },
            address: person.mail,
            number: subscriber
                .as_ref()
                .map(Subscriber::extension)
                .filter(|extension| !extension.is_empty())
                .map(str::to_owned)
                .or(person.extension),
        })
    }
}
