//! Setup options in three levels, as callers of Unity Connection know them (`unity-connection`
//! section 2.1): greetings, message settings, preferences.

use super::change_pin::{self, Why};
use super::desk::{Session, Visit};
use super::{absence, choosing, greetings, personal_options, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::mailbox::Recorded;
use crate::turn::menu::{Menu, always};

/// The first level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnSetup {
    Greetings,
    MessageSettings,
    Preferences,
    Others,
    Back,
}

/// The setup options.
pub(super) static SETUP_OPTIONS: Menu<OnSetup> = Menu::new(
    "setup-options",
    &[
        always("greetings", OnSetup::Greetings),
        always("message-settings", OnSetup::MessageSettings),
        always("preferences", OnSetup::Preferences),
        always("others", OnSetup::Others),
        always("back", OnSetup::Back),
    ],
);

/// What callers hear.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnSetupGreetings {
    Record,
    AwayOn,
    AwayOff,
    Other,
    System,
    Back,
}

/// The personal greeting, the switch of the other, and the way to that.
pub(super) static SETUP_GREETINGS: Menu<OnSetupGreetings> = Menu::new(
    "setup-greetings",
    &[
        always("record", OnSetupGreetings::Record),
        always("away-on", OnSetupGreetings::AwayOn),
        always("away-off", OnSetupGreetings::AwayOff),
        always("other", OnSetupGreetings::Other),
        always("system", OnSetupGreetings::System),
        always("back", OnSetupGreetings::Back),
    ],
);

/// How messages are heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessageSettings {
    PromptStyle,
    Speed,
    Back,
}

/// The message settings.
pub(super) static MESSAGE_SETTINGS: Menu<OnMessageSettings> = Menu::new(
    "message-settings",
    &[
        always("prompt-style", OnMessageSettings::PromptStyle),
        always("speed", OnMessageSettings::Speed),
        always("back", OnMessageSettings::Back),
    ],
);

/// Who the subscriber is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnPreferences {
    ChangePin,
    Name,
    Back,
}

/// The preferences.
pub(super) static PREFERENCES: Menu<OnPreferences> = Menu::new(
    "preferences",
    &[
        always("change-pin", OnPreferences::ChangePin),
        always("name", OnPreferences::Name),
        always("back", OnPreferences::Back),
    ],
);

/// Lets a subscriber set things until he goes back.
pub(super) async fn setup_options(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    loop {
        let open = SETUP_OPTIONS
            .open()
            .introduced_by(Saying::new(prompts::SETUP_OPTIONS));
        match caller.choose(open).await? {
            OnSetup::Greetings => Box::pin(setup_greetings(caller, visit, session)).await?,
            OnSetup::MessageSettings => message_settings(caller, visit, session).await?,
            OnSetup::Preferences => preferences(caller, visit, session).await?,
            OnSetup::Others => {
                Box::pin(personal_options::personal_options(caller, visit, session)).await?;
            }
            OnSetup::Back => return Ok(()),
        }
    }
}

/// Plays what callers hear, and lets the subscriber change it.
async fn setup_greetings(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    loop {
        let present = greetings::present(visit, session, Recorded::Greeting).await?;
        let mut open = SETUP_GREETINGS.open().without(if session.settings.away {
            OnSetupGreetings::AwayOn
        } else {
            OnSetupGreetings::AwayOff
        });
        if present.is_none() {
            open = open.without(OnSetupGreetings::System);
        }
        caller
            .start(greetings::description(Recorded::Greeting, present))
            .await?;
        match caller.choose(open).await? {
            OnSetupGreetings::Record => {
                greetings::replace(caller, visit, session, Recorded::Greeting).await?;
            }
            OnSetupGreetings::AwayOn => absence::switch(caller, visit, session, true).await?,
            OnSetupGreetings::AwayOff => absence::switch(caller, visit, session, false).await?,
            OnSetupGreetings::Other => {
                greetings::edit(caller, visit, session, Recorded::AwayGreeting).await?;
            }
            OnSetupGreetings::System => {
                greetings::remove(caller, visit, session, Recorded::Greeting).await?;
            }
            OnSetupGreetings::Back => return Ok(()),
        }
    }
}

async fn message_settings(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    loop {
        let open = MESSAGE_SETTINGS
            .open()
            .introduced_by(Saying::new(prompts::MESSAGE_SETTINGS));
        match caller.choose(open).await? {
            OnMessageSettings::PromptStyle => {
                personal_options::prompt_style(caller, visit, session).await?;
            }
            OnMessageSettings::Speed => choosing::speed(caller, visit, session).await?,
            OnMessageSettings::Back => return Ok(()),
        }
    }
}

async fn preferences(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    loop {
        let open = PREFERENCES
            .open()
            .introduced_by(Saying::new(prompts::PREFERENCES));
        match caller.choose(open).await? {
            OnPreferences::ChangePin => {
                change_pin::change_pin(caller, visit, &session.subscriber, Why::Wish).await?;
            }
            OnPreferences::Name => {
                greetings::edit(caller, visit, session, Recorded::Name).await?;
            }
            OnPreferences::Back => return Ok(()),
        }
    }
}
