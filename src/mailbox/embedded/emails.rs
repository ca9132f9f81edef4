//! E-mail: a row for each, and its bytes in a file as they came.
//!
//! The header is read once, when a mail comes, and kept in the row: lists never open a file. A body
//! is read when somebody wants to hear it, on a blocking thread, and of all mails together no more
//! is in memory at once than [`READING_MIB`].

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use sha2::{Digest as _, Sha256};

use super::{
    EmbeddedMailbox, FILES_DEADLINE, deliver_samples, file_fault, file_stem, folder_name,
    no_mailbox, reading_fault, to_json,
};
use crate::mailbox::mime::{BYTES_MAX, Header, Mail};
use crate::mailbox::{
    ConversationId, Email, Envelope, Flag, Flags, Folder, MailFault, MailboxId, MessageId, Page,
};
use crate::store::{Store, StoreFault, sync_folder};

/// Mebibytes of mail that are read at once; a mail takes about twice its size.
pub(super) const READING_MIB: u32 = 192;

/// What the smallest mail counts, so that no more than eight are read at once.
const LEAST_MIB: u32 = READING_MIB / 8;

/// E-mails of one answer.
const PAGE_MAX: usize = 1_000;

/// A mail on its way into a mailbox.
#[derive(Clone, Debug)]
pub(super) struct Arrival {
    pub(super) mailbox: MailboxId,
    pub(super) folder: Folder,
    pub(super) flags: Flags,
    pub(super) received: Timestamp,
    /// Whether a voice message becomes one.
    pub(super) may_be_voice: bool,
}

const COLUMNS: &str =
    "id, folder, read, flagged, answered, forwarded, received, bytes, conversation, header";

/// A row as it lies in the database.
struct Stored {
    email: Email,
    folder: String,
    received: i64,
    header: String,
}

fn stored(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        email: Email {
            id: MessageId(row.get::<_, String>(0)?.into()),
            folder: Folder::Inbox,
            conversation: ConversationId(row.get::<_, String>(8)?.into()),
            message_id: None,
            references: Vec::new(),
            from: None,
            reply_to: Vec::new(),
            to: Vec::new(),
            cc: Vec::new(),
            subject: String::new(),
            received: Timestamp::UNIX_EPOCH,
            importance: crate::mailbox::Importance::Normal,
            private: false,
            class: crate::mailbox::MessageClass::Note,
            flags: Flags {
                read: row.get(2)?,
                flagged: row.get(3)?,
                answered: row.get(4)?,
                forwarded: row.get(5)?,
            },
            bytes: u64::try_from(row.get::<_, i64>(7)?).unwrap_or(0),
            attachments: 0,
        },
        folder: row.get(1)?,
        received: row.get(6)?,
        header: row.get(9)?,
    })
}

impl Stored {
    fn email(self) -> Email {
        // A row that cannot be read is listed all the same: its body may still be heard.
        let header: Header = serde_json::from_str(&self.header).unwrap_or_default();
        let folders = [Folder::Sent, Folder::Drafts, Folder::Deleted];
        let folder = folders
            .into_iter()
            .find(|folder| folder_name(*folder) == self.folder);
        Email {
            folder: folder.unwrap_or(Folder::Inbox),
            received: Timestamp::from_microsecond(self.received).unwrap_or(Timestamp::UNIX_EPOCH),
            message_id: header.message_id,
            references: header.references,
            from: header.from,
            reply_to: header.reply_to,
            to: header.to,
            cc: header.cc,
            subject: header.subject,
            importance: header.importance,
            private: header.private,
            class: header.class,
            attachments: header.attachments,
            ..self.email
        }
    }
}

pub(super) fn list(
    db: &Connection,
    mailbox: &str,
    folder: Folder,
    page: Page,
) -> Result<Vec<Email>, StoreFault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM email WHERE mailbox = ?1 AND folder = ?2
         ORDER BY read, received DESC, id DESC LIMIT ?3 OFFSET ?4"
    ))?;
    let limit = i64::try_from(page.limit.min(PAGE_MAX)).unwrap_or(0);
    let skip = i64::try_from(page.skip).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![mailbox, folder_name(folder), limit, skip], stored)?;
    rows.map(|row| Ok(row?.email())).collect()
}

pub(super) fn one(db: &Connection, mailbox: &str, id: &str) -> Result<Option<Email>, StoreFault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM email WHERE mailbox = ?1 AND id = ?2"
    ))?;
    let row = statement.query_row([mailbox, id], stored).optional()?;
    Ok(row.map(Stored::email))
}

