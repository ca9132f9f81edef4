//! Voice messages, one after the other (`outlook-voice-access` sections 5.1 to 5.3).

use std::sync::Arc;

use tracing::warn;

use super::compose::{self, Forwarded, Reply};
use super::desk::{Session, Visit};
use super::find_by_name::{self, SEARCHED_MAX};
use super::pile::{Move, Moved, Pile};
use super::playback::{self, HEARD, Steer};
use super::undo::{self, Deletion};
use super::{answers, faults, message_header, prompts, sign_in};
use crate::caller::{Caller, Leave, OpenMenu, Saying, Talk};
use crate::line::Sound;
use crate::mailbox::{Flag, Folder, MailFault, MessageId, VoiceMessage};
use crate::turn::menu::{Menu, after_playing, always, more, while_playing};

/// What can be done with a voice message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessage {
    Steer(Steer),
    Next,
    Delete,
    Reply,
    Forward,
    MarkUnread,
    Previous,
    Replay,
    Flag,
    Envelope,
    FindByName,
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
        always("delete", OnMessage::Delete),
        always("reply", OnMessage::Reply),
        always("mark-unread", OnMessage::MarkUnread),
        after_playing("forward", OnMessage::Forward),
        more("previous", OnMessage::Previous),
        more("replay", OnMessage::Replay),
        more("flag", OnMessage::Flag),
        more("envelope", OnMessage::Envelope),
        more("find-by-name", OnMessage::FindByName),
        always("undo", OnMessage::Undo).more(),
    ],
);

/// Plays the voice messages in turn and does with each what the caller asks.
pub(super) async fn review(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
) -> Talk {
    let messages = inbox(visit, session).await?;
    let all = messages.len();
    let mut pile = Pile::of(messages, all);
    if pile.current().is_none() {
        return caller.say(prompts::NO_VOICE_MESSAGES).await;
    }
    loop {
        let turns_old = pile.turns_old();
        let Some(message) = pile.current().cloned() else {
            return caller.say(prompts::NO_MORE_MESSAGES).await;
        };
        if turns_old {
            caller.say(prompts::OLD_MESSAGES_FOLLOW).await?;
        }
        let direction = present(caller, visit, session, message, &mut pile).await?;
        if pile.go(direction) == Moved::StaysFirst {
            caller.say(prompts::FIRST_MESSAGE).await?;
        }
    }
}

async fn inbox(visit: &Visit<'_>, session: &Session) -> Talk<Vec<VoiceMessage>> {
    let mail = &visit.desk.mail;
    let messages = mail.voice_messages(&session.mailbox, Folder::Inbox).await;
    messages.map_err(faults::mailbox)
}

/// Plays one message, unless it cannot be had.
async fn present(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    message: VoiceMessage,
    pile: &mut Pile<VoiceMessage>,
) -> Talk<Move<VoiceMessage>> {
    let id = &message.envelope.id;
    // A mail program, or another telephone, may have deleted it since the pile was made.
    let mut now = inbox(visit, session).await?.into_iter();
    if !now.any(|there| there.envelope.id == *id) {
        caller.say(prompts::MESSAGE_GONE).await?;
        return Ok(Move::Removed);
    }
    match visit.desk.mail.sound(&session.mailbox, id).await {
        Ok(sound) => Box::pin(hear(caller, visit, session, message, sound, pile)).await,
        Err(MailFault::NotFound) => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        Err(fault @ MailFault::Unavailable(_)) => Err(faults::mailbox(fault)),
        Err(fault) => {
            warn!("message {} cannot be played: {fault}", id.0);
            caller.say(prompts::MESSAGE_UNREADABLE).await?;
            Ok(Move::Next)
        }
    }
}

/// The menu of this message, without what makes no sense for it.
fn open_menu(
    session: &Session,
    message: &VoiceMessage,
    answer: Option<&Reply>,
) -> OpenMenu<OnMessage> {
    let mut open = VOICE_MESSAGE
        .open()
        .introduced_by(Saying::new(prompts::END_OF_MESSAGE));
    if answer.is_none() {
        open = open.without(OnMessage::Reply);
    }
    if !compose::may_forward(session, message) || !compose::may_send(session) {
        open = open.without(OnMessage::Forward);
    }
    undo::if_any(open, session, OnMessage::Undo)
}

