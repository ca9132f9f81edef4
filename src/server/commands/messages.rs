//! `mailbox deliver`, `messages` and `export`: messages in and out of mailboxes.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use jiff::Timestamp;

use super::super::mail_owners::{MailOwners, auto_replies};
use super::mailboxes::{find, name_of};
use super::{Place, print, voice_mails};
use crate::calendar::arrivals::Followed;
use crate::calendar::embedded::EmbeddedCalendar;
use crate::directory::embedded::EmbeddedDirectory;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::mime::Header;
use crate::mailbox::{
    Deposit as _, Email, Envelope, Folder, Importance, MailAddress, MailFault, MailStore as _,
    MailboxId, MessageClass, MessageId, Page, Sender, VoiceMessage,
};
use crate::organisation::Organisation;
use crate::outbox::{Answering, ReplyPost};
use crate::store::Store;

/// A message out of a file.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// For whom: user name or extension.
    pub user: String,
    /// The sound, or the mail.
    pub file: PathBuf,
    /// The calling number.
    pub from: Option<String>,
    /// The caller's name.
    pub name: Option<String>,
    /// Of high importance.
    pub important: bool,
    /// Marked private.
    pub private: bool,
}

/// `mailbox deliver`.
///
/// # Errors
/// When the file is neither sound nor mail that can be read, or there is no such mailbox.
pub async fn deliver(place: &Place, delivery: Delivery) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, &delivery.user, &clock.now())?;
    let is_mail = delivery
        .file
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("eml"));
    if is_mail {
        let user = &state.mailbox.user;
        return deliver_mail(place, store, user, &delivery, clock.now()).await;
    }
    // A calling number that is one of ours is that subscriber.
    let sender = delivery
        .from
        .as_deref()
        .and_then(|number| find(&store, number, &clock.now()).ok());
    let envelope = Envelope {
        id: MessageId(ulid::Ulid::generate().to_string().into()),
        to: MailboxId(Arc::from(state.mailbox.user.as_str())),
        from: Sender {
            number: delivery.from,
            name: delivery.name.or_else(|| sender.as_ref().map(name_of)),
            user: sender.map(|sender| sender.mailbox.user),
        },
        received: clock.now(),
        importance: if delivery.important {
            Importance::High
        } else {
            Importance::Normal
        },
        private: delivery.private,
        called: state
            .mailbox
            .extensions
            .first()
            .cloned()
            .unwrap_or_default(),
        reason: "Direct".to_owned(),
        call_id: String::new(),
        cut_short: false,
        sent: None,
    };
    EmbeddedMailbox::new(store)
        .deliver_file(&envelope, &delivery.file)
        .with_context(|| delivery.file.display().to_string())?;
    print(&format!(
        "{}: delivered as {}\n",
        state.mailbox.user, envelope.id.0
    ))
}

async fn deliver_mail(
    place: &Place,
    store: Store,
    user: &str,
    delivery: &Delivery,
    received: Timestamp,
) -> anyhow::Result<()> {
    let Delivery {
        from,
        name,
        important,
        private,
        ..
    } = delivery;
    if from.is_some() || name.is_some() || *important || *private {
        bail!("a mail says itself who wrote it and what it is; leave the options out");
    }
    let shown = || delivery.file.display().to_string();
    let mail = std::fs::read(&delivery.file).with_context(shown)?;
    if !Header::is_there(&mail) {
        bail!(
            "{}: is no mail: it does not begin with a header field, such as From: or Subject: \
             (RFC 5322 section 2.1); nothing was delivered",
            shown()
        );
    }
    let owner = MailboxId(Arc::from(user));
    let mailbox = Arc::new(EmbeddedMailbox::new(store.clone()));
    let config = place.config()?;
    let owners = MailOwners::of(
        &config,
        Arc::new(Organisation::open(store.clone())?),
        Arc::new(EmbeddedDirectory::new(store.clone())),
    );
    let post = ReplyPost::Folder(store.outbox_folder());
    let replies = auto_replies(&config, mailbox.clone(), owners, post);
    let calendar = Arc::new(EmbeddedCalendar::new(store));
    let deposit = Answering::new(Followed::new(mailbox, calendar), replies);
    let id = deposit.deposit_mail(&owner, mail.into(), received).await;
    let id = id.with_context(shown)?;
    print(&format!("{user}: delivered as {}\n", id.0))
}

