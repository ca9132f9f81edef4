//! The assertions about e-mail.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use ringback::mailbox::{
    ChangeMark, Counts, Flag, Flags, Folder, Guard, MailFault, MessageClass, MessageId, Page,
    PartId,
};

use super::suite::Bench;

/// A mail with this Message-ID, subject and further header lines.
fn mail(id: &str, subject: &str, more: &str) -> Arc<[u8]> {
    let text = format!(
        "From: Bob <bob@example.test>\r\nTo: alice@example.test\r\nSubject: {subject}\r\n\
         Message-ID: <{id}@example.test>\r\n{more}\r\nHello from {id}.\r\n"
    );
    text.into_bytes().into()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + seconds).unwrap()
}

impl Bench {
    async fn append(&self, id: &str, seconds: i64) -> MessageId {
        self.append_mail(mail(id, id, ""), Flags::default(), seconds)
            .await
    }

    async fn append_mail(&self, mail: Arc<[u8]>, flags: Flags, seconds: i64) -> MessageId {
        let appended = self
            .mail
            .append(&self.mailbox.0, Folder::Inbox, mail, flags, at(seconds));
        appended.await.unwrap()
    }

    async fn deposit_mail(&self, mail: Arc<[u8]>) -> MessageId {
        let deposited = self.deposit.deposit_mail(&self.mailbox.0, mail, at(0));
        deposited.await.unwrap()
    }

    async fn subjects(&self, folder: Folder, skip: usize, limit: usize) -> String {
        let page = Page { skip, limit };
        let emails = self.mail.emails(&self.mailbox.0, folder, page).await;
        let subjects: Vec<String> = emails
            .unwrap()
            .into_iter()
            .map(|email| email.subject)
            .collect();
        subjects.join(" ")
    }

    async fn email_counts(&self) -> (usize, usize) {
        let counts = self.mail.email_counts(&self.mailbox.0, Folder::Inbox).await;
        let Counts { unread, read } = counts.unwrap();
        (unread, read)
    }

    async fn set(&self, id: &MessageId, flag: Flag, on: bool) {
        let set = self.mail.set_flag(&self.mailbox.0, id, flag, on);
        set.await.unwrap();
    }
}

pub(super) async fn an_email_is_found_with_all_it_had(bench: Bench) {
    let raw = mail(
        "one",
        "Floor plan",
        "Importance: high\r\nCc: c@example.test\r\n",
    );
    let id = bench.deposit_mail(raw.clone()).await;
    let email = bench.mail.email(&bench.mailbox.0, &id).await.unwrap();
    assert_eq!(email.subject, "Floor plan");
    assert_eq!(email.from.as_ref().unwrap().address, "bob@example.test");
    assert_eq!(email.cc[0].address, "c@example.test");
    assert_eq!(email.received, at(0));
    assert_eq!(email.flags, Flags::default());
    assert_eq!(email.folder, Folder::Inbox);
    assert_eq!(email.class, MessageClass::Note);
    assert_eq!(email.bytes, raw.len() as u64);
    assert_eq!(email.message_id.as_deref(), Some("one@example.test"));
    let listed = bench
        .mail
        .emails(&bench.mailbox.0, Folder::Inbox, Page::default());
    assert_eq!(listed.await.unwrap(), [email]);
    let content = bench.mail.content(&bench.mailbox.0, &id).await.unwrap();
    assert_eq!(content.text.trim(), "Hello from one.");
    let again = bench.mail.raw(&bench.mailbox.0, &id).await.unwrap();
    assert_eq!(again, raw);
    assert_eq!(bench.email_counts().await, (1, 0));
}

