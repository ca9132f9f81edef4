//! Personal options: greetings and PIN (`outlook-voice-access` section 11).

use super::change_pin::{self, Why};
use super::desk::{Session, Visit};
use super::{greetings, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::turn::menu::{Menu, always};

/// What subscribers can set themselves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnOptions {
    Greetings,
    ChangePin,
}

/// The menu of personal options.
pub(super) static PERSONAL_OPTIONS: Menu<OnOptions> = Menu::new(
    "personal-options",
    &[
        always("greetings", OnOptions::Greetings),
        always("change-pin", OnOptions::ChangePin),
    ],
);

/// Lets a subscriber set things until he goes back to the main menu.
pub(super) async fn personal_options(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk {
    loop {
        let open = PERSONAL_OPTIONS
            .open()
            .introduced_by(Saying::new(prompts::PERSONAL_OPTIONS));
        match caller.choose(open).await? {
            OnOptions::Greetings => Box::pin(greetings::greetings(caller, visit, session)).await?,
            OnOptions::ChangePin => {
                change_pin::change_pin(caller, visit, &session.subscriber, Why::Wish).await?;
            }
        }
    }
}
