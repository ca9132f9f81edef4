//! The calendar that we keep ourselves: a row for each event, its iCalendar text as it came, and
//! beside it from when to when it has anything to tell.

use std::cmp::Ordering;

use async_trait::async_trait;
use calcard::icalendar::ICalendarMethod;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use super::expand::{self, INSTANCES_MAX, Window};
use super::meeting_mail::Told;
use super::object::{self, Piece};
use super::rule::Budget;
use super::scheduling::Draft;
use super::{
    Agenda, Appointment, Attendance, Calendar, EventId, MeetingMail, Notice, Occurrence, Span,
};
use crate::mailbox::{Capabilities, MailAddress, MailFault, MailboxId};
use crate::store::{Store, StoreFault};

/// Calendars in the store.
#[derive(Clone, Debug)]
pub struct EmbeddedCalendar {
    store: Store,
}

/// What became of one event of an imported file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    /// Its UID.
    pub uid: String,
    /// Its subject; empty where it has none, or cannot be read.
    pub subject: String,
    /// Its time zone is unknown: it is read at the owner's clock, and callers are told so.
    pub zone_uncertain: bool,
    /// Whether it was taken; false when what is there is newer.
    pub taken: Result<bool, MailFault>,
}

impl EmbeddedCalendar {
    /// The calendars of this store.
    pub fn new(store: Store) -> EmbeddedCalendar {
        EmbeddedCalendar { store }
    }

    /// Takes the events of a file of others one by one, for the command line; for each its UID and
    /// what became of it. With `dry_run` nothing is changed. Blocks.
    pub fn import(
        &self,
        mailbox: &MailboxId,
        text: &str,
        dry_run: bool,
    ) -> Result<Vec<Imported>, MailFault> {
        let mut report = Vec::new();
        for piece in object::pieces(text)? {
            let uid = piece.uid.clone();
            let mut imported = Imported {
                uid,
                subject: String::new(),
                zone_uncertain: false,
                taken: Ok(true),
            };
            match readable(&piece) {
                Ok(event) => {
                    imported.subject = event.subject;
                    imported.zone_uncertain = event.zone_uncertain;
                    if !dry_run {
                        let touched = self.take_now(mailbox, None, vec![piece], None);
                        imported.taken = touched.map(|touched| !touched.is_empty());
                    }
                }
                Err(why) => imported.taken = Err(why),
            }
            report.push(imported);
        }
        Ok(report)
    }

    /// The same as [`Calendar::take`], for whoever may block.
    pub fn take_text(
        &self,
        mailbox: &MailboxId,
        text: &str,
        sender: Option<&str>,
    ) -> Result<Vec<EventId>, MailFault> {
        if text.len() > object::BYTES_MAX {
            return Err(MailFault::Refused("it is too long".to_owned()));
        }
        let method = object::parse(text).as_ref().and_then(object::method);
        self.take_now(mailbox, method, object::pieces(text)?, sender)
    }

    fn take_now(
        &self,
        mailbox: &MailboxId,
        method: Option<ICalendarMethod>,
        pieces: Vec<Piece>,
        sender: Option<&str>,
    ) -> Result<Vec<EventId>, MailFault> {
        let mailbox = mailbox.0.to_string();
        let taken = self.store.write_now(|db| {
            let own = addresses(db, &mailbox)?;
            let mut touched = Vec::new();
            for piece in pieces {
                let uid = piece.uid.clone();
                let stored = known(db, &mailbox, &uid)?;
                match changed(stored.as_ref(), method.as_ref(), piece, &own, sender) {
                    Ok(Change::Nothing) => continue,
                    Ok(Change::Keep(text)) => keep(db, &mailbox, &uid, &text)?,
                    Ok(Change::Cancel(text)) => cancelled(db, &mailbox, &uid, &text)?,
                    Err(fault) => return Ok(Err(fault)),
                }
                touched.push(EventId(uid.into()));
            }
            Ok(Ok(touched))
        });
        taken?
    }

