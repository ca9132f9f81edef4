//! The data of a demo: how it was made, making it, and making it anew.

use std::path::Path;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::{ShiftedClock, SystemClock};
use super::wiring::{StartFault, open_organisation, open_store};
use super::{demo, demo_calendar};
use crate::directory::embedded_contacts::EmbeddedContacts;
use crate::line::Locale;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::{Flags, Folder, MailStore, MailboxId};
use crate::organisation::demo::{DIAL_PLAN, FIRST_USER, build, is_built};
use crate::organisation::demo_mails;
use crate::organisation::mailboxes::NewPin;
use crate::policy::clock::WallClock;
use crate::policy::pin::PinCost;
use crate::speech::SpeechRoom;
use crate::store::{DATABASE_FILE, Store, wav};

/// What a data folder remembers of how its demo was made and is running.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct DemoNote {
    /// The instant that `--clock` meant; none: the machine's clock.
    pub(super) clock: Option<Timestamp>,
    /// When the demo that runs, or ran last, was started.
    pub(super) started: Timestamp,
    /// The networks that `--trust` named.
    pub(super) trust: Vec<IpNet>,
}

const NOTE: &str = "demo.json";
/// There once all messages of the demo are.
const MESSAGES_MADE: &str = "demo-messages";

impl DemoNote {
    /// The note of a demo that is started now.
    pub(super) fn new(clock: Option<Timestamp>, trust: Vec<IpNet>) -> DemoNote {
        DemoNote {
            clock,
            started: SystemClock.now(),
            trust,
        }
    }

    pub(super) fn read(data: &Path) -> Option<DemoNote> {
        serde_json::from_slice(&std::fs::read(data.join(NOTE)).ok()?).ok()
    }

    pub(super) fn write(&self, data: &Path) -> Result<(), StartFault> {
        let path = data.join(NOTE);
        let text = serde_json::to_vec_pretty(self).unwrap_or_default();
        std::fs::write(&path, text)
            .map_err(|error| StartFault(format!("{}: {error}", path.display())))
    }
}

/// The wall clock that holds in a data folder: a demo's may be shifted.
pub(super) fn clock_of(data: &Path) -> Arc<dyn WallClock> {
    let shifted = DemoNote::read(data).and_then(|note| {
        let since = SystemClock.now().duration_since(note.started);
        note.clock?.checked_add(since).ok()
    });
    match shifted {
        Some(now) => Arc::new(ShiftedClock::starting_at(now)),
        None => Arc::new(SystemClock),
    }
}

/// Whether the data folder holds an organisation that is no demo.
pub(super) async fn is_anybody_elses(data: &Path) -> Result<bool, StartFault> {
    let organisation = open_organisation(&open_store(data).await?).await?;
    let snapshot = organisation.snapshot();
    let demo = snapshot.dial_plan(DIAL_PLAN).is_some();
    Ok(!demo && snapshot.dial_plans().next().is_some())
}

/// Fails where somebody else's organisation lies, before anything of it is touched.
pub(super) async fn leave_others_alone(data: &Path) -> Result<(), StartFault> {
    if data.join(DATABASE_FILE).exists() && is_anybody_elses(data).await? {
        return Err(StartFault(format!(
            "{}: the organisation here is not the demo's, and stays as it is; serve it with \
             ringback serve --data {0}, or give the demo another folder with --data",
            data.display()
        )));
    }
    Ok(())
}

