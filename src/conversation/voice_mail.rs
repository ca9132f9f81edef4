//! Voice messages, one after the other (`outlook-voice-access` sections 5.1 to 5.3).

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::desk::{Session, Visit};
use super::message_header;
use super::{faults, prompts};
use crate::caller::{Caller, Leave, Saying, Talk};
use crate::line::{Pace, Skip, Sound};
use crate::mailbox::{Folder, MailFault, VoiceMessage};
use crate::turn::menu::{Menu, always, more, while_playing};

/// How far one press of rewind or fast forward goes.
const SKIP: Duration = Duration::from_secs(5);

/// Whoever has heard this much of a message has heard it.
const HEARD: f32 = 2.0 / 3.0;

/// What can be done with a voice message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnMessage {
    Rewind,
    Pause,
    FastForward,
    End,
    Slower,
    Faster,
    Next,
    Delete,
    MarkUnread,
    Previous,
    Replay,
    Envelope,
}

/// The menu of a voice message: the playback keys while it plays, the others at its end.
pub(super) static VOICE_MESSAGE: Menu<OnMessage> = Menu::new(
    "voice-message",
    &[
        while_playing("rewind", OnMessage::Rewind),
        while_playing("pause", OnMessage::Pause),
        while_playing("fast-forward", OnMessage::FastForward),
        while_playing("end", OnMessage::End),
        while_playing("slower", OnMessage::Slower),
        while_playing("faster", OnMessage::Faster),
        always("next", OnMessage::Next),
        always("delete", OnMessage::Delete),
        always("mark-unread", OnMessage::MarkUnread),
        more("previous", OnMessage::Previous),
        more("replay", OnMessage::Replay),
        more("envelope", OnMessage::Envelope),
    ],
);

/// The messages of this visit to voice mail: unread ones first, newest first.
struct Pile {
    messages: Vec<VoiceMessage>,
    at: usize,
    /// Whether the caller has been told that what follows is old.
    told_old: bool,
}

/// Where to go from a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Move {
    /// On; the message stays in the pile.
    Next,
    /// On; it is not there any more.
    Removed,
    /// Back.
    Previous,
}

impl Pile {
    fn of(messages: Vec<VoiceMessage>) -> Pile {
        // Nobody is told that old messages follow who has no new ones.
        let told_old = messages.first().is_none_or(|first| first.read);
        Pile {
            messages,
            at: 0,
            told_old,
        }
    }

    fn current(&self) -> Option<&VoiceMessage> {
        self.messages.get(self.at)
    }

    /// Whether the present message is the first old one after new ones.
    fn turns_old(&mut self) -> bool {
        let old = self.current().is_some_and(|message| message.read);
        let turns = old && !self.told_old;
        self.told_old |= turns;
        turns
    }

    /// Goes on; false when there is nothing in that direction.
    fn go(&mut self, direction: Move) -> bool {
        match direction {
            Move::Next => self.at += 1,
            Move::Removed => {
                self.messages.remove(self.at);
            }
            Move::Previous if self.at == 0 => return false,
            Move::Previous => self.at -= 1,
        }
        true
    }
}

/// Plays the voice messages in turn and does with each what the caller asks.
pub(super) async fn review(caller: &mut Caller, visit: &mut Visit<'_>, session: &Session) -> Talk {
    let messages = visit
        .desk
        .mail
        .voice_messages(&session.mailbox, Folder::Inbox)
        .await
        .map_err(faults::mailbox)?;
    let mut pile = Pile::of(messages);
    if pile.current().is_none() {
        return caller.say(prompts::NO_VOICE_MESSAGES).await;
    }
    loop {
        let turns_old = pile.turns_old();
        let Some(message) = pile.current() else {
            return caller.say(prompts::NO_MORE_MESSAGES).await;
        };
        if turns_old {
            caller.say(prompts::OLD_MESSAGES_FOLLOW).await?;
        }
        let direction = present(caller, visit, session, message).await?;
        if !pile.go(direction) {
            caller.say(prompts::FIRST_MESSAGE).await?;
        }
    }
}

