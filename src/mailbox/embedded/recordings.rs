//! Settings, and the recordings that subscribers make of themselves.

use std::fs;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};

use super::{EmbeddedMailbox, file_fault, read_sound, to_json};
use crate::line::Sound;
use crate::mailbox::{MailFault, MailboxId, Recorded, Settings, UserSettings};
use crate::store::{Store, StoreFault, sync_folder, wav};

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
        let read = async || {
            let (mailbox, folder) = (mailbox.0.clone(), self.store.audio_folder());
            let read = self.store.read(move |db| {
                let file = recorded_file(db, &mailbox, which)?;
                Ok(file.map(|file| read_sound(&folder.join(file))))
            });
            read.await?.transpose()
        };
        match read().await {
            Ok(sound) => Ok(sound),
            Err(fault @ MailFault::Unavailable(_)) => Err(fault),
            // Somebody replaced it between the two steps: then the new one is there.
            Err(_) => read().await,
        }
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

fn recorded_name(which: Recorded) -> &'static str {
    match which {
        Recorded::Name => "name",
        Recorded::Greeting => "greeting",
        Recorded::AwayGreeting => "away-greeting",
    }
}
