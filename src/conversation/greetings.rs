//! What subscribers record of themselves: the personal greeting and the name
//! (`outlook-voice-access` section 11).

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::desk::{Session, Visit};
use super::leading_silence::without_leading_silence;
use super::recording::{
    self, Bounds, LEAST_VOICE_IN_MESSAGE, LEAST_VOICE_IN_WORD, SHORTEST_MESSAGE, SHORTEST_NAME,
    Taken,
};
use super::{faults, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::line::{PromptName, Sound};
use crate::mailbox::{MailFault, Recorded};
use crate::outbox::{Recording, TapePurpose};
use crate::turn::menu::{Menu, always};

/// Nobody's name takes longer.
const NAME_LONGEST: Duration = Duration::from_secs(30);

/// The recordings of a subscriber.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnGreetings {
    Personal,
    Away,
    Name,
    Back,
}

/// Which recording.
pub(super) static GREETINGS: Menu<OnGreetings> = Menu::new(
    "greetings",
    &[
        always("personal", OnGreetings::Personal),
        always("away", OnGreetings::Away),
        always("name", OnGreetings::Name),
        always("back", OnGreetings::Back),
    ],
);

/// What to do with the present recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnPresent {
    Record,
    System,
    Back,
}

/// The menu while and after the present recording plays.
pub(super) static GREETING_EDIT: Menu<OnPresent> = Menu::new(
    "greeting-edit",
    &[
        always("record", OnPresent::Record),
        always("system", OnPresent::System),
        always("back", OnPresent::Back),
    ],
);

/// What to do with what was just recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnRecorded {
    Accept,
    Replay,
    StartOver,
    Continue,
    Cancel,
}

/// The menu after a recording of one's own.
pub(super) static RECORDING: Menu<OnRecorded> = Menu::new(
    "recording",
    &[
        always("accept", OnRecorded::Accept).leading(),
        always("replay", OnRecorded::Replay),
        always("start-over", OnRecorded::StartOver),
        always("continue", OnRecorded::Continue),
        always("cancel", OnRecorded::Cancel),
    ],
);

/// Lets a subscriber hear and change his recordings.
pub(super) async fn greetings(caller: &mut Caller, visit: &Visit<'_>, session: &Session) -> Talk {
    loop {
        let open = GREETINGS
            .open()
            .introduced_by(Saying::new(prompts::GREETINGS));
        match caller.choose(open).await? {
            OnGreetings::Personal => edit(caller, visit, session, Recorded::Greeting).await?,
            OnGreetings::Away => edit(caller, visit, session, Recorded::AwayGreeting).await?,
            OnGreetings::Name => edit(caller, visit, session, Recorded::Name).await?,
            OnGreetings::Back => return Ok(()),
        }
    }
}

/// Plays one recording and lets the subscriber replace or remove it.
pub(super) async fn edit(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
) -> Talk {
    let present = present(visit, session, which).await?;
    let mut open = GREETING_EDIT.open();
    if present.is_none() {
        open = open.without(OnPresent::System);
    }
    caller.start(description(which, present)).await?;
    match caller.choose(open).await? {
        OnPresent::Back => Ok(()),
        OnPresent::System => remove(caller, visit, session, which).await,
        OnPresent::Record => replace(caller, visit, session, which).await,
    }
}

/// The present recording, if there is one that can be played: one that is damaged may be replaced like none.
pub(super) async fn present(
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
) -> Talk<Option<Arc<Sound>>> {
    let settings = &visit.desk.settings;
    match settings.recorded(&session.mailbox, which).await {
        Ok(present) => Ok(present),
        Err(fault @ MailFault::Refused(_)) => {
            warn!(
                "a recording of {} cannot be played: {fault}",
                session.subscriber.user()
            );
            Ok(None)
        }
        Err(fault) => Err(faults::mailbox(fault)),
    }
}

/// Goes back to the system's words.
pub(super) async fn remove(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
) -> Talk {
    let settings = &visit.desk.settings;
    settings
        .set_recorded(&session.mailbox, which, None)
        .await
        .map_err(faults::mailbox)?;
    caller.say(prompts::GREETING_REMOVED).await
}

/// Records a new one and says whether it is kept.
pub(super) async fn replace(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
) -> Talk {
    let invitation = match which {
        Recorded::Greeting => prompts::RECORD_GREETING,
        Recorded::AwayGreeting => prompts::RECORD_AWAY_GREETING,
        Recorded::Name => prompts::RECORD_NAME,
    };
    let said = if record_own(caller, visit, session, which, invitation).await? {
        prompts::RECORDING_SAVED
    } else {
        prompts::RECORDING_CANCELLED
    };
    caller.say(said).await
}

