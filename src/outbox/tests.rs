//! Recording, crashing, delivering.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::line::TakeEnd;
use crate::mailbox::{Importance, MailFault, MailboxId, Sender};
use crate::store::wav;

/// A mailbox that answers as told, and remembers what it has.
#[derive(Default)]
struct TestDeposit {
    answers: Mutex<Vec<MailFault>>,
    has: Mutex<HashMap<MessageId, (Envelope, Vec<i16>)>>,
    tries: Mutex<Vec<(MessageId, tokio::time::Instant)>>,
}

#[async_trait]
impl Deposit for TestDeposit {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        lock(&self.tries).push((envelope.id.clone(), tokio::time::Instant::now()));
        if let Some(fault) = lock(&self.answers).pop() {
            return Err(fault);
        }
        if lock(&self.has).contains_key(&envelope.id) {
            return Ok(());
        }
        let samples =
            wav::read_stored(sound).map_err(|error| MailFault::Unavailable(error.to_string()))?;
        // Anybody's reader must be able to read it too.
        let read: Vec<i16> = hound::WavReader::open(sound)
            .unwrap()
            .samples()
            .map(Result::unwrap)
            .collect();
        assert_eq!(read, samples);
        lock(&self.has).insert(envelope.id.clone(), (envelope.clone(), samples));
        Ok(())
    }
    async fn deposit_mail(
        &self,
        _: &MailboxId,
        _: Arc<[u8]>,
        _: Timestamp,
    ) -> Result<MessageId, MailFault> {
        Err(MailFault::Refused("only sound is expected".into()))
    }
}

struct House {
    folder: TempDir,
    mailbox: Arc<TestDeposit>,
}

impl House {
    fn new() -> House {
        House {
            folder: tempfile::tempdir().unwrap(),
            mailbox: Arc::default(),
        }
    }

    /// A fresh process on the same disk.
    fn outbox(&self) -> Outbox {
        Outbox::open(self.folder.path(), self.mailbox.clone()).unwrap()
    }

    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn delivered(&self) -> Vec<(Envelope, Vec<i16>)> {
        lock(&self.mailbox.has).values().cloned().collect()
    }
}

fn envelope() -> Envelope {
    Envelope {
        id: MessageId("not the tape's".into()),
        to: MailboxId("alice".into()),
        from: Sender::default(),
        received: Timestamp::from_second(1_795_000_000).unwrap(),
        importance: Importance::High,
        private: false,
        called: "2001".into(),
        reason: "DivertNoAnswer".into(),
        call_id: "call".into(),
        cut_short: false,
        sent: None,
    }
}

fn message() -> TapePurpose {
    TapePurpose::Message(Box::new(envelope()))
}

/// So many samples, each of its own value.
fn sound(samples: usize) -> Vec<i16> {
    (0..samples).map(|at| (at % 30_011) as i16).collect()
}

/// Records in frames of 20 ms, as media does.
fn record(mut tape: Tape, samples: &[i16]) -> Take {
    for frame in samples.chunks(160) {
        tape.writer.write(frame);
    }
    Take {
        tape: tape.id.clone(),
        keep_samples: samples.len() as u64,
        voiced: Duration::from_secs(1),
        end: TakeEnd::Stopped,
    }
}

