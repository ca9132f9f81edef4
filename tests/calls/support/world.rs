//! The world of a story: a store in a folder of its own, with the people, policies and messages that
//! the story's `given` lines name; and the questions that its `then` lines ask.

mod checks;
mod givens;
mod watched;

use std::cell::RefCell;
use std::fmt::Debug;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ringback::calendar::arrivals::Followed;
use ringback::calendar::embedded::EmbeddedCalendar;
use ringback::conversation::{Arrival, Desk, EntryPoint, ReasonForCall};
use ringback::directory::Person;
use ringback::directory::embedded::EmbeddedDirectory;
use ringback::directory::embedded_contacts::EmbeddedContacts;
use ringback::line::{Locale, Number, SAMPLE_RATE, Sound};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::submission::NoRelay;
use ringback::mailbox::{
    Envelope, Folder, Importance, MailStore, MailboxId, MessageId, Recorded, SentVoice, Settings,
    VoiceMessage,
};
use ringback::organisation::Organisation;
use ringback::organisation::pins::PinKeeper;
use ringback::outbox::{Outbox, PostRoom};
use ringback::policy::areas::Area;
use ringback::policy::clock::WallClock;
use ringback::policy::pin::{PinCost, Pins};
use ringback::store::Store;
use tempfile::TempDir;
use tokio::time::Instant;

use super::contacts::Acquaintances;
use super::emails::{Emails, Mailer};
use super::far_end::SoundNames;
use super::requests::{Requests, Room};
use super::sent::{Letters, Post};
use super::story::{Story, split_outside_quotes};

use givens::{Givens, sender, write_rows};
pub(super) use watched::Watched;
use watched::{Custom, watched};

const DIAL_PLAN: &str = "stories";
/// The samples of the first message that a story gives; the others follow.
const FIRST_GIVEN: i16 = 100;
/// Messages that are not said to be older were left an hour before the call, each a minute before
/// the one named before it.
const USUAL_AGE: Duration = Duration::from_secs(3_600);

/// Starts at the story's time and goes on with the runtime's clock.
struct StoryClock {
    start: Mutex<Timestamp>,
    began: Instant,
}

impl WallClock for StoryClock {
    fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.began.elapsed()).unwrap();
        *self.start.lock().unwrap() + elapsed
    }
}

/// Everything around a call.
pub struct World {
    pub desk: Desk,
    /// What was sent as mail.
    pub letters: Arc<Letters>,
    pub requests: Arc<Requests>,
    pub names: SoundNames,
    /// Every PIN of the story: none of them may ever be written down.
    pub pins: Vec<String>,
    /// Who was let in by the right PIN.
    pub let_in: Arc<Mutex<Vec<String>>>,
    /// Whom nobody may let in.
    pub locked_out: Vec<String>,
    pub users: Vec<String>,
    mailbox: EmbeddedMailbox,
    calendar: EmbeddedCalendar,
    keeper: Arc<dyn Pins>,
    organisation: Arc<Organisation>,
    clock: Arc<StoryClock>,
    /// Messages that were there before.
    given: Vec<MessageId>,
    /// E-mails of the story, by user and name.
    emails: Emails,
    /// What callers said, by the value of its samples.
    pub speeches: Rc<RefCell<i16>>,
    folder: TempDir,
}

impl World {
    /// The world of a story, and the text that names its first call.
    pub async fn of(story: &Story) -> Result<(World, String), String> {
        let givens = Givens::of(story)?;
        let call = givens.call.clone();
        let world = World::build(givens).await?;
        let call = call.ok_or("no `given` line says who calls (`calls 5000 from 1042`)")?;
        Ok((world, call))
    }

