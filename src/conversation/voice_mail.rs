//! Voice messages, one after the other (`outlook-voice-access` sections 5.1 to 5.3).

use std::sync::Arc;

use tracing::warn;

use super::advanced::{self, About, OnAdvanced};
use super::compose::{self, Forwarded, Reply};
use super::desk::{Session, Visit};
use super::find_by_name::{self, SEARCHED_MAX};
use super::folders::{self, Stack, messages_of};
use super::pile::{Move, Moved, Pile};
use super::playback::{self, HEARD};
use super::undo::{self, Deletion};
use super::voice_message_menu::{
    OnMessage, VOICE_MESSAGE, open_menu, stays_when_deleted, take_as_one_with,
};
use super::{answers, faults, mailbox_options, message_header, prompts, sign_in};
use crate::caller::{AskDigits, Caller, Digits, Leave, Saying, Talk, Value};
use crate::line::{Key, Sound};
use crate::mailbox::{Flag, Folder, MailFault, MessageId, VoiceMessage};

/// What is gone through, and how far.
struct Review {
    stack: Stack,
    pile: Pile<VoiceMessage>,
}

/// Plays the voice messages of a stack in turn and does with each what the caller asks.
pub(super) async fn review(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    stack: Stack,
) -> Talk {
    let messages = messages_of(visit, session, stack).await?;
    if messages.is_empty() {
        return caller.say(stack.told(0)).await;
    }
    go_through(caller, visit, session, stack, messages).await
}

/// The same with these messages of the stack.
pub(super) async fn go_through(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    stack: Stack,
    messages: Vec<VoiceMessage>,
) -> Talk {
    let all = messages.len();
    let mut review = Review {
        stack,
        pile: Pile::of(messages, all),
    };
    loop {
        let turns_old = review.stack == Stack::All && review.pile.turns_old();
        let Some(message) = review.pile.current().cloned() else {
            return caller.say(prompts::NO_MORE_MESSAGES).await;
        };
        if turns_old {
            caller.say(prompts::OLD_MESSAGES_FOLLOW).await?;
        }
        let direction = present(caller, visit, session, message, &mut review).await?;
        if review.pile.go(direction) == Moved::StaysFirst {
            caller.say(prompts::FIRST_MESSAGE).await?;
        }
    }
}

/// Plays one message, unless it cannot be had.
async fn present(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    message: VoiceMessage,
    review: &mut Review,
) -> Talk<Move<VoiceMessage>> {
    let id = &message.envelope.id;
    if !is_still_there(visit, session, review.stack, id).await? {
        caller.say(prompts::MESSAGE_GONE).await?;
        return Ok(Move::Removed);
    }
    match visit.desk.mail.sound(&session.mailbox, id).await {
        Ok(sound) => Box::pin(hear(caller, visit, session, message, sound, review)).await,
        Err(MailFault::NotFound) => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        Err(fault @ MailFault::Unavailable(_)) => Err(faults::mailbox(fault)),
        Err(fault) => {
            warn!("message {} cannot be played: {fault}", id.0);
            let position = review.pile.position();
            let named = message_header::header(visit, session, &message, position).await;
            caller.say(named.then(prompts::MESSAGE_UNREADABLE)).await?;
            Ok(Move::Next)
        }
    }
}

/// Whether a mail program, or another telephone, has left it there since the pile was made.
async fn is_still_there(
    visit: &Visit<'_>,
    session: &Session,
    stack: Stack,
    id: &MessageId,
) -> Talk<bool> {
    let there = match stack {
        Stack::Deleted => Stack::Deleted,
        Stack::All | Stack::New | Stack::Saved => Stack::All,
    };
    let now = messages_of(visit, session, there).await?;
    Ok(now.iter().any(|there| there.envelope.id == *id))
}

/// What the caller has done with the message that plays.
#[derive(Default)]
struct Listening {
    /// He has heard it, or has answered it.
    heard: bool,
    /// He has deleted it and not gone on yet.
    deleted: bool,
}

impl Listening {
    /// Whether the message counts as read wherever the caller goes.
    fn marks(&self, stack: Stack) -> bool {
        self.heard && !self.deleted && stack != Stack::Deleted
    }
}

/// Plays one message and does what the caller asks until that leads to another. Who hangs up has
/// heard what he has heard.
async fn hear(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    mut message: VoiceMessage,
    sound: Arc<Sound>,
    review: &mut Review,
) -> Talk<Move<VoiceMessage>> {
    let mut listening = Listening::default();
    let left = listen(
        caller,
        visit,
        session,
        &mut message,
        sound,
        review,
        &mut listening,
    );
    let left = Box::pin(left).await;
    if left.is_err() && listening.marks(review.stack) {
        quietly_mark_read(visit, session, &message).await;
    }
    left
}

