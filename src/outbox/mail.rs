//! Mails on their way: taken over with their sound, brought to each recipient once, and reported to
//! their sender when somebody cannot get them.
//!
//! A mail's state names every recipient. It is written, synced, after each answer, so that a restart
//! goes on where it was; and what is delivered twice all the same is known by its id: a voice
//! message by that of its envelope, a mail by its Message-ID.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::Rng;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::delivery::{ATTEMPTS_MAX, DEPOSIT_DEADLINE, RETRY_AFTER};
use super::{DEADLINE, Outbox, OutboxFault, PostRoom, Recording, blocking, lock};
use crate::line::SAMPLE_RATE;
use crate::mailbox::report::{self, Failure, Report};
use crate::mailbox::writing::{self, Writing, WrittenSound};
use crate::mailbox::{
    Card, Envelope, Folder, MailAddress, MailFault, MailKind, MailboxId, MessageId, OutgoingMail,
    Recipient, Sender, SentVoice, SpokenPart, Submitted,
};

/// The pause between an introduction and what it introduces.
const PAUSE: usize = SAMPLE_RATE as usize / 2;

/// Most recipients of a mail: a list of an organisation, and no more than a relay takes at once.
const RECIPIENTS_MOST: usize = 1_000;

/// A mail on its way, as it stands in a file.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct MailOnItsWay {
    pub(super) mail: OutgoingMail,
    /// The sounds in its file, behind each other, newest first.
    sounds: Vec<SpokenPart>,
    /// Whoever gets it, and how far that is.
    recipients: Vec<Addressed>,
    /// Whether the sender's copy is in Sent, or there is none to make.
    copied: bool,
    /// How often people here could not be reached, and the relay.
    attempts: (u32, u32),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
struct Addressed {
    recipient: Recipient,
    state: MailState,
}

/// What has become of a mail for one recipient.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailState {
    /// Not delivered yet; what the last try met.
    Waiting(Option<String>),
    /// Delivered.
    Delivered,
    /// Never to be delivered.
    Failed {
        /// Why.
        why: String,
        /// After many tries, not at once.
        given_up: bool,
        /// Whether the sender has been told.
        told: bool,
    },
}

/// Where a recipient is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Route {
    Here,
    Elsewhere,
}

impl Addressed {
    fn route(&self) -> Route {
        match self.recipient.mailbox {
            Some(_) => Route::Here,
            None => Route::Elsewhere,
        }
    }

    fn waits(&self) -> bool {
        matches!(self.state, MailState::Waiting(_))
    }
}

impl MailOnItsWay {
    fn new(mail: OutgoingMail, sounds: Vec<SpokenPart>) -> MailOnItsWay {
        let mut recipients: Vec<Addressed> = Vec::new();
        for recipient in mail.to.iter().chain(&mail.cc) {
            if recipients.iter().any(|known| known.recipient.is(recipient)) {
                continue;
            }
            recipients.push(Addressed {
                recipient: recipient.clone(),
                state: MailState::Waiting(None),
            });
        }
        MailOnItsWay {
            copied: mail.from.is_none() || mail.kind == MailKind::AutoReply,
            mail,
            sounds,
            recipients,
            attempts: (0, 0),
        }
    }

    /// Whether there is anything to do on this way. Copies and reports are for people here.
    fn has_work(&self, route: Route) -> bool {
        let waits = |one: &Addressed| one.waits() && one.route() == route;
        let here = !self.copied || self.has_failures_to_tell();
        self.recipients.iter().any(waits) || (route == Route::Here && here)
    }

    fn has_failures_to_tell(&self) -> bool {
        let untold = |one: &Addressed| matches!(one.state, MailState::Failed { told: false, .. });
        self.recipients.iter().any(untold)
    }

    fn is_done(&self) -> bool {
        !self.has_work(Route::Here) && !self.has_work(Route::Elsewhere)
    }

    fn attempts_mut(&mut self, route: Route) -> &mut u32 {
        match route {
            Route::Here => &mut self.attempts.0,
            Route::Elsewhere => &mut self.attempts.1,
        }
    }

