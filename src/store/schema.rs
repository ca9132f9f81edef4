//! Schema versions. A step that has been released is never edited; a change is a new step.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior};

use super::{StoreFault, prepare_for_writing};

/// Marks the file as ours (`PRAGMA application_id`): "RGBK".
const APPLICATION_ID: i64 = 0x5247_424b;

/// Each step brings the schema from its index to the next version, in one transaction.
pub(super) const STEPS: &[&str] = &[
    // 1: organisation, PINs, messages, settings.
    "
    CREATE TABLE meta (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        organisation_version INTEGER NOT NULL
    ) STRICT;
    INSERT INTO meta VALUES (1, 1);

    CREATE TABLE dial_plan (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE gateway (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE hunt_group (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE mailbox_policy (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE mailbox (user TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE person (user TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE custom_prompt (file_name TEXT PRIMARY KEY, wav BLOB NOT NULL) STRICT;
    -- Two mailboxes cannot share a number, whichever process makes them.
    CREATE TABLE mailbox_number (
        dial_plan TEXT NOT NULL,
        number TEXT NOT NULL,
        user TEXT NOT NULL REFERENCES mailbox (user) ON DELETE CASCADE,
        PRIMARY KEY (dial_plan, number)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE pin (
        user TEXT PRIMARY KEY,
        record TEXT NOT NULL,
        former TEXT NOT NULL,
        set_at INTEGER NOT NULL,
        must_change INTEGER NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        blocked_until INTEGER,
        locked INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE wrong_sign_in (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        calling TEXT NOT NULL
    ) STRICT;
    CREATE INDEX wrong_sign_in_by_time ON wrong_sign_in (at);

    CREATE TABLE message (
        id TEXT PRIMARY KEY,
        mailbox TEXT NOT NULL,
        folder TEXT NOT NULL,
        read INTEGER NOT NULL,
        received INTEGER NOT NULL,
        samples INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        envelope TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX message_by_mailbox ON message (mailbox, folder, read, received);
    CREATE TABLE user_settings (mailbox TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE recorded (
        mailbox TEXT NOT NULL,
        which TEXT NOT NULL,
        file TEXT NOT NULL,
        PRIMARY KEY (mailbox, which)
    ) STRICT, WITHOUT ROWID;
    ",
    // 2: what a mailbox holds besides voice messages.
    "
    ALTER TABLE message ADD COLUMN flagged INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE distribution_group (name TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE contact (
        mailbox TEXT NOT NULL,
        id TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (mailbox, id)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE personal_group (
        mailbox TEXT NOT NULL,
        name TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (mailbox, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE email (
        id TEXT PRIMARY KEY,
        mailbox TEXT NOT NULL,
        folder TEXT NOT NULL,
        read INTEGER NOT NULL,
        flagged INTEGER NOT NULL,
        answered INTEGER NOT NULL,
        forwarded INTEGER NOT NULL,
        received INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        conversation TEXT NOT NULL,
        header TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX email_by_mailbox ON email (mailbox, folder, read, received, id);
    CREATE INDEX email_by_conversation ON email (mailbox, conversation, received);
    -- By what a mail is found to belong to a conversation: ids it has or names, its subject.
    CREATE TABLE conversation_key (
        mailbox TEXT NOT NULL,
        key TEXT NOT NULL,
        conversation TEXT NOT NULL,
        PRIMARY KEY (mailbox, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX conversation_key_by_conversation ON conversation_key (mailbox, conversation);
    -- The last change of each message, whoever makes it, in the order of changes.
    CREATE TABLE message_change (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        mailbox TEXT NOT NULL,
        id TEXT NOT NULL,
        UNIQUE (mailbox, id)
    ) STRICT;
    CREATE INDEX message_change_by_number ON message_change (mailbox, number);
    INSERT INTO message_change (mailbox, id) SELECT mailbox, id FROM message ORDER BY received, id;
    CREATE TRIGGER message_came AFTER INSERT ON message BEGIN
        DELETE FROM message_change WHERE mailbox = NEW.mailbox AND id = NEW.id;
        INSERT INTO message_change (mailbox, id) VALUES (NEW.mailbox, NEW.id);
    END;
    CREATE TRIGGER message_changed AFTER UPDATE ON message BEGIN
        DELETE FROM message_change WHERE mailbox = NEW.mailbox AND id = NEW.id;
        INSERT INTO message_change (mailbox, id) VALUES (NEW.mailbox, NEW.id);
    END;
    CREATE TRIGGER email_came AFTER INSERT ON email BEGIN
        DELETE FROM message_change WHERE mailbox = NEW.mailbox AND id = NEW.id;
        INSERT INTO message_change (mailbox, id) VALUES (NEW.mailbox, NEW.id);
    END;
    CREATE TRIGGER email_changed AFTER UPDATE ON email BEGIN
        DELETE FROM message_change WHERE mailbox = NEW.mailbox AND id = NEW.id;
        INSERT INTO message_change (mailbox, id) VALUES (NEW.mailbox, NEW.id);
    END;
    -- An event with all its occurrences, as iCalendar; from when to when it has something to tell,
    -- in seconds of Unix time.
    CREATE TABLE calendar_item (
        mailbox TEXT NOT NULL,
        uid TEXT NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (mailbox, uid)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX calendar_item_by_time ON calendar_item (mailbox, last, first);
    ",
    // 3: who was answered automatically, and when, in microseconds of Unix time.
    "
    CREATE TABLE auto_reply (
        mailbox TEXT NOT NULL,
        sender TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (mailbox, sender)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX auto_reply_by_time ON auto_reply (at);
    ",
    // 4: since when, in microseconds of Unix time, messages have been seen in Deleted Items.
    "
    CREATE TABLE deleted_since (
        mailbox TEXT NOT NULL,
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        PRIMARY KEY (mailbox, id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX deleted_since_by_time ON deleted_since (at);
    CREATE INDEX message_deleted ON message (mailbox, id) WHERE folder = 'deleted';
    CREATE INDEX email_deleted ON email (mailbox, id) WHERE folder = 'deleted';
    CREATE TRIGGER message_taken_back AFTER UPDATE OF folder ON message
    WHEN NEW.folder <> 'deleted' BEGIN
        DELETE FROM deleted_since WHERE mailbox = NEW.mailbox AND id = NEW.id;
    END;
    CREATE TRIGGER email_taken_back AFTER UPDATE OF folder ON email
    WHEN NEW.folder <> 'deleted' BEGIN
        DELETE FROM deleted_since WHERE mailbox = NEW.mailbox AND id = NEW.id;
    END;
    ",
];

/// How long whoever opens the database waits for another process that makes or upgrades it. Nobody
/// is on the telephone then, and a step may take as long as the disk is slow.
const UPGRADE_WAIT: Duration = Duration::from_secs(30);

/// The pause between two tries. SQLite itself does not wait where two that wait for each other
/// would never end, as when the journal's mode changes.
const UPGRADE_PAUSE: Duration = Duration::from_millis(20);

/// Brings the database to the newest version, or refuses it. Blocks.
#[expect(
    clippy::disallowed_methods,
    reason = "whoever opens a database waits on a thread of its own, by the clock of the disk"
)]
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreFault> {
    let began = Instant::now();
    loop {
        match migrate_with(connection, path, STEPS) {
            Err(StoreFault::Busy) if began.elapsed() < UPGRADE_WAIT => {
                std::thread::sleep(UPGRADE_PAUSE);
            }
            ended => return ended,
        }
    }
}

pub(super) fn migrate_with(
    connection: &mut Connection,
    path: &Path,
    steps: &[&str],
) -> Result<(), StoreFault> {
    let known = steps.len() as i64;
    // Before anything is written into a file that may not be ours.
    let found = refuse_unknown(connection, path, known)?;
    prepare_for_writing(connection)?;
    if found == known {
        return Ok(());
    }
    loop {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked again under the lock: another process may be upgrading too.
        let version = refuse_unknown(&transaction, path, known)?;
        let Some(step) = usize::try_from(version).ok().and_then(|at| steps.get(at)) else {
            return Ok(());
        };
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version + 1)?;
        transaction.commit()?;
    }
}

/// The version of the file, unless it is too new or not ours.
fn refuse_unknown(connection: &Connection, path: &Path, known: i64) -> Result<i64, StoreFault> {
    let number = |pragma: &str| {
        connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0))
    };
    let version = number("user_version")?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if tables > 0 && number("application_id")? != APPLICATION_ID {
        return Err(StoreFault::Foreign(path.display().to_string()));
    }
    if !(0..=known).contains(&version) {
        return Err(StoreFault::Newer {
            path: path.display().to_string(),
            found: version,
            known,
        });
    }
    Ok(version)
}
