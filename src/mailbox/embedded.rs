//! The mailbox that we keep ourselves: rows in the database, sound in WAV files and mail in files as
//! it came, named by us.
//!
//! A message's file is in place and synced before its row is, so a row always has its file.
//! Deleting is a move to another folder, which is emptied in time. Files of messages never change.

mod conversations;
mod deleted;
mod emails;
mod recordings;
mod replied;
mod watching;

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, Transaction, params};
use tokio::sync::{Semaphore, watch};

use super::{
    Capabilities, Capability, ChangeMark, Changes, Content, ConversationId, Counts, Deposit, Email,
    Envelope, Flag, Flags, Folder, FolderState, Letterbox, MailFault, MailStore, MailboxId,
    MessageId, Page, PartId, Usage, VoiceMessage,
};
use crate::line::{SAMPLE_RATE, Sound};
use crate::store::{Store, StoreFault, sync_folder, wav};

pub use deleted::Emptied;

/// Messages, settings and recordings in the store.
#[derive(Clone, Debug)]
pub struct EmbeddedMailbox {
    store: Store,
    /// Told of every change that is made here.
    changed: Arc<watch::Sender<()>>,
    /// Memory for mails that are being read, in mebibytes.
    reading: Arc<Semaphore>,
}

impl From<StoreFault> for MailFault {
    fn from(fault: StoreFault) -> Self {
        MailFault::Unavailable(fault.to_string())
    }
}

impl EmbeddedMailbox {
    /// The mailboxes of this store.
    pub fn new(store: Store) -> EmbeddedMailbox {
        EmbeddedMailbox {
            store,
            changed: Arc::new(watch::Sender::new(())),
            reading: Arc::new(Semaphore::new(emails::READING_MIB as usize)),
        }
    }

    /// Stores a message of a WAV file of others (linear or floating point), for the command line.
    /// Storing the same id twice stores one message. Blocks.
    pub fn deliver_file(&self, envelope: &Envelope, wav_file: &Path) -> Result<(), MailFault> {
        /// The longest recording that any dial plan can allow.
        const LONGEST_SECONDS: u64 = 100 * 60;
        const CURE: &str = "convert it to linear PCM, for example: sox FILE -b 16 NEW.wav";
        let samples = wav::import(wav_file, LONGEST_SECONDS)
            .map_err(|fault| MailFault::Refused(format!("it {fault}; {CURE}")))?;
        if samples.is_empty() {
            return Err(MailFault::Refused("it holds no sound".to_owned()));
        }
        deliver_samples(&self.store, envelope, &samples)
    }

    /// Stores a message of these samples. Blocks.
    pub fn deliver_sound(&self, envelope: &Envelope, sound: &Sound) -> Result<(), MailFault> {
        deliver_samples(&self.store, envelope, sound.samples())
    }

    async fn on_blocking_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Store) -> Result<T, MailFault> + Send + 'static,
    ) -> Result<T, MailFault> {
        let store = self.store.clone();
        let asked = tokio::task::spawn_blocking(move || work(&store));
        match tokio::time::timeout(FILES_DEADLINE, asked).await {
            Ok(answer) => answer.map_err(|error| MailFault::Unavailable(error.to_string()))?,
            Err(_) => Err(MailFault::Unavailable("the disk does not answer".into())),
        }
    }
}

/// How long somebody on the telephone waits for a file; a long message is read in a few of them.
const FILES_DEADLINE: Duration = Duration::from_secs(2);

#[async_trait]
impl Deposit for EmbeddedMailbox {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        let envelope = envelope.clone();
        let sound = sound.to_owned();
        let store = self.store.clone();
        // No deadline: nobody on the telephone waits, and the outbox tries again if we die.
        let deposited = tokio::task::spawn_blocking(move || deposit(&store, &envelope, &sound))
            .await
            .map_err(|error| MailFault::Unavailable(error.to_string()))?;
        self.changed.send_replace(());
        deposited
    }

    async fn deposit_mail(
        &self,
        to: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        let arrival = emails::Arrival {
            mailbox: to.clone(),
            folder: Folder::Inbox,
            flags: Flags::default(),
            received,
            may_be_voice: true,
        };
        self.take_in(arrival, mail).await
    }
}

fn deliver_samples(store: &Store, envelope: &Envelope, samples: &[i16]) -> Result<(), MailFault> {
    let id = file_stem(&envelope.id)?;
    let import = ulid::Ulid::generate();
    let path = store.audio_folder().join(format!("{id}.{import}.import"));
    wav::write_stored(&path, samples).map_err(|error| file_fault(&path, &error))?;
    let deposited = deposit(store, envelope, &path);
    let _ = fs::remove_file(&path);
    deposited
}

