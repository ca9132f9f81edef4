//! Mails: taken over, brought to everybody once, reported when they cannot be.

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use mail_parser::{MessageParser, MimeHeaders};
use tempfile::TempDir;

use super::*;
use crate::line::{Sound, TakeEnd};
use crate::mailbox::{
    AttachedSound, Card, Folder, MailAddress, MailFault, MailKind, MailboxId, OutgoingMail,
    Recipient, Submitted,
};
use crate::store::wav;

/// What the relay was handed: sender, recipients, message.
type Handed = (Option<String>, Vec<String>, Vec<u8>);

/// Mailboxes, relay and directory in one, that answer as told.
#[derive(Default)]
struct World {
    /// What mailboxes and the relay say next, the last one first.
    faults: Mutex<Vec<MailFault>>,
    relay: Mutex<Vec<Vec<Submitted>>>,
    messages: Mutex<BTreeMap<String, (Envelope, usize)>>,
    mails: Mutex<Vec<(MailboxId, Folder, Vec<u8>)>>,
    submitted: Mutex<Vec<Handed>>,
}

impl World {
    fn fault(&self) -> Result<(), MailFault> {
        lock(&self.faults).pop().map_or(Ok(()), Err)
    }

    fn mails_of(&self, user: &str, folder: Folder) -> Vec<Vec<u8>> {
        lock(&self.mails)
            .iter()
            .filter(|(of, at, _)| &*of.0 == user && *at == folder)
            .map(|(_, _, mail)| mail.clone())
            .collect()
    }
}

#[async_trait]
impl Deposit for World {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        self.fault()?;
        let samples = wav::read_stored(sound)
            .map_err(|error| MailFault::Unavailable(error.to_string()))?
            .len();
        let key = envelope.id.0.to_string();
        lock(&self.messages).insert(key, (envelope.clone(), samples));
        Ok(())
    }

    async fn deposit_mail(
        &self,
        _mailbox: &MailboxId,
        _mail: Arc<[u8]>,
        _received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        Err(MailFault::Refused("only the outbox brings mail".into()))
    }
}

#[async_trait]
impl Letterbox for World {
    async fn put(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        message: Arc<[u8]>,
        _received: Timestamp,
    ) -> Result<(), MailFault> {
        self.fault()?;
        let mail = (mailbox.clone(), folder, message.to_vec());
        let mut mails = lock(&self.mails);
        let id = |mail: &[u8]| {
            let parsed = MessageParser::default().parse(mail).unwrap();
            parsed.message_id().unwrap().to_owned()
        };
        let known = mails
            .iter()
            .any(|there| there.0 == mail.0 && there.1 == mail.1 && id(&there.2) == id(&mail.2));
        if !known {
            mails.push(mail);
        }
        Ok(())
    }
    async fn original(&self, _: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        match &*id.0 {
            "there" => Ok(Arc::from(b"Subject: old\r\n\r\nwords\r\n".as_slice())),
            _ => Err(MailFault::NotFound),
        }
    }
    async fn spoken(&self, _: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        match &*id.0 {
            "there" => Ok(Arc::new(Sound::new(vec![5; 16_000]))),
            _ => Err(MailFault::NotFound),
        }
    }
}

#[async_trait]
impl Submission for World {
    async fn submit(
        &self,
        sender: Option<&str>,
        recipients: &[String],
        message: &[u8],
    ) -> Result<Vec<Submitted>, MailFault> {
        let sender = sender.map(str::to_owned);
        lock(&self.submitted).push((sender, recipients.to_vec(), message.to_vec()));
        match lock(&self.relay).pop() {
            Some(answers) => Ok(answers),
            None => Err(MailFault::Unavailable("the relay is down".into())),
        }
    }
}

#[async_trait]
impl Cards for World {
    async fn card(&self, mailbox: &MailboxId) -> Result<Card, MailFault> {
        Ok(Card {
            name: mailbox.0.to_uppercase(),
            address: (&*mailbox.0 == "alice").then(|| "alice@example.test".to_owned()),
            number: Some("1042".to_owned()),
        })
    }
}

struct House {
    folder: TempDir,
    world: Arc<World>,
}

impl House {
    fn new() -> House {
        House {
            folder: tempfile::tempdir().unwrap(),
            world: Arc::default(),
        }
    }

    /// A fresh process on the same disk.
    fn outbox(&self) -> Outbox {
        let room = PostRoom {
            relay: self.world.clone(),
            ..PostRoom::without_relay(self.world.clone(), self.world.clone())
        };
        let outbox = Outbox::open(self.folder.path(), self.world.clone()).unwrap();
        outbox.with_post_room(room)
    }

    fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }
}

fn mail(kind: MailKind, to: &[Recipient]) -> OutgoingMail {
    let from = (kind != MailKind::System).then(|| MailboxId("alice".into()));
    OutgoingMail {
        to: to.to_vec(),
        subject: "Lunch".to_owned(),
        text: "Words.\n".to_owned(),
        ..OutgoingMail::new(kind, from, Timestamp::from_second(1_795_000_000).unwrap())
    }
}

