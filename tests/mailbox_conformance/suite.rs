//! The assertions. Each takes a bench with two empty mailboxes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ringback::line::Sound;
use ringback::mailbox::{
    Counts, Deposit, Envelope, Folder, Importance, Interface, MailFault, MailStore, MailboxId,
    MessageId, PatienceLevel, PromptStyle, Recorded, Sender, Settings, UserSettings, VoiceMessage,
};
use ringback::store::wav;
use tempfile::TempDir;

/// A backend with two empty mailboxes.
pub(super) struct Bench {
    pub(super) deposit: Arc<dyn Deposit>,
    pub(super) mail: Arc<dyn MailStore>,
    pub(super) settings: Arc<dyn Settings>,
    pub(super) mailbox: Name,
    pub(super) other: Name,
    pub(super) folder: TempDir,
}

/// A mailbox's name on its way to an id.
pub(super) struct Name(pub(super) MailboxId);

impl From<&str> for Name {
    fn from(name: &str) -> Self {
        Name(MailboxId(name.into()))
    }
}

pub(crate) fn envelope(to: &Name, id: &str) -> Envelope {
    Envelope {
        id: MessageId(id.into()),
        to: to.0.clone(),
        from: Sender {
            number: Some("+15550102002".into()),
            name: Some("Bob Baker".into()),
            user: Some("bob".into()),
        },
        received: Timestamp::from_second(1_795_000_000).unwrap(),
        importance: Importance::High,
        private: true,
        called: "2001".into(),
        reason: "DivertBusy".into(),
        call_id: "1@host".into(),
        cut_short: true,
        sent: None,
    }
}

impl Bench {
    fn wav(&self, samples: &[i16]) -> PathBuf {
        let path = self.folder.path().join("sound.wav");
        wav::write_stored(&path, samples).unwrap();
        path
    }

    async fn put(&self, envelope: &Envelope, samples: &[i16]) -> Result<(), MailFault> {
        let path = self.wav(samples);
        self.deposit.deposit(envelope, &path).await
    }

    async fn put_at(&self, id: &str, seconds: i64) {
        let envelope = Envelope {
            received: Timestamp::from_second(1_795_000_000 + seconds).unwrap(),
            ..envelope(&self.mailbox, id)
        };
        self.put(&envelope, &[7; 800]).await.unwrap();
    }

    async fn list(&self, folder: Folder) -> Vec<VoiceMessage> {
        let listed = self.mail.voice_messages(&self.mailbox.0, folder);
        listed.await.unwrap()
    }

    async fn ids(&self, folder: Folder) -> String {
        let messages = self.list(folder).await;
        let ids: Vec<&str> = messages
            .iter()
            .map(|message| &*message.envelope.id.0)
            .collect();
        ids.join(" ")
    }

    async fn counts(&self) -> (usize, usize) {
        let Counts { unread, read } = self.mail.counts(&self.mailbox.0).await.unwrap();
        (unread, read)
    }

    async fn set_read(&self, id: &str, read: bool) -> Result<(), MailFault> {
        let id = MessageId(id.into());
        self.mail.set_read(&self.mailbox.0, &id, read).await
    }

    async fn move_to(&self, id: &str, folder: Folder) -> Result<(), MailFault> {
        let id = MessageId(id.into());
        self.mail.move_to(&self.mailbox.0, &id, folder).await
    }
}

pub(super) async fn a_deposited_message_is_found_with_all_it_had(bench: Bench) {
    assert_eq!(bench.list(Folder::Inbox).await, []);
    assert_eq!(bench.counts().await, (0, 0));
    let deposited = envelope(&bench.mailbox, "one");
    let samples: Vec<i16> = (0..12_345).collect();
    bench.put(&deposited, &samples).await.unwrap();
    let messages = bench.list(Folder::Inbox).await;
    assert_eq!(messages.len(), 1);
    assert_eq!(messages[0].envelope, deposited);
    assert_eq!(messages[0].length, Duration::from_micros(12_345 * 125));
    assert!(!messages[0].read);
    assert_eq!(messages[0].folder, Folder::Inbox);
    assert_eq!(bench.counts().await, (1, 0));
    let sound = bench
        .mail
        .sound(&bench.mailbox.0, &deposited.id)
        .await
        .unwrap();
    assert_eq!(sound.samples(), samples);
}

