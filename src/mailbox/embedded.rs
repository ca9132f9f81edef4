//! The mailbox that we keep ourselves: rows in the database, sound in WAV files named by us.
//!
//! A message's file is in place and synced before its row is, so a row always has its sound.
//! Deleting is a move to another folder: files of messages never change and never go.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{
    Counts, Deposit, Envelope, Folder, Letterbox, MailFault, MailStore, MailboxId, MessageId,
    Recorded, Settings, Usage, UserSettings, VoiceMessage,
};
use crate::line::{SAMPLE_RATE, Sound};
use crate::store::{Store, StoreFault, sync_folder, wav};

/// Messages, settings and recordings in the store.
#[derive(Clone, Debug)]
pub struct EmbeddedMailbox {
    store: Store,
}

impl From<StoreFault> for MailFault {
    fn from(fault: StoreFault) -> Self {
        MailFault::Unavailable(fault.to_string())
    }
}

impl EmbeddedMailbox {
    /// The mailboxes of this store.
    pub fn new(store: Store) -> EmbeddedMailbox {
        EmbeddedMailbox { store }
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
        tokio::task::spawn_blocking(move || deposit(&store, &envelope, &sound))
            .await
            .map_err(|error| MailFault::Unavailable(error.to_string()))?
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
        return Err(MailFault::Refused(format!(
            "there is no mailbox {}",
            envelope.to.0
        )));
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
        let counts = self.store.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT count(*) FILTER (WHERE NOT read), count(*) FILTER (WHERE read)
                 FROM message WHERE mailbox = ?1 AND folder = ?2",
            )?;
            let (unread, read): (i64, i64) = statement
                .query_row(params![mailbox, folder_name(Folder::Inbox)], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            Ok(Counts {
                unread: usize::try_from(unread).unwrap_or(0),
                read: usize::try_from(read).unwrap_or(0),
            })
        });
        Ok(counts.await?)
    }

    async fn usage(&self, mailbox: &MailboxId) -> Result<Usage, MailFault> {
        let mailbox = mailbox.0.clone();
        let bytes = self.store.read(move |db| {
            let sum: i64 = db
                .prepare_cached("SELECT coalesce(sum(bytes), 0) FROM message WHERE mailbox = ?1")?
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

    async fn set_read(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        read: bool,
    ) -> Result<(), MailFault> {
        let (mailbox, id) = (mailbox.0.clone(), id.0.clone());
        self.change(move |db| {
            Ok(db.execute(
                "UPDATE message SET read = ?3 WHERE mailbox = ?1 AND id = ?2",
                params![mailbox, id, read],
            )?)
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
            Ok(db.execute(
                "UPDATE message SET folder = ?3 WHERE mailbox = ?1 AND id = ?2",
                params![mailbox, id, folder_name(folder)],
            )?)
        })
        .await
    }
}

#[async_trait]
impl Letterbox for EmbeddedMailbox {
    async fn put(
        &self,
        _mailbox: &MailboxId,
        _folder: Folder,
        _message: Arc<[u8]>,
        _received: Timestamp,
    ) -> Result<(), MailFault> {
        Err(MailFault::Unavailable("e-mail is not kept here yet".into()))
    }

    async fn original(
        &self,
        _mailbox: &MailboxId,
        _id: &MessageId,
    ) -> Result<Arc<[u8]>, MailFault> {
        Err(MailFault::NotFound)
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
        match self.store.write(work).await? {
            0 => Err(MailFault::NotFound),
            _ => Ok(()),
        }
    }
}

fn list(db: &Connection, mailbox: &str, folder: Folder) -> Result<Vec<VoiceMessage>, StoreFault> {
    let mut statement = db.prepare_cached(
        "SELECT envelope, samples, read FROM message WHERE mailbox = ?1 AND folder = ?2
         ORDER BY read, received DESC, id DESC",
    )?;
    let rows = statement.query_map(params![mailbox, folder_name(folder)], |row| {
        Ok((
            row.get::<_, String>(0)?,
            row.get::<_, i64>(1)?,
            row.get::<_, bool>(2)?,
        ))
    })?;
    let mut messages = Vec::new();
    for row in rows {
        let (body, samples, read) = row?;
        let envelope: Envelope = serde_json::from_str(&body)
            .map_err(|error| StoreFault::Database(format!("a stored envelope: {error}")))?;
        let micros = u64::try_from(samples).unwrap_or(0) * 1_000_000 / u64::from(SAMPLE_RATE);
        messages.push(VoiceMessage {
            envelope,
            length: Duration::from_micros(micros),
            read,
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

#[async_trait]
impl Settings for EmbeddedMailbox {
    async fn settings(&self, mailbox: &MailboxId) -> Result<UserSettings, MailFault> {
        let mailbox = mailbox.0.clone();
        let body = self.store.read(move |db| {
            Ok(db
                .prepare_cached("SELECT body FROM user_settings WHERE mailbox = ?1")?
                .query_row([mailbox], |row| row.get::<_, String>(0))
                .optional()?)
        });
        match body.await? {
            None => Ok(UserSettings::default()),
            Some(body) => serde_json::from_str(&body)
                .map_err(|error| MailFault::Unavailable(format!("stored settings: {error}"))),
        }
    }

    async fn save_settings(
        &self,
        mailbox: &MailboxId,
        settings: &UserSettings,
    ) -> Result<(), MailFault> {
        let mailbox = mailbox.0.clone();
        let body = to_json(settings)?;
        Ok(self
            .store
            .write(move |db| {
                db.execute(
                    "INSERT OR REPLACE INTO user_settings (mailbox, body) VALUES (?1, ?2)",
                    params![mailbox, body],
                )?;
                Ok(())
            })
            .await?)
    }

    async fn recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
    ) -> Result<Option<Arc<Sound>>, MailFault> {
        let mailbox = mailbox.0.clone();
        self.on_blocking_thread(move |store| {
            let read = || {
                let file = store.read_now(|db| recorded_file(db, &mailbox, which))?;
                file.map(|file| read_sound(&store.audio_folder().join(file)))
                    .transpose()
            };
            // Somebody may replace it between the two steps: then the new one is there.
            read().or_else(|_| read())
        })
        .await
    }

    async fn set_recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
        sound: Option<Arc<Sound>>,
    ) -> Result<(), MailFault> {
        let mailbox = mailbox.0.clone();
        self.on_blocking_thread(move |store| replace_recorded(store, &mailbox, which, sound))
            .await
    }
}

/// A new version is a new file: the pointer moves only when it is synced, and whoever reads the
/// former version meanwhile has it whole.
fn replace_recorded(
    store: &Store,
    mailbox: &str,
    which: Recorded,
    sound: Option<Arc<Sound>>,
) -> Result<(), MailFault> {
    let folder = store.audio_folder();
    let mut new_file = None;
    if let Some(sound) = sound {
        let file = format!("{}-{}.wav", recorded_name(which), ulid::Ulid::generate());
        let path = folder.join(&file);
        wav::write_stored(&path, sound.samples()).map_err(|error| file_fault(&path, &error))?;
        sync_folder(&folder)?;
        new_file = Some(file);
    }
    let former = store.write_now(|db| {
        let former = recorded_file(db, mailbox, which)?;
        match &new_file {
            Some(file) => db.execute(
                "INSERT OR REPLACE INTO recorded (mailbox, which, file) VALUES (?1, ?2, ?3)",
                params![mailbox, recorded_name(which), file],
            )?,
            None => db.execute(
                "DELETE FROM recorded WHERE mailbox = ?1 AND which = ?2",
                params![mailbox, recorded_name(which)],
            )?,
        };
        Ok(former)
    })?;
    if let Some(former) = former {
        // A file left behind costs some space; it is no fault of the caller's.
        let _ = fs::remove_file(folder.join(former));
    }
    Ok(())
}

fn recorded_file(
    db: &Connection,
    mailbox: &str,
    which: Recorded,
) -> Result<Option<String>, StoreFault> {
    Ok(db
        .prepare_cached("SELECT file FROM recorded WHERE mailbox = ?1 AND which = ?2")?
        .query_row([mailbox, recorded_name(which)], |row| row.get(0))
        .optional()?)
}

fn read_sound(path: &Path) -> Result<Arc<Sound>, MailFault> {
    let samples = wav::read_stored(path).map_err(|error| file_fault(path, &error))?;
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

fn recorded_name(which: Recorded) -> &'static str {
    match which {
        Recorded::Name => "name",
        Recorded::Greeting => "greeting",
        Recorded::AwayGreeting => "away-greeting",
    }
}
