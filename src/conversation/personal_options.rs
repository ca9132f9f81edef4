//! Personal options (`outlook-voice-access` section 11): absence, greetings, PIN, interface, time, and
//! how we talk with the subscriber.

use super::change_pin::{self, Why};
use super::desk::{Session, Visit};
use super::{absence, choosing, comfort, faults, greetings, manner, prompts};
use crate::caller::{Caller, OpenMenu, Saying, Talk};
use crate::mailbox::{Interface, PromptStyle, UserSettings};
use crate::turn::menu::{Menu, always};

/// What subscribers can set themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnOptions {
    AwayOn,
    AwayOff,
    Greetings,
    ChangePin,
    Interface,
    TimeZone,
    TimeFormat,
    PromptStyle,
    Patience,
    Comfort,
}

/// The menu of personal options.
pub(super) static PERSONAL_OPTIONS: Menu<OnOptions> = Menu::new(
    "personal-options",
    &[
        always("away-on", OnOptions::AwayOn),
        always("away-off", OnOptions::AwayOff),
        always("greetings", OnOptions::Greetings),
        always("change-pin", OnOptions::ChangePin),
        always("interface", OnOptions::Interface),
        always("time-zone", OnOptions::TimeZone),
        always("time-format", OnOptions::TimeFormat),
        always("prompt-style", OnOptions::PromptStyle),
        always("patience", OnOptions::Patience),
        always("comfort", OnOptions::Comfort),
    ],
);

/// Lets a subscriber set things until he goes back to the main menu.
pub(super) async fn personal_options(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    loop {
        match caller.choose(open_menu(session)).await? {
            OnOptions::AwayOn => absence::switch(caller, visit, session, true).await?,
            OnOptions::AwayOff => absence::switch(caller, visit, session, false).await?,
            OnOptions::Greetings => Box::pin(greetings::greetings(caller, visit, session)).await?,
            OnOptions::ChangePin => {
                change_pin::change_pin(caller, visit, &session.subscriber, Why::Wish).await?;
            }
            OnOptions::Interface => interface(caller, visit, session).await?,
            OnOptions::TimeZone => choosing::time_zone(caller, visit, session).await?,
            OnOptions::TimeFormat => time_format(caller, visit, session).await?,
            OnOptions::PromptStyle => prompt_style(caller, visit, session).await?,
            OnOptions::Patience => choosing::patience(caller, visit, session).await?,
            OnOptions::Comfort => Box::pin(comfort::comfort(caller, visit, session)).await?,
        }
    }
}

fn open_menu(session: &Session) -> OpenMenu<OnOptions> {
    PERSONAL_OPTIONS
        .open()
        .introduced_by(Saying::new(prompts::PERSONAL_OPTIONS))
        .without(if session.settings.away {
            OnOptions::AwayOn
        } else {
            OnOptions::AwayOff
        })
}

/// Changes settings, saves them, and talks with the caller accordingly. When they cannot be saved
/// everything is as before.
pub(super) async fn change(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
    change: impl FnOnce(&mut UserSettings),
) -> Talk {
    let mut settings = session.settings.clone();
    change(&mut settings);
    visit
        .desk
        .settings
        .save_settings(&session.mailbox, &settings)
        .await
        .map_err(faults::mailbox)?;
    session.settings = settings;
    manner::adopt(caller, visit, &session.settings).await
}

/// Switches between keys and voice.
pub(super) async fn interface(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    let (next, said) = match session.settings.interface {
        Interface::Voice => (Interface::TouchTone, prompts::INTERFACE_KEYS),
        Interface::TouchTone => (Interface::Voice, prompts::INTERFACE_VOICE),
    };
    change(caller, visit, session, |settings| settings.interface = next).await?;
    let mut saying = Saying::new(said);
    if next == Interface::Voice && !visit.manner.phrases {
        saying = saying.then(prompts::INTERFACE_KEYS_ALL_THE_SAME);
    }
    caller.say(saying).await
}

async fn time_format(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    let next = session.settings.twenty_four_hours != Some(true);
    change(caller, visit, session, |settings| {
        settings.twenty_four_hours = Some(next);
    })
    .await?;
    caller
        .say(if next {
            prompts::TIME_FORMAT_24_HOURS
        } else {
            prompts::TIME_FORMAT_12_HOURS
        })
        .await
}

/// Switches between brief and full prompts.
pub(super) async fn prompt_style(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    let (next, said) = match session.settings.prompts {
        PromptStyle::Full => (PromptStyle::Brief, prompts::PROMPTS_BRIEF),
        PromptStyle::Brief => (PromptStyle::Full, prompts::PROMPTS_FULL),
    };
    change(caller, visit, session, |settings| settings.prompts = next).await?;
    caller.say(said).await
}