fn deposit(store: &Store, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
    let id = file_stem(&envelope.id)?.to_owned();
    let asked = (id.clone(), envelope.to.0.to_string());
    let (known, has_mailbox) = store.read_now(move |db| {
        let known: bool = db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1)")?
            .query_row([asked.0], |row| row.get(0))?;
        let has_mailbox: bool = db
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM mailbox WHERE user = ?1)")?
            .query_row([asked.1], |row| row.get(0))?;
        Ok((known, has_mailbox))
    })?;
    if known {
        return Ok(());
    }
    if !has_mailbox {
        return Err(no_mailbox(&envelope.to));
    }
    let folder = store.audio_folder();
    let path = folder.join(format!("{id}.wav"));
    let bytes = place(sound, &path).map_err(|error| file_fault(&path, &error))?;
    sync_folder(&folder)?;
    let samples = bytes.saturating_sub(wav::HEADER as u64) / 2;
    let body = to_json(envelope)?;
    let envelope = envelope.clone();
    Ok(store.write_now(move |db| {
        db.execute(
            "INSERT OR IGNORE INTO message (id, mailbox, folder, read, received, samples, bytes, envelope)
             VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7)",
            params![
                id,
                envelope.to.0,
                folder_name(Folder::Inbox),
                envelope.received.as_microsecond(),
                i64::try_from(samples).unwrap_or(i64::MAX),
                i64::try_from(bytes).unwrap_or(i64::MAX),
                body
            ],
        )?;
        Ok(())
    })?)
}

fn no_mailbox(mailbox: &MailboxId) -> MailFault {
    MailFault::Refused(format!("there is no mailbox {}", mailbox.0))
}

/// Puts a synced copy of `from` at `to`, all or nothing, and says how large it is.
fn place(from: &Path, to: &Path) -> io::Result<u64> {
    // A name of its own: the same message may be on its way twice at once.
    let unfinished = to.with_extension(format!("{}.unfinished", ulid::Ulid::generate()));
    fs::copy(from, &unfinished)?;
    let file = fs::File::open(&unfinished)?;
    file.sync_all()?;
    let bytes = file.metadata()?.len();
    fs::rename(&unfinished, to)?;
    Ok(bytes)
}

#[async_trait]
impl MailStore for EmbeddedMailbox {
    fn capabilities(&self) -> Capabilities {
        [Capability::Watch, Capability::AutoReply].into()
    }

    async fn voice_messages(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
    ) -> Result<Vec<VoiceMessage>, MailFault> {
        let mailbox = mailbox.0.clone();
        let rows = self
            .store
            .read(move |db| list(db, &mailbox, folder))
            .await?;
        Ok(rows)
    }

    async fn counts(&self, mailbox: &MailboxId) -> Result<Counts, MailFault> {
        let mailbox = mailbox.0.clone();
        let counts = self
            .store
            .read(move |db| count(db, "message", &mailbox, Folder::Inbox));
        Ok(counts.await?)
    }

    async fn usage(&self, mailbox: &MailboxId) -> Result<Usage, MailFault> {
        let mailbox = mailbox.0.clone();
        let bytes = self.store.read(move |db| {
            let sum: i64 = db
                .prepare_cached(
                    "SELECT (SELECT coalesce(sum(bytes), 0) FROM message WHERE mailbox = ?1)
                          + (SELECT coalesce(sum(bytes), 0) FROM email WHERE mailbox = ?1)",
                )?
                .query_row([mailbox], |row| row.get(0))?;
            Ok(sum)
        });
        Ok(Usage {
            bytes: u64::try_from(bytes.await?).unwrap_or(0),
        })
    }

    async fn sound(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        let (mailbox, id) = (mailbox.0.clone(), id.clone());
        self.on_blocking_thread(move |store| {
            let name = file_stem(&id)?.to_owned();
            let there = name.clone();
            let exists = store.read_now(move |db| exists(db, &mailbox, &there))?;
            if !exists {
                return Err(MailFault::NotFound);
            }
            read_sound(&store.audio_folder().join(format!("{name}.wav")))
        })
        .await
    }

