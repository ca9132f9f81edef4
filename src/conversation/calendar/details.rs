//! The description of an appointment, with the keys of a playing message
//! (`outlook-voice-access` section 6.4).

use std::time::Duration;

use super::super::{playback, prompts};
use crate::calendar::Appointment;
use crate::caller::{Caller, Saying, Talk};
use crate::language::Reading;
use crate::line::{PromptName, Skip};
use crate::turn::menu::{Menu, always, while_playing};

/// Under which name the description stands in transcripts: its words are nobody's but its writer's.
const TEXT: PromptName = PromptName("meeting-text");

/// How far one press of rewind or fast forward goes.
const SKIP: Duration = Duration::from_secs(5);

/// What can be done while details are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum OnDetails {
    Rewind,
    Beginning,
    Pause,
    FastForward,
    End,
    Slower,
    Faster,
    Back,
}

/// The menu of meeting details.
pub(in super::super) static MEETING_DETAILS: Menu<OnDetails> = Menu::new(
    "meeting-details",
    &[
        always("back", OnDetails::Back),
        while_playing("rewind", OnDetails::Rewind),
        always("beginning", OnDetails::Beginning),
        while_playing("pause", OnDetails::Pause),
        while_playing("fast-forward", OnDetails::FastForward),
        while_playing("end", OnDetails::End),
        while_playing("slower", OnDetails::Slower),
        while_playing("faster", OnDetails::Faster),
    ],
);

/// Reads the description, until the caller goes back to the appointment.
pub(super) async fn read_out(caller: &mut Caller, appointment: &Appointment) -> Talk {
    if appointment.body.is_empty() {
        return caller.say(prompts::NO_DETAILS).await;
    }
    let text: std::sync::Arc<str> = appointment.body.as_str().into();
    let locale = caller.locale().clone();
    let read = || Saying::nothing().read(Reading::new(TEXT, text.clone(), locale.clone()));
    caller.start(read()).await?;
    loop {
        let open = MEETING_DETAILS
            .open()
            .introduced_by(prompts::END_OF_DETAILS);
        match caller.choose(open).await? {
            OnDetails::Rewind => caller.skip(Skip::Back(SKIP)).await?,
            OnDetails::Beginning => caller.start(read()).await?,
            OnDetails::Pause => caller.pause_or_resume().await?,
            OnDetails::FastForward => caller.skip(Skip::Ahead(SKIP)).await?,
            OnDetails::End => caller.skip(Skip::ToEnd).await?,
            OnDetails::Slower => match playback::slower(caller) {
                Some(pace) => caller.set_pace(pace).await?,
                None => caller.interject(prompts::SLOWEST).await?,
            },
            OnDetails::Faster => match playback::faster(caller) {
                Some(pace) => caller.set_pace(pace).await?,
                None => caller.interject(prompts::FASTEST).await?,
            },
            OnDetails::Back => return Ok(()),
        }
    }
}
