//! The messages of one visit, voice messages or e-mails, in the order in which they are heard:
//! unread ones first, newest first. The pile keeps that order while marks change under it.

use std::collections::HashSet;

use crate::mailbox::{Email, MessageId, VoiceMessage};

/// What a pile has to know of a message.
pub(super) trait Message: Clone {
    fn id(&self) -> &MessageId;
    fn is_read(&self) -> bool;
    fn set_read(&mut self, read: bool);
}

impl Message for VoiceMessage {
    fn id(&self) -> &MessageId {
        &self.envelope.id
    }
    fn is_read(&self) -> bool {
        self.read
    }
    fn set_read(&mut self, read: bool) {
        self.read = read;
    }
}

impl Message for Email {
    fn id(&self) -> &MessageId {
        &self.id
    }
    fn is_read(&self) -> bool {
        self.flags.read
    }
    fn set_read(&mut self, read: bool) {
        self.flags.read = read;
    }
}

/// Where to go from a message.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Move<T> {
    /// On; the message stays in the pile.
    Next,
    /// On, to one that has not been read.
    NextUnread,
    /// On; it is not there any more.
    Removed,
    /// On; none of these is there any more.
    AllRemoved(Vec<MessageId>),
    /// Back.
    Previous,
    /// Back; it is not there any more.
    RemovedPrevious,
    /// To this one, if it is there.
    To(MessageId),
    /// To these, which have come back.
    Restored(Vec<T>),
    /// To the first of these and no others.
    Only(Vec<T>),
}

/// What a move led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Moved {
    /// Another message, or the end.
    On,
    /// There is nothing before the first.
    StaysFirst,
    /// There is no unread one behind it.
    NoneUnread,
}

/// The messages.
pub(super) struct Pile<T> {
    messages: Vec<T>,
    at: usize,
    /// How many there are in all, while not all are here.
    all: usize,
    /// Those that had been read before this visit.
    old: HashSet<MessageId>,
    /// Whether the caller has come to one that had not, and has been told that what follows is old.
    new_met: bool,
    told_old: bool,
    seen: HashSet<MessageId>,
}

impl<T: Message> Pile<T> {
    /// A pile of these, of so many in all.
    pub(super) fn of(messages: Vec<T>, all: usize) -> Pile<T> {
        let mut pile = Pile {
            messages: Vec::new(),
            at: 0,
            all,
            old: HashSet::new(),
            new_met: false,
            told_old: false,
            seen: HashSet::new(),
        };
        pile.add(messages);
        pile
    }

    /// Puts those of them to the end that have not been here yet; how many those are.
    pub(super) fn add(&mut self, messages: Vec<T>) -> usize {
        let before = self.messages.len();
        for message in messages {
            if self.seen.insert(message.id().clone()) {
                self.note_if_old(&message);
                self.messages.push(message);
            }
        }
        self.messages.len() - before
    }

    pub(super) fn current(&self) -> Option<&T> {
        self.messages.get(self.at)
    }

    /// The present message's number, and how many there are.
    pub(super) fn position(&self) -> (usize, usize) {
        (self.at + 1, self.all.max(self.messages.len()))
    }

    /// The message of this number, as positions tell them.
    pub(super) fn numbered(&self, number: usize) -> Option<&T> {
        self.messages.get(number.checked_sub(1)?)
    }

    /// The last one that is here.
    pub(super) fn last(&self) -> Option<&T> {
        self.messages.last()
    }

    /// Whether the present message is the first old one after new ones. One that was heard in this visit
    /// is not old, and nobody is told that old messages follow who has met no new ones.
    pub(super) fn turns_old(&mut self) -> bool {
        let Some(message) = self.messages.get(self.at) else {
            return false;
        };
        let old = self.old.contains(message.id());
        self.new_met |= !old;
        let turns = old && self.new_met && !self.told_old;
        self.told_old |= turns;
        turns
    }

    fn note_if_old(&mut self, message: &T) {
        if message.is_read() {
            self.old.insert(message.id().clone());
        }
    }

    /// Whether an unread one lies behind the present message.
    pub(super) fn has_unread_behind(&self) -> bool {
        let mut behind = self.messages.iter().skip(self.at + 1);
        behind.any(|message| !message.is_read())
    }

    /// The present message is marked from now on.
    pub(super) fn mark(&mut self, read: bool) {
        if let Some(message) = self.messages.get_mut(self.at) {
            message.set_read(read);
        }
    }

    /// Puts the present message as it is now in the place of what it was.
    pub(super) fn refresh(&mut self, message: T) {
        if let Some(old) = self.messages.get_mut(self.at) {
            *old = message;
        }
    }

