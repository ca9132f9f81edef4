//! The main menu: where every subscriber comes back to (`outlook-voice-access` section 4).

use tracing::warn;

use super::advanced::{self, About, OnAdvanced};
use super::desk::{Session, Visit};
use super::folders::{self, Stack};
use super::reception::NextStop;
use super::sign_in::ensure_pin;
use super::{
    absence, calendar, compose, contacts, email, mailbox_options, personal_options, prompts,
    setup_options, undo, voice_mail,
};
use crate::caller::{Caller, Leave, OpenMenu, Saying, Talk, Value};
use crate::policy::areas::Area;
use crate::turn::menu::{Menu, YES_NO, YesNo, always};

/// Areas that fail this often in one call are not tried again: the call ends with an apology.
const FAULTS_MAX: usize = 5;

/// The areas of a mailbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMain {
    VoiceMail,
    NewMessages,
    Folders,
    FindMessages,
    Advanced,
    Email,
    Calendar,
    Contacts,
    Compose,
    PersonalOptions,
    SetupOptions,
    MailboxOptions,
    Interface,
    Undo,
    AwayOff,
    OtherMailbox,
    Goodbye,
}

/// The main menu.
pub(super) static MAIN_MENU: Menu<OnMain> = Menu::new(
    "main-menu",
    &[
        always("voice-mail", OnMain::VoiceMail),
        always("new-messages", OnMain::NewMessages),
        always("folders", OnMain::Folders),
        always("find-messages", OnMain::FindMessages),
        always("advanced", OnMain::Advanced),
        always("email", OnMain::Email),
        always("calendar", OnMain::Calendar),
        always("contacts", OnMain::Contacts),
        always("compose", OnMain::Compose),
        always("personal-options", OnMain::PersonalOptions),
        always("setup-options", OnMain::SetupOptions),
        always("mailbox-options", OnMain::MailboxOptions),
        always("interface", OnMain::Interface),
        always("undo", OnMain::Undo),
        always("away-off", OnMain::AwayOff),
        always("other-mailbox", OnMain::OtherMailbox),
        always("goodbye", OnMain::Goodbye),
    ],
);

impl OnMain {
    /// Of what something has to be allowed for it to be offered.
    fn areas(self) -> &'static [Area] {
        match self {
            OnMain::Email => &[Area::Email],
            OnMain::Calendar => &[Area::Calendar],
            OnMain::Contacts => &[Area::Contacts, Area::Directory],
            // All that can be done there without a message is sending one.
            OnMain::Compose | OnMain::Advanced => &[Area::Compose],
            OnMain::VoiceMail | OnMain::NewMessages | OnMain::Folders | OnMain::FindMessages => &[],
            OnMain::PersonalOptions | OnMain::SetupOptions | OnMain::MailboxOptions => &[],
            OnMain::Interface | OnMain::AwayOff | OnMain::Undo => &[],
            OnMain::OtherMailbox | OnMain::Goodbye => &[],
        }
    }

    /// Whether it is open to a caller whose telephone opened the mailbox, without a PIN.
    fn needs_pin(self) -> bool {
        !matches!(
            self,
            OnMain::VoiceMail
                | OnMain::NewMessages
                | OnMain::Folders
                | OnMain::FindMessages
                | OnMain::Undo
                | OnMain::OtherMailbox
                | OnMain::Goodbye
        )
    }
}

