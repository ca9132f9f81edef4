//! What can be done with an e-mail, and what of it is possible at present.

use super::desk::{Session, Visit};
use super::email_meeting::Meeting;
use super::email_opened::Opened;
use super::playback::Steer;
use super::{compose, prompts, reading_language, undo};
use crate::caller::{OpenMenu, Saying};
use crate::turn::menu::{Menu, after_playing, always, more, silent, while_playing};

/// What can be done with an e-mail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnEmail {
    Steer(Steer),
    Next,
    /// Marks as read and goes on, like `Next`, and says so.
    Save,
    /// Goes on and leaves the marks as they are.
    Skip,
    NextUnread,
    Accept,
    Decline,
    RemoveMeeting,
    Delete,
    Reply,
    ReplyAll,
    Forward,
    MarkUnread,
    Previous,
    Replay,
    ReadHeader,
    Quoted,
    Flag,
    Envelope,
    Language,
    DeleteConversation,
    HideConversation,
    FindByName,
    Undo,
}

/// The menu of an e-mail: the playback keys while it is read, the others at its end. A doubled key
/// that deletes, answers or hides more than the single one does means the same at any time: its
/// first half would otherwise be done to this message, and the second to the next.
pub(super) static EMAIL: Menu<OnEmail> = Menu::new(
    "email",
    &[
        while_playing("rewind", OnEmail::Steer(Steer::Rewind)),
        while_playing("pause", OnEmail::Steer(Steer::Pause)),
        while_playing("fast-forward", OnEmail::Steer(Steer::FastForward)),
        while_playing("end", OnEmail::Steer(Steer::End)),
        while_playing("slower", OnEmail::Steer(Steer::Slower)),
        while_playing("faster", OnEmail::Steer(Steer::Faster)),
        always("next", OnEmail::Next),
        always("save", OnEmail::Save),
        always("skip", OnEmail::Skip),
        after_playing("accept", OnEmail::Accept),
        after_playing("remove-meeting", OnEmail::RemoveMeeting),
        always("decline", OnEmail::Decline),
        always("delete", OnEmail::Delete),
        always("reply", OnEmail::Reply),
        always("mark-unread", OnEmail::MarkUnread),
        after_playing("forward", OnEmail::Forward),
        always("reply-all", OnEmail::ReplyAll).more(),
        always("next-unread", OnEmail::NextUnread).more(),
        always("previous", OnEmail::Previous).more(),
        always("delete-conversation", OnEmail::DeleteConversation).more(),
        always("hide-conversation", OnEmail::HideConversation).more(),
        always("undo", OnEmail::Undo).more(),
        more("replay", OnEmail::Replay),
        more("quoted", OnEmail::Quoted),
        more("flag", OnEmail::Flag),
        more("envelope", OnEmail::Envelope),
        more("language", OnEmail::Language),
        more("find-by-name", OnEmail::FindByName),
        silent("read-header", OnEmail::ReadHeader),
    ],
);

/// The menu of this message.
pub(super) fn open_for(visit: &Visit<'_>, session: &Session, opened: &Opened) -> OpenMenu<OnEmail> {
    let mut open = EMAIL
        .open()
        .introduced_by(Saying::new(prompts::END_OF_MESSAGE));
    let meeting = opened.meeting.as_ref();
    if !meeting.is_some_and(Meeting::can_be_accepted) {
        open = open.without(OnEmail::Accept);
    }
    if !meeting.is_some_and(Meeting::can_be_removed) {
        open = open.without(OnEmail::RemoveMeeting);
    }
    // Declining asks whether the mail shall only be deleted.
    open = open.without(match meeting.is_some_and(Meeting::can_be_declined) {
        true => OnEmail::Delete,
        false => OnEmail::Decline,
    });
    if !opened.can_be_answered(session) {
        open = open.without(OnEmail::Reply).without(OnEmail::ReplyAll);
    }
    if !compose::may_send(session) {
        open = open.without(OnEmail::Forward);
    }
    if !opened.has_quoted() {
        open = open.without(OnEmail::Quoted);
    }
    if !reading_language::is_choosable(visit.desk) {
        open = open.without(OnEmail::Language);
    }
    undo::if_any(open, session, OnEmail::Undo)
}
