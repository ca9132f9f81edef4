//! Mails on their way: taken over with their sound, brought to each recipient once, and reported to
//! their sender when somebody cannot get them.
//!
//! A mail's state names every recipient. It is written, synced, after each answer, so that a restart
//! goes on where it was; and what is delivered twice all the same is known by its id: a voice
//! message by that of its envelope, a mail by its Message-ID.

mod delivery;
mod opened;
mod state;

use std::time::Duration;

use rand::Rng;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::delivery::RETRY_AFTER;
use super::{Outbox, OutboxFault, PostRoom, Recording, blocking, lock};
use crate::line::SAMPLE_RATE;
use crate::mailbox::{MailFault, MessageId, OutgoingMail, SpokenPart};

use state::DueMail;
pub use state::MailState;
pub(super) use state::{MailOnItsWay, Mails, Route};

/// The pause between an introduction and what it introduces.
const PAUSE: usize = SAMPLE_RATE as usize / 2;

/// Most recipients of a mail: a list of an organisation, and no more than a relay takes at once.
const RECIPIENTS_MOST: usize = 1_000;

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

    /// Whether a mail would wait for want of a relay: somebody whom it is for is elsewhere, and none
    /// is configured.
    pub fn would_wait(&self, mail: &OutgoingMail) -> bool {
        let configured = self
            .post_room()
            .is_ok_and(|room| room.relay.is_configured());
        let mut recipients = mail.to.iter().chain(&mail.cc);
        !configured && recipients.any(|recipient| recipient.mailbox.is_none())
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
}

fn unsendable(fault: MailFault) -> OutboxFault {
    OutboxFault::Unsendable(fault.to_string())
}