    async fn build(givens: Givens) -> Result<World, String> {
        let folder = scratch_folder();
        std::fs::write(folder.path().join("ringback.db"), empty_database()).map_err(text)?;
        let store = Store::open(folder.path()).map_err(text)?;
        let clock = Arc::new(StoryClock {
            start: Mutex::new(givens.clock),
            began: Instant::now(),
        });
        write_rows(&store, &givens)?;
        let organisation = Arc::new(Organisation::open(store.clone()).map_err(text)?);
        let names = SoundNames::default();
        let mailbox = EmbeddedMailbox::new(store.clone());
        let contacts = EmbeddedContacts::new(store.clone());
        let calendar = EmbeddedCalendar::new(store.clone());
        let mut value = FIRST_GIVEN;
        let mut given = Vec::new();
        let mut emails = Emails::default();
        let people: Vec<Person> = givens
            .residents
            .iter()
            .map(|one| one.person.clone())
            .collect();
        let mailer = Mailer {
            people: &people,
            now: givens.clock,
            usual_age: USUAL_AGE,
        };
        for resident in &givens.residents {
            let id = MailboxId(resident.user.as_str().into());
            if resident.mailbox.is_none() {
                continue;
            }
            mailbox
                .save_settings(&id, &resident.settings)
                .await
                .map_err(text)?;
            let Acquaintances {
                contacts: known,
                groups,
            } = &resident.knows;
            contacts.put_all(&id, known, groups).map_err(text)?;
            for (which, length) in &resident.recordings {
                let name = format!("{}-{}", resident.user, kind_of(*which));
                let sound = Some(sound_of(&names, &mut value, name, *length));
                mailbox
                    .set_recorded(&id, *which, sound)
                    .await
                    .map_err(text)?;
            }
            for (index, message) in resident.messages.iter().enumerate() {
                let sound = sound_of(&names, &mut value, message.name.clone(), message.length);
                let usual = USUAL_AGE + Duration::from_secs(60) * index as u32;
                let age = message.age.unwrap_or(usual);
                let envelope = Envelope {
                    id: id_of(&message.name),
                    to: id.clone(),
                    from: sender(&givens, message.from.as_deref()),
                    received: givens.clock - SignedDuration::try_from(age).unwrap(),
                    importance: if message.important {
                        Importance::High
                    } else {
                        Importance::Normal
                    },
                    private: message.private,
                    called: resident.extension().to_owned(),
                    reason: ReasonForCall::DivertNoAnswer.to_string(),
                    call_id: String::new(),
                    cut_short: message.cut_short,
                    sent: message.forwards.clone().map(|subject| {
                        Box::new(SentVoice {
                            subject,
                            ..SentVoice::default()
                        })
                    }),
                };
                mailbox.deliver_sound(&envelope, &sound).map_err(text)?;
                if message.read {
                    mailbox
                        .set_read(&id, &envelope.id, true)
                        .await
                        .map_err(text)?;
                }
                given.push(envelope.id.clone());
            }
            let (person, theirs) = (&resident.person, &resident.emails);
            let stored = emails.store(&mailbox, &calendar, &mailer, person, theirs);
            stored.await?;
        }
        let today = givens.clock.to_zoned(givens.zone.clone());
        for resident in &givens.residents {
            for appointment in &resident.appointments {
                appointment.keep(&store, &calendar, &resident.user, &today)?;
            }
        }
        let custom = givens
            .custom
            .iter()
            .map(|(name, length)| {
                let sound = sound_of(&names, &mut value, name.clone(), *length);
                (name.clone(), sound)
            })
            .collect();
        let requests = Arc::new(Requests::new(givens.no_auto_reply));
        let let_in = Arc::new(Mutex::new(Vec::new()));
        let keeper = PinKeeper::new(organisation.clone(), clock.clone(), PinCost::CHEAPEST);
        let plain = PinKeeper::new(organisation.clone(), clock.clone(), PinCost::CHEAPEST);
        let mail = || watched(mailbox.clone(), &requests, &let_in);
        let outbox = Outbox::open(&folder.path().join("outbox"), mail()).map_err(text)?;
        let letters = Arc::new(Letters::default());
        let post = Arc::new(Post {
            letters: letters.clone(),
            mailbox: mailbox.clone(),
            requests: requests.clone(),
            subscribers: organisation.clone(),
            directory: watched(EmbeddedDirectory::new(store.clone()), &requests, &let_in),
        });
        let outbox = outbox.with_post_room(PostRoom {
            relay: if givens.no_relay {
                Arc::new(NoRelay)
            } else {
                post.clone()
            },
            ..PostRoom::without_relay(
                Arc::new(Followed::new(post.clone(), Arc::new(calendar.clone()))),
                post,
            )
        });
        let desk = Desk {
            subscribers: organisation.clone(),
            pins: watched(keeper, &requests, &let_in),
            mail: mail(),
            settings: mail(),
            directory: watched(EmbeddedDirectory::new(store), &requests, &let_in),
            contacts: watched(contacts, &requests, &let_in),
            calendar: watched(calendar.clone(), &requests, &let_in),
            outbox: Arc::new(outbox),
            clock: clock.clone(),
            time_zone: givens.zone.clone(),
            custom_prompts: Arc::new(Custom {
                sounds: Mutex::new(custom),
                requests: requests.clone(),
            }),
            voices: givens.voices.iter().map(|tag| Locale::new(tag)).collect(),
            chosen_voices: givens
                .chosen_voices
                .iter()
                .map(|tag| Locale::new(tag))
                .collect(),
        };
        let residents = &givens.residents;
        Ok(World {
            desk,
            letters,
            requests,
            names,
            pins: residents.iter().flat_map(|one| one.pins.clone()).collect(),
            let_in,
            locked_out: residents
                .iter()
                .filter(|one| one.locked)
                .map(|one| one.user.clone())
                .collect(),
            users: residents
                .iter()
                .filter(|one| one.mailbox.is_some())
                .map(|one| one.user.clone())
                .collect(),
            mailbox,
            calendar,
            keeper: Arc::new(plain),
            organisation,
            clock,
            given,
            emails,
            speeches: Rc::new(RefCell::new(1_000)),
            folder,
        })
    }