async fn listen(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    message: &mut VoiceMessage,
    sound: Arc<Sound>,
    review: &mut Review,
    listening: &mut Listening,
) -> Talk<Move<VoiceMessage>> {
    let position = review.pile.position();
    let header = message_header::header(visit, session, message, position).await;
    caller.start(header.play("message", sound.clone())).await?;
    let answer = answers::to_voice_message(visit, session, message).await?;
    loop {
        let deleted = listening.deleted;
        let open = open_menu(session, message, answer.as_ref(), review.stack, deleted);
        let choice = caller.choose(open).await;
        listening.heard |= caller.played_share() >= HEARD;
        let leaves = match choice? {
            OnMessage::Steer(how) => {
                playback::steer(caller, how).await?;
                None
            }
            OnMessage::Replay => {
                caller
                    .start(Saying::nothing().play("message", sound.clone()))
                    .await?;
                None
            }
            OnMessage::Envelope => {
                let envelope = message_header::envelope(visit, session, message).await;
                caller.start(envelope).await?;
                None
            }
            OnMessage::Flag => {
                if let Err(fault) = flag(visit, session, message).await {
                    return gone(caller, fault).await;
                }
                review.pile.refresh(message.clone());
                caller
                    .start(match message.flagged {
                        true => prompts::MESSAGE_FLAGGED,
                        false => prompts::MESSAGE_NOT_FLAGGED,
                    })
                    .await?;
                None
            }
            OnMessage::Reply => {
                // `88` answers everybody, which voice mail has not: here it answers the sender.
                take_as_one_with(caller, "reply", "reply-all");
                reply(caller, visit, session, answer.clone(), listening).await?;
                None
            }
            OnMessage::Forward => {
                sign_in::ensure_pin(caller, visit, session).await?;
                let original = Forwarded::Voice(message);
                Box::pin(compose::forward(caller, visit, session, original)).await?;
                None
            }
            OnMessage::Advanced => {
                let about = match answer {
                    Some(_) => About::Answerable,
                    None => About::Unanswerable,
                };
                match advanced::choose(caller, session, about).await? {
                    OnAdvanced::Reply => {
                        reply(caller, visit, session, answer.clone(), listening).await?;
                    }
                    OnAdvanced::Envelope => {
                        let envelope = message_header::envelope(visit, session, message).await;
                        caller.start(envelope).await?;
                    }
                    OnAdvanced::SendMessage => {
                        sign_in::ensure_pin(caller, visit, session).await?;
                        Box::pin(compose::compose(caller, visit, session)).await?;
                    }
                    OnAdvanced::Back => {}
                }
                None
            }
            OnMessage::Options => {
                sign_in::ensure_pin(caller, visit, session).await?;
                Box::pin(mailbox_options::mailbox_options(caller, visit, session)).await?;
                None
            }
            OnMessage::Next | OnMessage::Skip if deleted => return Ok(Move::Removed),
            OnMessage::Next | OnMessage::Skip if review.stack == Stack::Deleted => {
                return Ok(Move::Next);
            }
            OnMessage::Next => {
                // `##` is the next unread one, which e-mail has: here it leads to the next one, and
                // not past a message of which nothing was heard.
                take_as_one_with(caller, "next", "next-unread");
                return mark(caller, visit, session, review, message, true).await;
            }
            OnMessage::Skip => return Ok(Move::Next),
            OnMessage::Save => {
                let onward = mark(caller, visit, session, review, message, true).await?;
                if onward == Move::Next {
                    caller.say(prompts::MESSAGE_SAVED).await?;
                }
                return Ok(onward);
            }
            OnMessage::MarkUnread => {
                // `99` hides a conversation, which voice mail has not.
                take_as_one_with(caller, "mark-unread", "hide-conversation");
                listening.heard = false;
                return mark(caller, visit, session, review, message, false).await;
            }
            OnMessage::Delete => {
                // `77` deletes a conversation: here it deletes this message, and not the next one too.
                take_as_one_with(caller, "delete", "delete-conversation");
                let done = delete(caller, visit, session, message).await?;
                if done == Deleted::Elsewhere || !stays_when_deleted(caller) {
                    return Ok(Move::Removed);
                }
                listening.deleted = true;
                None
            }
            OnMessage::Undelete if deleted => {
                undo::take_back(caller, visit, session).await?;
                listening.deleted = false;
                None
            }
            OnMessage::Undelete | OnMessage::Restore => {
                return restore(caller, visit, session, message, true).await;
            }
            OnMessage::RestoreAsNew => {
                return restore(caller, visit, session, message, false).await;
            }
            OnMessage::Previous if deleted => Some(Move::RemovedPrevious),
            OnMessage::Previous => Some(Move::Previous),
            OnMessage::First => to(review.pile.numbered(1)),
            OnMessage::Last => to(review.pile.last()),
            OnMessage::ByNumber => by_number(caller, review).await?,
            OnMessage::Folders => match folders::open(caller, visit, session).await? {
                Some((stack, messages)) => {
                    // What was heard of this one counts, wherever the caller goes.
                    if listening.marks(review.stack) {
                        quietly_mark_read(visit, session, message).await;
                    }
                    review.stack = stack;
                    return Ok(Move::Only(messages));
                }
                None => None,
            },
            OnMessage::FindByName => {
                let mut all = messages_of(visit, session, Stack::All).await?;
                all.truncate(SEARCHED_MAX);
                let found = find_by_name::choose_sender(caller, all).await?;
                found.map(Move::Only)
            }
            OnMessage::Undo => {
                if let Some(direction) = take_back(caller, visit, session).await? {
                    return Ok(direction);
                }
                None
            }
        };
        let Some(leaves) = leaves else { continue };
        if listening.marks(review.stack) {
            quietly_mark_read(visit, session, message).await;
            review.pile.mark(true);
        }
        if listening.deleted && matches!(leaves, Move::To(_)) {
            review.pile.go(Move::Removed);
        }
        return Ok(leaves);
    }
}