    /// A mail that another process has written.
    pub(super) fn without_sound(mail: OutgoingMail) -> MailOnItsWay {
        MailOnItsWay::new(mail, Vec::new())
    }

    /// How often it was tried, on the way that was tried more often.
    pub(super) fn tries(&self) -> u32 {
        self.attempts.0.max(self.attempts.1)
    }

    /// For `outbox list`.
    pub(super) fn recipients(&self) -> impl Iterator<Item = (String, &MailState)> {
        self.recipients
            .iter()
            .map(|one| (report::who(&one.recipient), &one.state))
    }
}

/// All mails on their way.
pub(super) struct Mails {
    pub(super) post_room: Option<PostRoom>,
    due: Mutex<BTreeMap<MessageId, DueMail>>,
    wake: [Notify; 2],
    /// Held while a state is written, so that no older one overwrites it.
    writing: tokio::sync::Mutex<()>,
}

struct DueMail {
    state: MailOnItsWay,
    /// When it is tried next, here and elsewhere.
    at: [Instant; 2],
}

impl Mails {
    pub(super) fn from_folder(found: Vec<MailOnItsWay>) -> Mails {
        let due = found.into_iter().map(|state| {
            let id = state.mail.id.clone();
            (id, DueMail::new(state))
        });
        Mails {
            post_room: None,
            due: Mutex::new(due.collect()),
            wake: [Notify::new(), Notify::new()],
            writing: tokio::sync::Mutex::new(()),
        }
    }

    fn add(&self, state: MailOnItsWay) {
        let id = state.mail.id.clone();
        // What is there already is further than what comes again.
        lock(&self.due)
            .entry(id)
            .or_insert_with(|| DueMail::new(state));
        self.wake.iter().for_each(Notify::notify_one);
    }
}

impl DueMail {
    fn new(state: MailOnItsWay) -> DueMail {
        DueMail {
            state,
            at: [Instant::now(); 2],
        }
    }
}

impl Outbox {
    /// Takes over a mail and its recording: when this returns, both survive a loss of power, and each
    /// recipient will get it once. It is given its id.
    ///
    /// # Errors
    /// When it has no recipients, or what it forwards cannot be had, or the disk refuses. Then the
    /// recording is as it was.
    pub async fn send(
        &self,
        mut mail: OutgoingMail,
        recording: Option<Recording>,
    ) -> Result<MessageId, OutboxFault> {
        let room = self.post_room()?;
        let recipients = mail.to.len() + mail.cc.len();
        if !(1..=RECIPIENTS_MOST).contains(&recipients) {
            let problem = format!("it has {recipients} recipients");
            return Err(OutboxFault::Unsendable(problem));
        }
        mail.id = MessageId(ulid::Ulid::generate().to_string().into());
        let (samples, sounds) = self.collect_sound(&mail, recording.as_ref()).await?;
        let original = match (&mail.original, &mail.from) {
            (Some(original), Some(from)) => {
                let asked = room.letterbox.original(from, original);
                Some(asked.await.map_err(unsendable)?)
            }
            _ => None,
        };
        let state = MailOnItsWay::new(mail, sounds);
        let (folder, acknowledged) = (self.folder.clone(), state.clone());
        let tape = recording.map(|recording| recording.tape);
        let recorded = tape.clone();
        blocking(move || {
            folder.acknowledge_mail(
                &acknowledged,
                samples.as_deref(),
                original.as_deref(),
                recorded.as_ref(),
            )
        })
        .await?;
        if let Some(tape) = tape {
            lock(&self.tapes).remove(&tape);
        }
        let id = state.mail.id.clone();
        self.mails.add(state);
        Ok(id)
    }

