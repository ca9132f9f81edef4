//! The world of a story: a store in a folder of its own, with the people, policies and messages that
//! the story's `given` lines name; and the questions that its `then` lines ask.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;
use std::rc::Rc;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ringback::calendar::arrivals::Followed;
use ringback::calendar::embedded::EmbeddedCalendar;
use ringback::conversation::{Arrival, CustomPrompts, Desk, EntryPoint, Outcome, ReasonForCall};
use ringback::directory::embedded::EmbeddedDirectory;
use ringback::directory::embedded_contacts::EmbeddedContacts;
use ringback::directory::{Group, Person};
use ringback::line::{Locale, Number, SAMPLE_RATE, Sound};
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::submission::NoRelay;
use ringback::mailbox::{
    Capabilities, Capability, ChangeMark, Changes, Content, ConversationId, Counts, Deposit, Email,
    Envelope, Flag, Flags, Folder, FolderState, Importance, MailFault, MailStore, MailboxId,
    MessageId, Page, PartId, Recorded, Sender, SentVoice, Settings, Usage, UserSettings,
    VoiceMessage,
};
use ringback::organisation::Organisation;
use ringback::organisation::pins::PinKeeper;
use ringback::outbox::{Outbox, PostRoom};
use ringback::policy::areas::Area;
use ringback::policy::clock::WallClock;
use ringback::policy::dial_plan::DialPlan;
use ringback::policy::mailbox::Mailbox;
use ringback::policy::mailbox_policy::MailboxPolicy;
use ringback::policy::pin::{PinCheck, PinCost, PinFault, PinRecord, PinRefusal, Pins};
use ringback::store::{Store, count_organisation_change};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::Instant;

use super::appointments::{self, Given};
use super::contacts::{Acquaintances, OTHER_PLAN, describe, group};
use super::emails::{Emails, GivenEmail, Mailer};
use super::far_end::SoundNames;
use super::requests::{Requests, Room};
use super::sent::{Letters, Post};
use super::story::{Line, Story, parse_duration, split_outside_quotes};

const DIAL_PLAN: &str = "stories";
const POLICY: &str = "stories";
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

/// A room whose requests are counted.
pub(super) struct Watched<T> {
    pub(super) room: T,
    pub(super) requests: Arc<Requests>,
    /// Who was let in.
    let_in: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl MailStore for Watched<EmbeddedMailbox> {
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.room.capabilities();
        if self.requests.no_auto_reply {
            capabilities.remove(&Capability::AutoReply);
        }
        capabilities
    }
    async fn emails(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        page: Page,
    ) -> Result<Vec<Email>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.emails(mailbox, folder, page).await
    }
    async fn email_counts(&self, mailbox: &MailboxId, folder: Folder) -> Result<Counts, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.email_counts(mailbox, folder).await
    }
    async fn email(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Email, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.email(mailbox, id).await
    }
    async fn conversation(
        &self,
        mailbox: &MailboxId,
        conversation: &ConversationId,
    ) -> Result<Vec<Email>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.conversation(mailbox, conversation).await
    }
    async fn content(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
    ) -> Result<Arc<Content>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.content(mailbox, id).await
    }
    async fn part(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<[u8]>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.part(mailbox, id, part).await
    }
    async fn part_sound(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        part: PartId,
    ) -> Result<Arc<Sound>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.part_sound(mailbox, id, part).await
    }
    async fn raw(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<[u8]>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.raw(mailbox, id).await
    }
    async fn set_flag(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        flag: Flag,
        on: bool,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_flag(mailbox, id, flag, on).await
    }
    async fn append(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
        mail: Arc<[u8]>,
        flags: Flags,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room
            .append(mailbox, folder, mail, flags, received)
            .await
    }
    async fn folders(&self, mailbox: &MailboxId) -> Result<Vec<FolderState>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.folders(mailbox).await
    }
    async fn changes(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<Changes, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.changes(mailbox, since).await
    }
    async fn watch(&self, mailbox: &MailboxId, since: ChangeMark) -> Result<ChangeMark, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.watch(mailbox, since).await
    }
    async fn voice_messages(
        &self,
        mailbox: &MailboxId,
        folder: Folder,
    ) -> Result<Vec<VoiceMessage>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.voice_messages(mailbox, folder).await
    }
    async fn counts(&self, mailbox: &MailboxId) -> Result<Counts, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.counts(mailbox).await
    }
    async fn usage(&self, mailbox: &MailboxId) -> Result<Usage, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.usage(mailbox).await
    }
    async fn sound(&self, mailbox: &MailboxId, id: &MessageId) -> Result<Arc<Sound>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.sound(mailbox, id).await
    }
    async fn set_read(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        read: bool,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_read(mailbox, id, read).await
    }
    async fn move_to(
        &self,
        mailbox: &MailboxId,
        id: &MessageId,
        folder: Folder,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.move_to(mailbox, id, folder).await
    }
}

