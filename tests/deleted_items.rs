//! Deleted Items is emptied in time, by a clock that the test holds.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use ringback::line::Sound;
use ringback::mailbox::embedded::{EmbeddedMailbox, Emptied};
use ringback::mailbox::{
    Deposit, Envelope, Folder, Importance, MailStore, MailboxId, MessageId, Page, Sender,
};
use ringback::organisation::demo;
use ringback::policy::pin::PinCost;
use ringback::store::Store;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn day(number: i32) -> Timestamp {
    Timestamp::from_second(1_795_000_000).unwrap() + DAY * number
}

fn alice() -> MailboxId {
    MailboxId("alice".into())
}

async fn bench() -> (tempfile::TempDir, EmbeddedMailbox, [MessageId; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    demo::build(&store, &[], day(0), &mut random, PinCost::CHEAPEST).unwrap();
    let mailbox = EmbeddedMailbox::new(store);
    let voice = MessageId("voice-1".into());
    let envelope = Envelope {
        id: voice.clone(),
        to: alice(),
        from: Sender::default(),
        received: day(0),
        importance: Importance::Normal,
        private: false,
        called: String::new(),
        reason: String::new(),
        call_id: String::new(),
        cut_short: false,
        sent: None,
    };
    let sound = Sound::new(vec![5; 8_000]);
    mailbox.deliver_sound(&envelope, &sound).unwrap();
    let mail = b"Message-ID: <1@example.org>\r\nSubject: Hello\r\n\r\nWords\r\n";
    let mail: Arc<[u8]> = Arc::from(&mail[..]);
    let email = mailbox.deposit_mail(&alice(), mail, day(0)).await.unwrap();
    (folder, mailbox, [voice, email])
}

async fn left(mailbox: &EmbeddedMailbox) -> (usize, usize) {
    let mut all = (0, 0);
    for folder in [Folder::Inbox, Folder::Deleted] {
        let voice = mailbox.voice_messages(&alice(), folder).await.unwrap();
        let emails = mailbox.emails(&alice(), folder, Page::default()).await;
        all.0 += voice.len();
        all.1 += emails.unwrap().len();
    }
    all
}

fn files(folder: &tempfile::TempDir) -> usize {
    ["audio", "mail"]
        .iter()
        .map(|name| std::fs::read_dir(folder.path().join(name)).unwrap().count())
        .sum()
}

#[tokio::test]
async fn what_was_deleted_goes_after_its_time_and_gives_its_room_back() {
    let (folder, mailbox, ids) = bench().await;
    let (keep, before) = (DAY * 14, files(&folder));
    assert!(mailbox.usage(&alice()).await.unwrap().bytes > 0);
    for id in &ids {
        let moved = mailbox.move_to(&alice(), id, Folder::Deleted).await;
        moved.unwrap();
    }
    for number in 0..14 {
        let emptied = mailbox.empty_deleted(day(number), keep).await.unwrap();
        assert_eq!(emptied, Emptied::default(), "day {number}");
    }
    assert_eq!(left(&mailbox).await, (1, 1));
    let emptied = mailbox.empty_deleted(day(14), keep).await.unwrap();
    assert_eq!(emptied.messages, 2);
    assert_eq!(left(&mailbox).await, (0, 0));
    assert_eq!(mailbox.usage(&alice()).await.unwrap().bytes, 0);
    assert_eq!(files(&folder), before - 2);
    // The same letter once more is another letter.
    let mail = b"Message-ID: <1@example.org>\r\nSubject: Hello\r\n\r\nWords\r\n";
    let owner = alice();
    let again = mailbox.deposit_mail(&owner, Arc::from(&mail[..]), day(15));
    assert_eq!(again.await.unwrap(), ids[1]);
    assert_eq!(left(&mailbox).await, (0, 1));
}

#[tokio::test]
async fn what_is_taken_back_stays_and_begins_anew() {
    let (_folder, mailbox, [voice, email]) = bench().await;
    let keep = DAY * 14;
    for (number, id, folder) in [
        (0, &voice, Folder::Deleted),
        (0, &email, Folder::Deleted),
        (10, &voice, Folder::Inbox),
        (10, &email, Folder::Inbox),
        (12, &voice, Folder::Deleted),
    ] {
        mailbox.move_to(&alice(), id, folder).await.unwrap();
        let emptied = mailbox.empty_deleted(day(number), keep).await.unwrap();
        assert_eq!(emptied.messages, 0, "day {number}");
    }
    assert_eq!(
        mailbox.empty_deleted(day(25), keep).await.unwrap().messages,
        0
    );
    assert_eq!(left(&mailbox).await, (1, 1));
    assert_eq!(
        mailbox.empty_deleted(day(26), keep).await.unwrap().messages,
        1
    );
    assert_eq!(left(&mailbox).await, (0, 1));
}

#[tokio::test]
async fn many_go_in_pieces() {
    let (_folder, mailbox, _) = bench().await;
    let many = 403;
    for number in 0..many {
        let mail = format!("Message-ID: <m{number}@example.org>\r\n\r\nWords\r\n");
        let mail: Arc<[u8]> = mail.into_bytes().into();
        let id = mailbox.deposit_mail(&alice(), mail, day(0)).await.unwrap();
        mailbox
            .move_to(&alice(), &id, Folder::Deleted)
            .await
            .unwrap();
    }
    let keep = SignedDuration::ZERO;
    let emptied = mailbox.empty_deleted(day(1), keep).await.unwrap();
    assert_eq!(emptied.messages, many as u64);
    assert_eq!(left(&mailbox).await, (1, 1));
}
