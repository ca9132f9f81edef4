//! What can be done with a voice message, and what of it is possible at present. Key layouts choose
//! among these: one marks and goes on in one step, another saves, skips and undeletes.

use super::compose::{self, Reply};
use super::desk::Session;
use super::folders::Stack;
use super::playback::Steer;
use super::{prompts, undo};
use crate::caller::{Caller, OpenMenu, Saying};
use crate::mailbox::VoiceMessage;
use crate::turn::menu::{Menu, after_playing, always, more, while_playing};

/// What can be done with a voice message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessage {
    Steer(Steer),
    Next,
    /// Marks as read and goes on, like `Next`, and says so.
    Save,
    /// Goes on and leaves the marks as they are.
    Skip,
    Delete,
    /// Takes the deletion of this message back.
    Undelete,
    /// Out of Deleted Items, as heard.
    Restore,
    /// Out of Deleted Items, as new.
    RestoreAsNew,
    Reply,
    Forward,
    MarkUnread,
    Previous,
    First,
    Last,
    ByNumber,
    Replay,
    Flag,
    Envelope,
    FindByName,
    Folders,
    Advanced,
    Options,
    Undo,
}

/// The menu of a voice message: the playback keys while it plays, the others at its end.
pub(super) static VOICE_MESSAGE: Menu<OnMessage> = Menu::new(
    "voice-message",
    &[
        while_playing("rewind", OnMessage::Steer(Steer::Rewind)),
        while_playing("pause", OnMessage::Steer(Steer::Pause)),
        while_playing("fast-forward", OnMessage::Steer(Steer::FastForward)),
        while_playing("end", OnMessage::Steer(Steer::End)),
        while_playing("slower", OnMessage::Steer(Steer::Slower)),
        while_playing("faster", OnMessage::Steer(Steer::Faster)),
        always("next", OnMessage::Next),
        always("save", OnMessage::Save),
        always("skip", OnMessage::Skip),
        always("delete", OnMessage::Delete),
        always("undelete", OnMessage::Undelete),
        always("restore", OnMessage::Restore),
        always("restore-as-new", OnMessage::RestoreAsNew),
        always("reply", OnMessage::Reply),
        always("mark-unread", OnMessage::MarkUnread),
        after_playing("forward", OnMessage::Forward),
        more("previous", OnMessage::Previous),
        more("replay", OnMessage::Replay),
        more("flag", OnMessage::Flag),
        more("envelope", OnMessage::Envelope),
        more("find-by-name", OnMessage::FindByName),
        always("first", OnMessage::First).more(),
        always("last", OnMessage::Last).more(),
        always("by-number", OnMessage::ByNumber).more(),
        always("folders", OnMessage::Folders).more(),
        always("advanced", OnMessage::Advanced).more(),
        always("options", OnMessage::Options).more(),
        always("undo", OnMessage::Undo).more(),
    ],
);

/// The menu of this message, without what makes no sense for it. `deleted`: just now, and the caller
/// has not gone on yet.
pub(super) fn open_menu(
    session: &Session,
    message: &VoiceMessage,
    answer: Option<&Reply>,
    stack: Stack,
    deleted: bool,
) -> OpenMenu<OnMessage> {
    let mut open = VOICE_MESSAGE.open();
    if !deleted {
        open = open.introduced_by(Saying::new(prompts::END_OF_MESSAGE));
    }
    if answer.is_none() {
        open = open.without(OnMessage::Reply);
    }
    if !compose::may_forward(session, message) || !compose::may_send(session) {
        open = open.without(OnMessage::Forward);
    }
    let in_deleted_items = stack == Stack::Deleted;
    if !in_deleted_items {
        open = open
            .without(OnMessage::Restore)
            .without(OnMessage::RestoreAsNew);
    }
    if !in_deleted_items && !deleted {
        open = open.without(OnMessage::Undelete);
    }
    if in_deleted_items || deleted {
        open = open
            .without(OnMessage::Delete)
            .without(OnMessage::Save)
            .without(OnMessage::MarkUnread)
            .without(OnMessage::Flag)
            .without(OnMessage::Undo);
    }
    undo::if_any(open, session, OnMessage::Undo)
}

/// Whether a deleted message stays where it is until the caller goes on: in a layout by which he can
/// take it back there.
pub(super) fn stays_when_deleted(caller: &Caller) -> bool {
    let keys = &caller.language().keys;
    keys.keys(VOICE_MESSAGE.name, "undelete").is_some()
}

/// The key of a choice pressed twice is one command of e-mail, which voice mail has not. Who knows it
/// from there presses it whole: the second half belongs to the first, and must not be done to the
/// next message.
pub(super) fn take_as_one_with(caller: &mut Caller, choice: &str, of_email: &str) {
    let keys = &caller.language().keys;
    let single = keys.keys(VOICE_MESSAGE.name, choice);
    let doubled = keys.keys(super::email_menu::EMAIL.name, of_email);
    if let (Some(single), Some(doubled)) = (single, doubled)
        && doubled.keys() == [single.keys(), single.keys()].concat()
    {
        caller.take_doubled_key_as_one();
    }
}