    /// The arrival of a call: `calls 5000 from 1042 named "Bob" diverted from 1043 no-answer`.
    pub fn arrival(&self, call: &str, number: usize) -> Result<Arrival, String> {
        let snapshot = self.organisation.snapshot();
        let dial_plan = snapshot.dial_plan(DIAL_PLAN).ok_or("no dial plan")?.clone();
        let call = call.strip_prefix("calls ").unwrap_or(call);
        let mut words = split_outside_quotes(call, ' ').into_iter();
        let called = words.next().ok_or("who is called?")?;
        let mut arrival = Arrival {
            entry: EntryPoint::SubscriberAccess,
            dial_plan: dial_plan.clone(),
            calling: None,
            calling_is_asserted: false,
            calling_name: None,
            called: called.clone(),
            diverted_from: None,
            reason: ReasonForCall::Direct,
            call_id: format!("story-{number}"),
        };
        while let Some(word) = words.next() {
            let mut next = || words.next().ok_or(format!("`{word}` wants another word"));
            match word.as_str() {
                "from" => {
                    let number = next()?;
                    arrival.calling = Some(Number::parse(&number).ok_or(number)?);
                }
                "asserted" => arrival.calling_is_asserted = true,
                "named" => arrival.calling_name = Some(next()?.trim_matches('"').to_owned()),
                "diverted" if next()? == "from" => {
                    arrival.diverted_from = Some(next()?);
                    arrival.reason = ReasonForCall::DivertForward;
                }
                "busy" => arrival.reason = ReasonForCall::DivertBusy,
                "no-answer" => arrival.reason = ReasonForCall::DivertNoAnswer,
                _ => return Err(format!("`{word}` is nothing that a call has")),
            }
        }
        let owner = |number: &str| self.desk.subscribers.by_number(DIAL_PLAN, number);
        if let Some(owner) = arrival.diverted_from.as_deref().and_then(owner) {
            arrival.entry = EntryPoint::CallAnswering(owner);
        } else if !dial_plan.access_telephone_numbers.contains(&called) {
            let owner = owner(&called).ok_or(format!("nothing answers at {called}"))?;
            arrival.entry = EntryPoint::CallAnswering(owner);
        }
        Ok(arrival)
    }

    /// Whether voice mail of `user` may open without a PIN, as far as settings decide it.
    pub fn own_phone_opens(&self, user: &str) -> bool {
        let found = self.desk.subscribers.by_user(user);
        found.is_some_and(|found| found.may(Area::PinlessVoiceMail))
    }

    /// Lets the clock jump ahead between two calls.
    pub fn pass(&self, time: Duration) {
        *self.clock.start.lock().unwrap() += SignedDuration::try_from(time).unwrap();
    }