/// Plays one message and does what the caller asks until that leads to another.
async fn hear(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    mut message: VoiceMessage,
    sound: Arc<Sound>,
    pile: &mut Pile<VoiceMessage>,
) -> Talk<Move<VoiceMessage>> {
    let header = message_header::header(visit, session, &message, pile.position()).await;
    caller.start(header.play("message", sound.clone())).await?;
    let answer = answers::to_voice_message(visit, session, &message).await?;
    let mut heard = false;
    loop {
        let open = open_menu(session, &message, answer.as_ref());
        let choice = caller.choose(open).await;
        heard |= caller.played_share() >= HEARD;
        let choice = match choice {
            Ok(choice) => choice,
            Err(leave) => {
                if heard {
                    quietly_mark_read(visit, session, &message).await;
                }
                return Err(leave);
            }
        };
        match choice {
            OnMessage::Steer(how) => playback::steer(caller, how).await?,
            OnMessage::Replay => {
                caller
                    .start(Saying::nothing().play("message", sound.clone()))
                    .await?;
            }
            OnMessage::Envelope => {
                let envelope = message_header::envelope(visit, session, &message).await;
                caller.start(envelope).await?;
            }
            OnMessage::Flag => {
                if let Err(fault) = flag(visit, session, &mut message).await {
                    return gone(caller, fault).await;
                }
                pile.refresh(message.clone());
                caller
                    .start(match message.flagged {
                        true => prompts::MESSAGE_FLAGGED,
                        false => prompts::MESSAGE_NOT_FLAGGED,
                    })
                    .await?;
            }
            OnMessage::Reply => {
                // `88` answers everybody, which voice mail has not: here it answers the sender.
                caller.take_doubled_key_as_one();
                sign_in::ensure_pin(caller, visit, session).await?;
                if let Some(answer) = answer.clone() {
                    Box::pin(compose::reply(caller, visit, session, answer)).await?;
                }
            }
            OnMessage::Forward => {
                sign_in::ensure_pin(caller, visit, session).await?;
                let original = Forwarded::Voice(&message);
                Box::pin(compose::forward(caller, visit, session, original)).await?;
            }
            OnMessage::Next => {
                // `##` is the next unread one, which e-mail has: here it leads to the next one, and
                // not past a message of which nothing was heard.
                caller.take_doubled_key_as_one();
                return mark(caller, visit, session, pile, &message, true).await;
            }
            OnMessage::MarkUnread => {
                // `99` hides a conversation, which voice mail has not.
                caller.take_doubled_key_as_one();
                return mark(caller, visit, session, pile, &message, false).await;
            }
            OnMessage::Delete => {
                // `77` deletes a conversation: here it deletes this message, and not the next one too.
                caller.take_doubled_key_as_one();
                return delete(caller, visit, session, &message).await;
            }
            OnMessage::Previous => {
                if heard {
                    quietly_mark_read(visit, session, &message).await;
                    pile.mark(true);
                }
                return Ok(Move::Previous);
            }
            OnMessage::FindByName => {
                let mut all = inbox(visit, session).await?;
                all.truncate(SEARCHED_MAX);
                if let Some(found) = find_by_name::choose_sender(caller, all).await? {
                    if heard {
                        quietly_mark_read(visit, session, &message).await;
                    }
                    return Ok(Move::Only(found));
                }
            }
            OnMessage::Undo => {
                if let Some(direction) = take_back(caller, visit, session).await? {
                    return Ok(direction);
                }
            }
        }
    }
}

/// Marks the message and goes on.
async fn mark(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    pile: &mut Pile<VoiceMessage>,
    message: &VoiceMessage,
    read: bool,
) -> Talk<Move<VoiceMessage>> {
    let id = &message.envelope.id;
    match visit.desk.mail.set_read(&session.mailbox, id, read).await {
        Ok(()) => {
            pile.mark(read);
            if !read {
                caller.say(prompts::MESSAGE_MARKED_UNREAD).await?;
            }
            Ok(Move::Next)
        }
        Err(fault) => gone(caller, fault).await,
    }
}

/// Puts a flag on the message, or takes it off.
async fn flag(
    visit: &Visit<'_>,
    session: &Session,
    message: &mut VoiceMessage,
) -> Result<(), MailFault> {
    let flagged = !message.flagged;
    let id = &message.envelope.id;
    let mail = &visit.desk.mail;
    mail.set_flag(&session.mailbox, id, Flag::Flagged, flagged)
        .await?;
    message.flagged = flagged;
    Ok(())
}

/// Moves the message to Deleted Items and goes on.
async fn delete(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Talk<Move<VoiceMessage>> {
    // Who deletes a message knows of it: it is no news in Deleted Items either.
    quietly_mark_read(visit, session, message).await;
    let id = &message.envelope.id;
    let moved = visit
        .desk
        .mail
        .move_to(&session.mailbox, id, Folder::Deleted)
        .await;
    match moved {
        Ok(()) => {
            session.memory.deleted(Deletion {
                messages: vec![(id.clone(), message.read)],
                folder: Folder::Inbox,
                emails: false,
            });
            let said = Saying::new(prompts::MESSAGE_DELETED);
            undo::say_deleted(caller, session, said, VOICE_MESSAGE.name).await?;
            Ok(Move::Removed)
        }
        Err(fault) => gone(caller, fault).await,
    }
}

/// Takes back the last deletion; where to go when voice messages have come back.
async fn take_back(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
) -> Talk<Option<Move<VoiceMessage>>> {
    let Some(deletion) = undo::take_back(caller, visit, session).await? else {
        return Ok(None);
    };
    if deletion.emails {
        return Ok(None);
    }
    let is_back = |id: &MessageId| deletion.messages.iter().any(|(back, _)| back == id);
    let mut back = inbox(visit, session).await?;
    back.retain(|message| is_back(&message.envelope.id));
    Ok((!back.is_empty()).then_some(Move::Restored(back)))
}

/// What to do when a message cannot be changed: it may be gone, by mail program or another call.
async fn gone(caller: &mut Caller, fault: MailFault) -> Talk<Move<VoiceMessage>> {
    match fault {
        MailFault::NotFound => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        fault => Err::<Move<VoiceMessage>, Leave>(faults::mailbox(fault)),
    }
}

/// Marks a message as read where the caller waits for nothing: a failure leaves it new.
async fn quietly_mark_read(visit: &Visit<'_>, session: &Session, message: &VoiceMessage) {
    let id = &message.envelope.id;
    match visit.desk.mail.set_read(&session.mailbox, id, true).await {
        Ok(()) | Err(MailFault::NotFound) => {}
        Err(fault) => warn!("message {} stays unread: {fault}", id.0),
    }
}
