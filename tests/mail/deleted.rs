//! Deleted Items is emptied by the server, whether anybody calls or not.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{Folder, MailStore as _, MailboxId, Page};
use ringback::store::Store;

use crate::house::House;

#[test]
fn a_server_that_starts_removes_what_has_been_there_too_long() {
    let mut house = House::new("");
    for subject in ["old", "kept"] {
        let file = house.file(&format!("{subject}.eml"));
        let mail =
            format!("Message-ID: <{subject}@example.org>\r\nSubject: {subject}\r\n\r\nWords\r\n");
        std::fs::write(&file, mail).unwrap();
        house.run(&["mailbox", "deliver", "alice", file.to_str().unwrap()]);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mailbox = EmbeddedMailbox::new(Store::open(&house.data()).unwrap());
        let alice = MailboxId("alice".into());
        let emails = mailbox.emails(&alice, Folder::Inbox, Page::default()).await;
        let emails = emails.unwrap();
        let old = emails.iter().find(|email| email.subject == "old").unwrap();
        mailbox
            .move_to(&alice, &old.id, Folder::Deleted)
            .await
            .unwrap();
        // Seen there long ago, and nothing was old enough then.
        let long_ago = Timestamp::from_second(1_000_000_000).unwrap();
        let keep = SignedDuration::from_hours(24);
        let emptied = mailbox.empty_deleted(long_ago, keep).await.unwrap();
        assert_eq!(emptied.messages, 0);
    });
    house.open();
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let listed = house.run(&["mailbox", "messages", "alice"]);
        assert!(listed.contains("\"kept\""), "{listed}");
        if !listed.contains("\"old\"") {
            break;
        }
        assert!(Instant::now() < until, "{listed}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