pub(super) async fn depositing_twice_stores_one_message(bench: Bench) {
    let deposited = envelope(&bench.mailbox, "one");
    bench.put(&deposited, &[7; 800]).await.unwrap();
    bench.set_read("one", true).await.unwrap();
    bench.move_to("one", Folder::Deleted).await.unwrap();
    // A second delivery after a crash must not bring back what was deleted meanwhile.
    bench.put(&deposited, &[7; 800]).await.unwrap();
    assert_eq!(bench.ids(Folder::Inbox).await, "");
    assert_eq!(bench.ids(Folder::Deleted).await, "one");
    // The sound has gone with the first delivery.
    let gone = bench.folder.path().join("gone.wav");
    bench.deposit.deposit(&deposited, &gone).await.unwrap();
}

pub(super) async fn parallel_deposits_of_one_message_store_one(bench: Bench) {
    let deposited = envelope(&bench.mailbox, "one");
    let path = bench.wav(&[7; 800]);
    let mut deposits = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (deposit, deposited, path) = (bench.deposit.clone(), deposited.clone(), path.clone());
        deposits.spawn(async move { deposit.deposit(&deposited, &path).await });
    }
    // A racing deposit may fail and be tried again; what counts is what is stored.
    let stored = deposits
        .join_all()
        .await
        .iter()
        .filter(|done| done.is_ok())
        .count();
    assert!(stored >= 1);
    assert_eq!(bench.ids(Folder::Inbox).await, "one");
    let sound = bench
        .mail
        .sound(&bench.mailbox.0, &deposited.id)
        .await
        .unwrap();
    assert_eq!(sound.samples(), [7; 800]);
}

pub(super) async fn unread_comes_first_and_newest_first_in_both(bench: Bench) {
    for (id, seconds) in [("b", 20), ("d", 40), ("a", 10), ("c", 30)] {
        bench.put_at(id, seconds).await;
    }
    assert_eq!(bench.ids(Folder::Inbox).await, "d c b a");
    bench.set_read("d", true).await.unwrap();
    bench.set_read("a", true).await.unwrap();
    assert_eq!(bench.ids(Folder::Inbox).await, "c b d a");
}

pub(super) async fn reading_and_unreading_move_the_counts(bench: Bench) {
    bench.put_at("a", 1).await;
    bench.put_at("b", 2).await;
    assert_eq!(bench.counts().await, (2, 0));
    bench.set_read("a", true).await.unwrap();
    bench.set_read("a", true).await.unwrap();
    assert_eq!(bench.counts().await, (1, 1));
    bench.set_read("a", false).await.unwrap();
    assert_eq!(bench.counts().await, (2, 0));
}

pub(super) async fn deleting_moves_and_can_be_undone(bench: Bench) {
    bench.put_at("a", 1).await;
    bench.put_at("b", 2).await;
    bench.move_to("a", Folder::Deleted).await.unwrap();
    bench.move_to("a", Folder::Deleted).await.unwrap();
    assert_eq!(bench.ids(Folder::Inbox).await, "b");
    assert_eq!(bench.ids(Folder::Deleted).await, "a");
    assert_eq!(bench.counts().await, (1, 0), "deleted messages are not new");
    let deleted = MessageId("a".into());
    assert!(bench.mail.sound(&bench.mailbox.0, &deleted).await.is_ok());
    bench.move_to("a", Folder::Inbox).await.unwrap();
    assert_eq!(bench.ids(Folder::Inbox).await, "b a");
}

pub(super) async fn messages_of_others_are_out_of_reach(bench: Bench) {
    bench.put_at("a", 1).await;
    let (id, other) = (MessageId("a".into()), &bench.other.0);
    let not_found = Err(MailFault::NotFound);
    assert_eq!(bench.mail.set_read(other, &id, true).await, not_found);
    assert_eq!(
        bench.mail.move_to(other, &id, Folder::Deleted).await,
        not_found
    );
    assert_eq!(
        bench.mail.sound(other, &id).await.err(),
        Some(MailFault::NotFound)
    );
    assert_eq!(
        bench
            .mail
            .voice_messages(other, Folder::Inbox)
            .await
            .unwrap(),
        []
    );
    assert_eq!(bench.counts().await, (1, 0));
}

pub(super) async fn what_is_not_there_is_not_found(bench: Bench) {
    assert_eq!(bench.set_read("x", true).await, Err(MailFault::NotFound));
    assert_eq!(
        bench.move_to("x", Folder::Deleted).await,
        Err(MailFault::NotFound)
    );
    let id = MessageId("x".into());
    let sound = bench.mail.sound(&bench.mailbox.0, &id).await;
    assert_eq!(sound.err(), Some(MailFault::NotFound));
}