    /// The recording, and behind it what is forwarded.
    async fn collect_sound(
        &self,
        mail: &OutgoingMail,
        recording: Option<&Recording>,
    ) -> Result<(Option<Vec<i16>>, Vec<SpokenPart>), OutboxFault> {
        let room = self.post_room()?;
        let mut samples = Vec::new();
        let mut parts = Vec::new();
        if let Some(recording) = recording {
            let from = match &mail.from {
                Some(from) => room.cards.card(from).await.map_err(unsendable)?.name,
                None => room.letterhead.name.clone(),
            };
            samples.extend_from_slice(self.sound(recording).await?.samples());
            parts.push(SpokenPart {
                from,
                samples: samples.len() as u64,
            });
        }
        for earlier in &mail.sounds {
            let owner = mail.from.as_ref().ok_or_else(|| {
                OutboxFault::Unsendable("nobody owns the message that it forwards".into())
            })?;
            let sound = room.letterbox.spoken(owner, &earlier.message);
            let sound = sound.await.map_err(unsendable)?;
            if let Some(before) = parts.last_mut() {
                samples.resize(samples.len() + PAUSE, 0);
                before.samples += PAUSE as u64;
            }
            samples.extend_from_slice(sound.samples());
            parts.push(SpokenPart {
                from: earlier.from.clone(),
                samples: sound.samples().len() as u64,
            });
        }
        Ok(((!parts.is_empty()).then_some(samples), parts))
    }

    fn post_room(&self) -> Result<&PostRoom, OutboxFault> {
        let room = self.mails.post_room.as_ref();
        room.ok_or_else(|| OutboxFault::Unsendable("there is no post room".into()))
    }

    /// Mails that somebody has not got yet, and those of them that wait for the relay.
    pub(super) fn mails_waiting(&self) -> (usize, usize) {
        let due = lock(&self.mails.due);
        let elsewhere = |mail: &&DueMail| mail.state.has_work(Route::Elsewhere);
        (due.len(), due.values().filter(elsewhere).count())
    }

    /// Tries it as soon as possible; false when nothing of that id waits.
    pub(super) fn hasten(&self, id: &MessageId) -> bool {
        if lock(&self.due).hasten(id) {
            self.wake.notify_one();
            return true;
        }
        let mut due = lock(&self.mails.due);
        let Some(mail) = due.get_mut(id) else {
            return false;
        };
        mail.at = [Instant::now(); 2];
        self.mails.wake.iter().for_each(Notify::notify_one);
        true
    }

    /// A mail that another process has put into the folder.
    pub(super) fn take_over(&self, state: MailOnItsWay) {
        self.mails.add(state);
    }

    pub(super) async fn run_mails(&self, route: Route) {
        loop {
            self.send_due(route).await;
            let next_at = self.next_at(route);
            let woken = self.mails.wake[route as usize].notified();
            match next_at {
                Some(at) => {
                    let _ = tokio::time::timeout_at(at, woken).await;
                }
                None => woken.await,
            }
        }
    }

    fn next_at(&self, route: Route) -> Option<Instant> {
        let due = lock(&self.mails.due);
        let waiting = due.values().filter(|mail| mail.state.has_work(route));
        waiting.map(|mail| mail.at[route as usize]).min()
    }

    /// Tries everything that is due now on this way, once, in order.
    pub(super) async fn send_due(&self, route: Route) {
        let Some(room) = self.mails.post_room.clone() else {
            return;
        };
        let now = Instant::now();
        let due: Vec<MailOnItsWay> = lock(&self.mails.due)
            .values()
            .filter(|mail| mail.state.has_work(route) && mail.at[route as usize] <= now)
            .map(|mail| mail.state.clone())
            .collect();
        for mail in due {
            let id = mail.mail.id.clone();
            let wait = match self.open_up(&room, mail).await {
                Ok(mut opened) => match route {
                    Route::Here => self.send_here(&room, &mut opened).await,
                    Route::Elsewhere => self.send_elsewhere(&room, &mut opened).await,
                },
                Err(fault) => {
                    tracing::warn!(id = %id.0, %fault, "a mail cannot be written yet");
                    Some(RETRY_AFTER[1])
                }
            };
            self.put_off(&id, route, wait);
        }
    }