/// `mailbox messages`.
///
/// # Errors
/// When there is no such mailbox.
pub async fn messages(place: &Place, user: &str) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, user, &clock.now())?;
    let mailbox = EmbeddedMailbox::new(store);
    let id = MailboxId(Arc::from(state.mailbox.user.as_str()));
    let mut text = format!(
        "{:<37} {:<20} {:<9} {:>8} {:<8} {:<28} marks, subject\n",
        "id", "received", "class", "length", "folder", "from"
    );
    for folder in [Folder::Inbox, Folder::Sent, Folder::Drafts, Folder::Deleted] {
        for message in mailbox.voice_messages(&id, folder).await? {
            voice_row(&mut text, &message)?;
        }
        // No list is taken whole: page by page.
        let mut page = Page::default();
        loop {
            let emails = mailbox.emails(&id, folder, page).await?;
            for email in &emails {
                email_row(&mut text, email)?;
            }
            if emails.len() < page.limit {
                break;
            }
            page.skip += emails.len();
        }
    }
    print(&text)
}

fn voice_row(text: &mut String, message: &VoiceMessage) -> std::fmt::Result {
    let envelope = &message.envelope;
    let from = match (&envelope.from.name, &envelope.from.number) {
        (Some(name), Some(number)) => format!("{name} ({number})"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => "unknown".to_owned(),
    };
    let marks = [
        (true, if message.read { "read" } else { "new" }),
        (envelope.importance == Importance::High, "important"),
        (envelope.private, "private"),
        (envelope.cut_short, "cut short"),
    ];
    writeln!(
        text,
        "{:<37} {:<20} {:<9} {:>7.1}s {:<8} {from:<28} {}",
        envelope.id.0,
        envelope.received.strftime("%Y-%m-%d %H:%M:%SZ"),
        "voice",
        message.length.as_secs_f64(),
        folder_word(message.folder),
        marks_in_words(&marks),
    )
}

fn email_row(text: &mut String, email: &Email) -> std::fmt::Result {
    let from = match &email.from {
        Some(MailAddress {
            name: Some(name), ..
        }) => name.clone(),
        Some(from) => from.address.clone(),
        None => "unknown".to_owned(),
    };
    let marks = [
        (true, if email.flags.read { "read" } else { "new" }),
        (email.importance == Importance::High, "important"),
        (email.private, "private"),
        (email.flags.flagged, "flagged"),
        (email.flags.answered, "answered"),
        (email.flags.forwarded, "forwarded"),
        (email.attachments > 0, "attachments"),
    ];
    writeln!(
        text,
        "{:<37} {:<20} {:<9} {:>8} {:<8} {from:<28} {}, \"{}\"",
        email.id.0,
        email.received.strftime("%Y-%m-%d %H:%M:%SZ"),
        class_word(email.class),
        email.bytes,
        folder_word(email.folder),
        marks_in_words(&marks),
        email.subject,
    )
}

fn marks_in_words(marks: &[(bool, &str)]) -> String {
    let set: Vec<&str> = marks
        .iter()
        .filter(|(set, _)| *set)
        .map(|(_, word)| *word)
        .collect();
    set.join(", ")
}

fn folder_word(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "inbox",
        Folder::Sent => "sent",
        Folder::Drafts => "drafts",
        Folder::Deleted => "deleted",
    }
}

fn class_word(class: MessageClass) -> &'static str {
    match class {
        MessageClass::Note => "mail",
        MessageClass::VoiceReply => "reply",
        MessageClass::MissedCall => "missed",
        MessageClass::MeetingRequest => "meeting",
        MessageClass::MeetingResponse => "response",
        MessageClass::MeetingCancellation => "cancelled",
        MessageClass::Report => "report",
    }
}

/// `mailbox export`.
///
/// # Errors
/// When there is no such mailbox, or no such message in it.
pub async fn export(place: &Place, user: &str, message: &str) -> anyhow::Result<()> {
    let (store, clock) = place.store()?;
    let state = find(&store, user, &clock.now())?;
    let mailbox = EmbeddedMailbox::new(store.clone());
    let owner = MailboxId(Arc::from(state.mailbox.user.as_str()));
    let id = MessageId(message.into());
    let raw = match mailbox.raw(&owner, &id).await {
        Ok(raw) => raw.to_vec(),
        Err(MailFault::NotFound) => {
            let found = find_voice(&mailbox, &owner, &id).await?;
            let sound = mailbox.sound(&owner, &id).await?;
            voice_mails::as_mail(&place.config()?, store, &state, &found, &sound).await?
        }
        Err(fault) => return Err(fault.into()),
    };
    let mut out = std::io::stdout().lock();
    out.write_all(&raw)?;
    Ok(out.flush()?)
}

/// A voice message, in whatever folder it lies.
async fn find_voice(
    mailbox: &EmbeddedMailbox,
    owner: &MailboxId,
    id: &MessageId,
) -> anyhow::Result<VoiceMessage> {
    for folder in [Folder::Inbox, Folder::Sent, Folder::Drafts, Folder::Deleted] {
        let messages = mailbox.voice_messages(owner, folder).await?;
        if let Some(found) = messages.into_iter().find(|one| one.envelope.id == *id) {
            return Ok(found);
        }
    }
    bail!(
        "{}: no such message; ringback mailbox messages {} lists all",
        id.0,
        owner.0
    )
}