#[async_trait]
impl Settings for Watched<EmbeddedMailbox> {
    async fn settings(&self, mailbox: &MailboxId) -> Result<UserSettings, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.settings(mailbox).await
    }
    async fn save_settings(
        &self,
        mailbox: &MailboxId,
        settings: &UserSettings,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.save_settings(mailbox, settings).await
    }
    async fn recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
    ) -> Result<Option<Arc<Sound>>, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.recorded(mailbox, which).await
    }
    async fn set_recorded(
        &self,
        mailbox: &MailboxId,
        which: Recorded,
        sound: Option<Arc<Sound>>,
    ) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.set_recorded(mailbox, which, sound).await
    }
}

#[async_trait]
impl Deposit for Watched<EmbeddedMailbox> {
    async fn deposit(&self, envelope: &Envelope, sound: &Path) -> Result<(), MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.deposit(envelope, sound).await
    }
    async fn deposit_mail(
        &self,
        to: &MailboxId,
        mail: Arc<[u8]>,
        received: Timestamp,
    ) -> Result<MessageId, MailFault> {
        self.requests.mail(Room::Mailboxes)?;
        self.room.deposit_mail(to, mail, received).await
    }
}

#[async_trait]
impl Pins for Watched<PinKeeper> {
    async fn check(
        &self,
        dial_plan: &str,
        number: &str,
        pin: &str,
        calling: Option<&str>,
    ) -> Result<PinCheck, PinFault> {
        self.requests.pins()?;
        let check = self.room.check(dial_plan, number, pin, calling).await?;
        if let PinCheck::Accepted(subscriber) | PinCheck::MustChange(subscriber) = &check {
            let user = subscriber.user().to_owned();
            self.let_in.lock().unwrap().push(user);
        }
        Ok(check)
    }
    async fn is_in_order(&self, user: &str) -> Result<bool, PinFault> {
        self.requests.pins()?;
        self.room.is_in_order(user).await
    }
    async fn examine(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.requests.pins()?;
        self.room.examine(user, pin).await
    }
    async fn change(&self, user: &str, pin: &str) -> Result<Option<PinRefusal>, PinFault> {
        self.requests.pins()?;
        self.room.change(user, pin).await
    }
}

/// Sounds of the dial plan, by file name.
struct Custom {
    sounds: Mutex<BTreeMap<String, Arc<Sound>>>,
    requests: Arc<Requests>,
}