/// Leads from area to area until the caller has had enough.
pub(super) async fn main_menu(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk<NextStop> {
    let mut faults = 0;
    loop {
        match area(caller, visit, session).await {
            Ok(Some(NextStop::Goodbye)) => {
                caller.farewell(prompts::GOODBYE).await;
                return Ok(NextStop::Goodbye);
            }
            Ok(Some(stop)) => return Ok(stop),
            Ok(None) | Err(Leave::MainMenu) => {}
            Err(Leave::Fault(fault)) => {
                faults += 1;
                if faults >= FAULTS_MAX {
                    return Err(Leave::Fault(fault));
                }
                warn!(call = %visit.arrival.call_id, "back to the main menu: {}", fault.log);
                caller.say(fault.prompt).await?;
            }
            Err(leave) => return Err(leave),
        }
    }
}

/// One round through the menu; where to go when the caller leaves it for good.
async fn area(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk<Option<NextStop>> {
    let choice = caller.choose(open_menu(session)).await?;
    if choice.needs_pin() {
        ensure_pin(caller, visit, session).await?;
    }
    match choice {
        OnMain::VoiceMail => {
            Box::pin(voice_mail::review(caller, visit, session, Stack::All)).await?;
        }
        OnMain::NewMessages => {
            Box::pin(voice_mail::review(caller, visit, session, Stack::New)).await?;
        }
        OnMain::Folders => {
            if let Some((stack, messages)) = folders::open(caller, visit, session).await? {
                let through = voice_mail::go_through(caller, visit, session, stack, messages);
                Box::pin(through).await?;
            }
        }
        OnMain::FindMessages => {
            if let Some(found) = folders::find(caller, visit, session).await? {
                let through = voice_mail::go_through(caller, visit, session, Stack::All, found);
                Box::pin(through).await?;
            }
        }
        OnMain::Advanced => {
            let chosen = advanced::choose(caller, session, About::Nothing).await?;
            if chosen == OnAdvanced::SendMessage {
                Box::pin(compose::compose(caller, visit, session)).await?;
            }
        }
        OnMain::SetupOptions => {
            Box::pin(setup_options::setup_options(caller, visit, session)).await?;
        }
        OnMain::MailboxOptions => {
            Box::pin(mailbox_options::mailbox_options(caller, visit, session)).await?;
        }
        OnMain::Interface => personal_options::interface(caller, visit, session).await?,
        OnMain::Email => Box::pin(email::review(caller, visit, session)).await?,
        OnMain::Undo => {
            undo::take_back(caller, visit, session).await?;
        }
        OnMain::Contacts => Box::pin(contacts::contacts(caller, visit, session)).await?,
        OnMain::Calendar => Box::pin(calendar::review(caller, visit, session)).await?,
        OnMain::Compose => Box::pin(compose::compose(caller, visit, session)).await?,
        OnMain::PersonalOptions => {
            Box::pin(personal_options::personal_options(caller, visit, session)).await?;
        }
        OnMain::AwayOff => absence::switch_off(caller, visit, session).await?,
        OnMain::OtherMailbox => return Ok(Some(NextStop::OtherMailbox)),
        OnMain::Goodbye => {
            let open = YES_NO
                .open()
                .introduced_by(Saying::new(prompts::END_THE_CALL));
            let ends = caller.choose(open).await? == YesNo::Yes;
            return Ok(ends.then_some(NextStop::Goodbye));
        }
    }
    Ok(None)
}

/// The main menu without what is switched off for this subscriber, or makes no sense at present.
fn open_menu(session: &Session) -> OpenMenu<OnMain> {
    let mut open = MAIN_MENU
        .open()
        .introduced_by(Saying::new(prompts::MAIN_MENU));
    for entry in MAIN_MENU.entries {
        let areas = entry.choice.areas();
        if !areas.is_empty() && !areas.iter().any(|area| session.may(*area)) {
            open = open.without(entry.choice);
        }
    }
    open = undo::if_any(open, session, OnMain::Undo);
    let only_replies = absence::only_replies(session);
    open = open.with_value(
        "away-off",
        "what",
        Value::Word(if only_replies { "reply" } else { "greeting" }),
    );
    if !session.settings.away && !only_replies {
        open = open.without(OnMain::AwayOff);
    }
    if session.may(Area::Compose) && !compose::may_send(session) {
        // Nobody could be found to send anything to.
        open = open.without(OnMain::Compose).without(OnMain::Advanced);
    }
    // Before the PIN `*` is what it is at the question for it: this is not my mailbox.
    open.without(if session.pin_given {
        OnMain::OtherMailbox
    } else {
        OnMain::Goodbye
    })
}
