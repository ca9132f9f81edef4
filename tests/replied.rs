//! Who was answered automatically is remembered over a restart, and forgotten in time.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{MailboxId, Replied, ReplyLimits};
use ringback::store::Store;

const LIMITS: ReplyLimits = ReplyLimits {
    again_after_days: 7,
    per_day_max: 2,
};

fn hour(number: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap() + SignedDuration::from_hours(number)
}

async fn may_answer(mailbox: &EmbeddedMailbox, owner: &str, sender: &str, at: i64) -> bool {
    let owner = MailboxId(owner.into());
    let noted = mailbox.note_reply(&owner, sender, hour(at), LIMITS).await;
    noted.unwrap()
}

#[tokio::test]
async fn a_sender_is_answered_again_after_the_days_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = EmbeddedMailbox::new(Store::open(folder.path()).unwrap());
    assert!(may_answer(&mailbox, "alice", "carl@example.org", 0).await);
    assert!(!may_answer(&mailbox, "alice", "carl@example.org", 0).await);
    // Another mailbox is another person.
    assert!(may_answer(&mailbox, "bob", "carl@example.org", 0).await);
    drop(mailbox);
    let mailbox = EmbeddedMailbox::new(Store::open(folder.path()).unwrap());
    assert!(!may_answer(&mailbox, "alice", "carl@example.org", 7 * 24 - 1).await);
    assert!(may_answer(&mailbox, "alice", "carl@example.org", 7 * 24).await);
    // All that was older is forgotten by then.
    let database = rusqlite::Connection::open(folder.path().join("ringback.db")).unwrap();
    let rows: i64 = database
        .query_row("SELECT count(*) FROM auto_reply", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_mailbox_gives_no_more_replies_a_day_than_the_settings_allow() {
    let folder = tempfile::tempdir().unwrap();
    let mailbox = EmbeddedMailbox::new(Store::open(folder.path()).unwrap());
    assert!(may_answer(&mailbox, "alice", "carl@example.org", 0).await);
    assert!(may_answer(&mailbox, "alice", "dora@example.org", 1).await);
    assert!(!may_answer(&mailbox, "alice", "emil@example.org", 2).await);
    assert!(may_answer(&mailbox, "bob", "emil@example.org", 2).await);
    // Who got none is not remembered as answered.
    assert!(may_answer(&mailbox, "alice", "emil@example.org", 24).await);
    assert!(!may_answer(&mailbox, "alice", "fred@example.org", 24).await);
}
