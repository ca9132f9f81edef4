//! The first sign-in of a subscriber: name and greeting, once (`outlook-voice-access` section 2.3).
//! The PIN has been changed before.

use super::desk::{Session, Visit};
use super::{faults, greetings, prompts, recording};
use crate::caller::{Caller, Saying, Talk};
use crate::mailbox::Recorded;
use crate::turn::menu::{Menu, always};

/// What to do with the name that was just recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnName {
    Accept,
    StartOver,
}

/// The menu after the name.
pub(super) static SETUP_NAME: Menu<OnName> = Menu::new(
    "setup-name",
    &[
        always("accept", OnName::Accept),
        always("start-over", OnName::StartOver),
    ],
);

/// Whether to record a greeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnGreeting {
    Record,
    Skip,
}

/// The menu before the greeting.
pub(super) static SETUP_GREETING: Menu<OnGreeting> = Menu::new(
    "setup-greeting",
    &[
        always("record", OnGreeting::Record),
        always("skip", OnGreeting::Skip),
    ],
);

/// Leads a subscriber through the set-up; it is done once all of it is.
pub(super) async fn set_up(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    caller.say(prompts::SETUP_WELCOME).await?;
    name(caller, visit, session).await?;
    greeting(caller, visit, session).await?;
    session.settings.set_up = true;
    visit
        .desk
        .settings
        .save_settings(&session.mailbox, &session.settings)
        .await
        .map_err(faults::mailbox)?;
    caller.say(prompts::SETUP_DONE).await
}

/// The name is recorded, heard, and accepted.
async fn name(caller: &mut Caller, visit: &Visit<'_>, session: &Session) -> Talk {
    let bounds = greetings::bounds(session, Recorded::Name);
    loop {
        let take = greetings::first_take(caller, visit, bounds, prompts::SETUP_RECORD_NAME);
        let Some(recording) = take.await? else {
            // There is nothing to be led back to: without a name there is no set-up.
            caller.make_sure_of_presence().await?;
            continue;
        };
        let verdict = match visit.desk.outbox.sound(&recording).await {
            Ok(sound) => {
                let said = Saying::new(prompts::SETUP_NAME_IS).play("recording", sound);
                match caller.start(said).await {
                    Ok(()) => caller.choose(SETUP_NAME.open()).await,
                    Err(leave) => Err(leave),
                }
            }
            Err(fault) => Err(faults::recording(fault)),
        };
        let kept = match verdict {
            Ok(OnName::Accept) => greetings::keep(visit, session, Recorded::Name, &recording).await,
            _ => Ok(()),
        };
        recording::discard(visit.desk, &recording.tape).await;
        kept?;
        if verdict? == OnName::Accept {
            return Ok(());
        }
    }
}

/// The system's greeting is kept, or one's own recorded.
async fn greeting(caller: &mut Caller, visit: &Visit<'_>, session: &Session) -> Talk {
    loop {
        let open = SETUP_GREETING
            .open()
            .introduced_by(Saying::new(prompts::SETUP_GREETING));
        match caller.choose(open).await? {
            OnGreeting::Skip => return Ok(()),
            OnGreeting::Record => {
                let saved = greetings::record_own(
                    caller,
                    visit,
                    session,
                    Recorded::Greeting,
                    prompts::RECORD_GREETING,
                )
                .await?;
                if saved {
                    return caller.say(prompts::RECORDING_SAVED).await;
                }
            }
        }
    }
}
