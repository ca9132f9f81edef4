//! One recording: from the tone until it is known whether there is anything on it.

use std::time::Duration;

use tracing::warn;

use super::desk::Desk;
use super::{faults, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::line::{RecordingLimits, TakeEnd, TapeId};
use crate::outbox::{Recording, Room, TapePurpose};

/// Anything shorter is a slip of the finger, not a message (`outlook-voice-access` section 10.1).
pub(super) const SHORTEST_MESSAGE: Duration = Duration::from_secs(1);

/// "Bob" is a whole name.
pub(super) const SHORTEST_NAME: Duration = Duration::from_millis(400);

/// With less voice than this in all, nothing was said, however long it lasted: the click of a
/// handset that is put down and a cough are voice for some tenths of a second (`speech` section 6,
/// empty message). A detector that holds on for 120 ms after each burst counts generously.
pub(super) const LEAST_VOICE_IN_MESSAGE: Duration = Duration::from_secs(1);

/// A name, or a word added to what is there already, is as short as a click may be: here somebody
/// who was asked for it listens to it before it is used, or would miss it if it were dropped.
pub(super) const LEAST_VOICE_IN_WORD: Duration = Duration::from_millis(100);

/// The tone that warns of the end comes this long before it.
const WARN_BEFORE_END: Duration = Duration::from_secs(60);

/// What became of one recording.
pub(super) enum Taken {
    /// Something can be heard on it.
    Usable(Recording),
    /// Too short, or only silence; the tape is gone. How the recording ended.
    Nothing(TakeEnd),
    /// Only the tone of a line whose far end has left; the tape is gone.
    LineGone,
}

/// How much may be recorded, and how little is enough.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    /// Whatever is longer is cut here.
    pub(super) longest: Duration,
    /// Silence that ends the recording.
    pub(super) idle: Duration,
    /// Whatever is shorter counts as nothing.
    pub(super) shortest: Duration,
    /// So does whatever has less voice in it.
    pub(super) least_voice: Duration,
}

impl Bounds {
    /// Shorter while the disk is nearly full, so that many can still leave a few words.
    async fn as_room_allows(mut self, desk: &Desk) -> Bounds {
        if let Room::Scarce(longest) = desk.outbox.room().await {
            self.longest = self.longest.min(longest);
        }
        self
    }

    fn limits(self, so_far: Duration) -> RecordingLimits {
        RecordingLimits {
            longest: self.longest.saturating_sub(so_far),
            idle: self.idle,
            warn_before_end: WARN_BEFORE_END,
        }
    }
}

/// Sounds the tone after `saying` and records a new tape.
pub(super) async fn record(
    caller: &mut Caller,
    desk: &Desk,
    saying: Saying,
    purpose: TapePurpose,
    bounds: Bounds,
) -> Talk<Taken> {
    // The tape is there before the caller is asked to speak: no tone that nothing stands behind.
    let tape = desk.outbox.tape(purpose).await.map_err(faults::recording)?;
    let bounds = bounds.as_room_allows(desk).await;
    let id = tape.id.clone();
    if let Err(leave) = caller.say(saying.beep()).await {
        desk.outbox.discard(&id).await;
        return Err(leave);
    }
    let take = match caller.record(tape, bounds.limits(Duration::ZERO)).await {
        Ok(take) => take,
        Err(leave) => {
            desk.outbox.discard(&id).await;
            return Err(leave);
        }
    };
    if take.end == TakeEnd::SteadyTone {
        desk.outbox.discard(&id).await;
        return Ok(Taken::LineGone);
    }
    let recording = desk
        .outbox
        .finish(&take, None)
        .await
        .map_err(faults::sending)?;
    if recording.length() < bounds.shortest || recording.voiced < bounds.least_voice {
        desk.outbox.discard(&recording.tape).await;
        return Ok(Taken::Nothing(take.end));
    }
    if take.end == TakeEnd::Limit {
        // The recording is safe with the caller of this function, whatever comes of these words.
        let _ = caller.start(prompts::RECORDING_LIMIT).await;
    }
    Ok(Taken::Usable(recording))
}

/// Records more behind `recording`, which stays as it is when nothing is added.
pub(super) async fn record_more(
    caller: &mut Caller,
    desk: &Desk,
    recording: &mut Recording,
    bounds: Bounds,
) -> Talk<TakeEnd> {
    let bounds = bounds.as_room_allows(desk).await;
    let so_far = recording.length();
    if so_far + SHORTEST_NAME >= bounds.longest {
        caller.say(prompts::RECORDING_LIMIT).await?;
        return Ok(TakeEnd::Limit);
    }
    caller
        .say(Saying::new(prompts::CONTINUE_AFTER_TONE).beep())
        .await?;
    let tape = desk
        .outbox
        .more_tape(recording)
        .await
        .map_err(faults::recording)?;
    let mut take = caller.record(tape, bounds.limits(so_far)).await?;
    if take.end == TakeEnd::SteadyTone || take.voiced < LEAST_VOICE_IN_WORD {
        // Nothing was said: the tape ends where it ended before.
        take.keep_samples = 0;
        take.voiced = Duration::ZERO;
    }
    match desk.outbox.finish(&take, Some(recording)).await {
        Ok(longer) => *recording = longer,
        // What was there before is still good, and still ours to deliver.
        Err(fault) => warn!("an addition to a recording was lost: {fault}"),
    }
    Ok(take.end)
}

/// Forgets a recording that nobody wants.
pub(super) async fn discard(desk: &Desk, tape: &TapeId) {
    desk.outbox.discard(tape).await;
}