#[tokio::test(start_paused = true)]
async fn a_recording_becomes_a_message() {
    let house = House::new();
    let outbox = house.outbox();
    let take = record(outbox.tape(message()).await.unwrap(), &sound(20_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    assert_eq!(
        (recording.samples, recording.voiced),
        (20_000, Duration::from_secs(1))
    );
    assert_eq!(
        outbox.sound(&recording).await.unwrap().samples(),
        sound(20_000)
    );
    outbox.deliver(envelope(), recording).await.unwrap();
    assert_eq!((outbox.waiting().due, outbox.waiting().parked), (1, 0));
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting(), Waiting::default());
    assert_eq!(house.files(), [""; 0]);
    let delivered = house.delivered();
    assert_eq!(delivered.len(), 1);
    let (envelope, samples) = &delivered[0];
    assert_eq!(
        &*envelope.id.0, &*take.tape.0,
        "the tape's id is the message's"
    );
    assert!(!envelope.cut_short && envelope.importance == Importance::High);
    assert_eq!(*samples, sound(20_000));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_kept_is_cut_and_recording_goes_on_behind_it() {
    let house = House::new();
    let outbox = house.outbox();
    let mut take = record(outbox.tape(message()).await.unwrap(), &sound(12_000));
    take.keep_samples = 10_000;
    let first = outbox.finish(&take, None).await.unwrap();
    let mut take = record(outbox.more_tape(&first).await.unwrap(), &sound(6_000));
    take.keep_samples = 5_000;
    let both = outbox.finish(&take, Some(&first)).await.unwrap();
    assert_eq!(
        (both.samples, both.voiced),
        (15_000, Duration::from_secs(2))
    );
    let expected: Vec<i16> = [&sound(10_000)[..], &sound(5_000)[..]].concat();
    assert_eq!(outbox.sound(&both).await.unwrap().samples(), expected);
    // A second thought: only the first take.
    outbox.deliver(envelope(), first).await.unwrap();
    outbox.deliver_due().await;
    assert_eq!(house.delivered()[0].1, sound(10_000));
}

#[tokio::test(start_paused = true)]
async fn sound_lost_in_the_first_take_is_still_lost_after_going_on() {
    for lost in [true, false] {
        let house = House::new();
        let outbox = house.outbox();
        let take = record(outbox.tape(message()).await.unwrap(), &sound(10_000));
        let first = outbox.finish(&take, None).await.unwrap();
        if lost {
            lock(&outbox.tapes)[&first.tape].note_gap();
        }
        let take = record(outbox.more_tape(&first).await.unwrap(), &sound(6_000));
        let both = outbox.finish(&take, Some(&first)).await.unwrap();
        // And once more: the mark is handed on from take to take.
        let take = record(outbox.more_tape(&both).await.unwrap(), &sound(4_000));
        let all = outbox.finish(&take, Some(&both)).await.unwrap();
        outbox.deliver(envelope(), all).await.unwrap();
        outbox.deliver_due().await;
        assert_eq!(house.delivered()[0].0.cut_short, lost);
        assert_eq!(house.delivered()[0].1.len(), 20_000);
    }
}

#[tokio::test(start_paused = true)]
async fn an_addition_that_never_reaches_the_disk_makes_the_message_cut_short() {
    let house = House::new();
    let outbox = house.outbox();
    let take = record(outbox.tape(message()).await.unwrap(), &sound(10_000));
    let first = outbox.finish(&take, None).await.unwrap();
    let mut more = outbox.more_tape(&first).await.unwrap();
    more.writer.write(&sound(6_000));
    // The recorder hands the tape back to nobody: for the outbox that is a disk that stands still.
    let take = Take {
        tape: more.id.clone(),
        keep_samples: 6_000,
        voiced: Duration::from_secs(1),
        end: TakeEnd::Stopped,
    };
    let fault = outbox.finish(&take, Some(&first)).await.unwrap_err();
    assert_eq!(fault, OutboxFault::Stalled);
    drop(more);
    outbox.deliver(envelope(), first).await.unwrap();
    outbox.deliver_due().await;
    assert!(house.delivered()[0].0.cut_short);
    assert_eq!(house.delivered()[0].1, sound(10_000));
}

#[tokio::test(start_paused = true)]
async fn discarding_leaves_nothing_and_takes_nothing_back() {
    let house = House::new();
    let outbox = house.outbox();
    for purpose in [message(), TapePurpose::Scratch] {
        let take = record(outbox.tape(purpose).await.unwrap(), &sound(9_000));
        let recording = outbox.finish(&take, None).await.unwrap();
        assert_eq!(recording.samples, 9_000);
        outbox.discard(&recording.tape).await;
        assert_eq!(house.files(), [""; 0]);
        assert!(outbox.sound(&recording).await.is_err());
    }
    let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    outbox.deliver(envelope(), recording.clone()).await.unwrap();
    outbox.discard(&recording.tape).await;
    outbox.deliver_due().await;
    assert_eq!(house.delivered().len(), 1, "an acknowledged message stays");
}

/// A disk that stands still: the one thread that may work on files is kept.
fn with_a_disk_to_stop(test: impl AsyncFnOnce(House)) {
    let house = House::new();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().max_blocking_threads(1).build();
    runtime.unwrap().block_on(test(house));
}

/// Stops it until what is given back is dropped.
fn stop_the_disk() -> std::sync::mpsc::Sender<()> {
    let (go_on, still) = std::sync::mpsc::channel();
    drop(tokio::task::spawn_blocking(move || still.recv()));
    go_on
}

#[test]
fn a_caller_is_recorded_although_the_disk_stands_still_at_the_tone() {
    with_a_disk_to_stop(async |house| {
        let outbox = house.outbox();
        let stopped = stop_the_disk();
        let tape = outbox.tape(message()).await.unwrap();
        assert_eq!(house.files(), [""; 0], "nothing could be written yet");
        let mut take = record(tape, &sound(20_000));
        take.end = TakeEnd::HungUp;
        let finished = async {
            let patient = Duration::from_millis(100) + DEADLINE;
            let finish = outbox.finish(&take, None);
            let mut finish = std::pin::pin!(finish);
            let early = tokio::time::timeout(patient, &mut finish).await;
            assert!(early.is_err(), "who has hung up is waited for longer");
            drop(stopped);
            finish.await
        };
        let recording = finished.await.unwrap();
        assert_eq!(recording.samples, 20_000);
        outbox.deliver(envelope(), recording).await.unwrap();
        outbox.deliver_due().await;
        let delivered = house.delivered();
        assert_eq!(delivered[0].1, sound(20_000));
        assert!(!delivered[0].0.cut_short);
        assert_eq!(house.files(), [""; 0]);
    });
}

#[test]
fn what_was_discarded_before_the_disk_went_on_leaves_nothing() {
    with_a_disk_to_stop(async |house| {
        let outbox = house.outbox();
        let stopped = stop_the_disk();
        let tape = outbox.tape(message()).await.unwrap();
        let id = tape.id.clone();
        record(tape, &sound(20_000));
        outbox.discard(&id).await;
        drop(stopped);
        // Behind all that waited.
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        assert_eq!(house.files(), [""; 0]);
    });
}

#[test]
fn a_recording_that_cannot_be_opened_is_a_fault_and_no_silence() {
    with_a_disk_to_stop(async |house| {
        let outbox = house.outbox();
        let stopped = stop_the_disk();
        let tape = outbox.tape(message()).await.unwrap();
        let take = record(tape, &sound(20_000));
        fs::remove_dir_all(house.folder.path()).unwrap();
        drop(stopped);
        let fault = outbox.finish(&take, None).await.unwrap_err();
        assert!(matches!(fault, OutboxFault::Disk(_)), "{fault:?}");
    });
}

#[test]
fn a_message_that_was_not_kept_in_time_arrives_all_the_same() {
    with_a_disk_to_stop(async |house| {
        let outbox = house.outbox();
        let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
        let recording = outbox.finish(&take, None).await.unwrap();
        let stopped = stop_the_disk();
        let fault = outbox.deliver(envelope(), recording).await.unwrap_err();
        assert_eq!(fault, OutboxFault::Stalled);
        assert_eq!(outbox.waiting().due, 0);
        drop(stopped);
        tokio::task::spawn_blocking(|| ()).await.unwrap();
        outbox.deliver_due().await;
        assert_eq!(house.delivered()[0].1, sound(9_000));
    });
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_recording_delivers_what_there_is_marked_as_cut() {
    let house = House::new();
    let outbox = house.outbox();
    let mut tape = outbox.tape(message()).await.unwrap();
    let mut short = outbox.tape(message()).await.unwrap();
    let mut scratch = outbox.tape(TapePurpose::Scratch).await.unwrap();
    // Whole pieces: what is less than one is lost.
    let recorded = sound(25_600);
    for frame in recorded.chunks(160) {
        tape.writer.write(frame);
        scratch.writer.write(frame);
    }
    short.writer.write(&sound(8_000));
    // Killed: nobody finishes anything. Two seconds at least must be in the file by now, and
    // nothing may wait for the tapes to be dropped.
    let file = house.folder.path().join(format!("{}.wav", tape.id.0));
    for _ in 0..1_000 {
        if fs::metadata(&file).unwrap().len() >= 44 + 2 * recorded.len() as u64 {
            break;
        }
        let a_moment = || std::thread::park_timeout(Duration::from_millis(1));
        tokio::task::spawn_blocking(a_moment).await.unwrap();
    }
    let after_crash = house.outbox();
    after_crash.deliver_due().await;
    let delivered = house.delivered();
    assert_eq!(
        delivered.len(),
        1,
        "a second or less is not worth delivering"
    );
    assert!(delivered[0].0.cut_short);
    assert_eq!(&*delivered[0].0.to.0, "alice");
    assert_eq!(delivered[0].1, recorded);
    assert_eq!(house.files(), [""; 0]);
    drop((tape, short, scratch, outbox));
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_message_survives_and_is_delivered_once() {
    let house = House::new();
    let outbox = house.outbox();
    let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    outbox.deliver(envelope(), recording).await.unwrap();
    let due = fs::read(
        house
            .folder
            .path()
            .join(format!("{}.due.json", take.tape.0)),
    )
    .unwrap();
    drop(outbox);
    // Killed before `.recording.json` was removed.
    fs::write(
        house
            .folder
            .path()
            .join(format!("{}.recording.json", take.tape.0)),
        &due,
    )
    .unwrap();
    let second = house.outbox();
    assert_eq!(second.waiting().due, 1);
    second.deliver_due().await;
    drop(second);
    // Killed between the mailbox's answer and our forgetting it, in both halves.
    let with_sound = house.folder.path().join(format!("{}.wav", take.tape.0));
    let due_file = house
        .folder
        .path()
        .join(format!("{}.due.json", take.tape.0));
    fs::write(&due_file, &due).unwrap();
    house.outbox().deliver_due().await;
    assert_eq!(house.files(), [""; 0]);
    fs::write(&with_sound, wav::encode(&sound(9_000))).unwrap();
    let third = house.outbox();
    third.deliver_due().await;
    assert_eq!(house.files(), [""; 0]);
    let delivered = house.delivered();
    assert_eq!(delivered.len(), 1);
    assert!(!delivered[0].0.cut_short);
}

#[tokio::test(start_paused = true)]
async fn one_unreadable_message_does_not_keep_the_others() {
    let house = House::new();
    fs::write(house.folder.path().join("broken.due.json"), b"{").unwrap();
    fs::write(
        house.folder.path().join("broken.wav"),
        wav::encode(&sound(9_000)),
    )
    .unwrap();
    let outbox = house.outbox();
    let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    outbox.deliver(envelope(), recording).await.unwrap();
    outbox.deliver_due().await;
    assert_eq!(house.delivered().len(), 1);
    assert_eq!(
        house.files(),
        ["broken.due.json", "broken.wav"],
        "left for an administrator"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mailbox_that_is_away_is_asked_again_ever_more_slowly() {
    let house = House::new();
    let away = MailFault::Unavailable("away".into());
    *lock(&house.mailbox.answers) = vec![away; 7];
    let outbox = Arc::new(house.outbox());
    let running = {
        let outbox = outbox.clone();
        #[expect(clippy::disallowed_methods, reason = "the test ends it below")]
        tokio::spawn(async move { outbox.run().await })
    };
    let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    outbox.deliver(envelope(), recording).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(outbox.waiting().oldest, Duration::from_secs(60));
    tokio::time::sleep(Duration::from_secs(3 * 3_600)).await;
    let tries: Vec<_> = lock(&house.mailbox.tries)
        .iter()
        .map(|(_, at)| *at)
        .collect();
    assert_eq!(tries.len(), 8);
    let expected = [5, 30, 120, 600, 1_800, 1_800, 1_800];
    for (pair, seconds) in tries.windows(2).zip(expected) {
        let waited = (pair[1] - pair[0]).as_secs_f64();
        let nominal = f64::from(seconds);
        let range = nominal * 0.8 - 0.01..=nominal * 1.2 + 0.01;
        assert!(range.contains(&waited), "{waited} s instead of {nominal} s");
    }
    assert_eq!(house.delivered().len(), 1);
    running.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_parked_and_can_be_sent_again() {
    let house = House::new();
    *lock(&house.mailbox.answers) = vec![MailFault::Refused("no such mailbox".into())];
    let outbox = house.outbox();
    let take = record(outbox.tape(message()).await.unwrap(), &sound(9_000));
    let recording = outbox.finish(&take, None).await.unwrap();
    outbox.deliver(envelope(), recording).await.unwrap();
    outbox.deliver_due().await;
    assert_eq!((outbox.waiting().due, outbox.waiting().parked), (0, 1));
    drop(outbox);
    let outbox = house.outbox();
    let parked = outbox.parked();
    assert_eq!(parked[0].reason, "refused: no such mailbox");
    outbox.deliver_due().await;
    assert_eq!(house.delivered().len(), 0);
    outbox.retry(&parked[0].envelope.id).await.unwrap();
    outbox.deliver_due().await;
    assert_eq!(outbox.waiting(), Waiting::default());
    assert_eq!(house.delivered().len(), 1);
    assert!(outbox.retry(&parked[0].envelope.id).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_takes_short_recordings_and_then_none() {
    const GB: u64 = 1_000_000_000;
    let scarce = Room::Scarce(Duration::from_secs(60));
    let table = [
        (500 * GB, 1_000 * GB, Room::Ample),
        (100 * GB, 1_000 * GB, Room::Ample),
        (100 * GB - 1, 1_000 * GB, scarce),
        (20 * GB, 1_000 * GB, scarce),
        (20 * GB - 1, 1_000 * GB, Room::None),
        (GB, 2 * GB, Room::Ample),
        (GB - 1, 2 * GB, scarce),
        (0, 0, scarce),
    ];
    let house = House::new();
    for (free, total, room) in table {
        let space: SpaceProbe = Arc::new(move |_| Ok((free, total)));
        let folder = house.folder.path();
        let outbox = Outbox::open_with_space(folder, house.mailbox.clone(), space).unwrap();
        assert_eq!(outbox.room().await, room, "{free} of {total}");
        let tape = outbox.tape(TapePurpose::Scratch).await;
        let fault = tape.err();
        assert_eq!(fault, (room == Room::None).then_some(OutboxFault::NoRoom));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// A power cut may leave any beginning of the file, with any header.
    #[test]
    fn a_recording_cut_at_any_byte_is_recovered(length in 0_usize..60_000, header in any::<[u8; 44]>()) {
        let house = House::new();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let outbox = house.outbox();
        let id = runtime.block_on(async {
            let take = record(outbox.tape(message()).await.unwrap(), &sound(29_000));
            outbox.finish(&take, None).await.unwrap().tape
        });
        drop(outbox);
        let path = house.folder.path().join(format!("{}.wav", id.0));
        let mut bytes = fs::read(&path).unwrap();
        bytes.truncate(length);
        for (byte, damaged) in bytes.iter_mut().zip(header) {
            *byte = damaged;
        }
        fs::write(&path, &bytes).unwrap();
        runtime.block_on(house.outbox().deliver_due());
        let samples = length.min(44 + 2 * 29_000).saturating_sub(44) / 2;
        let delivered = house.delivered();
        if samples <= 8_000 {
            prop_assert_eq!(delivered.len(), 0);
        } else {
            prop_assert_eq!(delivered.len(), 1);
            prop_assert!(delivered[0].0.cut_short);
            prop_assert_eq!(&delivered[0].1, &sound(samples));
        }
        prop_assert_eq!(house.files(), [""; 0]);
    }
}