    /// Goes where this leads.
    pub(super) fn go(&mut self, direction: Move<T>) -> Moved {
        match direction {
            Move::Next => self.at += 1,
            Move::NextUnread => {
                let behind = self.messages.iter().skip(self.at + 1);
                let Some(steps) = behind.clone().position(|message| !message.is_read()) else {
                    return Moved::NoneUnread;
                };
                self.at += 1 + steps;
            }
            Move::Removed => {
                if let Some(id) = self.current().map(|message| message.id().clone()) {
                    self.remove(&[id]);
                }
            }
            Move::AllRemoved(ids) => self.remove(&ids),
            Move::RemovedPrevious => {
                self.go(Move::Removed);
                return self.go(Move::Previous);
            }
            Move::To(id) => {
                let place = self.messages.iter().position(|one| *one.id() == id);
                self.at = place.unwrap_or(self.at);
            }
            Move::Previous if self.at == 0 => return Moved::StaysFirst,
            Move::Previous => self.at -= 1,
            Move::Restored(messages) => {
                self.all += messages.len();
                self.seen
                    .extend(messages.iter().map(|one| one.id().clone()));
                for message in &messages {
                    self.note_if_old(message);
                }
                self.messages.splice(self.at..self.at, messages);
            }
            Move::Only(messages) => {
                let all = messages.len();
                *self = Pile::of(messages, all);
            }
        }
        Moved::On
    }

    fn remove(&mut self, ids: &[MessageId]) {
        self.remove_those(|message| ids.contains(message.id()));
    }

    /// Takes these out. The place stays at the first one behind those that go.
    pub(super) fn remove_those(&mut self, go: impl Fn(&T) -> bool) {
        let before = self.messages.iter().take(self.at);
        let gone_before = before.filter(|one| go(one)).count();
        let length = self.messages.len();
        self.messages.retain(|one| !go(one));
        self.at -= gone_before;
        self.all = self.all.saturating_sub(length - self.messages.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, PartialEq, Debug)]
    struct Note(MessageId, bool);

    impl Message for Note {
        fn id(&self) -> &MessageId {
            &self.0
        }
        fn is_read(&self) -> bool {
            self.1
        }
        fn set_read(&mut self, read: bool) {
            self.1 = read;
        }
    }

    fn id(number: usize) -> MessageId {
        MessageId(number.to_string().into())
    }

    fn pile(reads: &[bool]) -> Pile<Note> {
        let notes = reads.iter().enumerate();
        Pile::of(
            notes
                .map(|(number, read)| Note(id(number), *read))
                .collect(),
            reads.len(),
        )
    }

    fn at(pile: &Pile<Note>) -> Option<&str> {
        pile.current().map(|message| &*message.0.0)
    }

    #[test]
    fn a_pile_is_walked_in_both_directions() {
        let mut pile = pile(&[false, false, true]);
        assert_eq!(pile.go(Move::Previous), Moved::StaysFirst);
        assert_eq!((at(&pile), pile.position()), (Some("0"), (1, 3)));
        assert_eq!(pile.go(Move::Next), Moved::On);
        assert_eq!((at(&pile), pile.position()), (Some("1"), (2, 3)));
        pile.go(Move::Removed);
        assert_eq!((at(&pile), pile.position()), (Some("2"), (2, 2)));
        pile.go(Move::Previous);
        assert_eq!(at(&pile), Some("0"));
        pile.go(Move::Next);
        pile.go(Move::Next);
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

    #[test]
    fn the_next_unread_one_may_be_far_or_nowhere() {
        let mut pile = pile(&[true, true, false, true]);
        assert_eq!(pile.go(Move::NextUnread), Moved::On);
        assert_eq!(at(&pile), Some("2"));
        assert_eq!(pile.go(Move::NextUnread), Moved::NoneUnread);
        assert_eq!(at(&pile), Some("2"));
    }

    #[test]
    fn a_whole_conversation_goes_and_comes_back() {
        let mut pile = pile(&[false, false, false, true]);
        pile.go(Move::Next);
        pile.go(Move::AllRemoved(vec![id(0), id(1), id(3)]));
        assert_eq!((at(&pile), pile.position()), (Some("2"), (1, 1)));
        pile.go(Move::Restored(vec![Note(id(0), false), Note(id(1), false)]));
        assert_eq!((at(&pile), pile.position()), (Some("0"), (1, 3)));
    }

    #[test]
    fn a_message_is_reached_by_its_number_even_from_one_that_goes() {
        let mut pile = pile(&[false, false, false]);
        let numbered = |pile: &Pile<Note>, number| pile.numbered(number).map(|one| one.0.clone());
        assert_eq!((numbered(&pile, 0), numbered(&pile, 4)), (None, None));
        let last = pile.last().map(|one| one.0.clone()).unwrap();
        assert_eq!(numbered(&pile, 3), Some(last.clone()));
        pile.go(Move::To(last));
        assert_eq!(at(&pile), Some("2"));
        assert_eq!(pile.go(Move::RemovedPrevious), Moved::On);
        assert_eq!((at(&pile), pile.position()), (Some("1"), (2, 2)));
        pile.go(Move::Previous);
        assert_eq!(pile.go(Move::RemovedPrevious), Moved::StaysFirst);
        assert_eq!(at(&pile), Some("1"));
        pile.go(Move::To(id(7)));
        assert_eq!(at(&pile), Some("1"), "one that is gone leads nowhere");
    }

    #[test]
    fn a_pile_grows_by_what_it_has_not_seen() {
        let mut pile = pile(&[false, true]);
        pile.go(Move::Removed);
        let more = vec![Note(id(0), true), Note(id(1), true), Note(id(7), true)];
        assert_eq!(pile.add(more), 1, "what was removed stays away");
        pile.go(Move::Next);
        assert_eq!(at(&pile), Some("7"));
    }
}