/// What is played of the present one, or said where there is none.
pub(super) fn description(which: Recorded, present: Option<Arc<Sound>>) -> Saying {
    match (which, present) {
        (Recorded::Greeting, Some(sound)) => {
            Saying::new(prompts::GREETING_PERSONAL_IS).play("greeting", sound)
        }
        (Recorded::Greeting, None) => Saying::new(prompts::GREETING_PERSONAL_NONE),
        (Recorded::AwayGreeting, Some(sound)) => {
            Saying::new(prompts::GREETING_AWAY_IS).play("greeting", sound)
        }
        (Recorded::AwayGreeting, None) => Saying::new(prompts::GREETING_AWAY_NONE),
        (Recorded::Name, Some(sound)) => Saying::new(prompts::GREETING_NAME_IS).play("name", sound),
        (Recorded::Name, None) => Saying::new(prompts::GREETING_NAME_NONE),
    }
}

/// Records a greeting or name and keeps it once it is accepted; false when it was cancelled, and
/// everything is as before.
pub(super) async fn record_own(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
    invitation: PromptName,
) -> Talk<bool> {
    let bounds = bounds(session, which);
    let Some(recording) = accepted_take(caller, visit, bounds, invitation).await? else {
        return Ok(false);
    };
    let kept = keep(visit, session, which, &recording).await;
    recording::discard(visit.desk, &recording.tape).await;
    kept?;
    Ok(true)
}

/// Records until the caller accepts what was recorded, or cancels. Whoever is given the recording
/// discards it when it is kept elsewhere.
pub(super) async fn accepted_take(
    caller: &mut Caller,
    visit: &Visit<'_>,
    bounds: Bounds,
    invitation: PromptName,
) -> Talk<Option<Recording>> {
    loop {
        let Some(mut recording) = first_take(caller, visit, bounds, invitation).await? else {
            return Ok(None);
        };
        let verdict = decide(caller, visit, &mut recording, bounds).await;
        if verdict == Ok(OnRecorded::Accept) {
            return Ok(Some(recording));
        }
        // Nothing here is a message: whatever was not accepted in words is forgotten.
        recording::discard(visit.desk, &recording.tape).await;
        if verdict? == OnRecorded::Cancel {
            return Ok(None);
        }
    }
}

/// Records until something can be heard; nothing when the caller said nothing too often.
pub(super) async fn first_take(
    caller: &mut Caller,
    visit: &Visit<'_>,
    bounds: Bounds,
    invitation: PromptName,
) -> Talk<Option<Recording>> {
    loop {
        let saying = Saying::new(invitation);
        match recording::record(caller, visit.desk, saying, TapePurpose::Scratch, bounds).await? {
            Taken::Usable(recording) => return Ok(Some(recording)),
            Taken::Nothing(_) | Taken::LineGone => {
                caller.say(prompts::NOTHING_RECORDED).await?;
                if caller.count_empty_recording().await? {
                    return Ok(None);
                }
            }
        }
    }
}

/// Asks until the recording is accepted, cancelled, or to be made again.
async fn decide(
    caller: &mut Caller,
    visit: &Visit<'_>,
    recording: &mut Recording,
    bounds: Bounds,
) -> Talk<OnRecorded> {
    loop {
        match caller.choose(RECORDING.open()).await? {
            OnRecorded::Replay => {
                let sound = visit
                    .desk
                    .outbox
                    .sound(recording)
                    .await
                    .map_err(faults::recording)?;
                caller
                    .start(Saying::nothing().play("recording", sound))
                    .await?;
            }
            OnRecorded::Continue => {
                recording::record_more(caller, visit.desk, recording, bounds).await?;
            }
            verdict => return Ok(verdict),
        }
    }
}

/// Makes the recording the present one, without the silence before its first word.
pub(super) async fn keep(
    visit: &Visit<'_>,
    session: &Session,
    which: Recorded,
    recording: &Recording,
) -> Talk {
    let sound = sound_to_keep(visit, recording).await?;
    visit
        .desk
        .settings
        .set_recorded(&session.mailbox, which, Some(sound))
        .await
        .map_err(faults::mailbox)
}

/// What was recorded, from its first word on.
pub(super) async fn sound_to_keep(visit: &Visit<'_>, recording: &Recording) -> Talk<Arc<Sound>> {
    let sound = visit
        .desk
        .outbox
        .sound(recording)
        .await
        .map_err(faults::recording)?;
    Ok(Arc::new(Sound::new(without_leading_silence(
        sound.samples(),
    ))))
}

/// How long a recording of one's own may be.
pub(super) fn bounds(session: &Session, which: Recorded) -> Bounds {
    match which {
        Recorded::Greeting | Recorded::AwayGreeting => greeting_bounds(session),
        Recorded::Name => Bounds {
            longest: NAME_LONGEST,
            shortest: SHORTEST_NAME,
            least_voice: LEAST_VOICE_IN_WORD,
            ..greeting_bounds(session)
        },
    }
}

/// How long a greeting may be: MaxGreetingDuration of whoever records it.
pub(super) fn greeting_bounds(session: &Session) -> Bounds {
    let minutes = u64::from(session.subscriber.policy.max_greeting_duration);
    let idle = session.subscriber.dial_plan.recording_idle_timeout;
    Bounds {
        longest: Duration::from_secs(minutes * 60),
        idle: Duration::from_secs(u64::from(idle)),
        shortest: SHORTEST_MESSAGE,
        least_voice: LEAST_VOICE_IN_MESSAGE,
    }
}