pub(super) async fn emails_come_in_pages_unread_first(bench: Bench) {
    let mut ids = Vec::new();
    for (name, seconds) in [("b", 20), ("d", 40), ("a", 10), ("c", 30), ("e", 50)] {
        ids.push((name, bench.append(name, seconds).await));
    }
    assert_eq!(bench.subjects(Folder::Inbox, 0, 50).await, "e d c b a");
    for (name, id) in &ids {
        if ["e", "b"].contains(name) {
            bench.set(id, Flag::Read, true).await;
        }
    }
    assert_eq!(bench.subjects(Folder::Inbox, 0, 50).await, "d c a e b");
    assert_eq!(bench.subjects(Folder::Inbox, 1, 3).await, "c a e");
    assert_eq!(bench.subjects(Folder::Inbox, 4, 3).await, "b");
    assert_eq!(bench.subjects(Folder::Inbox, 9, 3).await, "");
    assert_eq!(bench.email_counts().await, (3, 2));
}

pub(super) async fn flags_are_set_and_cleared_alone(bench: Bench) {
    let id = bench.append("one", 0).await;
    let flags = async || bench.mail.email(&bench.mailbox.0, &id).await.unwrap().flags;
    for flag in [Flag::Read, Flag::Flagged, Flag::Answered, Flag::Forwarded] {
        bench.set(&id, flag, true).await;
        bench.set(&id, flag, true).await;
        let expected = Flags {
            read: flag == Flag::Read,
            flagged: flag == Flag::Flagged,
            answered: flag == Flag::Answered,
            forwarded: flag == Flag::Forwarded,
        };
        assert_eq!(flags().await, expected);
        bench.set(&id, flag, false).await;
        assert_eq!(flags().await, Flags::default());
    }
    let read = bench.mail.set_read(&bench.mailbox.0, &id, true);
    read.await.unwrap();
    assert!(flags().await.read);
}

pub(super) async fn an_email_moves_and_comes_back(bench: Bench) {
    let id = bench.append("one", 0).await;
    for folder in [Folder::Deleted, Folder::Drafts, Folder::Sent] {
        let moved = bench.mail.move_to(&bench.mailbox.0, &id, folder);
        moved.await.unwrap();
        assert_eq!(bench.subjects(folder, 0, 9).await, "one");
        assert_eq!(bench.subjects(Folder::Inbox, 0, 9).await, "");
        assert!(bench.mail.content(&bench.mailbox.0, &id).await.is_ok());
    }
    let folders = bench.mail.folders(&bench.mailbox.0).await.unwrap();
    let full = folders.iter().filter(|one| one.emails.unread > 0);
    let full: Vec<Folder> = full.map(|one| one.folder).collect();
    assert_eq!(full, [Folder::Sent]);
    let back = bench.mail.move_to(&bench.mailbox.0, &id, Folder::Inbox);
    back.await.unwrap();
    assert_eq!(bench.subjects(Folder::Inbox, 0, 9).await, "one");
}

pub(super) async fn a_message_id_is_delivered_once(bench: Bench) {
    let one = bench.deposit_mail(mail("one", "a", "")).await;
    let moved = bench.mail.move_to(&bench.mailbox.0, &one, Folder::Deleted);
    moved.await.unwrap();
    // With other bytes: a relay writes its own Received line on each try.
    let again = bench
        .deposit_mail(mail("one", "a", "Received: by b\r\n"))
        .await;
    assert_eq!(again, one);
    assert_eq!(bench.email_counts().await, (0, 0));
    // Another mailbox and another folder have their own.
    let other = bench
        .deposit
        .deposit_mail(&bench.other.0, mail("one", "a", ""), at(0));
    assert_ne!(other.await.unwrap(), one);
    let sent = bench.mail.append(
        &bench.mailbox.0,
        Folder::Sent,
        mail("one", "a", ""),
        Flags::default(),
        at(0),
    );
    assert_ne!(sent.await.unwrap(), one);
    // Without a Message-ID nobody can tell.
    let nameless: Arc<[u8]> = b"Subject: x\r\n\r\nx\r\n".as_slice().into();
    bench.deposit_mail(nameless.clone()).await;
    bench.deposit_mail(nameless).await;
    assert_eq!(bench.email_counts().await, (2, 0));
}

