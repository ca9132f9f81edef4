//! What a voice access number leads to: welcome, sign-in, the first words to a subscriber, and the
//! main menu (`outlook-voice-access` sections 2 and 3).

use tracing::warn;

use super::desk::{Session, Visit};
use super::main_menu::MAIN_MENU;
use super::reception::NextStop;
use super::sender::SpokenName;
use super::sign_in::{self, SignIn};
use super::{
    absence, calendar, call_answering, email, first_time_setup, main_menu, manner, prompts,
    system_prompts,
};
use crate::caller::{Caller, Leave, Saying, Talk, Value};
use crate::mailbox::{MailFault, UserSettings};
use crate::policy::areas::Area;
use crate::policy::dial_plan::InfoAnnouncement;
use crate::policy::mailbox::Subscriber;

/// Welcomes a caller, who may be known by his number, and leads him through his mailbox.
pub(super) async fn welcomed(caller: &mut Caller, visit: &mut Visit<'_>) -> Talk<NextStop> {
    welcome(caller, visit).await?;
    let Some(owner) = sign_in::recognised(visit) else {
        return enter(caller, visit, None).await;
    };
    if !sign_in::opens_without_pin(visit, &owner).await {
        return enter(caller, visit, Some(SignIn::Recognised(owner))).await;
    }
    let mut session = open(caller, visit, owner).await?;
    session.pin_given = false;
    sign_in::signed_in(caller, visit, session.subscriber.clone());
    caller
        .say(own_phone(visit, &session.subscriber).await)
        .await?;
    lead(caller, visit, session).await
}

/// Signs a caller in and leads him through his mailbox.
pub(super) async fn enter(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    known: Option<SignIn>,
) -> Talk<NextStop> {
    // Somebody else may have been here before, in his own way.
    manner::forget(caller, visit).await?;
    let let_in = sign_in::sign_in(caller, visit, known).await?;
    let mut session = open(caller, visit, let_in.subscriber).await?;
    if let_in.for_system_prompts {
        system_prompts::record(caller, visit, &session).await?;
    }
    if !session.settings.set_up {
        first_time(caller, visit, &mut session).await?;
    }
    lead(caller, visit, session).await
}

/// Whose mailbox has opened without a PIN.
async fn own_phone(visit: &Visit<'_>, owner: &Subscriber) -> Saying {
    match SpokenName::of_user(visit.desk, owner.user(), &owner.display_name).await {
        SpokenName::Recorded(sound) => {
            Saying::new(prompts::OWN_PHONE_RECORDED_NAME).play("name", sound)
        }
        SpokenName::Written(name) => {
            Saying::new(prompts::OWN_PHONE).with("name", Value::Name(name))
        }
    }
}

async fn lead(caller: &mut Caller, visit: &mut Visit<'_>, mut session: Session) -> Talk<NextStop> {
    summary(caller, visit, &session).await?;
    main_menu::main_menu(caller, visit, &mut session).await
}

/// First-time set-up. Who leaves it by `*`, or meets a fault in it, can do it another time.
async fn first_time(caller: &mut Caller, visit: &Visit<'_>, session: &mut Session) -> Talk {
    match first_time_setup::set_up(caller, visit, session).await {
        Err(Leave::MainMenu) => Ok(()),
        Err(Leave::Fault(fault)) => {
            warn!(call = %visit.arrival.call_id, "set-up was not finished: {}", fault.log);
            caller.say(fault.prompt).await
        }
        done => done,
    }
}

/// The welcome of the dial plan and its announcement.
async fn welcome(caller: &mut Caller, visit: &Visit<'_>) -> Talk {
    let plan = &visit.arrival.dial_plan;
    let sound = |file: &Option<String>| {
        let file = file.as_deref()?;
        let sound = visit.desk.custom_prompts.sound(file);
        if sound.is_none() {
            warn!("dial plan {}: {file} cannot be played", plan.name);
        }
        sound
    };
    let custom = plan
        .welcome_greeting_enabled
        .then(|| sound(&plan.welcome_greeting_filename))
        .flatten();
    caller
        .say(match custom {
            Some(sound) => Saying::nothing().play("welcome", sound),
            None => Saying::new(prompts::WELCOME),
        })
        .await?;
    if plan.info_announcement_enabled == InfoAnnouncement::False {
        return Ok(());
    }
    let Some(announcement) = sound(&plan.info_announcement_filename) else {
        return Ok(());
    };
    let announcement = Saying::nothing().play("announcement", announcement);
    if plan.info_announcement_enabled == InfoAnnouncement::Uninterruptible {
        // Whoever has interrupted the welcome by the first of many keys loses them all, and not but the first.
        caller.forget_typed_ahead();
        caller.say_all(announcement).await
    } else {
        caller.say(announcement).await
    }
}

