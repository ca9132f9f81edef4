//! Absence: the greeting that callers hear meanwhile, and the automatic reply to e-mail. Two
//! switches, offered together (`outlook-voice-access` section 11).

use super::desk::{Session, Visit};
use super::personal_options::change;
use super::{greetings, prompts};
use crate::caller::{Caller, Saying, Talk};
use crate::line::PromptName;
use crate::mailbox::{Capability, Recorded};
use crate::turn::menu::{YES_NO, YesNo};

/// Switches the greeting for absence, and offers the rest that goes with it.
pub(super) async fn switch(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
    away: bool,
) -> Talk {
    change(caller, visit, session, |settings| settings.away = away).await?;
    caller
        .say(if away {
            prompts::AWAY_GREETING_ON
        } else {
            prompts::AWAY_GREETING_OFF
        })
        .await?;
    let can_reply = visit
        .desk
        .mail
        .capabilities()
        .contains(&Capability::AutoReply);
    if can_reply && session.settings.auto_reply != away {
        offer_auto_reply(caller, visit, session, away).await?;
    }
    if away {
        offer_recording(caller, visit, session).await?;
    }
    Ok(())
}

/// Whether e-mail is still answered while callers are told nothing: who hangs up at the question, or says no to it,
/// must learn of it, and get at it, later.
pub(super) fn only_replies(session: &Session) -> bool {
    session.settings.auto_reply && !session.settings.away
}

/// Switches off what goes on: the greeting, and the rest that goes with it; or the automatic reply alone.
pub(super) async fn switch_off(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
) -> Talk {
    if !only_replies(session) {
        return switch(caller, visit, session, false).await;
    }
    change(caller, visit, session, |settings| {
        settings.auto_reply = false
    })
    .await?;
    caller.say(prompts::AUTO_REPLY_OFF).await
}

async fn offer_auto_reply(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &mut Session,
    on: bool,
) -> Talk {
    let (question, done) = if on {
        (prompts::AUTO_REPLY_ON_TOO, prompts::AUTO_REPLY_ON)
    } else {
        (prompts::AUTO_REPLY_OFF_TOO, prompts::AUTO_REPLY_OFF)
    };
    if agrees(caller, question).await? {
        change(caller, visit, session, |settings| settings.auto_reply = on).await?;
        caller.say(done).await?;
    }
    Ok(())
}

/// Somebody without a recording for absence may make one now.
async fn offer_recording(caller: &mut Caller, visit: &Visit<'_>, session: &Session) -> Talk {
    let which = Recorded::AwayGreeting;
    if greetings::present(visit, session, which).await?.is_some() {
        return Ok(());
    }
    if !agrees(caller, prompts::RECORD_AWAY_GREETING_NOW).await? {
        return Ok(());
    }
    let invitation = prompts::RECORD_AWAY_GREETING;
    let kept = greetings::record_own(caller, visit, session, which, invitation).await?;
    caller
        .say(if kept {
            prompts::RECORDING_SAVED
        } else {
            prompts::RECORDING_CANCELLED
        })
        .await
}

async fn agrees(caller: &mut Caller, question: PromptName) -> Talk<bool> {
    let open = YES_NO.open().introduced_by(Saying::new(question));
    Ok(caller.choose(open).await? == YesNo::Yes)
}