pub(super) async fn parallel_deliveries_of_one_mail_store_one(bench: Bench) {
    let mut deliveries = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (deposit, mailbox) = (bench.deposit.clone(), bench.mailbox.0.clone());
        deliveries.spawn(async move {
            let delivered = deposit.deposit_mail(&mailbox, mail("one", "a", ""), at(0));
            delivered.await.is_ok()
        });
    }
    assert!(deliveries.join_all().await.contains(&true));
    assert_eq!(bench.email_counts().await, (1, 0));
}

pub(super) async fn emails_of_others_are_out_of_reach(bench: Bench) {
    let id = bench.append("one", 0).await;
    let (mail, other) = (&bench.mail, &bench.other.0);
    let not_found = Some(MailFault::NotFound);
    assert_eq!(mail.email(other, &id).await.err(), not_found);
    assert_eq!(mail.content(other, &id).await.err(), not_found);
    assert_eq!(mail.raw(other, &id).await.err(), not_found);
    assert_eq!(mail.part(other, &id, PartId(0)).await.err(), not_found);
    assert_eq!(
        mail.part_sound(other, &id, PartId(0)).await.err(),
        not_found
    );
    let flag = mail.set_flag(other, &id, Flag::Flagged, true).await;
    assert_eq!(flag.err(), not_found);
    let moved = mail.move_to(other, &id, Folder::Deleted).await;
    assert_eq!(moved.err(), not_found);
    let conversation = mail
        .email(&bench.mailbox.0, &id)
        .await
        .unwrap()
        .conversation;
    assert_eq!(mail.conversation(other, &conversation).await.unwrap(), []);
    let nobody = ringback::mailbox::MailboxId("nobody".into());
    let lost = bench.deposit.deposit_mail(&nobody, mail_of_nobody(), at(0));
    let lost = lost.await;
    assert!(matches!(lost, Err(MailFault::Refused(_))), "{lost:?}");
}

fn mail_of_nobody() -> Arc<[u8]> {
    mail("lost", "lost", "")
}

pub(super) async fn an_email_that_is_not_there_is_not_found(bench: Bench) {
    for id in ["x", "", "../x", "/etc/passwd", "a\0b"] {
        let id = MessageId(id.into());
        let email = bench.mail.email(&bench.mailbox.0, &id).await;
        assert_eq!(email.err(), Some(MailFault::NotFound), "{id:?}");
        assert!(bench.mail.content(&bench.mailbox.0, &id).await.is_err());
        assert!(bench.mail.raw(&bench.mailbox.0, &id).await.is_err());
    }
}

pub(super) async fn conversations_hold_together(bench: Bench) {
    let refer = |id: &str| format!("References: <{id}@example.test>\r\n");
    let answer = |id: &str| format!("In-Reply-To: <{id}@example.test>\r\n");
    let rows = [
        ("a1", mail("a1", "Plan", "")),
        // An answer that comes before what it answers, and one by subject only.
        ("a3", mail("a3", "Re: Plan", &refer("a2"))),
        ("a2", mail("a2", "AW: Plan", &answer("a1"))),
        ("a4", mail("a4", "Re: [list] plan", "")),
        ("b1", mail("b1", "Invoice", "")),
        ("b2", mail("b2", "Invoice", "")),
    ];
    let mut conversations = std::collections::BTreeMap::new();
    for (seconds, (name, raw)) in (0..).zip(rows) {
        let id = bench.append_mail(raw, Flags::default(), seconds).await;
        conversations.insert(name, id);
    }
    let members = async |name: &str| {
        let email = bench.mail.email(&bench.mailbox.0, &conversations[name]);
        let conversation = email.await.unwrap().conversation;
        let emails = bench
            .mail
            .conversation(&bench.mailbox.0, &conversation)
            .await;
        let ids = emails
            .unwrap()
            .into_iter()
            .map(|email| email.message_id.unwrap());
        let ids: Vec<String> = ids.map(|id| id.replace("@example.test", "")).collect();
        ids.join(" ")
    };
    for name in ["a1", "a2", "a3", "a4"] {
        assert_eq!(members(name).await, "a1 a3 a2 a4", "{name}");
    }
    // Two invoices are two things, though they are called the same.
    assert_eq!(members("b1").await, "b1");
    let moved = bench
        .mail
        .move_to(&bench.mailbox.0, &conversations["a2"], Folder::Deleted);
    moved.await.unwrap();
    assert_eq!(members("a1").await, "a1 a3 a2 a4", "in every folder");
}