/// Opens a subscriber's session: his settings, and his way to talk from now on.
async fn open(caller: &mut Caller, visit: &Visit<'_>, subscriber: Subscriber) -> Talk<Session> {
    let mailbox = super::desk::mailbox_of(&subscriber);
    let settings = match visit.desk.settings.settings(&mailbox).await {
        Ok(settings) => settings,
        Err(fault) => {
            // Without his settings nobody is a newcomer: set-up would write over them.
            warn!(
                "the settings of {} cannot be had: {fault}",
                subscriber.user()
            );
            UserSettings {
                set_up: true,
                ..UserSettings::default()
            }
        }
    };
    manner::adopt(caller, visit, &settings).await?;
    Ok(Session::new(visit.desk, subscriber, settings))
}

/// How many new e-mails there are, for whom may hear them. A call without a PIN tells nothing of them.
async fn summary_of_emails(visit: &Visit<'_>, session: &Session) -> Saying {
    if !session.may(Area::Email) || !session.pin_given {
        return Saying::nothing();
    }
    let folder = email::folder(session);
    match visit.desk.mail.email_counts(&session.mailbox, folder).await {
        Ok(counts) => {
            Saying::new(prompts::SUMMARY_EMAILS).with("count", Value::Count(counts.unread as u64))
        }
        Err(fault) => {
            warn!(
                "the e-mails of {} are not counted: {fault}",
                session.subscriber.user()
            );
            Saying::nothing()
        }
    }
}

/// That the away greeting is on, or the automatic reply alone, and by which key of the main menu it goes off:
/// nobody comes back to work and leaves it on unknowingly.
fn summary_of_absence(caller: &Caller, session: &Session) -> Saying {
    let said = if session.settings.away {
        Saying::new(prompts::SUMMARY_AWAY)
    } else if absence::only_replies(session) {
        Saying::new(prompts::SUMMARY_AUTO_REPLY)
    } else {
        return Saying::nothing();
    };
    match caller.language().keys.keys(MAIN_MENU.name, "away-off") {
        Some(keys) => said
            .then(prompts::SUMMARY_AWAY_OFF)
            .with("key", Value::Keys(keys)),
        None => said,
    }
}

/// What is new: voice messages, e-mails, the next meeting; then what callers hear, and what they cannot
/// leave any more.
async fn summary(caller: &mut Caller, visit: &Visit<'_>, session: &Session) -> Talk {
    let said = match visit.desk.mail.counts(&session.mailbox).await {
        Ok(counts) => Saying::new(prompts::SUMMARY_VOICE_MESSAGES)
            .with("count", Value::Count(counts.unread as u64)),
        Err(fault @ (MailFault::Unavailable(_) | MailFault::Denied(_))) => {
            warn!("{} has no summary: {fault}", session.subscriber.user());
            Saying::new(prompts::MAILBOX_UNAVAILABLE)
        }
        Err(fault) => {
            warn!("{} has no summary: {fault}", session.subscriber.user());
            return Ok(());
        }
    };
    let said = said.then(summary_of_emails(visit, session).await);
    let said = if session.may(Area::Calendar) && session.pin_given {
        match calendar::next_meeting(visit, session).await {
            Some(meeting) => said.then(meeting),
            None => said,
        }
    } else {
        said
    };
    let said = said.then(summary_of_absence(caller, session));
    let full = call_answering::is_full(visit.desk, &session.subscriber).await;
    caller
        .say(if full {
            said.then(prompts::SUMMARY_FULL)
        } else {
            said
        })
        .await
}