pub(super) async fn ids_never_name_files_elsewhere(bench: Bench) {
    let long = "x".repeat(65);
    for id in [
        "",
        "../x",
        "/etc/passwd",
        "a/b",
        "a\0b",
        "a.b",
        "'; --",
        &long,
    ] {
        let refused = bench.put(&envelope(&bench.mailbox, id), &[7; 80]).await;
        assert!(
            matches!(refused, Err(MailFault::Refused(_))),
            "{id}: {refused:?}"
        );
        let sound = bench
            .mail
            .sound(&bench.mailbox.0, &MessageId(id.into()))
            .await;
        assert!(sound.is_err(), "{id}");
    }
    assert_eq!(bench.counts().await, (0, 0));
}

pub(super) async fn a_message_for_nobody_is_refused_for_good(bench: Bench) {
    let lost = Envelope {
        to: MailboxId("nobody".into()),
        ..envelope(&bench.mailbox, "one")
    };
    let refused = bench.put(&lost, &[7; 80]).await;
    assert!(matches!(refused, Err(MailFault::Refused(_))), "{refused:?}");
}

pub(super) async fn usage_counts_what_is_stored(bench: Bench) {
    let usage = async || bench.mail.usage(&bench.mailbox.0).await.unwrap().bytes;
    assert_eq!(usage().await, 0);
    bench
        .put(&envelope(&bench.mailbox, "a"), &[7; 8_000])
        .await
        .unwrap();
    let one = usage().await;
    assert!(one > 0);
    bench
        .put(&envelope(&bench.mailbox, "b"), &[7; 8_000])
        .await
        .unwrap();
    assert_eq!(usage().await, 2 * one);
    bench.move_to("a", Folder::Deleted).await.unwrap();
    assert_eq!(usage().await, 2 * one, "deleted items take room too");
}

pub(super) async fn an_empty_message_is_a_message(bench: Bench) {
    bench
        .put(&envelope(&bench.mailbox, "a"), &[])
        .await
        .unwrap();
    assert_eq!(bench.list(Folder::Inbox).await[0].length, Duration::ZERO);
    let sound = bench
        .mail
        .sound(&bench.mailbox.0, &MessageId("a".into()))
        .await;
    assert!(sound.unwrap().samples().is_empty());
}

pub(super) async fn hostile_text_comes_back_as_it_was(bench: Bench) {
    let hostile = "\"'; DROP TABLE message; -- \u{202e}\u{1b}[2J\r\nBcc: x\0 <speak> ../../";
    let deposited = Envelope {
        from: Sender {
            number: Some(hostile.into()),
            name: Some(hostile.into()),
            user: None,
        },
        called: hostile.into(),
        reason: hostile.into(),
        call_id: hostile.into(),
        ..envelope(&bench.mailbox, "a")
    };
    bench.put(&deposited, &[7; 80]).await.unwrap();
    assert_eq!(bench.list(Folder::Inbox).await[0].envelope, deposited);
}

/// Random operations of four sessions at once. Each operation that was answered happened, so what
/// remains must be what some order of them gives; the counts must agree with the lists.
pub(super) async fn two_sessions_at_once_leave_a_serial_result(bench: Bench) {
    const MESSAGES: usize = 6;
    for at in 0..MESSAGES {
        bench.put_at(&format!("m{at}"), at as i64).await;
    }
    let mut sessions = tokio::task::JoinSet::new();
    for seed in 0..4 {
        let (mail, mailbox) = (bench.mail.clone(), bench.mailbox.0.clone());
        sessions.spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            let mut last = vec![(None, None); MESSAGES];
            for _ in 0..40 {
                let at = random.random_range(0..MESSAGES);
                let id = MessageId(format!("m{at}").into());
                if random.random() {
                    let read = random.random();
                    mail.set_read(&mailbox, &id, read).await.unwrap();
                    last[at].0 = Some(read);
                } else {
                    let folder = [Folder::Inbox, Folder::Deleted][random.random_range(0..2)];
                    mail.move_to(&mailbox, &id, folder).await.unwrap();
                    last[at].1 = Some(folder);
                }
            }
            last
        });
    }
    let lasts = sessions.join_all().await;
    let inbox = bench.list(Folder::Inbox).await;
    let deleted = bench.list(Folder::Deleted).await;
    assert_eq!(
        inbox.len() + deleted.len(),
        MESSAGES,
        "none lost, none doubled"
    );
    let unread = inbox.iter().filter(|message| !message.read).count();
    assert_eq!(bench.counts().await, (unread, inbox.len() - unread));
    for message in inbox.iter().chain(&deleted) {
        let at: usize = message.envelope.id.0[1..].parse().unwrap();
        // In any order of all operations, the last on a message is the last of its session.
        let reads: Vec<bool> = lasts.iter().filter_map(|last| last[at].0).collect();
        assert!(reads.is_empty() || reads.contains(&message.read));
        let folders: Vec<Folder> = lasts.iter().filter_map(|last| last[at].1).collect();
        assert!(folders.is_empty() || folders.contains(&message.folder));
    }
}

