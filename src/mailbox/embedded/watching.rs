//! What has changed in a mailbox. Triggers count the changes, so those of other processes count too.

use std::time::Duration;

use rusqlite::{Connection, params};

use super::EmbeddedMailbox;
use crate::mailbox::{ChangeMark, Changes, MailFault, MailboxId, MessageId};
use crate::store::StoreFault;

/// How long a change by another process may go unnoticed at most.
const LOOK_AGAIN: Duration = Duration::from_millis(800);

/// Changes that are told in one answer; the rest is told from its mark on.
const CHANGES_MAX: i64 = 1_000;

pub(super) fn changes(
    db: &Connection,
    mailbox: &str,
    since: ChangeMark,
) -> Result<Changes, StoreFault> {
    let mut statement = db.prepare_cached(
        "SELECT number, id FROM message_change WHERE mailbox = ?1 AND number > ?2
         ORDER BY number LIMIT ?3",
    )?;
    let since_number = i64::try_from(since.0).unwrap_or(i64::MAX);
    let rows = statement.query_map(params![mailbox, since_number, CHANGES_MAX], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))
    })?;
    let mut changes = Changes {
        mark: since,
        messages: Vec::new(),
    };
    for row in rows {
        let (number, id) = row?;
        changes.mark = ChangeMark(u64::try_from(number).unwrap_or(0));
        changes.messages.push(MessageId(id.into()));
    }
    Ok(changes)
}

fn latest(db: &Connection, mailbox: &str) -> Result<ChangeMark, StoreFault> {
    let number: i64 = db
        .prepare_cached("SELECT coalesce(max(number), 0) FROM message_change WHERE mailbox = ?1")?
        .query_row([mailbox], |row| row.get(0))?;
    Ok(ChangeMark(u64::try_from(number).unwrap_or(0)))
}

impl EmbeddedMailbox {
    pub(super) async fn wait_for_change(
        &self,
        mailbox: &MailboxId,
        since: ChangeMark,
    ) -> Result<ChangeMark, MailFault> {
        let mut changed = self.changed.subscribe();
        loop {
            let name = mailbox.0.clone();
            let mark = self.store.read(move |db| latest(db, &name)).await?;
            if mark > since {
                return Ok(mark);
            }
            // Ours at once, those of other processes when we look again.
            let _ = tokio::time::timeout(LOOK_AGAIN, changed.changed()).await;
        }
    }
}