    /// Puts the next try off, or closes the mail.
    fn put_off(&self, id: &MessageId, route: Route, wait: Option<Duration>) {
        let mut due = lock(&self.mails.due);
        let Some(mail) = due.get_mut(id) else { return };
        let wait = wait.unwrap_or(RETRY_AFTER[0]);
        let wait = wait.mul_f64(rand::rng().random_range(0.8..=1.2));
        mail.at[route as usize] = Instant::now() + wait;
        // A failure elsewhere is reported here, and at once.
        if route == Route::Elsewhere && mail.state.has_failures_to_tell() {
            mail.at[Route::Here as usize] = Instant::now();
            self.mails.wake[Route::Here as usize].notify_one();
        }
    }

    /// Changes the state of a mail and writes it down; forgets a mail that is done.
    async fn note(&self, id: &MessageId, change: impl FnOnce(&mut MailOnItsWay)) {
        let _alone = self.mails.writing.lock().await;
        let state = {
            let mut due = lock(&self.mails.due);
            let Some(mail) = due.get_mut(id) else { return };
            change(&mut mail.state);
            let state = mail.state.clone();
            if state.is_done() {
                due.remove(id);
            }
            state
        };
        let folder = self.folder.clone();
        let noted = blocking(move || {
            if state.is_done() {
                folder.finish_mail(&state.mail.id)
            } else {
                folder.note_mail(&state)
            }
        });
        if let Err(fault) = noted.await {
            // After a restart it is delivered again, which its ids make harmless.
            tracing::warn!(id = %id.0, %fault, "the state of a mail could not be written");
        }
    }

    /// Notes an answer for recipient `at`. The wait until the next try, if there is to be one.
    async fn note_answer(
        &self,
        id: &MessageId,
        at: usize,
        attempts: u32,
        answer: Answer,
    ) -> Option<Duration> {
        let mut wait = None;
        let state = match answer {
            Answer::Delivered => MailState::Delivered,
            Answer::Never(why) => failed(why, false),
            Answer::Later(why, _) if attempts >= ATTEMPTS_MAX => failed(why, true),
            Answer::Later(why, least) => {
                let tried = usize::try_from(attempts).unwrap_or(usize::MAX);
                wait = Some(RETRY_AFTER[tried.clamp(1, RETRY_AFTER.len()) - 1].max(least));
                MailState::Waiting(Some(why))
            }
        };
        if let MailState::Failed { why, .. } = &state {
            tracing::error!(id = %id.0, why, "a mail cannot be delivered");
        } else if let MailState::Waiting(Some(why)) = &state {
            tracing::warn!(id = %id.0, why, "a mail could not be delivered yet");
        }
        self.note(id, |mail| {
            if let Some(one) = mail.recipients.get_mut(at) {
                one.state = state;
            }
        })
        .await;
        wait
    }

    /// Counts a try on this way.
    async fn count_attempt(&self, opened: &mut Opened, route: Route) -> u32 {
        let attempts = opened.state.attempts_mut(route);
        *attempts += 1;
        let attempts = *attempts;
        self.note(&opened.state.mail.id, |mail| {
            *mail.attempts_mut(route) = attempts
        })
        .await;
        attempts
    }

    async fn send_here(&self, room: &PostRoom, opened: &mut Opened) -> Option<Duration> {
        let id = opened.state.mail.id.clone();
        let mut wait: Option<Duration> = None;
        let attempts = self.count_attempt(opened, Route::Here).await;
        if !opened.state.copied {
            match self.copy_to_sent(room, opened).await {
                Answer::Later(why, least) if attempts < ATTEMPTS_MAX => {
                    tracing::warn!(id = %id.0, why, "the copy of a mail is not in Sent yet");
                    wait = Some(least.max(RETRY_AFTER[0]));
                }
                Answer::Delivered => self.note(&id, |mail| mail.copied = true).await,
                Answer::Later(why, _) | Answer::Never(why) => {
                    tracing::error!(id = %id.0, why, "there is no copy of a mail in Sent");
                    self.note(&id, |mail| mail.copied = true).await;
                }
            }
        }
        for (at, one) in opened.state.recipients.clone().iter().enumerate() {
            let Some(mailbox) = &one.recipient.mailbox else {
                continue;
            };
            if one.waits() {
                let answer = self.bring(room, opened, mailbox, at).await;
                let next = self.note_answer(&id, at, attempts, answer).await;
                wait = wait.max(next);
            }
        }
        self.tell_sender(room, opened, attempts).await.max(wait)
    }

