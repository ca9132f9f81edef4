//! Mailbox options behind one key, as callers of Asterisk know them: greeting, name, absence and PIN.

use super::change_pin::{self, Why};
use super::desk::{Session, Visit};
use super::{absence, greetings, personal_options, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::mailbox::Recorded;
use crate::turn::menu::{Menu, always};

/// What can be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMailboxOptions {
    Greeting,
    Name,
    AwayOn,
    AwayOff,
    ChangePin,
    Others,
    Back,
}

/// The menu of them.
pub(super) static MAILBOX_OPTIONS: Menu<OnMailboxOptions> = Menu::new(
    "mailbox-options",
    &[
        always("greeting", OnMailboxOptions::Greeting),
        always("name", OnMailboxOptions::Name),
        always("away-on", OnMailboxOptions::AwayOn),
        always("away-off", OnMailboxOptions::AwayOff),
        always("change-pin", OnMailboxOptions::ChangePin),
        always("others", OnMailboxOptions::Others),
        always("back", OnMailboxOptions::Back),
    ],
);

/// Lets a subscriber set things until he goes back.
pub(super) async fn mailbox_options(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    loop {
        let open = MAILBOX_OPTIONS
            .open()
            .introduced_by(Saying::new(prompts::MAILBOX_OPTIONS))
            .without(if session.settings.away {
                OnMailboxOptions::AwayOn
            } else {
                OnMailboxOptions::AwayOff
            });
        match caller.choose(open).await? {
            OnMailboxOptions::Greeting => {
                greetings::replace(caller, visit, session, Recorded::Greeting).await?;
            }
            OnMailboxOptions::Name => {
                greetings::replace(caller, visit, session, Recorded::Name).await?;
            }
            OnMailboxOptions::AwayOn => absence::switch(caller, visit, session, true).await?,
            OnMailboxOptions::AwayOff => absence::switch(caller, visit, session, false).await?,
            OnMailboxOptions::ChangePin => {
                change_pin::change_pin(caller, visit, &session.subscriber, Why::Wish).await?;
            }
            OnMailboxOptions::Others => {
                Box::pin(personal_options::personal_options(caller, visit, session)).await?;
            }
            OnMailboxOptions::Back => return Ok(()),
        }
    }
}
