//! The automatic reply: mail that comes in is answered for who is away, once per sender in a while.
//!
//! Stands in front of a mailbox, as the way that mail of other servers takes. The mail is stored
//! first, whatever becomes of the reply; a reply that cannot be made is told to the log and no more.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Outbox, OutboxFault, blocking, hand_in};
use crate::mailbox::auto_reply::{self, Question};
use crate::mailbox::{
    Deposit, Envelope, MailAddress, MailFault, MailboxId, MessageId, OutgoingMail, Recipient,
    Replied, ReplyLimits, Settings,
};

/// Recipients of a mail among whom its owner is looked for. A mail to more people is none to him.
const ADDRESSED_MOST: usize = 100;

/// Knows whose an address is.
#[async_trait]
pub trait WhoseAddress: Send + Sync {
    /// The mailbox that gets what is sent to this address; none when it is not ours.
    async fn whose(&self, address: &str) -> Result<Option<MailboxId>, MailFault>;
}

/// Where replies are handed in.
#[derive(Clone, Debug)]
pub enum ReplyPost {
    /// To the outbox of this process.
    Outbox(Arc<Outbox>),
    /// To the server whose outbox lies in this folder, or the next one that opens it.
    Folder(PathBuf),
}

impl ReplyPost {
    async fn send(&self, mail: OutgoingMail) -> Result<MessageId, OutboxFault> {
        match self {
            ReplyPost::Outbox(outbox) => outbox.send(mail, None).await,
            ReplyPost::Folder(folder) => {
                let folder = folder.clone();
                blocking(move || hand_in(&folder, mail)).await
            }
        }
    }
}

/// What it takes to answer for who is away.
#[derive(Clone)]
pub struct AutoReplies {
    /// Who is away, and with what words.
    pub settings: Arc<dyn Settings>,
    /// Who was answered already.
    pub replied: Arc<dyn Replied>,
    /// Whose an address is.
    pub addresses: Arc<dyn WhoseAddress>,
    /// Where replies go.
    pub post: ReplyPost,
    /// How often.
    pub limits: ReplyLimits,
    /// The words of who has none of his own.
    pub text: Arc<str>,
}

impl AutoReplies {
    /// Answers a mail that was just stored, where that is wanted and right.
    pub async fn answer(&self, owner: &MailboxId, mail: Arc<[u8]>, received: Timestamp) {
        match self.try_to_answer(owner, mail, received).await {
            Ok(()) => tracing::info!(mailbox = %owner.0, "a mail was answered automatically"),
            Err(Unanswered::Not(why)) => {
                tracing::debug!(mailbox = %owner.0, why, "a mail is not answered automatically");
            }
            Err(Unanswered::Fault(fault)) => {
                tracing::warn!(mailbox = %owner.0, fault, "a mail could not be answered automatically");
            }
        }
    }

    async fn try_to_answer(
        &self,
        owner: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<(), Unanswered> {
        let settings = self.settings.settings(owner).await?;
        if !settings.auto_reply {
            return Err(Unanswered::Not("nobody wants it to be"));
        }
        let read = tokio::task::spawn_blocking(move || auto_reply::question(&mail)).await;
        let question = read
            .map_err(|error| Unanswered::Fault(error.to_string()))?
            .map_err(Unanswered::Not)?;
        let sender = self.addresses.whose(&question.sender).await?;
        if sender.as_ref() == Some(owner) {
            return Err(Unanswered::Not("the owner wrote it"));
        }
        if !self.is_addressed(owner, &question).await? {
            return Err(Unanswered::Not("it is not addressed to the owner"));
        }
        let asked = question.sender.to_lowercase();
        if !self
            .replied
            .note_reply(owner, &asked, received, self.limits)
            .await?
        {
            return Err(Unanswered::Not("enough was answered already"));
        }
        let to = Recipient {
            mailbox: sender,
            address: Some(MailAddress {
                name: None,
                address: question.sender.clone(),
            }),
        };
        let own_words = settings
            .auto_reply_text
            .filter(|text| !text.trim().is_empty());
        let text = own_words.unwrap_or_else(|| self.text.to_string());
        let reply = auto_reply::reply(&question, owner.clone(), to, text, received);
        let sent = self.post.send(reply).await;
        sent.map(drop)
            .map_err(|fault| Unanswered::Fault(fault.to_string()))
    }

    async fn is_addressed(
        &self,
        owner: &MailboxId,
        question: &Question,
    ) -> Result<bool, MailFault> {
        if question.addressed.len() > ADDRESSED_MOST {
            return Ok(false);
        }
        for one in &question.addressed {
            if self.addresses.whose(&one.address).await?.as_ref() == Some(owner) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Why there is no reply.
enum Unanswered {
    Not(&'static str),
    Fault(String),
}

impl From<MailFault> for Unanswered {
    fn from(fault: MailFault) -> Unanswered {
        Unanswered::Fault(fault.to_string())
    }
}

/// A mailbox whose mail is answered.
pub struct Answering<D> {
    mailbox: D,
    replies: AutoReplies,
}

impl<D> Answering<D> {
    /// `replies` answer what comes to `mailbox`.
    pub fn new(mailbox: D, replies: AutoReplies) -> Answering<D> {
        Answering { mailbox, replies }
    }
}

#[async_trait]
impl<D: Deposit> Deposit for Answering<D> {
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
        self.replies.answer(to, mail, received).await;
        Ok(id)
    }
}