    async fn copy_to_sent(&self, room: &PostRoom, opened: &Opened) -> Answer {
        let Some(from) = &opened.state.mail.from else {
            return Answer::Delivered;
        };
        let sent = opened.state.mail.sent;
        in_time(
            room.letterbox
                .put(from, Folder::Sent, opened.message.clone(), sent),
        )
        .await
    }

    /// Brings a mail to a mailbox of ours: as a voice message, or as it is.
    async fn bring(
        &self,
        room: &PostRoom,
        opened: &Opened,
        mailbox: &MailboxId,
        at: usize,
    ) -> Answer {
        let mail = &opened.state.mail;
        if mail.kind == MailKind::Voice && !opened.state.sounds.is_empty() {
            let envelope = opened.envelope(room, mailbox, at);
            let sound = self.folder.sound_file(&mail.id);
            return in_time(self.deposit.deposit(&envelope, &sound)).await;
        }
        let message = opened.message.clone();
        in_time(
            room.letterbox
                .put(mailbox, Folder::Inbox, message, mail.sent),
        )
        .await
    }

    /// Hands a mail to the relay, for everybody elsewhere who waits for it.
    async fn send_elsewhere(&self, room: &PostRoom, opened: &mut Opened) -> Option<Duration> {
        let id = opened.state.mail.id.clone();
        let attempts = self.count_attempt(opened, Route::Elsewhere).await;
        let mut asked: Vec<(usize, String)> = Vec::new();
        let mut wait = None;
        for (at, one) in opened.state.recipients.clone().iter().enumerate() {
            if one.route() != Route::Elsewhere || !one.waits() {
                continue;
            }
            match &one.recipient.address {
                Some(address) if writing::is_plain_address(&address.address) => {
                    asked.push((at, address.address.clone()));
                }
                _ => {
                    let why = Answer::Never("there is no address that mail can go to".into());
                    self.note_answer(&id, at, attempts, why).await;
                }
            }
        }
        if asked.is_empty() {
            return None;
        }
        let addresses: Vec<String> = asked.iter().map(|(_, address)| address.clone()).collect();
        let sender = opened.envelope_sender();
        let answered = room
            .relay
            .submit(sender.as_deref(), &addresses, &opened.message)
            .await;
        for (nth, (at, _)) in asked.into_iter().enumerate() {
            let answer = match &answered {
                Ok(answers) => match answers.get(nth) {
                    Some(Submitted::Accepted) => Answer::Delivered,
                    Some(Submitted::Later(why)) => Answer::Later(why.clone(), Duration::ZERO),
                    Some(Submitted::Refused(why)) => Answer::Never(why.clone()),
                    None => Answer::Later("the relay said nothing".into(), Duration::ZERO),
                },
                Err(fault) => Answer::of(fault),
            };
            let next = self.note_answer(&id, at, attempts, answer).await;
            wait = wait.max(next);
        }
        wait
    }

