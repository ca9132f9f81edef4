//! What a subscriber has done in this call and may want to take back: the last deletion, and the
//! conversations he does not want to hear of; and what he has been told of once.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use super::desk::{Session, Visit};
use super::{faults, prompts};
use crate::caller::{Caller, OpenMenu, Saying, Talk, Value};
use crate::mailbox::{ConversationId, Folder, MailFault, MessageId};

/// What was deleted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Deletion {
    /// Which messages, and whether each had been read.
    pub(super) messages: Vec<(MessageId, bool)>,
    /// Where they lay.
    pub(super) folder: Folder,
    /// Whether they are e-mails, or else voice messages.
    pub(super) emails: bool,
}

/// What a session remembers until the call ends.
#[derive(Default)]
pub(super) struct Memory {
    deletion: Mutex<Option<Deletion>>,
    hidden: Mutex<HashSet<ConversationId>>,
    /// What of the calendar was said to be unreadable.
    broken: Mutex<Vec<String>>,
    /// The caller has been told once that deletions can be taken back.
    told: Mutex<bool>,
}

impl Memory {
    /// The caller does not want to hear of this conversation any more.
    pub(super) fn hide(&self, conversation: ConversationId) {
        lock(&self.hidden).insert(conversation);
    }

    /// Whether the caller does not want to hear of it.
    pub(super) fn hides(&self, conversation: &ConversationId) -> bool {
        lock(&self.hidden).contains(conversation)
    }

    /// Whether there is a deletion that can be taken back.
    pub(super) fn can_take_back(&self) -> bool {
        lock(&self.deletion).is_some()
    }

    /// This was deleted last.
    pub(super) fn deleted(&self, deletion: Deletion) {
        *lock(&self.deletion) = Some(deletion);
    }

    /// This one has come back in another way.
    pub(super) fn no_longer_deleted(&self, id: &MessageId) {
        let mut deletion = lock(&self.deletion);
        if let Some(last) = deletion.as_mut() {
            last.messages.retain(|(deleted, _)| deleted != id);
        }
        if deletion
            .as_ref()
            .is_some_and(|last| last.messages.is_empty())
        {
            *deletion = None;
        }
    }

    /// Something left the calendar, which cannot be taken back: others may have been told, and whoever
    /// deletes an appointment of his own has been asked. What was deleted before is not the last thing
    /// any more, and a key that seems to bring back the meeting must not bring back a mail.
    pub(super) fn nothing_to_take_back(&self) {
        *lock(&self.deletion) = None;
    }

    /// Whether there is something unreadable in the calendar that was not said for the last day that
    /// had any. What has no time that can be read belongs to every day, and is said once.
    pub(super) fn is_news_of_broken(&self, broken: &[String]) -> bool {
        let mut told = lock(&self.broken);
        let is_news = broken.iter().any(|one| !told.contains(one));
        if is_news {
            *told = broken.to_vec();
        }
        is_news
    }

    /// True for the first time.
    fn tells(&self) -> bool {
        !std::mem::replace(&mut *lock(&self.told), true)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// A menu that does not announce the key that takes back a deletion while there is none. The key is
/// understood all the same: in `07` there would else be a `0` and a `7`, which deletes.
pub(super) fn if_any<C: Copy + PartialEq>(
    open: OpenMenu<C>,
    session: &Session,
    undo: C,
) -> OpenMenu<C> {
    if session.memory.can_take_back() {
        open
    } else {
        open.unannounced(undo)
    }
}

/// Says what was deleted; the first time in a call also that it can be taken back, and by which key
/// of this menu.
pub(super) async fn say_deleted(
    caller: &mut Caller,
    session: &Session,
    deleted: Saying,
    menu: &str,
) -> Talk {
    let keys = caller.language().keys.keys(menu, "undo");
    let said = match keys {
        Some(keys) if session.memory.tells() => deleted
            .then(prompts::DELETION_CAN_BE_TAKEN_BACK)
            .with("key", Value::Keys(keys)),
        _ => deleted,
    };
    caller.say(said).await
}

/// Takes back the last deletion and says how many messages are back; which ones those are. Says so
/// where there is none.
pub(super) async fn take_back(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<Deletion>> {
    let Some(mut deletion) = lock(&session.memory.deletion).take() else {
        caller.say(prompts::NOTHING_TO_TAKE_BACK).await?;
        return Ok(None);
    };
    let mail = &visit.desk.mail;
    let mut back = Vec::new();
    for (id, read) in &deletion.messages {
        let moved = mail.move_to(&session.mailbox, id, deletion.folder).await;
        let done = match moved {
            Ok(()) => mail.set_read(&session.mailbox, id, *read).await,
            Err(fault) => Err(fault),
        };
        match done {
            Ok(()) => back.push((id.clone(), *read)),
            // Emptied out of Deleted Items meanwhile.
            Err(MailFault::NotFound) => {}
            Err(fault) => {
                // What is not back yet can still be taken back.
                session.memory.deleted(deletion);
                return Err(faults::mailbox(fault));
            }
        }
    }
    deletion.messages = back;
    let count = Value::Count(deletion.messages.len() as u64);
    caller
        .say(Saying::new(prompts::MESSAGES_RESTORED).with("count", count))
        .await?;
    Ok(Some(deletion))
}