pub(super) fn of_conversation(
    db: &Connection,
    mailbox: &str,
    conversation: &str,
) -> Result<Vec<Email>, StoreFault> {
    let mut statement = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM email WHERE mailbox = ?1 AND conversation = ?2
         ORDER BY received DESC, id DESC LIMIT ?3"
    ))?;
    let limit = i64::try_from(PAGE_MAX).unwrap_or(0);
    let rows = statement.query_map(params![mailbox, conversation, limit], stored)?;
    let mut emails: Vec<Email> = rows
        .map(|row| Ok(row?.email()))
        .collect::<Result<_, StoreFault>>()?;
    emails.reverse();
    Ok(emails)
}

pub(super) fn set_flag(
    db: &Transaction<'_>,
    mailbox: &str,
    id: &str,
    flag: Flag,
    on: bool,
) -> Result<usize, StoreFault> {
    let column = match flag {
        Flag::Read => "read",
        Flag::Flagged => "flagged",
        Flag::Answered => "answered",
        Flag::Forwarded => "forwarded",
    };
    Ok(db
        .prepare_cached(&format!(
            "UPDATE email SET {column} = ?3 WHERE mailbox = ?1 AND id = ?2"
        ))?
        .execute(params![mailbox, id, on])?)
}

impl EmbeddedMailbox {
    /// Stores a mail. What is answered with an id survives a loss of power.
    pub(super) async fn take_in(
        &self,
        arrival: Arrival,
        mail: Arc<[u8]>,
    ) -> Result<MessageId, MailFault> {
        let memory = self.memory_for(mail.len() as u64).await?;
        let store = self.store.clone();
        // No deadline: it is written whole or not, and nobody on the telephone waits.
        let taken = tokio::task::spawn_blocking(move || {
            let taken = take_in(&store, &arrival, &mail);
            drop(memory);
            taken
        });
        let taken = taken
            .await
            .map_err(|error| MailFault::Unavailable(error.to_string()))?;
        self.changed.send_replace(());
        taken
    }

    /// [`crate::mailbox::Deposit::deposit_mail`] for the command line: blocks.
    pub fn deliver_mail(
        &self,
        to: &MailboxId,
        mail: &[u8],
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        let arrival = Arrival {
            mailbox: to.clone(),
            folder: Folder::Inbox,
            flags: Flags::default(),
            received,
            may_be_voice: true,
        };
        take_in(&self.store, &arrival, mail)
    }

    /// What `work` makes of a mail taken apart.
    pub(super) async fn of_mail<T: Send + 'static>(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        work: impl FnOnce(&Mail<'_>) -> Result<T, MailFault> + Send + 'static,
    ) -> Result<T, MailFault> {
        self.with_file(mailbox, id, |bytes| work(&Mail::read(&bytes)))
            .await
    }

    /// What `work` makes of the bytes of a mail, within the time that somebody on the telephone
    /// waits.
    pub(super) async fn with_file<T: Send + 'static>(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        work: impl FnOnce(Vec<u8>) -> Result<T, MailFault> + Send + 'static,
    ) -> Result<T, MailFault> {
        let asked = async {
            let (owner, name) = (mailbox.0.clone(), id.0.clone());
            let bytes = self.store.read(move |db| {
                Ok(db
                    .prepare_cached("SELECT bytes FROM email WHERE mailbox = ?1 AND id = ?2")?
                    .query_row([&*owner, &*name], |row| row.get::<_, i64>(0))
                    .optional()?)
            });
            let bytes = bytes.await?.ok_or(MailFault::NotFound)?;
            let bytes = u64::try_from(bytes).unwrap_or(0);
            let memory = self.memory_for(bytes).await?;
            let path = mail_file(&self.store, file_stem(id)?);
            let done = tokio::task::spawn_blocking(move || {
                let done = read_file(&path, bytes).and_then(work);
                drop(memory);
                done
            });
            done.await
                .map_err(|error| MailFault::Unavailable(error.to_string()))?
        };
        tokio::time::timeout(FILES_DEADLINE, asked)
            .await
            .unwrap_or_else(|_| Err(MailFault::Unavailable("it takes too long to read".into())))
    }

    async fn memory_for(&self, bytes: u64) -> Result<tokio::sync::OwnedSemaphorePermit, MailFault> {
        let mebibytes = bytes.min(BYTES_MAX as u64).div_ceil(1024 * 1024).max(1);
        let wanted = u32::try_from(2 * mebibytes).unwrap_or(READING_MIB);
        self.reading
            .clone()
            .acquire_many_owned(wanted.clamp(LEAST_MIB, READING_MIB))
            .await
            .map_err(|error| MailFault::Unavailable(error.to_string()))
    }
}

