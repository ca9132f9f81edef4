//! Tapes being recorded and messages being delivered; survives a restart.
//!
//! The folder is the truth, and all there is: its files say what is being recorded
//! (`.recording.json`), acknowledged and not yet in the mailbox (`.due.json`) or refused for good
//! (`.parked.json`), each beside its sound (`.wav`); and which mails are on their way (`.mail.json`),
//! beside their sound and the e-mail they forward (`.eml`). There are no database rows about it: at start
//! the folder is read once, a few thousand names at most, and what is due is then kept in memory;
//! a second copy of that in the database could only disagree with it.
//!
//! A message is acknowledged when [`Outbox::deliver`] returns: sound, envelope and folder are on
//! the disk. [`Outbox::run`] brings it to the mailbox, again and again until it is there.

mod auto_reply;
mod delivery;
mod folder;
mod hand_in;
mod mail;
mod tape;

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::tz::TimeZone;
use tokio::sync::Notify;

use crate::line::{SAMPLE_RATE, Sound, Take, TakeEnd, Tape, TapeId};
use crate::mailbox::submission::NoRelay;
use crate::mailbox::{Cards, Deposit, Envelope, Letterbox, Letterhead, MessageId, Submission};
use crate::store::StoreFault;

pub use auto_reply::{Answering, AutoReplies, ReplyPost, WhoseAddress};
pub use delivery::{Parked, Waiting};
use folder::Folder;
pub use hand_in::{Listed, hand_in, listing, request_retry};
pub use mail::MailState;
use tape::{TapeState, TapeThread};

/// How long somebody on the telephone waits for our disk.
const DEADLINE: Duration = Duration::from_secs(3);

/// How long a caller waits for the tone while the disk stands still. Then he is recorded in memory, which
/// holds 20 s until the disk goes on.
const DEADLINE_BEFORE_TONE: Duration = Duration::from_secs(1);

/// How long the recording of a caller who has hung up waits for our disk: nobody listens to the
/// silence, and a call may work on for 60 s behind its end.
const DEADLINE_AFTER_HANG_UP: Duration = Duration::from_secs(45);

/// The longest recording while the disk is nearly full.
const LONGEST_WHEN_SCARCE: Duration = Duration::from_secs(60);

/// What a tape is for.
#[derive(Clone, Debug)]
pub enum TapePurpose {
    /// A message: survives a crash and is then delivered, marked as cut short. The id in the
    /// envelope is replaced by the tape's.
    Message(Box<Envelope>),
    /// A greeting, a name, or anything that is nothing without its speaker's consent: discarded
    /// after a crash.
    Scratch,
}

/// What has been recorded on a tape: one take, or several behind each other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// The tape it is on.
    pub tape: TapeId,
    /// Its length.
    pub samples: u64,
    /// How much of it is speech.
    pub voiced: Duration,
}

impl Recording {
    /// How long it takes to play.
    pub fn length(&self) -> Duration {
        Duration::from_micros(self.samples.saturating_mul(1_000_000) / u64::from(SAMPLE_RATE))
    }
}

/// How much the disk can still take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// Enough.
    Ample,
    /// Recordings up to this length only.
    Scarce(Duration),
    /// No recording.
    None,
}

/// Why a recording could not be made, kept or sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboxFault {
    /// Less than 2 % of the disk is free.
    #[error("the disk is too full for recordings")]
    NoRoom,
    /// The disk does not answer.
    #[error("the disk does not answer in time")]
    Stalled,
    /// No such recording.
    #[error("there is no recording {0}")]
    NotFound(String),
    /// A mail cannot be sent as it is, or what it forwards cannot be had.
    #[error("a mail cannot be sent: {0}")]
    Unsendable(String),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] StoreFault),
}

/// The free and the total bytes of the disk that a folder lies on.
pub type SpaceProbe = Arc<dyn Fn(&Path) -> std::io::Result<(u64, u64)> + Send + Sync>;

/// What the outbox needs to send mails: the mailboxes, the relay, and who is who.
#[derive(Clone)]
pub struct PostRoom {
    /// Where mails for people here go.
    pub letterbox: Arc<dyn Letterbox>,
    /// Where mails for people elsewhere go.
    pub relay: Arc<dyn Submission>,
    /// How people here appear in mails.
    pub cards: Arc<dyn Cards>,
    /// How we do.
    pub letterhead: Letterhead,
    /// The zone in which mails tell times.
    pub time_zone: TimeZone,
    /// A WAV file of samples, as it is attached to mails.
    pub attach: fn(&[i16]) -> Vec<u8>,
}

