//! Kills a process that takes messages, at any moment, again and again: what it acknowledged is in
//! the mailbox once, and what it was recording is there too, marked as cut short.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashSet};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ringback::line::{Take, TakeEnd};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::{
    Envelope, Folder, Importance, MailStore, MailboxId, MessageId, Sender, VoiceMessage,
};
use ringback::organisation::demo;
use ringback::outbox::{Outbox, TapePurpose};
use ringback::policy::pin::PinCost;
use ringback::store::Store;

/// Set in the process that is to be killed, to the data directory.
const VICTIM: &str = "RINGBACK_TEST_VICTIM";

/// So many messages are acknowledged before we stop killing.
const MESSAGES: usize = 200;

/// Samples of a message, and of one that only a crash can end.
const WHOLE: usize = 12_000;

fn envelope() -> Envelope {
    Envelope {
        id: MessageId("".into()),
        to: MailboxId("alice".into()),
        from: Sender::default(),
        received: Timestamp::from_second(1_795_000_000).unwrap(),
        importance: Importance::Normal,
        private: false,
        called: "2001".into(),
        reason: "DivertNoAnswer".into(),
        call_id: "call".into(),
        cut_short: false,
        sent: None,
    }
}

fn open(folder: &Path) -> (Arc<EmbeddedMailbox>, Outbox) {
    let store = Store::open(folder).unwrap();
    let outbox_folder = store.outbox_folder();
    let mailbox = Arc::new(EmbeddedMailbox::new(store));
    let outbox = Outbox::open(&outbox_folder, mailbox.clone()).unwrap();
    (mailbox, outbox)
}

/// Takes messages for ever, and says which it acknowledged.
#[test]
fn victim() {
    let Some(folder) = env::var_os(VICTIM) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let (_, outbox) = open(Path::new(&folder));
    runtime.block_on(async {
        tokio::select! {
            () = outbox.run() => {}
            () = take_messages(&outbox) => {}
        }
    });
}

async fn take_messages(outbox: &Outbox) {
    // One recording goes on all the time, as in another call.
    let mut endless = outbox
        .tape(TapePurpose::Message(Box::new(envelope())))
        .await
        .unwrap();
    let mut standard_error = std::io::stderr();
    loop {
        let mut tape = outbox
            .tape(TapePurpose::Message(Box::new(envelope())))
            .await
            .unwrap();
        let id = tape.id.clone();
        for frame in [7; WHOLE].chunks(160) {
            tape.writer.write(frame);
            endless.writer.write(frame);
        }
        drop(tape);
        let take = Take {
            tape: id.clone(),
            keep_samples: WHOLE as u64,
            voiced: Duration::from_secs(1),
            end: TakeEnd::HungUp,
        };
        let recording = outbox.finish(&take, None).await.unwrap();
        outbox.deliver(envelope(), recording).await.unwrap();
        // Only now may the BYE be answered.
        writeln!(standard_error, "acknowledged {}", id.0).unwrap();
    }
}

#[test]
fn what_was_acknowledged_is_delivered_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let now = Timestamp::from_second(1_795_000_000).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    demo::build(&store, &[], now, &mut random, PinCost::CHEAPEST).unwrap();
    drop(store);
    let mut acknowledged = HashSet::new();
    let mut kills = 0;
    while acknowledged.len() < MESSAGES {
        let pause = Duration::from_micros(random.random_range(0..60_000));
        acknowledged.extend(run_and_kill(
            folder.path(),
            random.random_range(1..25),
            pause,
        ));
        kills += 1;
        assert!(
            kills < 200,
            "only {} messages were acknowledged",
            acknowledged.len()
        );
    }
    let found = restart_and_list(folder.path());
    let mut times = BTreeMap::new();
    for message in &found {
        *times.entry(message.envelope.id.0.to_string()).or_insert(0) += 1;
    }
    let lost = acknowledged
        .iter()
        .filter(|id| !times.contains_key(*id))
        .count();
    let doubled = times.values().filter(|times| **times > 1).count();
    assert_eq!((lost, doubled), (0, 0), "after {kills} kills");
    let whole = Duration::from_micros(WHOLE as u64 * 125);
    for message in &found {
        let id = message.envelope.id.0.to_string();
        if acknowledged.contains(&id) {
            assert_eq!(
                (message.length, message.envelope.cut_short),
                (whole, false),
                "{id}"
            );
        }
    }
    // The endless recording of nearly every life was worth delivering: at most one second of it
    // may be missing, so a life of two messages leaves one.
    let cut = found
        .iter()
        .filter(|message| message.envelope.cut_short)
        .count();
    assert!(
        cut >= kills / 2,
        "{cut} recordings recovered after {kills} kills"
    );
}

fn run_and_kill(folder: &Path, messages: usize, pause: Duration) -> Vec<String> {
    let mut victim = Command::new(env::current_exe().unwrap())
        .args(["--exact", "victim", "--nocapture"])
        .env(VICTIM, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(victim.stderr.take().unwrap()).lines();
    let id_in = |line: String| line.strip_prefix("acknowledged ").map(str::to_owned);
    let mut acknowledged = Vec::new();
    while acknowledged.len() < messages {
        let line = said.next().expect("the victim lives").unwrap();
        match id_in(line.clone()) {
            Some(id) => acknowledged.push(id),
            None => assert!(!line.contains("panicked"), "{line}"),
        }
    }
    std::thread::park_timeout(pause);
    victim.kill().unwrap();
    victim.wait().unwrap();
    acknowledged.extend(said.map_while(Result::ok).filter_map(id_in));
    acknowledged
}

fn restart_and_list(folder: &Path) -> Vec<VoiceMessage> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (mailbox, outbox) = open(folder);
        outbox.deliver_due().await;
        assert_eq!((outbox.waiting().due, outbox.waiting().parked), (0, 0));
        let alice = MailboxId("alice".into());
        mailbox.voice_messages(&alice, Folder::Inbox).await.unwrap()
    })
}
