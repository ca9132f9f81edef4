//! What conversations ask of the rooms behind traits: counted, and refused where a story wants it so.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use ringback::directory::DirectoryFault;
use ringback::mailbox::MailFault;
use ringback::policy::pin::PinFault;

const WHY: &str = "the story wants it so";

/// What may be out of reach.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Room {
    Mailboxes,
    Calendar,
    Contacts,
    Directory,
    Pins,
    /// What brings mail away.
    Post,
}

impl Room {
    /// As stories call it: `the calendar is out of reach`.
    pub fn parse(name: &str) -> Option<Room> {
        Some(match name {
            "mailbox" => Room::Mailboxes,
            "calendar" => Room::Calendar,
            "address book" => Room::Contacts,
            "directory" => Room::Directory,
            "PIN check" => Room::Pins,
            "post" => Room::Post,
            _ => return None,
        })
    }
}

/// Counts what conversations ask of the rooms behind traits, and refuses one request, or all to a room.
#[derive(Default)]
pub struct Requests {
    count: AtomicUsize,
    /// The number of the request that fails, counted from one.
    fails: AtomicUsize,
    out_of_reach: Mutex<BTreeSet<Room>>,
    /// The mailboxes of the story cannot answer mail by themselves.
    pub(super) no_auto_reply: bool,
    /// How many acts the caller has had until now.
    acts: AtomicUsize,
    /// How many he had had at each request.
    acts_before: Mutex<Vec<usize>>,
}

impl Requests {
    pub(super) fn new(no_auto_reply: bool) -> Requests {
        Requests {
            no_auto_reply,
            ..Requests::default()
        }
    }

    /// How many acts the caller had had at each request.
    pub fn acts_before(&self) -> Vec<usize> {
        self.acts_before.lock().unwrap().clone()
    }

    pub fn note_act(&self) {
        self.acts.fetch_add(1, Ordering::Relaxed);
    }

    pub fn fail(&self, number: usize) {
        self.fails.store(number, Ordering::Relaxed);
    }

    pub(super) fn set_reach(&self, room: Room, within_reach: bool) {
        let mut rooms = self.out_of_reach.lock().unwrap();
        if within_reach {
            rooms.remove(&room);
        } else {
            rooms.insert(room);
        }
    }

    fn is_refused(&self, room: Room) -> bool {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let acts = self.acts.load(Ordering::Relaxed);
        self.acts_before.lock().unwrap().push(acts);
        number == self.fails.load(Ordering::Relaxed)
            || self.out_of_reach.lock().unwrap().contains(&room)
    }

    /// A request to a room that fails as mailboxes do.
    pub(super) fn mail(&self, room: Room) -> Result<(), MailFault> {
        if self.is_refused(room) {
            return Err(MailFault::Unavailable(WHY.to_owned()));
        }
        Ok(())
    }

    pub(super) fn pins(&self) -> Result<(), PinFault> {
        if self.is_refused(Room::Pins) {
            return Err(PinFault(WHY.to_owned()));
        }
        Ok(())
    }

    /// A request to a room that fails as directories do.
    pub(super) fn directory(&self, room: Room) -> Result<(), DirectoryFault> {
        if self.is_refused(room) {
            return Err(DirectoryFault(WHY.to_owned()));
        }
        Ok(())
    }
}