    /// Changes one stored event and tells what has to be told.
    async fn change(
        &self,
        mailbox: &MailboxId,
        event: &EventId,
        work: impl FnOnce(&mut Draft, &[String]) -> Result<(bool, Option<Notice>), MailFault>
        + Send
        + 'static,
    ) -> Result<Option<Notice>, MailFault> {
        let (mailbox, uid) = (mailbox.0.to_string(), event.0.to_string());
        let changed = self.store.write(move |db| {
            let own = addresses(db, &mailbox)?;
            let Some(stored) = body(db, &mailbox, &uid)? else {
                return Ok(Err(MailFault::NotFound));
            };
            let worked = Draft::of(&stored).and_then(|mut draft| {
                let (gone, notice) = work(&mut draft, &own)?;
                let text = if gone { None } else { Some(draft.text()?) };
                Ok((text, notice))
            });
            match worked {
                Ok((Some(text), notice)) => keep(db, &mailbox, &uid, &text).map(|()| Ok(notice)),
                Ok((None, notice)) => remove(db, &mailbox, &uid).map(|()| Ok(notice)),
                Err(fault) => Ok(Err(fault)),
            }
        });
        changed.await?
    }
}

#[async_trait]
impl Calendar for EmbeddedCalendar {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new()
    }

    async fn agenda(
        &self,
        mailbox: &MailboxId,
        from: Timestamp,
        to: Timestamp,
        zone: &TimeZone,
    ) -> Result<Agenda, MailFault> {
        let (mailbox, zone) = (mailbox.0.to_string(), zone.clone());
        let window = Window { from, to };
        Ok(self
            .store
            .read(move |db| agenda(db, &mailbox, window, &zone))
            .await?)
    }

    async fn take(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
    ) -> Result<Vec<EventId>, MailFault> {
        let (room, mailbox) = (self.clone(), mailbox.clone());
        let (calendar, sender) = (calendar.to_owned(), sender.map(str::to_owned));
        let taken = tokio::task::spawn_blocking(move || {
            room.take_text(&mailbox, &calendar, sender.as_deref())
        });
        taken
            .await
            .map_err(|error| MailFault::Unavailable(error.to_string()))?
    }

    async fn read(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
        zone: &TimeZone,
    ) -> Result<MeetingMail, MailFault> {
        let (mailbox, zone) = (mailbox.0.to_string(), zone.clone());
        let (calendar, sender) = (calendar.to_owned(), sender.map(str::to_owned));
        let read = self.store.read(move |db| {
            let own = addresses(db, &mailbox)?;
            let told = match Told::of(&calendar, &zone, &own) {
                Ok(told) => told,
                Err(fault) => return Ok(Err(fault)),
            };
            let stored = known(db, &mailbox, told.uid())?;
            Ok(told.beside(stored.as_ref(), sender.as_deref(), &zone, &own))
        });
        read.await?
    }

    async fn invitation(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
    ) -> Result<String, MailFault> {
        let (mailbox, uid) = (mailbox.0.to_string(), occurrence.event.0.to_string());
        let stored = self.store.read(move |db| body(db, &mailbox, &uid)).await?;
        Draft::of(&stored.ok_or(MailFault::NotFound)?)?.request(occurrence.recurrence)
    }

    async fn respond(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        answer: Attendance,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        let (at, words) = (occurrence.recurrence, words.map(str::to_owned));
        self.change(mailbox, &occurrence.event, move |draft, own| {
            let notice = draft.reply(at, own, answer, words.as_deref(), now)?;
            // What was declined is kept, and in no agenda: a second copy of the invitation finds the
            // answer.
            if !draft.answer(at, own, answer)? {
                return Err(MailFault::Refused("nobody asked this mailbox".to_owned()));
            }
            Ok((false, notice))
        })
        .await
    }

    async fn cancel(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        let (at, words) = (occurrence.recurrence, words.map(str::to_owned));
        self.change(mailbox, &occurrence.event, move |draft, own| {
            let mut notice = None;
            if draft.is_organised_by(own) {
                notice = draft.cancellation(at, words.as_deref(), now)?;
                draft.raise_sequence(at)?;
            }
            Ok((draft.remove(at)?, notice))
        })
        .await
    }
}

