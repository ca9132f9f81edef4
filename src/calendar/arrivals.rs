//! Invitations, cancellations and answers that come by mail (iMIP, RFC 6047): the mail is stored as any
//! other, and the calendar follows it.
//!
//! Stands in front of a mailbox, so that every way in leads through it: LMTP, the outbox, the command
//! line. A calendar that cannot follow costs nobody the mail.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tracing::warn;

use super::Calendar;
use crate::line::Sound;
use crate::mailbox::mime::Mail;
use crate::mailbox::{Deposit, Envelope, Folder, Letterbox, MailFault, MailboxId, MessageId};

/// A mailbox with the calendar that follows what comes into it.
pub struct Followed<M> {
    mailbox: Arc<M>,
    calendar: Arc<dyn Calendar>,
}

impl<M> Followed<M> {
    /// `calendar` follows `mailbox`.
    pub fn new(mailbox: Arc<M>, calendar: Arc<dyn Calendar>) -> Followed<M> {
        Followed { mailbox, calendar }
    }

    async fn follow(&self, mailbox: &MailboxId, mail: Arc<[u8]>) {
        let read = tokio::task::spawn_blocking(move || scheduling_part(&mail)).await;
        let Ok(Some((object, sender))) = read else {
            return;
        };
        match self.calendar.take(mailbox, &object, Some(&sender)).await {
            Ok(_) => {}
            Err(fault) => warn!(
                "the calendar of {} does not follow a mail: {fault}",
                mailbox.0
            ),
        }
    }
}

/// The iCalendar object of a mail that is about a meeting, and who sent it.
fn scheduling_part(mail: &[u8]) -> Option<(String, String)> {
    let mail = Mail::read(mail);
    let sender = mail.header().from.as_ref()?.address.clone();
    Some((mail.content().invitation?, sender))
}

#[async_trait]
impl<M: Deposit> Deposit for Followed<M> {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        self.mailbox.deposit(envelope, sound).await
    }

    async fn deposit_mail(
        &self,
        to: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        let id = self
            .mailbox
            .deposit_mail(to, mail.clone(), received)
            .await?;
        self.follow(to, mail).await;
        Ok(id)
    }
}

#[async_trait]
impl<M: Letterbox> Letterbox for Followed<M> {
    async fn put(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        message: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<(), MailFault> {
        self.mailbox
            .put(mailbox, folder, message.clone(), received)
            .await?;
        // Copies of what the owner sent are no news to him.
        if folder == Folder::Inbox {
            self.follow(mailbox, message).await;
        }
        Ok(())
    }

    async fn original(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.mailbox.original(mailbox, id).await
    }

    async fn spoken(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        self.mailbox.spoken(mailbox, id).await
    }
}
