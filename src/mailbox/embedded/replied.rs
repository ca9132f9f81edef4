//! Who got an automatic reply, so that nobody gets it with every mail. Survives a restart; what is
//! older than it matters is forgotten with the next reply.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rusqlite::params;

use super::EmbeddedMailbox;
use crate::mailbox::{MailFault, MailboxId, Replied, ReplyLimits};

#[async_trait]
impl Replied for EmbeddedMailbox {
    async fn note_reply(
        &self,
        mailbox: &MailboxId,
        sender: &str,
        now: Timestamp,
        limits: ReplyLimits,
    ) -> Result<bool, MailFault> {
        let (mailbox, sender) = (mailbox.0.clone(), sender.to_owned());
        let before = |hours: i64| {
            let then = now.saturating_sub(SignedDuration::from_hours(hours));
            then.map_or(i64::MIN, Timestamp::as_microsecond)
        };
        let forgotten = before(24 * i64::from(limits.again_after_days));
        let yesterday = before(24);
        let noted = self.store.write(move |db| {
            db.prepare_cached("DELETE FROM auto_reply WHERE at <= ?1")?
                .execute([forgotten])?;
            let (today, known): (u32, bool) = db
                .prepare_cached(
                    "SELECT count(*) FILTER (WHERE at > ?3), coalesce(max(sender = ?2), 0)
                     FROM auto_reply WHERE mailbox = ?1",
                )?
                .query_row(params![mailbox, sender, yesterday], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
            if known || today >= limits.per_day_max {
                return Ok(false);
            }
            db.prepare_cached("INSERT INTO auto_reply (mailbox, sender, at) VALUES (?1, ?2, ?3)")?
                .execute(params![mailbox, sender, now.as_microsecond()])?;
            Ok(true)
        });
        Ok(noted.await?)
    }
}
