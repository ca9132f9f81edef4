//! Recording the welcome and the announcement of a dial plan by telephone, for subscribers who may
//! (`outlook-voice-access` section 2.5). Only what an administrator has given a file can be recorded
//! anew; callers hear it from the next call on.

use std::sync::Arc;

use tracing::{info, warn};

use super::arrival::CallType;
use super::desk::{Session, Visit};
use super::greetings::{GREETING_EDIT, OnPresent, accepted_take, greeting_bounds, sound_to_keep};
use super::{prompts, recording};
use crate::caller::{Caller, Saying, Talk};
use crate::line::{PromptName, Sound};
use crate::policy::areas::Area;
use crate::turn::menu::{Menu, always};

/// The recordings of a dial plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnSystemPrompts {
    Welcome,
    Announcement,
    Mailbox,
}

/// Which recording.
pub(super) static SYSTEM_PROMPTS: Menu<OnSystemPrompts> = Menu::new(
    "system-prompts",
    &[
        always("welcome", OnSystemPrompts::Welcome),
        always("announcement", OnSystemPrompts::Announcement),
        always("mailbox", OnSystemPrompts::Mailbox),
    ],
);

/// One recording of a dial plan, and what is said of it.
struct SystemPrompt {
    file_name: String,
    is: PromptName,
    invitation: PromptName,
}

/// Lets a subscriber hear and replace the recordings of the dial plan. Returns when he wants to go on to
/// his mailbox, and at once, with a word, when there is nothing here for him.
pub(super) async fn record(caller: &mut Caller, visit: &mut Visit<'_>, session: &Session) -> Talk {
    let plan = Arc::clone(&visit.arrival.dial_plan);
    if !session.may(Area::PromptRecording) {
        warn!(
            "{} may not record the prompts of dial plan {}",
            session.subscriber.user(),
            plan.name
        );
        return caller.say(prompts::SYSTEM_PROMPTS_NOT_ALLOWED).await;
    }
    let named = |file_name: &Option<String>, is, invitation| {
        file_name.as_ref().map(|file_name| SystemPrompt {
            file_name: file_name.clone(),
            is,
            invitation,
        })
    };
    let welcome = named(
        &plan.welcome_greeting_filename,
        prompts::WELCOME_IS,
        prompts::RECORD_WELCOME,
    );
    let announcement = named(
        &plan.info_announcement_filename,
        prompts::ANNOUNCEMENT_IS,
        prompts::RECORD_ANNOUNCEMENT,
    );
    if welcome.is_none() && announcement.is_none() {
        return caller.say(prompts::SYSTEM_PROMPTS_NONE).await;
    }
    visit.outcome.call_type = CallType::GreetingsRecording;
    loop {
        let mut open = SYSTEM_PROMPTS
            .open()
            .without_main_menu()
            .introduced_by(Saying::new(prompts::SYSTEM_PROMPTS));
        if welcome.is_none() {
            open = open.without(OnSystemPrompts::Welcome);
        }
        if announcement.is_none() {
            open = open.without(OnSystemPrompts::Announcement);
        }
        let chosen = match caller.choose(open).await? {
            OnSystemPrompts::Welcome => &welcome,
            OnSystemPrompts::Announcement => &announcement,
            OnSystemPrompts::Mailbox => return Ok(()),
        };
        if let Some(prompt) = chosen {
            edit(caller, visit, session, prompt).await?;
        }
    }
}

/// Plays one recording and lets it be replaced.
async fn edit(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    prompt: &SystemPrompt,
) -> Talk {
    caller
        .start(match visit.desk.custom_prompts.sound(&prompt.file_name) {
            Some(sound) => Saying::new(prompt.is).play("prompt", sound),
            None => Saying::new(prompts::SYSTEM_PROMPT_UNPLAYABLE),
        })
        .await?;
    let open = GREETING_EDIT
        .open()
        .without_main_menu()
        .without(OnPresent::System);
    if caller.choose(open).await? != OnPresent::Record {
        return Ok(());
    }
    let bounds = greeting_bounds(session);
    let Some(recording) = accepted_take(caller, visit, bounds, prompt.invitation).await? else {
        return caller.say(prompts::RECORDING_CANCELLED).await;
    };
    let sound = sound_to_keep(visit, &recording).await;
    recording::discard(visit.desk, &recording.tape).await;
    let said = keep(visit, session, &prompt.file_name, sound?).await;
    caller.say(said).await
}

/// Puts the sound in its place; what there is to say about it.
async fn keep(
    visit: &Visit<'_>,
    session: &Session,
    file_name: &str,
    sound: Arc<Sound>,
) -> PromptName {
    let user = session.subscriber.user();
    match visit.desk.custom_prompts.replace(file_name, sound).await {
        Ok(()) => {
            info!(call = %visit.arrival.call_id, "{user} has recorded {file_name}");
            prompts::SYSTEM_PROMPT_SAVED
        }
        Err(fault) => {
            warn!(call = %visit.arrival.call_id, "{file_name}, recorded by {user}, is not kept: {fault}");
            prompts::SYSTEM_PROMPT_NOT_SAVED
        }
    }
}
