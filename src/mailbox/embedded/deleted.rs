//! Deleted Items is emptied of what has lain there long enough, so that it does not fill the mailbox.
//!
//! When a message came there is noted by the first look that finds it, by the clock of whoever looks:
//! it stays at least as long as it was promised to, and not much longer. A message that is taken back
//! loses its note (a trigger of the database sees to it) and begins anew when it is deleted again.

use std::collections::BTreeSet;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, Transaction, params};

use super::EmbeddedMailbox;
use crate::mailbox::MailFault;
use crate::store::StoreFault;

/// So many go in one transaction: whoever takes a message meanwhile waits for no more than that.
const AT_ONCE: usize = 200;

/// What was removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Emptied {
    /// Voice messages and e-mails.
    pub messages: u64,
    /// Their size.
    pub bytes: u64,
}

/// What one transaction took out of the database.
#[derive(Default)]
struct Removed {
    emptied: Emptied,
    looked_at: usize,
    /// Their ids, which name their files.
    voice_messages: Vec<String>,
    emails: Vec<String>,
}

impl EmbeddedMailbox {
    /// Removes for good what has been in Deleted Items for `keep` or longer.
    ///
    /// # Errors
    /// When the store cannot be written. What was removed until then is.
    pub async fn empty_deleted(
        &self,
        now: Timestamp,
        keep: SignedDuration,
    ) -> Result<Emptied, MailFault> {
        let noted = self.store.write(move |db| {
            Ok(db.execute(
                "INSERT OR IGNORE INTO deleted_since (mailbox, id, at)
                 SELECT mailbox, id, ?1 FROM message WHERE folder = 'deleted' UNION ALL
                 SELECT mailbox, id, ?1 FROM email WHERE folder = 'deleted'",
                [now.as_microsecond()],
            )?)
        });
        noted.await?;
        let until = now.saturating_sub(keep);
        let until = until.map_or(i64::MIN, Timestamp::as_microsecond);
        let mut all = Emptied::default();
        loop {
            let removed = self.store.write(move |db| remove(db, until)).await?;
            all.messages += removed.emptied.messages;
            all.bytes += removed.emptied.bytes;
            let (sounds, mails) = (self.store.audio_folder(), self.store.mail_folder());
            let unlinking = tokio::task::spawn_blocking(move || {
                let sounds = removed
                    .voice_messages
                    .iter()
                    .map(|id| sounds.join(format!("{id}.wav")));
                let mails = removed
                    .emails
                    .iter()
                    .map(|id| mails.join(format!("{id}.eml")));
                for file in sounds.chain(mails) {
                    // Behind its row: a row always has its file, and a file left behind by a loss
                    // of power costs some space.
                    let _ = fs::remove_file(file);
                }
            });
            let _ = unlinking.await;
            if removed.looked_at < AT_ONCE {
                break;
            }
        }
        if all.messages > 0 {
            self.changed.send_replace(());
        }
        Ok(all)
    }
}

fn remove(db: &Transaction<'_>, until: i64) -> Result<Removed, StoreFault> {
    let due: Vec<(String, String)> = db
        .prepare_cached("SELECT mailbox, id FROM deleted_since WHERE at <= ?1 LIMIT ?2")?
        .query_map(params![until, AT_ONCE as i64], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<Result<_, _>>()?;
    let mut removed = Removed {
        looked_at: due.len(),
        ..Removed::default()
    };
    let mut mailboxes = BTreeSet::new();
    for (mailbox, id) in due {
        for table in ["message", "email"] {
            let mut statement = db.prepare_cached(&format!(
                "DELETE FROM {table} WHERE mailbox = ?1 AND id = ?2 AND folder = 'deleted'
                 RETURNING bytes"
            ))?;
            let bytes: Option<i64> = statement
                .query_row([&mailbox, &id], |row| row.get(0))
                .optional()?;
            let Some(bytes) = bytes else { continue };
            removed.emptied.messages += 1;
            removed.emptied.bytes += u64::try_from(bytes).unwrap_or(0);
            match table {
                "message" => removed.voice_messages.push(id.clone()),
                _ => removed.emails.push(id.clone()),
            }
        }
        for table in ["deleted_since", "message_change"] {
            db.prepare_cached(&format!(
                "DELETE FROM {table} WHERE mailbox = ?1 AND id = ?2"
            ))?
            .execute([&mailbox, &id])?;
        }
        mailboxes.insert(mailbox);
    }
    // Nobody joins a conversation of which nothing is left.
    let mut forgetting = db.prepare_cached(
        "DELETE FROM conversation_key WHERE mailbox = ?1 AND NOT EXISTS (
             SELECT 1 FROM email WHERE email.mailbox = ?1
             AND email.conversation = conversation_key.conversation)",
    )?;
    for mailbox in mailboxes {
        forgetting.execute([mailbox])?;
    }
    Ok(removed)
}
