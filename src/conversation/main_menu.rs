//! The main menu: where every subscriber comes back to (`outlook-voice-access` section 4).

use tracing::warn;

use super::desk::{Session, Visit};
use super::reception::NextStop;
use super::{personal_options, prompts, voice_mail};
use crate::caller::{Caller, Leave, Saying, Talk};
use crate::turn::menu::{Menu, YES_NO, YesNo, always};

/// Areas that fail this often in one call are not tried again: the call ends with an apology.
const FAULTS_MAX: usize = 5;

/// The areas of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMain {
    VoiceMail,
    PersonalOptions,
    Goodbye,
}

/// The main menu.
pub(super) static MAIN_MENU: Menu<OnMain> = Menu::new(
    "main-menu",
    &[
        always("voice-mail", OnMain::VoiceMail),
        always("personal-options", OnMain::PersonalOptions),
        always("goodbye", OnMain::Goodbye),
    ],
);

/// Leads from area to area until the caller has had enough.
pub(super) async fn main_menu(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk<NextStop> {
    let mut faults = 0;
    loop {
        match area(caller, visit, session).await {
            Ok(true) => {
                caller.farewell(prompts::GOODBYE).await;
                return Ok(NextStop::Goodbye);
            }
            Ok(false) | Err(Leave::MainMenu) => {}
            Err(Leave::Fault(fault)) => {
                faults += 1;
                if faults >= FAULTS_MAX {
                    return Err(Leave::Fault(fault));
                }
                warn!(call = %visit.arrival.call_id, "back to the main menu: {}", fault.log);
                caller.say(fault.prompt).await?;
            }
            Err(leave) => return Err(leave),
        }
    }
}

/// One round through the menu; true when the call shall end.
async fn area(caller: &mut Caller, visit: &mut Visit<'_>, session: &mut Session) -> Talk<bool> {
    let open = MAIN_MENU
        .open()
        .introduced_by(Saying::new(prompts::MAIN_MENU));
    match caller.choose(open).await? {
        OnMain::VoiceMail => Box::pin(voice_mail::review(caller, visit, session)).await?,
        OnMain::PersonalOptions => {
            Box::pin(personal_options::personal_options(caller, visit, session)).await?;
        }
        OnMain::Goodbye => {
            let open = YES_NO
                .open()
                .introduced_by(Saying::new(prompts::END_THE_CALL));
            return Ok(caller.choose(open).await? == YesNo::Yes);
        }
    }
    Ok(false)
}
