//! What makes voice access easier for one person: playing speed and key layout.

use super::desk::{Session, Visit};
use super::{choosing, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::turn::menu::{Menu, always};

/// What can be made easier.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnComfort {
    Speed,
    KeyLayout,
    Back,
}

/// The menu of it.
pub(super) static COMFORT: Menu<OnComfort> = Menu::new(
    "comfort",
    &[
        always("speed", OnComfort::Speed),
        always("key-layout", OnComfort::KeyLayout),
        always("back", OnComfort::Back),
    ],
);

/// Lets a subscriber set it until he goes back.
pub(super) async fn comfort(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    loop {
        let open = COMFORT.open().introduced_by(Saying::new(prompts::COMFORT));
        match caller.choose(open).await? {
            OnComfort::Speed => choosing::speed(caller, visit, session).await?,
            OnComfort::KeyLayout => choosing::key_layout(caller, visit, session).await?,
            OnComfort::Back => return Ok(()),
        }
    }
}