    /// Brings what is due into the mailboxes.
    pub async fn deliver(&self) {
        for _ in 0..3 {
            self.desk.outbox.deliver_due().await;
            let waiting = self.desk.outbox.waiting();
            if waiting.due == 0 && waiting.mails == 0 {
                return;
            }
            // A deposit that failed is tried again after a while.
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
    }

    /// From now on requests to this room fail, or do no longer.
    pub fn set_reach(&self, room: Room, within_reach: bool) {
        self.requests.set_reach(room, within_reach);
    }

    /// Damages every message that is stored, as a failing disk does: of each file its first bytes stay.
    pub fn damage_messages(&self) -> Result<(), String> {
        let mut folders = vec![
            self.folder.path().join("mail"),
            self.folder.path().join("audio"),
        ];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).map_err(text)?.flatten() {
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    std::fs::write(entry.path(), b"lost").map_err(text)?;
                }
            }
        }
        Ok(())
    }

    /// Deletes a message as a mail program would.
    pub async fn delete(&self, user: &str, message: &str) -> Result<(), String> {
        let email = self.emails.id(user, message);
        let (user, message) = (mailbox_id(user), email.unwrap_or_else(|| id_of(message)));
        let moved = self.mailbox.move_to(&user, &message, Folder::Deleted).await;
        moved.map_err(text)
    }

    /// All messages that were left during the calls.
    pub async fn new_messages(&self) -> Result<Vec<(String, VoiceMessage)>, String> {
        let mut found = Vec::new();
        for user in &self.users {
            for message in self.messages(user).await? {
                if !self.given.contains(&message.envelope.id) {
                    found.push((user.clone(), message));
                }
            }
        }
        Ok(found)
    }

    /// What somebody says in a recording: the value of its first audible sample.
    pub async fn voice_in(&self, user: &str, message: &VoiceMessage) -> Result<i16, String> {
        let sound = self
            .mailbox
            .sound(&mailbox_id(user), &message.envelope.id)
            .await;
        let sound = sound.map_err(text)?;
        let voice = sound.samples().iter().find(|sample| **sample != 0);
        Ok(voice.copied().unwrap_or_default())
    }

    /// The messages of [`World::new_messages`] that callers left, and those that subscribers sent.
    pub async fn left_and_sent(&self) -> Result<[Vec<(String, VoiceMessage)>; 2], String> {
        let all = self.new_messages().await?;
        let (sent, left) = all
            .into_iter()
            .partition(|(_, message)| message.envelope.sent.is_some());
        Ok([left, sent])
    }

    async fn messages(&self, user: &str) -> Result<Vec<VoiceMessage>, String> {
        let mut all = Vec::new();
        for folder in [Folder::Inbox, Folder::Deleted] {
            let messages = self.mailbox.voice_messages(&mailbox_id(user), folder).await;
            all.extend(messages.map_err(text)?);
        }
        Ok(all)
    }
}

/// The id of a message that a story gives.
fn id_of(name: &str) -> MessageId {
    MessageId(name.replace('.', "-").into())
}

fn mailbox_id(user: &str) -> MailboxId {
    MailboxId(user.into())
}

fn text(fault: impl Debug) -> String {
    format!("{fault:?}")
}

/// A database with all tables and nothing in them, made once: that takes longer than most calls.
fn empty_database() -> &'static [u8] {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    EMPTY.get_or_init(|| {
        let folder = scratch_folder();
        drop(Store::open(folder.path()).unwrap());
        std::fs::read(folder.path().join("ringback.db")).unwrap()
    })
}

/// A folder that is gone with the story; in memory where the system has such a place.
fn scratch_folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let folder = tempfile::Builder::new()
        .prefix("ringback-story-")
        .tempdir_in(memory);
    folder.or_else(|_| tempfile::tempdir()).unwrap()
}

fn kind_of(which: Recorded) -> &'static str {
    match which {
        Recorded::Name => "name",
        Recorded::Greeting => "greeting",
        Recorded::AwayGreeting => "away-greeting",
    }
}

/// A sound that the far end can tell from all others.
fn sound_of(names: &SoundNames, value: &mut i16, name: String, length: Duration) -> Arc<Sound> {
    *value += 1;
    names.borrow_mut().insert(*value, name);
    let samples = length.as_secs() as usize * SAMPLE_RATE as usize;
    Arc::new(Sound::new(vec![*value; samples.max(1)]))
}