/// The first appointment of an event of which all can be read.
fn readable(piece: &Piece) -> Result<Appointment, MailFault> {
    let object = object::parse(&piece.text);
    let first = |object| {
        let event = expand::first_event(&object, &TimeZone::UTC, &[])?;
        expand::is_whole(&object).then_some(event)
    };
    let unreadable = || {
        MailFault::Refused("its times, or the rule by which it recurs, cannot be read".to_owned())
    };
    object.and_then(first).ok_or_else(unreadable)
}

/// What becomes of a stored event.
enum Change {
    Nothing,
    Keep(String),
    Cancel(String),
}

/// What is known of an event.
pub(super) struct Stored {
    /// Its iCalendar text.
    pub(super) text: String,
    /// It was cancelled: only what is newer brings it back.
    pub(super) is_cancelled: bool,
}

/// What a message about an event changes in what is stored of it.
fn changed(
    stored: Option<&Stored>,
    method: Option<&ICalendarMethod>,
    piece: Piece,
    own: &[String],
    sender: Option<&str>,
) -> Result<Change, MailFault> {
    let new = Draft::of(&piece.text)?;
    // What is stored and cannot be read any more is replaced by what can.
    let mut old = stored.and_then(|stored| Draft::of(&stored.text).ok());
    let was_cancelled = stored.is_some_and(|stored| stored.is_cancelled);
    let may_change = |old: &Draft| sender.is_none_or(|sender| old.may_change(sender));
    match (method, old.as_mut()) {
        (None | Some(ICalendarMethod::Request | ICalendarMethod::Publish), None) => {
            Ok(Change::Keep(piece.text))
        }
        (None | Some(ICalendarMethod::Request | ICalendarMethod::Publish), Some(old)) => {
            if !may_change(old) {
                return Ok(Change::Nothing);
            }
            if new.has_no_master() && !old.has_no_master() {
                return match old.merge_occurrences(&new)? {
                    true => Ok(Change::Keep(old.text()?)),
                    false => Ok(Change::Nothing),
                };
            }
            match old.is_not_older(&new) {
                true => Ok(Change::Keep(piece.text)),
                false => Ok(Change::Nothing),
            }
        }
        (Some(ICalendarMethod::Cancel | ICalendarMethod::Reply), _) if was_cancelled => {
            Ok(Change::Nothing)
        }
        (Some(ICalendarMethod::Cancel), Some(old)) if may_change(old) => {
            // A cancellation that comes late, of a meeting that was called anew since.
            if old.compared_with(&new, method)? == Ordering::Less {
                return Ok(Change::Nothing);
            }
            let mut gone = false;
            for occurrence in old.occurrences_of(&new)? {
                gone |= old.remove(occurrence)?;
            }
            match gone {
                true => Ok(Change::Cancel(piece.text)),
                false => Ok(Change::Keep(old.text()?)),
            }
        }
        (Some(ICalendarMethod::Reply), Some(old)) if old.is_organised_by(own) => {
            let mut changed = false;
            for (occurrence, address, answer) in old.answers_of(&new)? {
                let answered = MailAddress {
                    name: None,
                    address: address.clone(),
                };
                if sender.is_none_or(|sender| answered.reaches(sender)) {
                    changed |= old.answer(occurrence, &[address], answer)?;
                }
            }
            match changed {
                true => Ok(Change::Keep(old.text()?)),
                false => Ok(Change::Nothing),
            }
        }
        _ => Ok(Change::Nothing),
    }
}