fn here(user: &str) -> Recipient {
    Recipient::mailbox(MailboxId(user.into()))
}

fn elsewhere(address: &str) -> Recipient {
    Recipient::address(MailAddress {
        name: None,
        address: address.to_owned(),
    })
}

async fn recording(outbox: &Outbox, samples: usize) -> Recording {
    let mut tape = outbox.tape(TapePurpose::Scratch).await.unwrap();
    tape.writer.write(&vec![7; samples]);
    let take = Take {
        tape: tape.id.clone(),
        keep_samples: samples as u64,
        voiced: Duration::from_secs(1),
        end: TakeEnd::Stopped,
    };
    drop(tape);
    outbox.finish(&take, None).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn everybody_gets_it_once_and_the_sender_has_a_copy() {
    let house = House::new();
    let outbox = house.outbox();
    let sound = recording(&outbox, 8_000).await;
    let to = [
        here("bob"),
        here("carol"),
        here("bob"),
        elsewhere("dan@example.org"),
    ];
    let id = outbox
        .send(mail(MailKind::Voice, &to), Some(sound))
        .await
        .unwrap();
    lock(&house.world.relay).push(vec![Submitted::Accepted]);
    assert_eq!((outbox.waiting().mails, outbox.waiting().elsewhere), (1, 1));
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting(), Waiting::default());
    assert_eq!(house.files(), 0);
    let messages = lock(&house.world.messages).clone();
    assert_eq!(messages.len(), 2);
    for (envelope, samples) in messages.values() {
        assert_eq!(*samples, 8_000);
        assert_eq!(envelope.from.user.as_deref(), Some("alice"));
        let sent = envelope.sent.as_ref().unwrap();
        assert_eq!(sent.message_id, format!("{}.vm@localhost", id.0));
        assert_eq!((&*sent.subject, sent.sounds.len()), ("Lunch", 0));
    }
    let (sender, recipients, bytes) = lock(&house.world.submitted)[0].clone();
    assert_eq!(sender.as_deref(), Some("alice@example.test"));
    assert_eq!(recipients, ["dan@example.org"]);
    let copies = house.world.mails_of("alice", Folder::Sent);
    assert_eq!(copies.len(), 1);
    for mail in [&copies[0], &bytes] {
        let parsed = MessageParser::default().parse(mail).unwrap();
        assert_eq!(parsed.attachment_count(), 1);
        assert_eq!(
            parsed.message_id(),
            Some(&*format!("{}.vm@localhost", id.0))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_forward_holds_the_introduction_and_what_it_introduces() {
    let house = House::new();
    let outbox = house.outbox();
    let sound = recording(&outbox, 8_000).await;
    let mut forward = mail(
        MailKind::Voice,
        &[here("bob"), elsewhere("dan@example.org")],
    );
    let there = |message: &str| AttachedSound {
        message: MessageId(message.into()),
        from: "Carol".to_owned(),
    };
    forward.sounds = vec![there("gone")];
    let failed = outbox.send(forward.clone(), Some(sound.clone())).await;
    assert!(
        matches!(failed, Err(OutboxFault::Unsendable(_))),
        "{failed:?}"
    );
    forward.sounds = vec![there("there")];
    outbox.send(forward, Some(sound)).await.unwrap();
    lock(&house.world.relay).push(vec![Submitted::Accepted]);
    outbox.deliver_due().await;
    let messages = lock(&house.world.messages).clone();
    let (envelope, samples) = messages.values().next().unwrap();
    assert_eq!(*samples, 8_000 + 4_000 + 16_000);
    let sounds = &envelope.sent.as_ref().unwrap().sounds;
    let parts: Vec<_> = sounds
        .iter()
        .map(|part| (&*part.from, part.samples))
        .collect();
    assert_eq!(parts, [("ALICE", 12_000), ("Carol", 16_000)]);
    let bytes = lock(&house.world.submitted)[0].2.clone();
    let parsed = MessageParser::default().parse(&bytes).unwrap();
    let names: Vec<_> = parsed
        .attachments()
        .map(|part| part.attachment_name().unwrap().to_owned())
        .collect();
    assert_eq!(
        names,
        [
            "ALICE (2 seconds) Voice Mail.wav",
            "Carol (2 seconds) Voice Mail.wav"
        ]
    );
    assert_eq!(
        parsed
            .header_raw("X-AttachmentOrder")
            .unwrap()
            .trim()
            .replace("\r\n", ""),
        names.join(";")
    );
}

#[tokio::test(start_paused = true)]
async fn a_restart_goes_on_with_those_who_have_not_got_it() {
    let house = House::new();
    let outbox = house.outbox();
    let to = [
        here("bob"),
        elsewhere("dan@example.org"),
        elsewhere("eve@example.org"),
    ];
    outbox.send(mail(MailKind::Note, &to), None).await.unwrap();
    lock(&house.world.relay).push(vec![
        Submitted::Accepted,
        Submitted::Later("451 come back".to_owned()),
    ]);
    outbox.deliver_due().await;
    drop(outbox);
    let outbox = house.outbox();
    lock(&house.world.relay).push(vec![Submitted::Accepted]);
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting(), Waiting::default());
    let submitted = lock(&house.world.submitted).clone();
    assert_eq!(submitted.len(), 2);
    assert_eq!(submitted[1].1, ["eve@example.org"]);
    let id = |bytes: &[u8]| {
        let parsed = MessageParser::default().parse(bytes).unwrap();
        parsed.message_id().unwrap().to_owned()
    };
    assert_eq!(id(&submitted[0].2), id(&submitted[1].2));
    assert_eq!(house.world.mails_of("bob", Folder::Inbox).len(), 1);
    assert_eq!(house.world.mails_of("alice", Folder::Sent).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_reported_to_the_sender_and_only_once() {
    let house = House::new();
    let outbox = house.outbox();
    let to = [
        elsewhere("nobody@example.org"),
        elsewhere("dan@example.org"),
    ];
    outbox.send(mail(MailKind::Note, &to), None).await.unwrap();
    lock(&house.world.relay).push(vec![
        Submitted::Refused("550 5.1.1 no such user".to_owned()),
        Submitted::Later("451 busy".to_owned()),
    ]);
    outbox.deliver_due().await;
    outbox.deliver_due().await;
    let reports = house.world.mails_of("alice", Folder::Inbox);
    assert_eq!(reports.len(), 1);
    let parsed = MessageParser::default().parse(&reports[0]).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!(
        (&*kind.c_type, kind.subtype()),
        ("multipart", Some("report"))
    );
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let text = String::from_utf8(reports[0].clone()).unwrap();
    for line in [
        "Final-Recipient: rfc822; nobody@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        "Subject: Not delivered: Lunch\r\n",
        "Auto-Submitted: auto-replied\r\n",
        "Content-Type: text/rfc822-headers\r\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing in:\n{text}");
    }
    assert!(!text.contains("dan@example.org ("), "{text}");
    // The other one is still tried, with what the state on the disk says.
    assert_eq!(outbox.waiting().elsewhere, 1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_delivered_for_days_is_given_up_and_reported() {
    let house = House::new();
    let outbox = house.outbox();
    let to = [elsewhere("dan@example.org")];
    outbox.send(mail(MailKind::Note, &to), None).await.unwrap();
    let began = tokio::time::Instant::now();
    let running = tokio::time::timeout(Duration::from_secs(12 * 86_400), async {
        loop {
            outbox.deliver_due().await;
            if outbox.waiting().mails == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1_800)).await;
        }
    });
    running.await.unwrap();
    let days = began.elapsed().as_secs_f64() / 86_400.0;
    assert!((4.0..11.0).contains(&days), "{days} days");
    let reports = house.world.mails_of("alice", Folder::Inbox);
    let text = String::from_utf8(reports[0].clone()).unwrap();
    assert!(text.contains("Status: 4.4.7\r\n"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_mail_of_the_system_is_never_reported() {
    let house = House::new();
    let outbox = house.outbox();
    let to = [elsewhere("nobody@example.org")];
    outbox
        .send(mail(MailKind::System, &to), None)
        .await
        .unwrap();
    lock(&house.world.relay).push(vec![Submitted::Refused("550 no".to_owned())]);
    outbox.deliver_due().await;
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting(), Waiting::default());
    assert!(lock(&house.world.mails).is_empty());
    assert_eq!(
        lock(&house.world.submitted)[0].0,
        None,
        "an empty envelope sender"
    );
}

#[tokio::test(start_paused = true)]
async fn nobody_is_refused_at_once() {
    let house = House::new();
    let outbox = house.outbox();
    let sound = recording(&outbox, 8_000).await;
    let refused = outbox
        .send(mail(MailKind::Voice, &[]), Some(sound.clone()))
        .await;
    assert!(matches!(refused, Err(OutboxFault::Unsendable(_))));
    // What was recorded can still be sent.
    let to = [here("bob")];
    outbox
        .send(mail(MailKind::Voice, &to), Some(sound))
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_command_line_hastens_and_hands_in() {
    let house = House::new();
    let outbox = house.outbox();
    let to = [elsewhere("dan@example.org")];
    let id = outbox.send(mail(MailKind::Note, &to), None).await.unwrap();
    outbox.deliver_due().await;
    let folder = house.folder.path();
    let listed = listing(folder).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&*listed[0].to, listed[0].attempts), ("dan@example.org", 1));
    assert!(listed[0].state.contains("the relay is down"), "{listed:?}");
    assert!(request_retry(folder, &MessageId("nothing".into())).is_err());
    request_retry(folder, &id).unwrap();
    lock(&house.world.relay).push(vec![Submitted::Accepted]);
    outbox.take_in().await;
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting().mails, 0);
    hand_in(folder, mail(MailKind::System, &[here("bob")])).unwrap();
    outbox.take_in().await;
    outbox.deliver_due().await;
    assert_eq!(house.world.mails_of("bob", Folder::Inbox).len(), 1);
    assert_eq!(listing(folder).unwrap(), []);
}