/// Removes the demo, and nothing that is not ours. The prompts stay: they are the same ones.
pub(super) async fn empty(data: &Path) -> Result<(), StartFault> {
    match leave_others_alone(data).await {
        // A demo that another release made, or that is damaged, can be made anew all the same.
        Err(_) if DemoNote::read(data).is_some() && open_store(data).await.is_err() => {}
        checked => checked?,
    }
    let failed =
        |path: &Path, error: std::io::Error| StartFault(format!("{}: {error}", path.display()));
    for name in ["audio", "mail", "outbox"] {
        let path = data.join(name);
        match std::fs::remove_dir_all(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&path, error));
            }
            _ => {}
        }
    }
    for name in [
        DATABASE_FILE,
        "ringback.db-wal",
        "ringback.db-shm",
        "call-records.jsonl",
        NOTE,
        MESSAGES_MADE,
    ] {
        let path = data.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&path, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Messages and PINs in the data have ages: they mean nothing under another clock.
pub(super) fn check_note(data: &Path, now: &DemoNote) -> Result<(), StartFault> {
    let Some(before) = DemoNote::read(data) else {
        return Ok(());
    };
    if before.clock != now.clock {
        let told = |clock: Option<Timestamp>| {
            clock.map_or("the machine's clock".to_owned(), |at| {
                format!("--clock {}", at.strftime("%Y-%m-%dT%H:%M:%S (UTC)"))
            })
        };
        return Err(StartFault(format!(
            "--clock: the demo in {} was made with {}, not {}; make it anew with --fresh, \
             or give another folder with --data",
            data.display(),
            told(before.clock),
            told(now.clock),
        )));
    }
    let added = now.trust.iter().find(|net| !before.trust.contains(net));
    if let Some(net) = added {
        return Err(StartFault(format!(
            "--trust: the demo in {} was made without {net}; make it anew with --fresh, \
             or add a gateway with ringback org apply",
            data.display()
        )));
    }
    Ok(())
}

/// What there is of a demo once it is made.
pub(super) struct Made {
    pub(super) store: Store,
    /// The PINs of new mailboxes; none when the demo was there already.
    pub(super) pins: Vec<NewPin>,
}

/// Makes organisation and messages where there are none. Without a voice a tone stands for what
/// the callers said.
pub(super) async fn make(
    data: &Path,
    trust: &[IpNet],
    now: Timestamp,
    speech: Option<&SpeechRoom>,
) -> Result<Made, StartFault> {
    let store = open_store(data).await?;
    let pins = {
        let (store, trust) = (store.clone(), trust.to_vec());
        let built = tokio::task::spawn_blocking(move || {
            if is_built(&store).map_err(|fault| fault.to_string())? {
                return Ok(Vec::new());
            }
            build(&store, &trust, now, &mut rand::rng(), PinCost::default())
                .map_err(|fault| fault.to_string())
        });
        let built = built.await.map_err(|error| error.to_string());
        built.and_then(|built| built).map_err(StartFault)?
    };
    if !pins.is_empty() {
        let store = store.clone();
        let kept = tokio::task::spawn_blocking(move || demo_calendar::keep(&store, now)).await;
        let kept = kept.map_err(|error| error.to_string());
        kept.and_then(|kept| kept.map_err(|fault| fault.to_string()))
            .map_err(StartFault)?;
    }
    deposit_messages(&store, now, speech).await?;
    Ok(Made { store, pins })
}

/// Speaks 2001's messages and leaves them, unless they were left before. An interrupted making is
/// completed: each message has an id of its own and is stored once.
async fn deposit_messages(
    store: &Store,
    now: Timestamp,
    speech: Option<&SpeechRoom>,
) -> Result<(), StartFault> {
    let made = store.folder().join(MESSAGES_MADE);
    if made.exists() {
        return Ok(());
    }
    let mailbox = Arc::new(EmbeddedMailbox::new(store.clone()));
    let owner = MailboxId(Arc::from(FIRST_USER));
    for message in demo::messages(now) {
        let sound = match speech {
            Some(speech) => speech
                .render(message.words, Some(message.voice), &Locale::default())
                .await
                .map_err(|fault| StartFault(format!("the demo's messages: {fault}")))?,
            None => demo::tone_instead_of(message.words),
        };
        let (deposit, envelope) = (mailbox.clone(), message.envelope.clone());
        let stored = tokio::task::spawn_blocking(move || deposit.deliver_sound(&envelope, &sound));
        let stored = stored
            .await
            .map_err(|error| StartFault(error.to_string()))?;
        stored.map_err(|fault| StartFault(fault.to_string()))?;
        if message.read {
            mailbox
                .set_read(&owner, &message.envelope.id, true)
                .await
                .map_err(|fault| StartFault(fault.to_string()))?;
        }
    }
    for mail in demo_mails::mails(now) {
        let flags = Flags {
            read: mail.read,
            ..Flags::default()
        };
        let bytes = mail.bytes.into();
        let appended = mailbox.append(&owner, Folder::Inbox, bytes, flags, mail.received);
        appended
            .await
            .map_err(|fault| StartFault(fault.to_string()))?;
    }
    let (contacts, groups) = demo::acquaintances();
    EmbeddedContacts::new(store.clone())
        .put_all(&owner, &contacts, &groups)
        .map_err(|fault| StartFault(fault.to_string()))?;
    std::fs::write(&made, b"").map_err(|error| StartFault(format!("{}: {error}", made.display())))
}

/// The sound of the demo's messages, beside its words. Nothing of those that are gone, or of a house that
/// is no demo.
pub(super) fn words_of_messages(store: &Store) -> Vec<(Vec<i16>, &'static str)> {
    const SECONDS_MAX: u64 = 60;
    let folder = store.audio_folder();
    let messages = demo::messages(Timestamp::UNIX_EPOCH).into_iter();
    let known = messages.filter_map(|message| {
        let file = folder.join(format!("{}.wav", message.envelope.id.0));
        let samples = wav::import(&file, SECONDS_MAX).ok()?;
        Some((samples, message.words))
    });
    known.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(clock: Option<&str>, trust: &[&str]) -> DemoNote {
        DemoNote {
            clock: clock.map(|clock| clock.parse().unwrap()),
            started: Timestamp::UNIX_EPOCH,
            trust: trust.iter().map(|net| net.parse().unwrap()).collect(),
        }
    }

    #[tokio::test]
    async fn another_clock_or_more_trust_needs_a_fresh_demo() {
        let folder = tempfile::tempdir().unwrap();
        let monday = note(Some("2026-11-23T08:30:00Z"), &[]);
        assert!(
            check_note(folder.path(), &monday).is_ok(),
            "nothing there yet"
        );
        monday.write(folder.path()).unwrap();
        assert!(check_note(folder.path(), &monday).is_ok());
        for other in [note(None, &[]), note(Some("2026-11-24T08:30:00Z"), &[])] {
            let said = check_note(folder.path(), &other).unwrap_err().to_string();
            assert!(said.contains("--fresh"), "{said}");
        }
        let trusting = note(Some("2026-11-23T08:30:00Z"), &["192.0.2.0/24"]);
        assert!(check_note(folder.path(), &trusting).is_err());
        empty(folder.path()).await.unwrap();
        assert!(check_note(folder.path(), &trusting).is_ok());
    }

    #[tokio::test]
    async fn a_demo_that_is_made_anew_has_its_messages_again() {
        let folder = tempfile::tempdir().unwrap();
        let owner = MailboxId(Arc::from(FIRST_USER));
        for _ in 0..2 {
            empty(folder.path()).await.unwrap();
            let now = Timestamp::UNIX_EPOCH;
            let made = make(folder.path(), &[], now, None).await.unwrap();
            let mailbox = EmbeddedMailbox::new(made.store);
            assert!(mailbox.counts(&owner).await.unwrap().unread > 0);
        }
    }

    #[test]
    fn the_clock_of_a_demo_goes_on_for_the_command_line() {
        let folder = tempfile::tempdir().unwrap();
        let start: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let real = SystemClock.now();
        let started = real
            .checked_sub(jiff::SignedDuration::from_mins(10))
            .unwrap();
        DemoNote {
            clock: Some(start),
            started,
            trust: Vec::new(),
        }
        .write(folder.path())
        .unwrap();
        let shown = clock_of(folder.path()).now().duration_since(start);
        assert!((600..605).contains(&shown.as_secs()), "{shown}");
    }
}