    async fn emails(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<Email>, MailFault> {
        let mailbox = mailbox.0.clone();
        let listed = self
            .store
            .read(move |db| emails::list(db, &mailbox, folder, page));
        Ok(listed.await?)
    }

    async fn email_counts(&self, mailbox: &MailboxId, folder: Folder) -> Result<Counts, MailFault> {
        let mailbox = mailbox.0.clone();
        let counts = self
            .store
            .read(move |db| count(db, "email", &mailbox, folder));
        Ok(counts.await?)
    }

    async fn email(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Email, MailFault> {
        let (mailbox, id) = (mailbox.0.clone(), id.0.clone());
        let found = self.store.read(move |db| emails::one(db, &mailbox, &id));
        found.await?.ok_or(MailFault::NotFound)
    }

    async fn conversation(
        &self,
        mailbox: &MailboxId,
        conversation: &ConversationId,
    ) -> Result<Vec<Email>, MailFault> {
        let (mailbox, conversation) = (mailbox.0.clone(), conversation.0.clone());
        let listed = self
            .store
            .read(move |db| emails::of_conversation(db, &mailbox, &conversation));
        Ok(listed.await?)
    }

    async fn content(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
    ) -> Result<Arc<Content>, MailFault> {
        self.of_mail(mailbox, id, |mail| Ok(Arc::new(mail.content())))
            .await
    }

    async fn part(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<[u8]>, MailFault> {
        self.of_mail(mailbox, id, move |mail| {
            let bytes = mail.part(part).ok_or(MailFault::NotFound)?;
            Ok(bytes.into())
        })
        .await
    }

    async fn part_sound(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<Sound>, MailFault> {
        self.of_mail(mailbox, id, move |mail| {
            let refused =
                || MailFault::Refused("the attachment is no sound that can be played".into());
            let samples = mail.sound(part).ok_or_else(refused)?;
            Ok(Arc::new(Sound::new(samples)))
        })
        .await
    }

    async fn raw(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.with_file(mailbox, id, |bytes| Ok(bytes.into())).await
    }

    async fn set_flag(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        flag: Flag,
        on: bool,
    ) -> Result<(), MailFault> {
        if flag == Flag::Read {
            return self.set_read(mailbox, id, on).await;
        }
        let (mailbox, id) = (mailbox.0.clone(), id.0.clone());
        self.change(move |db| {
            let changed = emails::set_flag(db, &mailbox, &id, flag, on)?;
            if changed > 0 || flag != Flag::Flagged {
                return Ok(changed);
            }
            Ok(db
                .prepare_cached("UPDATE message SET flagged = ?3 WHERE mailbox = ?1 AND id = ?2")?
                .execute(params![mailbox, id, on])?)
        })
        .await
    }

    async fn append(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        mail: Arc<[u8]>,
        flags: Flags,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        let arrival = emails::Arrival {
            mailbox: mailbox.clone(),
            folder,
            flags,
            received,
            may_be_voice: false,
        };
        self.take_in(arrival, mail).await
    }

    async fn folders(&self, mailbox: &MailboxId) -> Result<Vec<FolderState>, MailFault> {
        let mailbox = mailbox.0.clone();
        let folders = self.store.read(move |db| {
            let all = [Folder::Inbox, Folder::Sent, Folder::Drafts, Folder::Deleted];
            all.into_iter()
                .map(|folder| {
                    Ok(FolderState {
                        folder,
                        emails: count(db, "email", &mailbox, folder)?,
                        voice_messages: count(db, "message", &mailbox, folder)?,
                    })
                })
                .collect()
        });
        Ok(folders.await?)
    }

    async fn changes(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<Changes, MailFault> {
        let mailbox = mailbox.0.clone();
        let changes = self
            .store
            .read(move |db| watching::changes(db, &mailbox, since));
        Ok(changes.await?)
    }

    async fn watch(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<ChangeMark, MailFault> {
        self.wait_for_change(mailbox, since).await
    }

    async fn set_read(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        read: bool,
    ) -> Result<(), MailFault> {
        let (mailbox, id) = (mailbox.0.clone(), id.0.clone());
        self.change(move |db| {
            let mut changed = 0;
            for table in ["message", "email"] {
                changed += db
                    .prepare_cached(&format!(
                        "UPDATE {table} SET read = ?3 WHERE mailbox = ?1 AND id = ?2"
                    ))?
                    .execute(params![mailbox, id, read])?;
            }
            Ok(changed)
        })
        .await
    }

    async fn move_to(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        folder: Folder,
    ) -> Result<(), MailFault> {
        let (mailbox, id) = (mailbox.0.clone(), id.0.clone());
        self.change(move |db| {
            let mut changed = 0;
            for table in ["message", "email"] {
                changed += db
                    .prepare_cached(&format!(
                        "UPDATE {table} SET folder = ?3 WHERE mailbox = ?1 AND id = ?2"
                    ))?
                    .execute(params![mailbox, id, folder_name(folder)])?;
            }
            Ok(changed)
        })
        .await
    }
}

#[async_trait]
impl Letterbox for EmbeddedMailbox {
    async fn put(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        message: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<(), MailFault> {
        let flags = Flags {
            read: folder != Folder::Inbox,
            ..Flags::default()
        };
        self.append(mailbox, folder, message, flags, received)
            .await
            .map(drop)
    }

    async fn original(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.raw(mailbox, id).await
    }

    async fn spoken(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        MailStore::sound(self, mailbox, id).await
    }
}

impl EmbeddedMailbox {
    /// A change of one message; `NotFound` when there was none to change.
    async fn change(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<usize, StoreFault> + Send + 'static,
    ) -> Result<(), MailFault> {
        let changed = self.store.write(work).await?;
        self.changed.send_replace(());
        match changed {
            0 => Err(MailFault::NotFound),
            _ => Ok(()),
        }
    }
}

/// How many messages of a kind lie in a folder.
fn count(
    db: &Connection,
    table: &str,
    mailbox: &str,
    folder: Folder,
) -> Result<Counts, StoreFault> {
    let (unread, read): (i64, i64) = db
        .prepare_cached(&format!(
            "SELECT count(*) FILTER (WHERE NOT read), count(*) FILTER (WHERE read)
             FROM {table} WHERE mailbox = ?1 AND folder = ?2"
        ))?
        .query_row(params![mailbox, folder_name(folder)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    Ok(Counts {
        unread: usize::try_from(unread).unwrap_or(0),
        read: usize::try_from(read).unwrap_or(0),
    })
}

fn list(db: &Connection, mailbox: &str, folder: Folder) -> Result<Vec<VoiceMessage>, StoreFault> {
    let mut statement = db.prepare_cached(
        "SELECT envelope, samples, read, flagged FROM message WHERE mailbox = ?1 AND folder = ?2
         ORDER BY read, received DESC, id DESC",
    )?;
    let rows = statement.query_map(params![mailbox, folder_name(folder)], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, bool>(2)?,
            row.get::<_, bool>(3)?,
        ))
    })?;
    let mut messages = Vec::new();
    for row in rows {
        let (body, samples, read, flagged) = row?;
        let envelope: Envelope = serde_json::from_str(&body)
            .map_err(|error| StoreFault::Database(format!("a stored envelope: {error}")))?;
        let micros = u64::try_from(samples).unwrap_or(0) * 1_000_000 / u64::from(SAMPLE_RATE);
        messages.push(VoiceMessage {
            envelope,
            length: Duration::from_micros(micros),
            read,
            flagged,
            folder,
        });
    }
    Ok(messages)
}

fn exists(db: &Connection, mailbox: &str, id: &str) -> Result<bool, StoreFault> {
    Ok(db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM message WHERE mailbox = ?1 AND id = ?2)")?
        .query_row([mailbox, id], |row| row.get(0))?)
}

fn read_sound(path: &Path) -> Result<Arc<Sound>, MailFault> {
    let samples = wav::read_stored(path).map_err(|error| reading_fault(path, &error))?;
    Ok(Arc::new(Sound::new(samples)))
}

/// The id as part of a file name; ids of a wider alphabet never reach the disk.
fn file_stem(id: &MessageId) -> Result<&str, MailFault> {
    let fits = (1..=64).contains(&id.0.len())
        && id
            .0
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    fits.then_some(&*id.0)
        .ok_or_else(|| MailFault::Refused("a message id has letters, digits, - and _ only".into()))
}

fn file_fault(path: &Path, error: &io::Error) -> MailFault {
    MailFault::Unavailable(StoreFault::file(path, error).to_string())
}

/// Why a file of a message cannot be read. One that is lost or damaged does not come back, and the rest of
/// the mailbox is as good as ever; anything else may be better in a while.
fn reading_fault(path: &Path, error: &io::Error) -> MailFault {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {
            MailFault::Refused(StoreFault::file(path, error).to_string())
        }
        _ => file_fault(path, error),
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String, MailFault> {
    serde_json::to_string(value).map_err(|error| MailFault::Refused(error.to_string()))
}

fn folder_name(folder: Folder) -> &'static str {
    match folder {
        Folder::Inbox => "inbox",
        Folder::Sent => "sent",
        Folder::Drafts => "drafts",
        Folder::Deleted => "deleted",
    }
}