#[async_trait]
impl CustomPrompts for Custom {
    fn sound(&self, file_name: &str) -> Option<Arc<Sound>> {
        self.sounds.lock().unwrap().get(file_name).cloned()
    }
    async fn replace(&self, file_name: &str, sound: Arc<Sound>) -> Result<(), String> {
        self.requests.mail(Room::Mailboxes).map_err(text)?;
        match self.sounds.lock().unwrap().get_mut(file_name) {
            Some(present) => {
                *present = sound;
                Ok(())
            }
            None => Err(format!("no {file_name}")),
        }
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

/// A person of the story and what belongs to it.
struct Resident {
    user: String,
    mailbox: Option<Mailbox>,
    person: Person,
    pins: Vec<String>,
    pin_set: SignedDuration,
    must_change: bool,
    locked: bool,
    failures: u32,
    settings: UserSettings,
    recordings: Vec<(Recorded, Duration)>,
    messages: Vec<Message>,
    knows: Acquaintances,
    emails: Vec<GivenEmail>,
    appointments: Vec<Given>,
}

struct Message {
    name: String,
    read: bool,
    from: Option<String>,
    length: Duration,
    important: bool,
    private: bool,
    cut_short: bool,
    /// Subject of a message that it forwards.
    forwards: Option<String>,
    age: Option<Duration>,
}

/// The rows of an organisation while a story names them.
struct Givens {
    dial_plan: DialPlan,
    policy: MailboxPolicy,
    residents: Vec<Resident>,
    /// Distribution groups.
    groups: Vec<Group>,
    custom: BTreeMap<String, Duration>,
    voices: Vec<String>,
    chosen_voices: Vec<String>,
    no_auto_reply: bool,
    no_relay: bool,
    clock: Timestamp,
    zone: TimeZone,
    call: Option<String>,
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

    /// Checks a `then` line; what is not so.
    pub async fn check(&self, then: &str, outcome: &Outcome) -> Result<(), String> {
        for clause in split_outside_quotes(then, ';') {
            if let Some(kind) = clause.strip_prefix("call record ") {
                let actual = outcome.call_type.to_string();
                if actual != kind.trim_matches('"') {
                    return Err(format!("the call record says \"{actual}\""));
                }
                continue;
            }
            let (user, facts) = clause
                .split_once(':')
                .ok_or_else(|| format!("`{clause}` is about nobody (`alice: no new messages`)"))?;
            if user != "relay" && !self.users.iter().any(|known| known == user) {
                return Err(format!("nobody is called {user}"));
            }
            for fact in split_outside_quotes(facts, ',') {
                self.check_fact(user, &fact)
                    .await
                    .map_err(|what| format!("{user}: {fact}: {what}"))?;
            }
        }
        Ok(())
    }

    async fn check_fact(&self, user: &str, fact: &str) -> Result<(), String> {
        if let Some(checked) = self.letters.check(user, fact) {
            return checked;
        }
        let messages = self.messages(user).await?;
        let id = mailbox_id(user);
        let count = |read: bool| {
            let inbox = messages.iter().filter(|one| one.folder == Folder::Inbox);
            inbox.filter(|one| one.read == read).count()
        };
        if let Some(fact) = fact.strip_prefix("appointment ") {
            let today = self.clock.now().to_zoned(self.desk.time_zone.clone());
            return appointments::check(&self.calendar, &id, fact, &today).await;
        }
        if let Some((name, state)) = fact.split_once(".wav ") {
            let id = id_of(&format!("{name}.wav"));
            let message = messages.iter().find(|one| one.envelope.id == id);
            let message = message.ok_or("there is no such message")?;
            let actual = match (message.folder, message.read) {
                (Folder::Deleted, _) => "deleted",
                (Folder::Sent, _) => "sent",
                (Folder::Drafts, _) => "draft",
                (Folder::Inbox, true) => "read",
                (Folder::Inbox, false) => "new",
            };
            return same(state, actual);
        }
        if let Some(answer) = self.emails.check(&self.mailbox, &id, fact).await {
            return answer;
        }
        if let Some(pin) = fact.strip_prefix("pin ") {
            let (pin, works) = pin.split_once(' ').ok_or("`pin 123456 works`?")?;
            let extension = self.desk.subscribers.by_user(user);
            let extension = extension.map(|found| found.extension().to_owned());
            let extension = extension.unwrap_or_default();
            let check = self.keeper.check(DIAL_PLAN, &extension, pin, None).await;
            let actual = match check.map_err(text)? {
                PinCheck::Accepted(_) => "works",
                PinCheck::MustChange(_) => "must change",
                PinCheck::Refused => "refused",
                PinCheck::LockedOut => "locked out",
                PinCheck::NotAllowed => "not allowed",
            };
            return same(works, actual);
        }
        if let Some(message) = fact.strip_prefix("a message ") {
            return self.check_message(&messages, message);
        }
        if let Some(setting) = fact.strip_prefix("setting ") {
            let (name, _) = setting.split_once(' ').ok_or("`setting away true`?")?;
            let settings = self.mailbox.settings(&id).await.map_err(text)?;
            let all = serde_json::to_value(settings).map_err(text)?;
            let value = match &all[name] {
                serde_json::Value::String(words) => words.clone(),
                other => other.to_string(),
            };
            return same(setting, &format!("{name} {value}"));
        }
        for (which, name) in [
            (Recorded::Name, "name"),
            (Recorded::Greeting, "greeting"),
            (Recorded::AwayGreeting, "away greeting"),
        ] {
            let actual = match self.mailbox.recorded(&id, which).await {
                Ok(Some(sound)) => format!("{name} {}", seconds(sound.length())),
                Ok(None) => format!("no {name}"),
                Err(_) => format!("{name} damaged"),
            };
            if fact == format!("no {name}") || fact.starts_with(&format!("{name} ")) {
                return same(fact, &actual);
            }
        }
        let (failures, locked) = self.failures(user)?;
        let settings = self.mailbox.settings(&id).await.map_err(text)?;
        match fact {
            "no messages" => return same("0", &messages.len().to_string()),
            "no new messages" => return same("0", &count(false).to_string()),
            "locked out" => return same("true", &locked.to_string()),
            "not locked out" => return same("false", &locked.to_string()),
            "set up" => return same("true", &settings.set_up.to_string()),
            "not set up" => return same("false", &settings.set_up.to_string()),
            _ => {}
        }
        let (number, what) = fact.split_once(' ').ok_or("this cannot be checked")?;
        match what {
            "new message" | "new messages" => same(number, &count(false).to_string()),
            "old message" | "old messages" => same(number, &count(true).to_string()),
            "failures" | "failure" => same(number, &failures.to_string()),
            _ => Err("this cannot be checked".to_owned()),
        }
    }

    /// `of 5s from 1043 important private cut-short`: one of the messages left is exactly so.
    fn check_message(&self, messages: &[VoiceMessage], wanted: &str) -> Result<(), String> {
        let mut found = Vec::new();
        for message in messages {
            if self.given.contains(&message.envelope.id) {
                continue;
            }
            let mut text = format!("of {}", seconds(message.length));
            let from = &message.envelope.from;
            if let Some(from) = from.name.as_ref().or(from.number.as_ref()) {
                text.push_str(&format!(" from {from}"));
            }
            if message.envelope.importance == Importance::High {
                text.push_str(" important");
            }
            if message.envelope.private {
                text.push_str(" private");
            }
            if message.envelope.cut_short {
                text.push_str(" cut-short");
            }
            if text == wanted {
                return Ok(());
            }
            found.push(text);
        }
        Err(format!("there is {found:?}"))
    }

    /// How many failures of sign-in are counted, and whether the mailbox is locked.
    pub fn failures(&self, user: &str) -> Result<(i64, bool), String> {
        let user = user.to_owned();
        let row = self.organisation.store().read_now(move |db| {
            let mut rows = db.prepare("SELECT failures, locked FROM pin WHERE user = ?1")?;
            let mut rows = rows.query([user])?;
            match rows.next()? {
                Some(row) => Ok((row.get(0)?, row.get(1)?)),
                None => Ok((0, false)),
            }
        });
        row.map_err(text)
    }
}

fn same(wanted: &str, actual: &str) -> Result<(), String> {
    if wanted == actual {
        Ok(())
    } else {
        Err(format!("it is {actual}"))
    }
}

/// To the second: what a caller says begins a moment after the tone.
fn seconds(length: Duration) -> String {
    format!("{}s", length.as_secs_f64().round())
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

fn watched<T>(
    room: T,
    requests: &Arc<Requests>,
    let_in: &Arc<Mutex<Vec<String>>>,
) -> Arc<Watched<T>> {
    Arc::new(Watched {
        room,
        requests: requests.clone(),
        let_in: let_in.clone(),
    })
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

fn sender(givens: &Givens, from: Option<&str>) -> Sender {
    let Some(from) = from else {
        return Sender::default();
    };
    let resident = givens
        .residents
        .iter()
        .find(|one| one.user == from || one.extension() == from);
    match resident {
        Some(resident) => Sender {
            number: Some(resident.extension().to_owned()),
            name: Some(resident.person.display_name()),
            user: Some(resident.user.clone()),
        },
        None if from.starts_with('"') => Sender {
            name: Some(from.trim_matches('"').to_owned()),
            ..Sender::default()
        },
        None => Sender {
            number: Some(from.to_owned()),
            ..Sender::default()
        },
    }
}

fn write_rows(store: &Store, givens: &Givens) -> Result<(), String> {
    let body = |object: &dyn erased::Json| object.json();
    let written = store.write_now(|db| {
        let put = |table: &str, name: &str, body: String| {
            db.execute(
                &format!("INSERT INTO {table} VALUES (?1, ?2)"),
                [name, &body],
            )
        };
        put("dial_plan", DIAL_PLAN, body(&givens.dial_plan))?;
        put("mailbox_policy", POLICY, body(&givens.policy))?;
        for group in &givens.groups {
            put("distribution_group", &group.name, body(group))?;
        }
        let policies = givens.residents.iter().flat_map(|one| &one.mailbox);
        if policies.into_iter().any(|one| one.policy == OTHER_PLAN) {
            let plan = DialPlan {
                name: OTHER_PLAN.to_owned(),
                access_telephone_numbers: vec!["6000".to_owned()],
                ..givens.dial_plan.clone()
            };
            let policy = MailboxPolicy {
                name: OTHER_PLAN.to_owned(),
                dial_plan: OTHER_PLAN.to_owned(),
                ..givens.policy.clone()
            };
            put("dial_plan", OTHER_PLAN, body(&plan))?;
            put("mailbox_policy", OTHER_PLAN, body(&policy))?;
        }
        for resident in &givens.residents {
            put("person", &resident.user, body(&resident.person))?;
            let Some(mailbox) = &resident.mailbox else {
                continue;
            };
            put("mailbox", &resident.user, body(mailbox))?;
            let mut records = Vec::new();
            for (index, pin) in resident.pins.iter().enumerate() {
                // Whose PIN it is hides behind a salt of its own, as in life.
                let salt = [resident.user.len() as u8 + index as u8; 16];
                let record = PinRecord::new(pin, salt, PinCost::CHEAPEST);
                records.push(record.map(|record| record.to_string()).unwrap_or_default());
            }
            let Some((present, former)) = records.split_first() else {
                continue;
            };
            let set_at = givens.clock - resident.pin_set;
            db.execute(
                "INSERT INTO pin (user, record, former, set_at, must_change, failures, locked)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                (
                    &resident.user,
                    present,
                    former.join(" "),
                    set_at.as_microsecond(),
                    resident.must_change,
                    resident.failures,
                    resident.locked,
                ),
            )?;
        }
        count_organisation_change(db)
    });
    written.map_err(text)
}

mod erased {
    /// Anything that is kept as JSON.
    pub(super) trait Json {
        fn json(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn json(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

/// The same with one setting changed, by its name in the configuration.
fn with_setting<T: Serialize + DeserializeOwned>(object: &T, setting: &str) -> Result<T, String> {
    let (name, value) = setting
        .split_once(' ')
        .ok_or_else(|| format!("`{setting}` has no value"))?;
    let mut all = serde_json::to_value(object).map_err(text)?;
    let value = value.trim();
    let value = match value.parse::<u64>() {
        Ok(number) => json!(number),
        Err(_) => match value {
            "true" => json!(true),
            "false" => json!(false),
            list if list.starts_with('[') => serde_json::from_str(list).map_err(text)?,
            other => json!(other.trim_matches('"')),
        },
    };
    all[name] = value;
    serde_json::from_value(all).map_err(|error| format!("`{setting}`: {error}"))
}

impl Givens {
    fn of(story: &Story) -> Result<Givens, String> {
        let dial_plan = json!({
            "name": DIAL_PLAN,
            "number_of_digits_in_extension": 4,
            "access_telephone_numbers": ["5000"],
        });
        let mut givens = Givens {
            dial_plan: serde_json::from_value(dial_plan).map_err(text)?,
            policy: MailboxPolicy {
                name: POLICY.to_owned(),
                dial_plan: DIAL_PLAN.to_owned(),
                ..MailboxPolicy::default()
            },
            residents: Vec::new(),
            groups: Vec::new(),
            custom: BTreeMap::new(),
            no_auto_reply: false,
            no_relay: false,
            voices: vec!["en".to_owned()],
            chosen_voices: vec!["en".to_owned()],
            // A Monday.
            clock: "2026-11-23T10:05:00Z".parse().map_err(text)?,
            zone: TimeZone::UTC,
            call: None,
        };
        for line in &story.lines {
            if let Line::Given(given) = line {
                for clause in split_outside_quotes(given, ';') {
                    givens
                        .take(&clause)
                        .map_err(|what| format!("given {clause}: {what}"))?;
                }
            }
        }
        Ok(givens)
    }

    fn take(&mut self, clause: &str) -> Result<(), String> {
        let (word, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        match word {
            "calls" => self.call = Some(rest.to_owned()),
            "policy" => self.policy = with_setting(&self.policy, rest)?,
            "dial-plan" => self.dial_plan = with_setting(&self.dial_plan, rest)?,
            "clock" => {
                let (time, zone) = rest.split_once(' ').unwrap_or((rest, "UTC"));
                self.zone = TimeZone::get(zone).map_err(text)?;
                let time: DateTime = time.parse().map_err(text)?;
                self.clock = time.to_zoned(self.zone.clone()).map_err(text)?.timestamp();
            }
            "relay" if rest == "none" => self.no_relay = true,
            "mailboxes" if rest == "without automatic reply" => self.no_auto_reply = true,
            "chosen-voices" => {
                self.chosen_voices = rest.split(' ').map(str::to_owned).collect();
            }
            "voices" => self.voices = rest.split(' ').map(str::to_owned).collect(),
            "group" => {
                let words = split_outside_quotes(rest, ' ');
                let words: Vec<&str> = words.iter().map(String::as_str).collect();
                self.groups.push(group(&words)?);
            }
            "sound" => {
                let (name, length) = rest.split_once(' ').unwrap_or((rest, "4s"));
                self.custom.insert(name.to_owned(), parse_duration(length)?);
            }
            _ => {
                let mut words = split_outside_quotes(clause, ',').into_iter();
                let user = words.next().unwrap_or_default();
                let mut resident = Resident::new(&user);
                for property in words {
                    resident
                        .take(&property)
                        .map_err(|what| format!("{property}: {what}"))?;
                }
                self.residents.push(resident);
            }
        }
        Ok(())
    }
}

impl Resident {
    fn new(user: &str) -> Resident {
        let mut name = user.to_owned();
        if let Some(first) = name.get_mut(0..1) {
            first.make_ascii_uppercase();
        }
        let mailbox = json!({ "user": user, "policy": POLICY, "extensions": [] });
        Resident {
            user: user.to_owned(),
            mailbox: serde_json::from_value(mailbox).ok(),
            person: Person {
                user: user.to_owned(),
                given_name: name,
                mail: Some(format!("{user}@example.test")),
                ..Person::default()
            },
            pins: Vec::new(),
            pin_set: SignedDuration::from_hours(24),
            must_change: false,
            locked: false,
            failures: 0,
            settings: UserSettings {
                set_up: true,
                ..UserSettings::default()
            },
            recordings: Vec::new(),
            messages: Vec::new(),
            knows: Acquaintances::default(),
            emails: Vec::new(),
            appointments: Vec::new(),
        }
    }

    fn extension(&self) -> &str {
        self.person.extension.as_deref().unwrap_or_default()
    }

    fn take(&mut self, property: &str) -> Result<(), String> {
        let words = split_outside_quotes(property, ' ');
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let set = |mailbox: &mut Option<Mailbox>, setting: &str| -> Result<(), String> {
            if let Some(present) = mailbox {
                *mailbox = Some(with_setting(present, setting)?);
            }
            Ok(())
        };
        match words.as_slice() {
            ["extension", extension] => {
                self.person.extension = Some((*extension).to_owned());
                if let Some(mailbox) = &mut self.mailbox {
                    mailbox.extensions.push((*extension).to_owned());
                }
            }
            ["number", number] => {
                if let Some(mailbox) = &mut self.mailbox {
                    mailbox.addresses.push((*number).to_owned());
                }
            }
            ["mobile", number] => self.person.mobile = Some((*number).to_owned()),
            ["name", name] => {
                let name = name.trim_matches('"');
                let (given, surname) = name.split_once(' ').unwrap_or((name, ""));
                given.clone_into(&mut self.person.given_name);
                surname.clone_into(&mut self.person.surname);
            }
            ["pin", pin] => self.pins.insert(0, (*pin).to_owned()),
            ["earlier", "pins", earlier @ ..] => {
                self.pins
                    .extend(earlier.iter().map(|pin| (*pin).to_owned()));
            }
            ["pin", number, "days", "old"] => {
                let days: i64 = number.parse().map_err(text)?;
                self.pin_set = SignedDuration::from_hours(24 * days);
            }
            ["must", "change", "pin"] => self.must_change = true,
            ["locked", "out"] => self.locked = true,
            [number, "failures"] => self.failures = number.parse().map_err(text)?,
            ["not", "set", "up"] => self.settings.set_up = false,
            ["no", "mailbox"] => self.mailbox = None,
            ["hidden"] => self.person.hidden = true,
            ["greeting", length] => {
                self.recordings
                    .push((Recorded::Greeting, parse_duration(length)?));
            }
            ["recorded", "name", length] => {
                self.recordings
                    .push((Recorded::Name, parse_duration(length)?));
            }
            ["appointment", words @ ..] => {
                self.appointments.push(Given::parse(words)?);
            }
            ["24-hour", "clock"] => self.settings.twenty_four_hours = Some(true),
            ["12-hour", "clock"] => self.settings.twenty_four_hours = Some(false),
            ["away", "greeting", length] => {
                self.recordings
                    .push((Recorded::AwayGreeting, parse_duration(length)?));
            }
            ["setting", name, value] => {
                self.settings = with_setting(&self.settings, &format!("{name} {value}"))?;
            }
            ["language", language] => self.settings.language = Some((*language).to_owned()),
            ["zone", zone] => self.settings.time_zone = Some((*zone).to_owned()),
            ["mailbox", setting, value] => set(&mut self.mailbox, &format!("{setting} {value}"))?,
            ["mail", address] => self.person.mail = Some((*address).to_owned()),
            ["no", "mail", "address"] => self.person.mail = None,
            [state @ ("new" | "old"), "email", name, marks @ ..] => {
                self.emails
                    .push(GivenEmail::parse(name, *state == "old", marks)?);
            }
            [
                state @ ("new" | "old"),
                "voice",
                "message",
                name,
                marks @ ..,
            ] => {
                self.messages
                    .push(Message::parse(name, *state == "old", marks)?);
            }
            ["in", "other", "plan"] => {
                if let Some(mailbox) = &mut self.mailbox {
                    OTHER_PLAN.clone_into(&mut mailbox.policy);
                }
            }
            _ if describe(&mut self.person, &words) || self.knows.take(&words)? => {}
            _ => return Err("nobody has such a property".to_owned()),
        }
        Ok(())
    }
}

impl Message {
    fn parse(name: &str, read: bool, marks: &[&str]) -> Result<Message, String> {
        let mut message = Message {
            name: name.to_owned(),
            read,
            from: None,
            length: Duration::from_secs(6),
            important: false,
            private: false,
            cut_short: false,
            forwards: None,
            age: None,
        };
        let mut marks = marks.iter();
        while let Some(mark) = marks.next() {
            match *mark {
                "from" => message.from = marks.next().map(|from| (*from).to_owned()),
                "of" => {
                    let length = marks.next().ok_or("of how many seconds?")?;
                    message.length = parse_duration(length)?;
                }
                "left" => {
                    // `left 26h ago`
                    let age = marks.next().ok_or("left when?")?;
                    message.age = Some(parse_duration(age)?);
                    marks.next();
                }
                "important" => message.important = true,
                "private" => message.private = true,
                "cut-short" => message.cut_short = true,
                "forwards" => {
                    let subject = marks.next().ok_or("forwards what?")?;
                    message.forwards = Some(format!("FW: {}", subject.trim_matches('"')));
                }
                _ => return Err(format!("`{mark}` is nothing that a message has")),
            }
        }
        Ok(message)
    }
}