impl PostRoom {
    /// One without a relay, that appears in mails as `letterhead`; sound is attached as linear PCM.
    pub fn without_relay(letterbox: Arc<dyn Letterbox>, cards: Arc<dyn Cards>) -> PostRoom {
        PostRoom {
            letterbox,
            relay: Arc::new(NoRelay),
            cards,
            letterhead: Letterhead::default(),
            time_zone: TimeZone::UTC,
            attach: crate::store::wav::encode,
        }
    }
}

/// Tapes being recorded and messages being delivered.
pub struct Outbox {
    folder: Arc<Folder>,
    thread: TapeThread,
    tapes: Mutex<HashMap<TapeId, Arc<TapeState>>>,
    deposit: Arc<dyn Deposit>,
    due: Arc<Mutex<delivery::Due>>,
    wake: Arc<Notify>,
    mails: mail::Mails,
    space: SpaceProbe,
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outbox({})", self.folder.path().display())
    }
}

impl Outbox {
    /// Opens the outbox in `folder`, recovers what a crash left there, and takes messages for
    /// `deposit`. Nothing is delivered before [`Outbox::run`]. Blocks.
    pub fn open(folder: &Path, deposit: Arc<dyn Deposit>) -> Result<Outbox, OutboxFault> {
        Outbox::open_with_space(folder, deposit, Arc::new(folder::disk_space))
    }

    /// The same with another way to ask how full the disk is.
    pub fn open_with_space(
        folder: &Path,
        deposit: Arc<dyn Deposit>,
        space: SpaceProbe,
    ) -> Result<Outbox, OutboxFault> {
        let (folder, found) = Folder::open(folder)?;
        Ok(Outbox {
            folder: Arc::new(folder),
            thread: TapeThread::start()?,
            tapes: Mutex::default(),
            deposit,
            due: Arc::new(Mutex::new(delivery::Due::from_folder(found.messages))),
            wake: Arc::default(),
            mails: mail::Mails::from_folder(found.mails),
            space,
        })
    }

    /// The same outbox, which can send mails too.
    #[must_use]
    pub fn with_post_room(mut self, post_room: PostRoom) -> Outbox {
        self.mails.post_room = Some(post_room);
        self
    }

    /// A fresh tape.
    pub async fn tape(&self, purpose: TapePurpose) -> Result<Tape, OutboxFault> {
        let id = TapeId(ulid::Ulid::generate().to_string().into());
        let (folder, tape) = (self.folder.clone(), id.clone());
        self.hand_out(id, 0, false, move |state| {
            let begun = folder.begin(&tape, purpose)?;
            // Discarded before there was anything to remove.
            if state.is_discarded() {
                folder.discard(&tape)?;
            }
            Ok(begun)
        })
        .await
    }

    /// The tape again, to go on recording behind what `recording` keeps.
    pub async fn more_tape(&self, recording: &Recording) -> Result<Tape, OutboxFault> {
        // What was lost before stays lost, however well the rest is recorded.
        let gaps = lock(&self.tapes)
            .get(&recording.tape)
            .is_some_and(|state| state.has_gaps());
        let (folder, kept) = (self.folder.clone(), recording.clone());
        let reopen = move |_: &TapeState| folder.reopen(&kept);
        self.hand_out(recording.tape.clone(), recording.samples, gaps, reopen)
            .await
    }

    /// A tape whose file holds so many samples. When the disk does not open it in time it is recorded
    /// in memory meanwhile.
    async fn hand_out(
        &self,
        id: TapeId,
        written: u64,
        gaps: bool,
        open: impl FnOnce(&TapeState) -> Result<std::fs::File, OutboxFault> + Send + 'static,
    ) -> Result<Tape, OutboxFault> {
        if self.room().await == Room::None {
            return Err(OutboxFault::NoRoom);
        }
        let (writer, promise) = self.thread.writer(written);
        let state = promise.state().clone();
        if gaps {
            state.note_gap();
        }
        let opened = within(DEADLINE_BEFORE_TONE, move || {
            match open(promise.state()) {
                Ok(file) => promise.keep(file),
                Err(fault) => {
                    promise.refuse(fault.clone());
                    return Err(fault);
                }
            }
            Ok(())
        });
        match opened.await {
            Ok(()) => {}
            Err(OutboxFault::Stalled) => {
                tracing::warn!("the disk stands still: a recording begins in memory");
            }
            Err(fault) => return Err(fault),
        }
        lock(&self.tapes).insert(id.clone(), state);
        Ok(Tape { id, writer })
    }