fn mail_file(store: &Store, stem: &str) -> std::path::PathBuf {
    store.mail_folder().join(format!("{stem}.eml"))
}

/// The bytes of a mail, which was as long as this when it came.
fn read_file(path: &Path, length: u64) -> Result<Vec<u8>, MailFault> {
    let fault = |error: io::Error| reading_fault(path, &error);
    let file = fs::File::open(path).map_err(fault)?;
    let mut bytes = Vec::new();
    // One byte more shows that there is more.
    let most = BYTES_MAX as u64 + 1;
    file.take(most).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() as u64 != length.min(most) {
        let damaged = format!("{} bytes are left of {length}", bytes.len());
        return Err(fault(io::Error::new(io::ErrorKind::InvalidData, damaged)));
    }
    Ok(bytes)
}

fn take_in(store: &Store, arrival: &Arrival, mail: &[u8]) -> Result<MessageId, MailFault> {
    let taken_apart = Mail::read(mail);
    let id = identity(arrival, taken_apart.header());
    let asked = (arrival.mailbox.0.clone(), id.clone());
    let (known, has_mailbox) = store.read_now(move |db| {
        let known: bool = db
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM email WHERE id = ?1 UNION
                                SELECT 1 FROM message WHERE id = ?1)",
            )?
            .query_row([&asked.1], |row| row.get(0))?;
        let has_mailbox: bool = db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM mailbox WHERE user = ?1)")?
            .query_row([&asked.0], |row| row.get(0))?;
        Ok((known, has_mailbox))
    })?;
    if known {
        return Ok(MessageId(id.into()));
    }
    if !has_mailbox {
        return Err(no_mailbox(&arrival.mailbox));
    }
    if arrival.may_be_voice
        && let Some(voice) = taken_apart.voice()
    {
        let header = taken_apart.header();
        let envelope = Envelope {
            id: MessageId(id.into()),
            to: arrival.mailbox.clone(),
            from: voice.from,
            received: arrival.received,
            importance: header.importance,
            private: header.private,
            called: voice.called,
            reason: voice.reason,
            call_id: voice.call_id,
            cut_short: false,
            sent: voice.sent,
        };
        deliver_samples(store, &envelope, &voice.samples)?;
        return Ok(envelope.id);
    }
    write_file(store, &id, mail)?;
    write_row(store, arrival, &id, mail.len(), taken_apart.header())?;
    Ok(MessageId(id.into()))
}

/// The same Message-ID in the same folder of the same mailbox is the same message, so that a mail
/// that is brought twice is stored once.
fn identity(arrival: &Arrival, header: &Header) -> String {
    let Some(message_id) = &header.message_id else {
        return ulid::Ulid::generate().to_string();
    };
    let mut hash = Sha256::new();
    for text in [&*arrival.mailbox.0, folder_name(arrival.folder), message_id] {
        hash.update(text.as_bytes());
        hash.update([0]);
    }
    let digits: String = hash
        .finalize()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("mail-{digits}")
}

/// Puts the bytes in place, synced, all or nothing.
fn write_file(store: &Store, id: &str, mail: &[u8]) -> Result<(), MailFault> {
    let path = mail_file(store, id);
    let unfinished = path.with_extension(format!("{}.unfinished", ulid::Ulid::generate()));
    let written = fs::File::create(&unfinished)
        .and_then(|mut file| {
            file.write_all(mail)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&unfinished, &path));
    if let Err(error) = written {
        let _ = fs::remove_file(&unfinished);
        return Err(file_fault(&path, &error));
    }
    Ok(sync_folder(&store.mail_folder())?)
}

fn write_row(
    store: &Store,
    arrival: &Arrival,
    id: &str,
    bytes: usize,
    header: &Header,
) -> Result<(), MailFault> {
    let body = to_json(header)?;
    let mailbox = &*arrival.mailbox.0;
    let flags = arrival.flags;
    Ok(store.write_now(|db| {
        let known: bool = db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM email WHERE id = ?1)")?
            .query_row([id], |row| row.get(0))?;
        if known {
            return Ok(());
        }
        let conversation = super::conversations::join(db, mailbox, id, header)?;
        db.execute(
            "INSERT INTO email (id, mailbox, folder, read, flagged, answered, forwarded, received,
                                bytes, conversation, header)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                id,
                mailbox,
                folder_name(arrival.folder),
                flags.read,
                flags.flagged,
                flags.answered,
                flags.forwarded,
                arrival.received.as_microsecond(),
                i64::try_from(bytes).unwrap_or(i64::MAX),
                conversation,
                body
            ],
        )?;
        Ok(())
    })?)
}