/// Plays one message, unless it cannot be had.
async fn present(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Talk<Move> {
    let id = &message.envelope.id;
    let mail = &visit.desk.mail;
    // A mail program, or another telephone, may have deleted it since the pile was made.
    let inbox = mail
        .voice_messages(&session.mailbox, Folder::Inbox)
        .await
        .map_err(faults::mailbox)?;
    if !inbox.iter().any(|there| there.envelope.id == *id) {
        caller.say(prompts::MESSAGE_GONE).await?;
        return Ok(Move::Removed);
    }
    match mail.sound(&session.mailbox, id).await {
        Ok(sound) => Box::pin(hear(caller, visit, session, message, sound)).await,
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

/// Plays one message and does what the caller asks until that leads to another.
async fn hear(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
    sound: Arc<Sound>,
) -> Talk<Move> {
    let header = message_header::header(visit, session, message).await;
    caller.start(header.play("message", sound.clone())).await?;
    let mut heard = false;
    loop {
        let open = VOICE_MESSAGE
            .open()
            .introduced_by(Saying::new(prompts::END_OF_MESSAGE));
        let choice = caller.choose(open).await;
        heard |= caller.played_share() >= HEARD;
        let choice = match choice {
            Ok(choice) => choice,
            Err(leave) => {
                if heard {
                    quietly_mark_read(visit, session, message).await;
                }
                return Err(leave);
            }
        };
        match choice {
            OnMessage::Rewind => caller.skip(Skip::Back(SKIP)).await?,
            OnMessage::Pause => caller.pause_or_resume().await?,
            OnMessage::FastForward => caller.skip(Skip::Ahead(SKIP)).await?,
            OnMessage::End => caller.skip(Skip::ToEnd).await?,
            OnMessage::Slower => match slower(caller) {
                Some(pace) => caller.set_pace(pace).await?,
                None => caller.interject(prompts::SLOWEST).await?,
            },
            OnMessage::Faster => match faster(caller) {
                Some(pace) => caller.set_pace(pace).await?,
                None => caller.interject(prompts::FASTEST).await?,
            },
            OnMessage::Replay => {
                caller
                    .start(Saying::nothing().play("message", sound.clone()))
                    .await?;
            }
            OnMessage::Envelope => {
                let envelope = message_header::envelope(visit, session, message).await;
                caller.start(envelope).await?;
            }
            OnMessage::Next => {
                // `##` is the next unread one, which e-mail has: here it leads to the next one, and
                // not past a message of which nothing was heard.
                caller.take_doubled_key_as_one();
                return mark(caller, visit, session, message, true).await;
            }
            OnMessage::MarkUnread => {
                return mark(caller, visit, session, message, false).await;
            }
            OnMessage::Delete => return delete(caller, visit, session, message).await,
            OnMessage::Previous => {
                if heard {
                    quietly_mark_read(visit, session, message).await;
                }
                return Ok(Move::Previous);
            }
        }
    }
}

/// The next slower step of the layout; nothing when this is the slowest.
pub(super) fn slower(caller: &Caller) -> Option<Pace> {
    let mut paces = caller.language().keys.paces().iter().rev();
    paces.find(|pace| **pace < caller.pace()).copied()
}

/// The next faster step of the layout; nothing when this is the fastest.
pub(super) fn faster(caller: &Caller) -> Option<Pace> {
    let mut paces = caller.language().keys.paces().iter();
    paces.find(|pace| **pace > caller.pace()).copied()
}

/// Marks the message and goes on.
async fn mark(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
    read: bool,
) -> Talk<Move> {
    let id = &message.envelope.id;
    match visit.desk.mail.set_read(&session.mailbox, id, read).await {
        Ok(()) => {
            if !read {
                caller.say(prompts::MESSAGE_MARKED_UNREAD).await?;
            }
            Ok(Move::Next)
        }
        Err(fault) => gone(caller, fault).await,
    }
}

/// Moves the message to Deleted Items and goes on.
async fn delete(
    caller: &mut Caller,
    visit: &Visit<'_>,
    session: &Session,
    message: &VoiceMessage,
) -> Talk<Move> {
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
            caller.say(prompts::MESSAGE_DELETED).await?;
            Ok(Move::Removed)
        }
        Err(fault) => gone(caller, fault).await,
    }
}

/// What to do when a message cannot be changed: it may be gone, by mail program or another call.
async fn gone(caller: &mut Caller, fault: MailFault) -> Talk<Move> {
    match fault {
        MailFault::NotFound => {
            caller.say(prompts::MESSAGE_GONE).await?;
            Ok(Move::Removed)
        }
        fault => Err::<Move, Leave>(faults::mailbox(fault)),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::{Envelope, Importance, MailboxId, MessageId, Sender};

    fn pile(reads: &[bool]) -> Pile {
        Pile::of(
            reads
                .iter()
                .enumerate()
                .map(|(number, read)| VoiceMessage {
                    envelope: Envelope {
                        id: MessageId(number.to_string().into()),
                        to: MailboxId("alice".into()),
                        from: Sender::default(),
                        received: jiff::Timestamp::UNIX_EPOCH,
                        importance: Importance::Normal,
                        private: false,
                        called: String::new(),
                        reason: String::new(),
                        call_id: String::new(),
                        cut_short: false,
                        sent: None,
                    },
                    length: Duration::from_secs(1),
                    read: *read,
                    folder: Folder::Inbox,
                })
                .collect(),
        )
    }

    fn at(pile: &Pile) -> Option<&str> {
        pile.current().map(|message| &*message.envelope.id.0)
    }

    #[test]
    fn a_pile_is_walked_in_both_directions() {
        let mut pile = pile(&[false, false, true]);
        assert!(
            !pile.go(Move::Previous),
            "there is nothing before the first"
        );
        assert_eq!(at(&pile), Some("0"));
        assert!(pile.go(Move::Next));
        assert_eq!(at(&pile), Some("1"));
        assert!(pile.go(Move::Removed));
        assert_eq!(at(&pile), Some("2"));
        assert!(pile.go(Move::Previous));
        assert_eq!(at(&pile), Some("0"));
        assert!(pile.go(Move::Next) && pile.go(Move::Next));
        assert_eq!(at(&pile), None);
    }

    #[test]
    fn old_messages_are_announced_once_and_only_after_new_ones() {
        let mut mixed = pile(&[false, true, true]);
        assert!(!mixed.turns_old());
        mixed.go(Move::Next);
        assert!(mixed.turns_old());
        mixed.go(Move::Next);
        assert!(!mixed.turns_old());
        mixed.go(Move::Previous);
        assert!(!mixed.turns_old());
        assert!(
            !pile(&[true, true]).turns_old(),
            "no new ones: nothing to tell apart"
        );
    }
}