    /// What a take left on its tape, behind `so_far` if that was recorded before: waits until all
    /// of it is in the file, and cuts what is not to be kept.
    pub async fn finish(
        &self,
        take: &Take,
        so_far: Option<&Recording>,
    ) -> Result<Recording, OutboxFault> {
        let not_found = || OutboxFault::NotFound(take.tape.0.to_string());
        let state = lock(&self.tapes)
            .get(&take.tape)
            .cloned()
            .ok_or_else(not_found)?;
        let before = so_far.map_or(0, |recording| recording.samples);
        let mut recording = Recording {
            tape: take.tape.clone(),
            samples: before.saturating_add(take.keep_samples),
            voiced: so_far.map_or(Duration::ZERO, |recording| recording.voiced) + take.voiced,
        };
        let (folder, writing) = (self.folder.clone(), state.clone());
        let deadline = match take.end {
            TakeEnd::HungUp => DEADLINE_AFTER_HANG_UP,
            _ => DEADLINE,
        };
        within(deadline, move || {
            let written = writing
                .wait_until_written(deadline)
                .ok_or(OutboxFault::Stalled)?;
            if let Some(fault) = writing.unopened() {
                return Err(fault.clone());
            }
            recording.samples = recording.samples.min(written);
            folder.cut(&recording)?;
            Ok(recording)
        })
        .await
        // Whoever goes on with what was there before goes on without this take.
        .inspect_err(|_| state.note_gap())
    }

    /// The sound of a recording.
    pub async fn sound(&self, recording: &Recording) -> Result<Arc<Sound>, OutboxFault> {
        let (folder, recording) = (self.folder.clone(), recording.clone());
        let samples = blocking(move || folder.samples(&recording)).await?;
        Ok(Arc::new(Sound::new(samples)))
    }

    /// Takes over a message: when this returns, it survives a loss of power, and will be in the
    /// mailbox once and not twice. Its id becomes the tape's.
    pub async fn deliver(
        &self,
        mut envelope: Envelope,
        recording: Recording,
    ) -> Result<(), OutboxFault> {
        let state = lock(&self.tapes).remove(&recording.tape);
        envelope.id = MessageId(recording.tape.0.clone());
        envelope.cut_short |= state.is_some_and(|state| state.has_gaps());
        let (folder, due, wake) = (self.folder.clone(), self.due.clone(), self.wake.clone());
        // In the same piece of work, so that a message whose caller has not waited arrives all the same.
        blocking(move || {
            folder.acknowledge(&envelope, &recording)?;
            lock(&due).add(envelope);
            wake.notify_one();
            Ok(())
        })
        .await
    }

    /// Throws a recording away.
    pub async fn discard(&self, tape: &TapeId) {
        if let Some(state) = lock(&self.tapes).remove(tape) {
            state.discard();
        }
        let (folder, id) = (self.folder.clone(), tape.clone());
        if let Err(fault) = blocking(move || folder.discard(&id)).await {
            tracing::warn!(tape = %tape.0, %fault, "a discarded recording could not be removed");
        }
    }

    /// How much the disk can take. Below 10 % or 1 GB only short recordings, below 2 % none.
    pub async fn room(&self) -> Room {
        let (folder, space) = (self.folder.clone(), self.space.clone());
        let asked = within(DEADLINE_BEFORE_TONE, move || {
            space(folder.path()).map_err(|error| StoreFault::file(folder.path(), &error).into())
        });
        match asked.await {
            Ok((free, total)) if free < total / 50 => Room::None,
            Ok((free, total)) if free < total / 10 || free < 1_000_000_000 => {
                Room::Scarce(LONGEST_WHEN_SCARCE)
            }
            Ok(_) => Room::Ample,
            Err(fault) => {
                tracing::warn!(%fault, "cannot tell how full the disk is");
                Room::Ample
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// File work for somebody on the telephone. What is begun goes on behind a passed deadline.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, OutboxFault> + Send + 'static,
) -> Result<T, OutboxFault> {
    within(DEADLINE, work).await
}

/// The same with another deadline.
async fn within<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, OutboxFault> + Send + 'static,
) -> Result<T, OutboxFault> {
    match tokio::time::timeout(deadline, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Err(StoreFault::Database(error.to_string()).into()),
        Err(_) => Err(OutboxFault::Stalled),
    }
}

#[cfg(test)]
mod mail_tests;
#[cfg(test)]
mod tests;
