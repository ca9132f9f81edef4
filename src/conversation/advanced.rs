//! What some key layouts keep behind one key: answering, the envelope, and sending to somebody else.

use super::compose;
use super::desk::Session;
use super::prompts;
use crate::caller::{Caller, Saying, Talk};
use crate::turn::menu::{Menu, always};

/// What can be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnAdvanced {
    Reply,
    Envelope,
    SendMessage,
    Back,
}

/// The advanced options.
pub(super) static ADVANCED: Menu<OnAdvanced> = Menu::new(
    "advanced",
    &[
        always("reply", OnAdvanced::Reply),
        always("envelope", OnAdvanced::Envelope),
        always("send-message", OnAdvanced::SendMessage),
        always("back", OnAdvanced::Back),
    ],
);

/// What the options are about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum About {
    /// No message.
    Nothing,
    /// A message that may be answered.
    Answerable,
    /// One that may not.
    Unanswerable,
}

/// Asks for one of them.
pub(super) async fn choose(
    caller: &mut Caller,
    session: &Session,
    about: About,
) -> Talk<OnAdvanced> {
    let mut open = ADVANCED
        .open()
        .introduced_by(Saying::new(prompts::ADVANCED));
    if about != About::Answerable {
        open = open.without(OnAdvanced::Reply);
    }
    if about == About::Nothing {
        open = open.without(OnAdvanced::Envelope);
    }
    if !compose::may_send(session) {
        open = open.without(OnAdvanced::SendMessage);
    }
    caller.choose(open).await
}