    /// Reports to the sender who will not get the mail. The system's own mails have no sender, and of an
    /// automatic reply he knows nothing: their failures stand in the log.
    async fn tell_sender(
        &self,
        room: &PostRoom,
        opened: &Opened,
        attempts: u32,
    ) -> Option<Duration> {
        let id = &opened.state.mail.id;
        let state = lock(&self.mails.due).get(id).map(|mail| mail.state.clone());
        let state = state?;
        let untold: Vec<Failure> = state
            .recipients
            .iter()
            .filter_map(|one| match &one.state {
                MailState::Failed {
                    why,
                    given_up,
                    told: false,
                } => Some(Failure {
                    recipient: one.recipient.clone(),
                    reason: why.clone(),
                    given_up: *given_up,
                }),
                _ => None,
            })
            .collect();
        if untold.is_empty() {
            return None;
        }
        let knows = state.mail.kind != MailKind::AutoReply;
        if let Some(from) = state.mail.from.as_ref().filter(|_| knows) {
            let told = state
                .recipients
                .iter()
                .filter(|one| matches!(one.state, MailState::Failed { told: true, .. }));
            // Later failures are another report; the same ones are the same.
            let report = MessageId(format!("{}-report-{}", id.0, told.count()).into());
            let message = opened.report(room, &report, &untold);
            let put = room
                .letterbox
                .put(from, Folder::Inbox, message.into(), state.mail.sent);
            match in_time(put).await {
                Answer::Later(why, least) if attempts < ATTEMPTS_MAX => {
                    tracing::warn!(id = %id.0, why, "the sender of a mail is not told yet");
                    return Some(least.max(RETRY_AFTER[0]));
                }
                Answer::Delivered => {}
                Answer::Later(why, _) | Answer::Never(why) => {
                    tracing::error!(id = %id.0, why, "the sender of a mail cannot be told");
                }
            }
        }
        self.note(id, |mail| {
            for one in &mut mail.recipients {
                if let MailState::Failed { told, .. } = &mut one.state {
                    *told = true;
                }
            }
        })
        .await;
        None
    }

    /// Reads the files of a mail and writes it as it goes over the wire.
    async fn open_up(&self, room: &PostRoom, state: MailOnItsWay) -> Result<Opened, OutboxFault> {
        let sender = match &state.mail.from {
            Some(from) => Some(card(room, from).await?),
            None => None,
        };
        let to = header(room, &state.mail.to).await?;
        let cc = header(room, &state.mail.cc).await?;
        let (folder, id) = (self.folder.clone(), state.mail.id.clone());
        let (sound, original) =
            blocking(move || Ok((folder.mail_sound(&id)?, folder.mail_original(&id)?))).await?;
        let sounds = WrittenSound::split(
            &state.sounds,
            sound.as_deref().unwrap_or_default(),
            room.attach,
        );
        let writing = Writing {
            mail: &state.mail,
            letterhead: &room.letterhead,
            sender: sender.as_ref(),
            to: &to,
            cc: &cc,
            sounds: &sounds,
            original: original.as_deref(),
            zone: &room.time_zone,
        };
        Ok(Opened {
            message: writing.bytes().into(),
            subject: report::subject_of(&writing),
            sender,
            state,
        })
    }
}

/// A mail with everything that is needed to bring it somewhere.
struct Opened {
    state: MailOnItsWay,
    sender: Option<Card>,
    subject: String,
    message: Arc<[u8]>,
}

impl Opened {
    /// The envelope of the voice message that recipient `at` gets.
    fn envelope(&self, room: &PostRoom, mailbox: &MailboxId, at: usize) -> Envelope {
        let mail = &self.state.mail;
        let card = self.sender.clone().unwrap_or_default();
        Envelope {
            // The recipient's place makes it another message than that of the next one.
            id: MessageId(format!("{}-{at}", mail.id.0).into()),
            to: mailbox.clone(),
            from: Sender {
                number: card.number,
                name: (!card.name.is_empty()).then_some(card.name),
                user: mail.from.as_ref().map(|user| user.0.to_string()),
            },
            received: mail.sent,
            importance: mail.importance,
            private: mail.private,
            called: String::new(),
            reason: String::new(),
            call_id: String::new(),
            cut_short: false,
            sent: Some(Box::new(SentVoice {
                subject: mail.subject.clone(),
                message_id: writing::message_id(mail, &room.letterhead),
                in_reply_to: mail.in_reply_to.clone(),
                sounds: match self.state.sounds.len() {
                    0 | 1 => Vec::new(),
                    _ => self.state.sounds.clone(),
                },
            })),
        }
    }