pub(super) async fn usage_counts_emails_too(bench: Bench) {
    let usage = async || bench.mail.usage(&bench.mailbox.0).await.unwrap().bytes;
    let raw = mail("one", "one", "");
    let id = bench.append_mail(raw.clone(), Flags::default(), 0).await;
    assert_eq!(usage().await, raw.len() as u64);
    let moved = bench.mail.move_to(&bench.mailbox.0, &id, Folder::Deleted);
    moved.await.unwrap();
    assert_eq!(usage().await, raw.len() as u64);
}

pub(super) async fn broken_mail_is_listed_with_what_can_be_read(bench: Bench) {
    let broken: [&[u8]; 8] = [
        b"",
        b"\r\n",
        b"no header at all",
        b"Subject: =?utf-8?B?////?=\r\nFrom: <<>>\r\nDate: yesterday\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n--\r\n",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: multipart/",
        b"Content-Type: text/plain; charset=\"\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n====",
    ];
    for (seconds, raw) in (0..).zip(broken) {
        let id = bench
            .append_mail(raw.into(), Flags::default(), seconds)
            .await;
        bench.mail.content(&bench.mailbox.0, &id).await.unwrap();
    }
    let listed = bench
        .mail
        .emails(&bench.mailbox.0, Folder::Inbox, Page::default());
    assert_eq!(listed.await.unwrap().len(), broken.len());
}

pub(super) async fn guarded_mail_says_why_it_cannot_be_read(bench: Bench) {
    let raw = b"Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nx";
    let id = bench
        .append_mail(raw.as_slice().into(), Flags::default(), 0)
        .await;
    let content = bench.mail.content(&bench.mailbox.0, &id).await.unwrap();
    assert_eq!(content.guard, Some(Guard::Encrypted));
}

/// A mail with a sound in it, of so many samples.
fn sounding(header: &str, media_type: &str, bytes: &[u8]) -> Arc<[u8]> {
    let mut raw = format!(
        "{header}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nListen\r\n\
         --b\r\nContent-Type: {media_type}; name=a.wav\r\n\r\n"
    )
    .into_bytes();
    raw.extend_from_slice(bytes);
    raw.extend_from_slice(b"\r\n--b--\r\n");
    raw.into()
}

pub(super) async fn attached_sound_is_played_and_the_rest_is_refused(bench: Bench) {
    let wav = ringback::sound::wav::encode(&[1_000; 4_000]);
    let raw = sounding("Subject: a song\r\n", "audio/wav", &wav);
    let id = bench.append_mail(raw, Flags::default(), 0).await;
    let content = bench.mail.content(&bench.mailbox.0, &id).await.unwrap();
    let [attachment] = content.attachments.as_slice() else {
        panic!("{content:?}");
    };
    assert!(attachment.is_sound);
    assert_eq!(attachment.bytes, wav.len() as u64);
    let bytes = bench.mail.part(&bench.mailbox.0, &id, attachment.part);
    assert_eq!(bytes.await.unwrap().as_ref(), wav);
    let sound = bench
        .mail
        .part_sound(&bench.mailbox.0, &id, attachment.part);
    assert_eq!(sound.await.unwrap().samples(), [1_000; 4_000]);
    let words = bench.mail.part_sound(&bench.mailbox.0, &id, PartId(0));
    assert!(matches!(words.await, Err(MailFault::Refused(_))));
    let none = bench.mail.part(&bench.mailbox.0, &id, PartId(77));
    assert_eq!(none.await.err(), Some(MailFault::NotFound));
    let broken = sounding("Subject: noise\r\n", "audio/wav", b"RIFF....WAVEfmt ");
    let id = bench.append_mail(broken, Flags::default(), 0).await;
    let sound = bench.mail.part_sound(&bench.mailbox.0, &id, PartId(1));
    assert!(matches!(sound.await, Err(MailFault::Refused(_))));
}

