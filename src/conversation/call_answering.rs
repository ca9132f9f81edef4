//! A mailbox answers for its absent owner: greeting, tone, message (`outlook-voice-access`
//! section 12).

use tracing::warn;

use super::arrival::{CallType, ReasonForCall};
use super::desk::{Desk, Visit, mailbox_of};
use super::missed_call::Missed;
use super::reception::NextStop;
use super::sender::SpokenName;
use super::{prompts, take_message};
use crate::caller::{Caller, Saying, Talk, Value};
use crate::line::PromptName;
use crate::mailbox::{NothingLeft, Recorded};
use crate::policy::mailbox::Subscriber;
use crate::turn::menu::{Menu, silent};

/// What a caller may do while the greeting plays. Nothing of it is announced: those who know it
/// need no telling, and everybody else wants to hear the greeting.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnGreeting {
    SkipToTone,
    SignIn,
}

/// The keys of a greeting.
pub(super) static GREETING: Menu<OnGreeting> = Menu::new(
    "greeting",
    &[
        silent("skip-to-tone", OnGreeting::SkipToTone),
        silent("sign-in", OnGreeting::SignIn),
    ],
);

/// Answers for `owner`.
pub(super) async fn answer(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    owner: Subscriber,
) -> Talk<NextStop> {
    visit.outcome.callee_mailbox = Some(owner.user().to_owned());
    if !owner.mailbox.enabled {
        visit.outcome.call_type = CallType::None;
        return Err(caller.farewell(prompts::MAILBOX_DISABLED).await);
    }
    visit.missed = Some(Missed::by(&owner));
    if let Some((said, why)) = refusal(visit, &owner).await {
        visit.missed = Some(Missed {
            why,
            ..Missed::by(&owner)
        });
        return Err(caller.farewell(said).await);
    }
    caller
        .start(
            greeting(visit, &owner)
                .await
                .then(prompts::RECORD_AFTER_TONE),
        )
        .await?;
    match caller.choose_while_playing(GREETING.open()).await? {
        Some(OnGreeting::SignIn) => Ok(NextStop::SignInTo(owner)),
        Some(OnGreeting::SkipToTone) | None => {
            take_message::take_message(caller, visit, &owner, Saying::nothing()).await?;
            Ok(NextStop::Goodbye)
        }
    }
}

/// Why no message is taken for `owner` from this caller, if so: to him, and to the owner.
pub(super) async fn refusal(
    visit: &Visit<'_>,
    owner: &Subscriber,
) -> Option<(PromptName, NothingLeft)> {
    if visit.arrival.calling.is_none() && !owner.mailbox.anonymous_callers_can_leave_messages {
        return Some((prompts::NO_ANONYMOUS_MESSAGES, NothingLeft::Anonymous));
    }
    is_full(visit.desk, owner)
        .await
        .then_some((prompts::MAILBOX_FULL, NothingLeft::MailboxFull))
}

/// What callers of `owner` hear first: the greeting for absence or the personal one, else the
/// system's with the name.
async fn greeting(visit: &Visit<'_>, owner: &Subscriber) -> Saying {
    let mailbox = mailbox_of(owner);
    let settings = &visit.desk.settings;
    // Whoever is away says so, in his own words or in ours.
    let away = match settings.settings(&mailbox).await {
        Ok(settings) => settings.away,
        Err(fault) => {
            warn!("the settings of {} cannot be had: {fault}", owner.user());
            false
        }
    };
    let which = if away {
        Recorded::AwayGreeting
    } else {
        Recorded::Greeting
    };
    match settings.recorded(&mailbox, which).await {
        Ok(Some(sound)) => return Saying::nothing().play("greeting", sound),
        Ok(None) => {}
        // The caller can leave a message all the same.
        Err(fault) => warn!("the greeting of {} cannot be had: {fault}", owner.user()),
    }
    let reason = Value::Word(match visit.arrival.reason {
        ReasonForCall::DivertBusy => "busy",
        ReasonForCall::DivertNoAnswer => "no-answer",
        ReasonForCall::Direct | ReasonForCall::DivertForward => "other",
    });
    match SpokenName::of_user(visit.desk, owner.user(), &owner.display_name).await {
        SpokenName::Recorded(sound) if away => Saying::nothing()
            .play("name", sound)
            .then(prompts::GREETING_AWAY_AFTER_RECORDED_NAME),
        SpokenName::Written(name) if away => {
            Saying::new(prompts::GREETING_AWAY).with("name", Value::Name(name))
        }
        SpokenName::Recorded(sound) => Saying::nothing()
            .play("name", sound)
            .then(prompts::GREETING_AFTER_RECORDED_NAME)
            .with("reason", reason),
        SpokenName::Written(name) => Saying::new(prompts::GREETING)
            .with("name", Value::Name(name))
            .with("reason", reason),
    }
}

/// Whether the mailbox is over its quota already. One that would only be filled by this message
/// takes it, and so does one whose size cannot be had: the message waits with us.
pub(super) async fn is_full(desk: &Desk, owner: &Subscriber) -> bool {
    let quota = owner.mailbox.quota_bytes;
    quota > 0 && bytes_in(desk, owner).await >= quota
}

/// How much lies in a mailbox; nothing, when that cannot be had.
pub(super) async fn bytes_in(desk: &Desk, owner: &Subscriber) -> u64 {
    match desk.mail.usage(&mailbox_of(owner)).await {
        Ok(usage) => usage.bytes,
        Err(fault) => {
            warn!(
                "the size of {}'s mailbox cannot be had: {fault}",
                owner.user()
            );
            0
        }
    }
}
