//! What callers send: mailboxes that keep letters, a mail relay, and what a story asks about them.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use mail_parser::{Message, MessageParser, MimeHeaders};
use ringback::directory::Directory;
use ringback::line::Sound;
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::mime::Mail;
use ringback::mailbox::{
    Card, Cards, Folder, Letterbox, MailFault, MailStore, MailboxId, MessageClass, MessageId,
    Submission, Submitted,
};
use ringback::policy::mailbox::Subscribers;

use super::requests::{Requests, Room};

/// Whose it is, where it lies, and the letter.
type Kept = (String, Folder, Arc<[u8]>);

/// Letters in mailboxes, and letters that the relay took.
#[derive(Default)]
pub struct Letters {
    kept: Mutex<Vec<Kept>>,
    relayed: Mutex<Vec<(Vec<String>, Vec<u8>)>>,
}

/// The mailboxes of the story as the outbox sees them.
pub struct Post {
    pub letters: Arc<Letters>,
    pub mailbox: EmbeddedMailbox,
    pub requests: Arc<Requests>,
    pub subscribers: Arc<dyn Subscribers>,
    pub directory: Arc<dyn Directory>,
}

fn parsed(letter: &[u8]) -> Message<'_> {
    MessageParser::default().parse(letter).unwrap()
}

#[async_trait]
impl Letterbox for Post {
    async fn put(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        message: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Post)?;
        self.mailbox
            .put(mailbox, folder, message.clone(), received)
            .await?;
        let mut kept = self.letters.kept.lock().unwrap();
        let id = parsed(&message).message_id().map(str::to_owned);
        let known = kept.iter().any(|(user, at, there)| {
            **user == *mailbox.0 && *at == folder && parsed(there).message_id() == id.as_deref()
        });
        if !known {
            kept.push((mailbox.0.to_string(), folder, message));
        }
        Ok(())
    }

    async fn original(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.requests.mail(Room::Post)?;
        self.mailbox.original(mailbox, id).await
    }

    async fn spoken(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        self.requests.mail(Room::Post)?;
        self.mailbox.sound(mailbox, id).await
    }
}

#[async_trait]
impl Submission for Post {
    async fn submit(
        &self,
        _sender: Option<&str>,
        recipients: &[String],
        message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault> {
        self.requests.mail(Room::Post)?;
        let answers = recipients.iter().map(|address| {
            if address.starts_with("nobody@") {
                Submitted::Refused("550 5.1.1 no such user".to_owned())
            } else {
                Submitted::Accepted
            }
        });
        let mut relayed = self.letters.relayed.lock().unwrap();
        relayed.push((recipients.to_vec(), message.to_vec()));
        Ok(answers.collect())
    }
}

#[async_trait]
impl Cards for Post {
    async fn card(&self, mailbox: &MailboxId) -> Result<Card, MailFault> {
        let person = self.directory.by_user(&mailbox.0).await;
        let person = person.map_err(|fault| MailFault::Unavailable(fault.to_string()))?;
        let subscriber = self.subscribers.by_user(&mailbox.0);
        let person = person.ok_or(MailFault::NotFound)?;
        Ok(Card {
            name: person.display_name(),
            address: person.mail,
            number: subscriber.map(|found| found.extension().to_owned()),
        })
    }
}

impl Letters {
    /// How many letters were copied to Sent.
    pub fn copies(&self) -> usize {
        let kept = self.kept.lock().unwrap();
        kept.iter().filter(|(_, at, _)| *at == Folder::Sent).count()
    }

    /// How many letters tell of a missed call.
    pub fn missed_calls(&self) -> usize {
        let kept = self.kept.lock().unwrap();
        let missed = kept
            .iter()
            .filter(|(_, _, letter)| is_missed_call(&parsed(letter)));
        missed.count()
    }

    /// `a copy "Subject" with 1 sound`, `a letter ...` of a user; `a letter to x@y "Subject" ...` of
    /// the relay; each may end with the e-mail of the story that it is `answering`. Nothing when the fact
    /// is of another kind.
    pub fn check(&self, user: &str, fact: &str) -> Option<Result<(), String>> {
        let (folder, wanted) = match (fact.strip_prefix("a copy "), fact.strip_prefix("a letter "))
        {
            (Some(wanted), _) => (Folder::Sent, wanted),
            (_, Some(wanted)) => (Folder::Inbox, wanted),
            _ if fact == "no letters" => {
                let kept = self.kept.lock().unwrap();
                let relayed = self.relayed.lock().unwrap();
                let count = match user {
                    "relay" => relayed.len(),
                    _ => kept.iter().filter(|(of, ..)| of == user).count(),
                };
                return Some(match count {
                    0 => Ok(()),
                    count => Err(format!("there are {count}")),
                });
            }
            _ => return None,
        };
        let tells_what_it_answers = wanted.contains(" answering ");
        let summary = |letter: &[u8]| {
            let answered = answered(letter).filter(|_| tells_what_it_answers);
            let answered = answered.map(|name| format!(" answering {name}"));
            summary(letter) + &answered.unwrap_or_default()
        };
        let found: Vec<String> = if user == "relay" {
            let relayed = self.relayed.lock().unwrap();
            let told = |(to, letter): &(Vec<String>, Vec<u8>)| {
                format!("to {} {}", to.join(" "), summary(letter))
            };
            relayed.iter().map(told).collect()
        } else {
            let kept = self.kept.lock().unwrap();
            let own = kept
                .iter()
                .filter(|(of, at, _)| of == user && *at == folder);
            own.map(|(_, _, letter)| summary(letter)).collect()
        };
        Some(if found.iter().any(|letter| letter == wanted) {
            Ok(())
        } else {
            Err(format!("there is {found:?}"))
        })
    }
}

/// Whether a mail program would show it as one (IPM.Note.Microsoft.Missed.Voice).
fn is_missed_call(letter: &Message<'_>) -> bool {
    letter.header_raw("Content-Class").map(str::trim) == Some("missedcall")
}

/// The e-mail of the story that it answers.
fn answered(letter: &[u8]) -> Option<String> {
    let letter = parsed(letter);
    let id = letter.in_reply_to().as_text()?.to_owned();
    Some(id.strip_suffix("@stories.test")?.to_owned())
}

/// `"Subject" with 1 sound request missed-call important private`.
fn summary(letter: &[u8]) -> String {
    let class = Mail::read(letter).header().class;
    let letter = parsed(letter);
    let mut text = format!("\"{}\"", letter.subject().unwrap_or_default());
    let sounds = letter
        .parts
        .iter()
        .filter(|part| part.is_content_type("audio", "wav"))
        .count();
    match sounds {
        0 => {}
        1 => text.push_str(" with 1 sound"),
        several => text.push_str(&format!(" with {several} sounds")),
    }
    if class == MessageClass::MeetingRequest {
        text.push_str(" request");
    }
    if is_missed_call(&letter) {
        text.push_str(" missed-call");
    }
    let says = |name: &str, value: &str| letter.header_raw(name).map(str::trim) == Some(value);
    if says("Importance", "high") {
        text.push_str(" important");
    }
    if says("Sensitivity", "private") {
        text.push_str(" private");
    }
    text
}
