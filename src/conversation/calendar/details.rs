//! The description of an appointment, with the keys of a playing message
//! (`outlook-voice-access` section 6.4).

use super::super::desk::Desk;
use super::super::playback::{self, Steer};
use super::super::{prompts, reading_language};
use crate::calendar::Appointment;
use crate::caller::{Caller, Saying, Talk};
use crate::language::Reading;
use crate::line::{Locale, PromptName};
use crate::turn::menu::{Menu, always, while_playing};

/// Under which name the description stands in transcripts: its words are nobody's but its writer's.
const TEXT: PromptName = PromptName("meeting-text");

/// What can be done while details are read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in super::super) enum OnDetails {
    Steer(Steer),
    Beginning,
    Language,
    Back,
}

/// The menu of meeting details.
pub(in super::super) static MEETING_DETAILS: Menu<OnDetails> = Menu::new(
    "meeting-details",
    &[
        always("back", OnDetails::Back),
        while_playing("rewind", OnDetails::Steer(Steer::Rewind)),
        always("beginning", OnDetails::Beginning),
        while_playing("pause", OnDetails::Steer(Steer::Pause)),
        while_playing("fast-forward", OnDetails::Steer(Steer::FastForward)),
        while_playing("end", OnDetails::Steer(Steer::End)),
        while_playing("slower", OnDetails::Steer(Steer::Slower)),
        while_playing("faster", OnDetails::Steer(Steer::Faster)),
        always("language", OnDetails::Language).more(),
    ],
);

/// Reads the description, until the caller goes back to the appointment. It is read in the language
/// that its words are in, or the one that the caller chooses.
pub(super) async fn read_out(caller: &mut Caller, desk: &Desk, appointment: &Appointment) -> Talk {
    if appointment.body.is_empty() {
        return caller.say(prompts::NO_DETAILS).await;
    }
    let text: std::sync::Arc<str> = appointment.body.as_str().into();
    let read =
        |locale: &Locale| Saying::nothing().read(Reading::new(TEXT, text.clone(), locale.clone()));
    let mut locale = reading_language::of_text(desk, caller, &text, None);
    caller.start(read(&locale)).await?;
    loop {
        let mut open = MEETING_DETAILS
            .open()
            .introduced_by(prompts::END_OF_DETAILS);
        if !reading_language::is_choosable(desk) {
            open = open.without(OnDetails::Language);
        }
        match caller.choose(open).await? {
            OnDetails::Steer(how) => playback::steer(caller, how).await?,
            OnDetails::Beginning => caller.start(read(&locale)).await?,
            OnDetails::Language => {
                if let Some(chosen) = reading_language::choose(caller, desk, &locale).await? {
                    locale = chosen;
                    caller.start(read(&locale)).await?;
                }
            }
            OnDetails::Back => return Ok(()),
        }
    }
}