fn agenda(
    db: &Connection,
    mailbox: &str,
    window: Window,
    zone: &TimeZone,
) -> Result<Agenda, StoreFault> {
    let own = addresses(db, mailbox)?;
    let mut statement = db.prepare_cached(
        "SELECT body FROM calendar_item WHERE mailbox = ?1 AND last >= ?2 AND first <= ?3
         ORDER BY uid",
    )?;
    let asked = params![mailbox, window.from.as_second(), window.to.as_second()];
    let mut rows = statement.query(asked)?;
    let mut budget = Budget::new();
    let mut agenda = Agenda::default();
    while let Some(row) = rows.next()? {
        let body: String = row.get(0)?;
        let Some(object) = object::parse(&body) else {
            agenda.broken.push(String::new());
            continue;
        };
        let (found, broken) = expand::appointments(&object, window, zone, &own, &mut budget);
        agenda.broken.extend(broken);
        agenda.appointments.extend(found);
        if agenda.appointments.len() >= INSTANCES_MAX {
            agenda.appointments.truncate(INSTANCES_MAX);
            break;
        }
    }
    agenda
        .appointments
        .sort_by_cached_key(|one| match one.span {
            Span::AllDay(from, to) => {
                (false, from.to_string(), to.to_string(), one.subject.clone())
            }
            Span::Timed(from, to) => (
                true,
                format!("{:020}", from.as_second().saturating_add(1 << 40)),
                format!("{:020}", to.as_second().saturating_add(1 << 40)),
                one.subject.clone(),
            ),
        });
    Ok(agenda)
}

/// The mail addresses of whoever has this mailbox.
fn addresses(db: &Connection, mailbox: &str) -> Result<Vec<String>, StoreFault> {
    /// The one thing of a person that counts here.
    #[derive(Deserialize)]
    struct Reachable {
        #[serde(default)]
        mail: Option<String>,
    }
    let person = db
        .prepare_cached("SELECT body FROM person WHERE user = ?1")?
        .query_row([mailbox], |row| row.get::<_, String>(0))
        .optional()?;
    let person = person.and_then(|body| serde_json::from_str::<Reachable>(&body).ok());
    Ok(person.and_then(|person| person.mail).into_iter().collect())
}

/// The text of an event that is there.
fn body(db: &Connection, mailbox: &str, uid: &str) -> Result<Option<String>, StoreFault> {
    let stored = known(db, mailbox, uid)?;
    Ok(stored
        .filter(|stored| !stored.is_cancelled)
        .map(|stored| stored.text))
}

/// What is known of an event, also if it was cancelled.
fn known(db: &Connection, mailbox: &str, uid: &str) -> Result<Option<Stored>, StoreFault> {
    let asked = "SELECT body, first > last FROM calendar_item WHERE mailbox = ?1 AND uid = ?2";
    Ok(db
        .prepare_cached(asked)?
        .query_row([mailbox, uid], |row| {
            Ok(Stored {
                text: row.get(0)?,
                is_cancelled: row.get(1)?,
            })
        })
        .optional()?)
}

fn keep(db: &Connection, mailbox: &str, uid: &str, text: &str) -> Result<(), StoreFault> {
    // What has no end, or cannot be read, is looked at always.
    let extent = object::parse(text).and_then(|object| expand::extent(&object));
    let (first, last) = extent.map_or((i64::MIN, i64::MAX), |(first, last)| {
        (first.as_second(), last.as_second())
    });
    put(db, mailbox, uid, text, (first, last))
}

/// Remembers that an event was cancelled, at a time that nobody ever asks for: it ends before it
/// begins.
fn cancelled(db: &Connection, mailbox: &str, uid: &str, text: &str) -> Result<(), StoreFault> {
    put(db, mailbox, uid, text, (i64::MAX, i64::MIN))
}

fn put(
    db: &Connection,
    mailbox: &str,
    uid: &str,
    text: &str,
    (first, last): (i64, i64),
) -> Result<(), StoreFault> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO calendar_item (mailbox, uid, first, last, body)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![mailbox, uid, first, last, text])?;
    Ok(())
}

fn remove(db: &Connection, mailbox: &str, uid: &str) -> Result<(), StoreFault> {
    db.prepare_cached("DELETE FROM calendar_item WHERE mailbox = ?1 AND uid = ?2")?
        .execute([mailbox, uid])?;
    Ok(())
}