    /// Whom the relay tells of failures that it finds later (RFC 5321 section 4.5.5: nobody for what
    /// no person has sent).
    fn envelope_sender(&self) -> Option<String> {
        let automatic = [
            MailKind::System,
            MailKind::CallAnswering,
            MailKind::MissedCall,
            MailKind::AutoReply,
        ];
        if automatic.contains(&self.state.mail.kind) {
            return None;
        }
        let own = self.sender.as_ref()?.address.clone()?;
        writing::is_plain_address(&own).then_some(own)
    }

    fn report(&self, room: &PostRoom, id: &MessageId, failures: &[Failure]) -> Vec<u8> {
        let card = self.sender.clone().unwrap_or_default();
        let from = self.state.mail.from.as_ref();
        let to = address_of(room, from, &card);
        Report {
            id,
            letterhead: &room.letterhead,
            to: &to,
            failures,
            subject: &self.subject,
            message: &self.message,
            sent: self.state.mail.sent,
        }
        .bytes()
    }
}

/// What somebody said to one recipient.
enum Answer {
    Delivered,
    /// Why, and how long to wait at least.
    Later(String, Duration),
    Never(String),
}

impl Answer {
    fn of(fault: &MailFault) -> Answer {
        match fault {
            MailFault::Refused(_) | MailFault::NotFound => Answer::Never(fault.to_string()),
            // Neither rights nor room come back within seconds, and hammering locks accounts.
            MailFault::QuotaFull | MailFault::Denied(_) => {
                Answer::Later(fault.to_string(), RETRY_AFTER[4])
            }
            MailFault::Unavailable(_) | MailFault::Conflict => {
                Answer::Later(fault.to_string(), Duration::ZERO)
            }
        }
    }
}

fn failed(why: String, given_up: bool) -> MailState {
    MailState::Failed {
        why,
        given_up,
        told: false,
    }
}

async fn in_time(work: impl Future<Output = Result<(), MailFault>>) -> Answer {
    match tokio::time::timeout(DEPOSIT_DEADLINE, work).await {
        Ok(Ok(())) => Answer::Delivered,
        Ok(Err(fault)) => Answer::of(&fault),
        Err(_) => Answer::Later("no answer in time".into(), Duration::ZERO),
    }
}

async fn card(room: &PostRoom, mailbox: &MailboxId) -> Result<Card, OutboxFault> {
    match tokio::time::timeout(DEADLINE, room.cards.card(mailbox)).await {
        Ok(Ok(card)) => Ok(card),
        // A mailbox that is gone meanwhile still has its name.
        Ok(Err(MailFault::NotFound)) => Ok(Card {
            name: mailbox.0.to_string(),
            ..Card::default()
        }),
        Ok(Err(fault)) => Err(unsendable(fault)),
        Err(_) => Err(OutboxFault::Stalled),
    }
}

/// The recipients as they stand in a header.
async fn header(
    room: &PostRoom,
    recipients: &[Recipient],
) -> Result<Vec<MailAddress>, OutboxFault> {
    let mut header = Vec::new();
    for recipient in recipients {
        header.push(match (&recipient.address, &recipient.mailbox) {
            (Some(address), _) => address.clone(),
            (None, Some(mailbox)) => {
                let card = card(room, mailbox).await?;
                address_of(room, Some(mailbox), &card)
            }
            (None, None) => continue,
        });
    }
    Ok(header)
}

/// A mailbox that has no address gets one for the header: its name, in our domain.
fn address_of(room: &PostRoom, mailbox: Option<&MailboxId>, card: &Card) -> MailAddress {
    let made_up = || {
        let user = mailbox.map_or("nobody", |mailbox| &*mailbox.0);
        format!("{user}@{}", room.letterhead.domain())
    };
    MailAddress {
        name: (!card.name.is_empty()).then(|| card.name.clone()),
        address: card.address.clone().unwrap_or_else(made_up),
    }
}

fn unsendable(fault: MailFault) -> OutboxFault {
    OutboxFault::Unsendable(fault.to_string())
}