pub(super) async fn voice_mail_becomes_a_voice_message(bench: Bench) {
    let wav = ringback::sound::wav::encode(&[1_000; 16_000]);
    let header = "Message-ID: <v@example.test>\r\nContent-Class: voice-ca\r\n\
        Importance: high\r\nSensitivity: private\r\n\
        X-CallingTelephoneNumber: +15550100\r\nX-VoiceMessageSenderName: Anna\r\n";
    let raw = sounding(header, "audio/wav", &wav);
    let id = bench.deposit_mail(raw.clone()).await;
    assert_eq!(bench.deposit_mail(raw).await, id, "once");
    assert_eq!(bench.email_counts().await, (0, 0));
    let messages = bench.mail.voice_messages(&bench.mailbox.0, Folder::Inbox);
    let messages = messages.await.unwrap();
    let [message] = messages.as_slice() else {
        panic!("{messages:?}");
    };
    assert_eq!(message.envelope.id, id);
    assert_eq!(message.length, Duration::from_secs(2));
    assert_eq!(message.envelope.from.name.as_deref(), Some("Anna"));
    assert_eq!(message.envelope.from.number.as_deref(), Some("+15550100"));
    assert_eq!(
        message.envelope.importance,
        ringback::mailbox::Importance::High
    );
    assert!(message.envelope.private);
    // Without a sound that can be played it stays what it is.
    let silent = sounding("Content-Class: voice\r\n", "audio/mpeg", b"ID3");
    bench.deposit_mail(silent).await;
    assert_eq!(bench.email_counts().await, (1, 0));
}

pub(super) async fn changes_are_told_from_where_one_was(bench: Bench) {
    let changes = async |since| {
        let changes = bench.mail.changes(&bench.mailbox.0, since).await.unwrap();
        (changes.mark, changes.messages)
    };
    let (start, none) = changes(ChangeMark::default()).await;
    assert_eq!(none, []);
    let one = bench.append("one", 0).await;
    let two = bench.append("two", 0).await;
    let (mark, changed) = changes(start).await;
    assert_eq!(changed, [one.clone(), two.clone()]);
    assert_eq!(changes(mark).await, (mark, vec![]));
    bench.set(&one, Flag::Flagged, true).await;
    bench.set(&one, Flag::Read, true).await;
    let (last, changed) = changes(mark).await;
    assert_eq!(changed, std::slice::from_ref(&one));
    assert!(last > mark);
    assert_eq!(changes(start).await.1, [two, one]);
    let other = bench.mail.changes(&bench.other.0, ChangeMark::default());
    assert_eq!(other.await.unwrap().messages, []);
}

pub(super) async fn watching_wakes_for_a_change_and_only_then(bench: Bench) {
    let start = bench.mail.changes(&bench.mailbox.0, ChangeMark::default());
    let start = start.await.unwrap().mark;
    let (store, mailbox) = (bench.mail.clone(), bench.mailbox.0.clone());
    let mut watching = tokio::task::JoinSet::new();
    watching.spawn(async move { store.watch(&mailbox, start).await });
    let others = bench
        .deposit
        .deposit_mail(&bench.other.0, mail("other", "x", ""), at(0));
    others.await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(watching.try_join_next().is_none());
    bench.append("one", 0).await;
    let mark = tokio::time::timeout(Duration::from_secs(2), watching.join_next()).await;
    assert!(mark.unwrap().unwrap().unwrap().unwrap() > start);
}