pub(super) async fn settings_are_kept_for_each(bench: Bench) {
    let fresh = UserSettings::default();
    let chosen = UserSettings {
        set_up: true,
        language: Some("de-DE".into()),
        time_zone: Some("Europe/Berlin".into()),
        twenty_four_hours: Some(true),
        away: true,
        auto_reply: true,
        auto_reply_text: Some("Back on Monday.".into()),
        key_layout: Some("asterisk".into()),
        prompts: PromptStyle::Brief,
        patience: PatienceLevel::Long,
        interface: Interface::TouchTone,
        pace: Some(125),
        email_folder: Some(Folder::Sent),
    };
    bench
        .settings
        .save_settings(&bench.mailbox.0, &chosen)
        .await
        .unwrap();
    assert_eq!(
        bench.settings.settings(&bench.mailbox.0).await.unwrap(),
        chosen
    );
    bench
        .settings
        .save_settings(&bench.mailbox.0, &fresh)
        .await
        .unwrap();
    assert_eq!(
        bench.settings.settings(&bench.mailbox.0).await.unwrap(),
        fresh
    );
    bench
        .settings
        .save_settings(&bench.other.0, &chosen)
        .await
        .unwrap();
    assert_eq!(
        bench.settings.settings(&bench.mailbox.0).await.unwrap(),
        fresh
    );
}

pub(super) async fn recordings_are_replaced_and_removed(bench: Bench) {
    let recorded = async |which| {
        let sound = bench
            .settings
            .recorded(&bench.mailbox.0, which)
            .await
            .unwrap();
        sound.map(|sound| sound.samples().to_vec())
    };
    let record = async |which, samples: Option<&[i16]>| {
        let sound = samples.map(|samples| Arc::new(Sound::new(samples)));
        let recorded = bench.settings.set_recorded(&bench.mailbox.0, which, sound);
        recorded.await.unwrap();
    };
    assert_eq!(recorded(Recorded::Name).await, None);
    record(Recorded::Name, Some(&[1, 2, 3])).await;
    record(Recorded::Greeting, Some(&[4, 5])).await;
    assert_eq!(recorded(Recorded::Name).await, Some(vec![1, 2, 3]));
    assert_eq!(recorded(Recorded::Greeting).await, Some(vec![4, 5]));
    record(Recorded::Name, Some(&[6])).await;
    assert_eq!(recorded(Recorded::Name).await, Some(vec![6]));
    record(Recorded::Greeting, None).await;
    assert_eq!(recorded(Recorded::Greeting).await, None);
    assert_eq!(recorded(Recorded::Name).await, Some(vec![6]));
    let others = bench
        .settings
        .recorded(&bench.other.0, Recorded::Name)
        .await;
    assert!(others.unwrap().is_none());
}

pub(super) async fn recordings_may_be_replaced_while_they_are_read(bench: Bench) {
    let (settings, mailbox) = (bench.settings.clone(), bench.mailbox.0.clone());
    let first = Some(Arc::new(Sound::new([0; 400])));
    settings
        .set_recorded(&mailbox, Recorded::Greeting, first)
        .await
        .unwrap();
    let mut writer = tokio::task::JoinSet::new();
    writer.spawn(async move {
        for value in 1..30 {
            let next = Some(Arc::new(Sound::new([value; 400])));
            settings
                .set_recorded(&mailbox, Recorded::Greeting, next)
                .await
                .unwrap();
        }
    });
    while writer.try_join_next().is_none() {
        let greeting = bench
            .settings
            .recorded(&bench.mailbox.0, Recorded::Greeting)
            .await;
        let greeting = greeting.unwrap().expect("there is always one");
        let value = greeting.samples()[0];
        assert_eq!(
            greeting.samples(),
            [value; 400],
            "whole, the former or the next"
        );
    }
}