/// The way to a message that was found.
fn to(found: Option<&VoiceMessage>) -> Option<Move<VoiceMessage>> {
    found.map(|message| Move::To(message.envelope.id.clone()))
}

/// Asks for the number of a message; nothing when there is none of that number, or the caller goes
/// back.
async fn by_number(caller: &mut Caller, review: &Review) -> Talk<Option<Move<VoiceMessage>>> {
    let question = AskDigits {
        prompt: Saying::new(prompts::WHICH_MESSAGE),
        longest: 5,
        complete_at: None,
        lone_keys: &[Key::STAR, Key::POUND],
    };
    let Digits::Entered(digits) = caller.ask_digits(question).await? else {
        return Ok(None);
    };
    let number = digits.parse().unwrap_or(0);
    let found = to(review.pile.numbered(number));
    if found.is_none() {
        caller.say(prompts::NO_SUCH_MESSAGE).await?;
        caller.count_failure().await?;
    } else {
        caller.forgive_failures();
    }
    Ok(found)
}

/// Answers the sender. What was answered has been heard.
async fn reply(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &mut Session,
    answer: Option<Reply>,
    listening: &mut Listening,
) -> Talk {
    sign_in::ensure_pin(caller, visit, session).await?;
    if let Some(answer) = answer {
        let before = visit.outcome.messages_sent;
        let replied = Box::pin(compose::reply(caller, visit, session, answer)).await;
        // He may have hung up behind it.
        listening.heard |= visit.outcome.messages_sent > before;
        replied?;
    }
    Ok(())
}

/// Marks the message and goes on.
async fn mark(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    review: &mut Review,
    message: &VoiceMessage,
    read: bool,
) -> Talk<Move<VoiceMessage>> {
    let id = &message.envelope.id;
    // Nobody finds again what is kept in Deleted Items.
    if !read && !is_still_there(visit, session, review.stack, id).await? {
        caller.say(prompts::MESSAGE_GONE).await?;
        return Ok(Move::Removed);
    }
    match visit.desk.mail.set_read(&session.mailbox, id, read).await {
        Ok(()) => {
            review.pile.mark(read);
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

/// Who has deleted a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deleted {
    /// The caller.
    Now,
    /// Somebody else, before.
    Elsewhere,
}

/// Moves the message to Deleted Items.
async fn delete(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Talk<Deleted> {
    // Who deletes a message knows of it: it is no news in Deleted Items either.
    quietly_mark_read(visit, session, message).await;
    let id = &message.envelope.id;
    let mail = &visit.desk.mail;
    let moved = mail.move_to(&session.mailbox, id, Folder::Deleted).await;
    if let Err(fault) = moved {
        gone(caller, fault).await?;
        return Ok(Deleted::Elsewhere);
    }
    session.memory.deleted(Deletion {
        messages: vec![(id.clone(), message.read)],
        folder: Folder::Inbox,
        emails: false,
    });
    let said = Saying::new(prompts::MESSAGE_DELETED);
    undo::say_deleted(caller, session, said, VOICE_MESSAGE.name).await?;
    Ok(Deleted::Now)
}

/// Moves a message out of Deleted Items and goes on.
async fn restore(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
    read: bool,
) -> Talk<Move<VoiceMessage>> {
    let id = &message.envelope.id;
    let mail = &visit.desk.mail;
    let moved = match mail.move_to(&session.mailbox, id, Folder::Inbox).await {
        Ok(()) => mail.set_read(&session.mailbox, id, read).await,
        Err(fault) => Err(fault),
    };
    if let Err(fault) = moved {
        return gone(caller, fault).await;
    }
    session.memory.no_longer_deleted(id);
    let said = Saying::new(prompts::MESSAGES_RESTORED).with("count", Value::Count(1));
    caller.say(said).await?;
    Ok(Move::Removed)
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
    let mut back = messages_of(visit, session, Stack::All).await?;
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
