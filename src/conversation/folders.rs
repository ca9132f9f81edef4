//! Voice messages by folder, and by who left them: for key layouts that begin there and not with all
//! messages (`unity-connection` section 2.1).

use super::desk::{Session, Visit};
use super::find_by_name::{self, SEARCHED_MAX};
use super::{faults, prompts};
use crate::caller::{AskDigits, Caller, Digits, Saying, Talk, Value};
use crate::line::Key;
use crate::mailbox::{Folder, VoiceMessage};
use crate::turn::menu::{Menu, always};

/// No telephone number is longer.
const NUMBER_LONGEST: usize = 32;

/// Which voice messages are gone through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stack {
    /// New ones, then those heard before.
    All,
    /// New ones only.
    New,
    /// Those heard before.
    Saved,
    /// Deleted Items.
    Deleted,
}

impl Stack {
    /// Where they lie.
    pub(super) fn folder(self) -> Folder {
        match self {
            Stack::All | Stack::New | Stack::Saved => Folder::Inbox,
            Stack::Deleted => Folder::Deleted,
        }
    }

    fn has(self, message: &VoiceMessage) -> bool {
        match self {
            Stack::All | Stack::Deleted => true,
            Stack::New => !message.read,
            Stack::Saved => message.read,
        }
    }

    /// How many there are.
    pub(super) fn told(self, count: usize) -> Saying {
        let prompt = match self {
            Stack::All if count == 0 => return Saying::new(prompts::NO_VOICE_MESSAGES),
            Stack::All | Stack::New => prompts::SUMMARY_VOICE_MESSAGES,
            Stack::Saved => prompts::SAVED_MESSAGES,
            Stack::Deleted => prompts::DELETED_MESSAGES,
        };
        Saying::new(prompt).with("count", Value::Count(count as u64))
    }
}

/// What can be opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnFolders {
    New,
    Saved,
    Deleted,
    Back,
}

/// The folders.
pub(super) static FOLDERS: Menu<OnFolders> = Menu::new(
    "folders",
    &[
        always("new", OnFolders::New),
        always("saved", OnFolders::Saved),
        always("deleted", OnFolders::Deleted),
        always("back", OnFolders::Back),
    ],
);

/// Whose messages are looked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnFind {
    User,
    Outside,
    Number,
    Back,
}

/// The ways to find messages.
pub(super) static FIND_MESSAGES: Menu<OnFind> = Menu::new(
    "find-messages",
    &[
        always("user", OnFind::User),
        always("outside", OnFind::Outside),
        always("number", OnFind::Number),
        always("back", OnFind::Back),
    ],
);

/// The voice messages of a stack, as they lie in the mailbox now.
pub(super) async fn messages_of(
    visit: &Visit<'_>,
    session: &Session,
    stack: Stack,
) -> Talk<Vec<VoiceMessage>> {
    let mail = &visit.desk.mail;
    let messages = mail.voice_messages(&session.mailbox, stack.folder()).await;
    let mut messages = messages.map_err(faults::mailbox)?;
    messages.retain(|message| stack.has(message));
    Ok(messages)
}

/// Lets the caller open a folder and says how much is in it; nothing when that is nothing, or he goes
/// back.
pub(super) async fn open(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<(Stack, Vec<VoiceMessage>)>> {
    let open = FOLDERS.open().introduced_by(Saying::new(prompts::FOLDERS));
    let stack = match caller.choose(open).await? {
        OnFolders::New => Stack::New,
        OnFolders::Saved => Stack::Saved,
        OnFolders::Deleted => Stack::Deleted,
        OnFolders::Back => return Ok(None),
    };
    let messages = messages_of(visit, session, stack).await?;
    caller.say(stack.told(messages.len())).await?;
    Ok((!messages.is_empty()).then_some((stack, messages)))
}

/// Lets the caller find messages by who left them; nothing when there are none, or he goes back.
pub(super) async fn find(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<Vec<VoiceMessage>>> {
    let open = FIND_MESSAGES
        .open()
        .introduced_by(Saying::new(prompts::FIND_MESSAGES));
    let choice = caller.choose(open).await?;
    let mut all = messages_of(visit, session, Stack::All).await?;
    all.truncate(SEARCHED_MAX);
    let is_user = |message: &VoiceMessage| message.envelope.from.user.is_some();
    match choice {
        OnFind::Back => Ok(None),
        OnFind::User => {
            all.retain(is_user);
            find_by_name::choose_sender(caller, all).await
        }
        OnFind::Outside => {
            all.retain(|message| !is_user(message));
            told(caller, all).await
        }
        OnFind::Number => {
            let question = AskDigits {
                prompt: Saying::new(prompts::NUMBER_OF_CALLER),
                longest: NUMBER_LONGEST,
                complete_at: None,
                lone_keys: &[Key::STAR, Key::POUND],
            };
            let Digits::Entered(digits) = caller.ask_digits(question).await? else {
                return Ok(None);
            };
            all.retain(|message| !is_user(message) && is_from(message, &digits));
            told(caller, all).await
        }
    }
}

async fn told(caller: &mut Caller, found: Vec<VoiceMessage>) -> Talk<Option<Vec<VoiceMessage>>> {
    let count = Value::Count(found.len() as u64);
    let said = Saying::new(prompts::MESSAGES_FROM_OUTSIDE).with("count", count);
    caller.say(said).await?;
    Ok((!found.is_empty()).then_some(found))
}

/// Whether a number ends like this: callers seldom know the form in which a gateway tells it.
fn is_from(message: &VoiceMessage, digits: &str) -> bool {
    let number = message.envelope.from.number.as_deref().unwrap_or_default();
    let told: String = number.chars().filter(char::is_ascii_digit).collect();
    told.ends_with(digits)
}
