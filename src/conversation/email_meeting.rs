//! Mails about meetings: what is said of the meeting, and what can be done about it
//! (`outlook-voice-access` section 5.4).
//!
//! An answer goes to the organiser, the calendar takes it over, and the mail is done with: it moves to
//! Deleted Items, answered, as mail programs do. That is no deletion that could be taken back: what
//! was told to others stays told.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use tracing::warn;

use super::calendar::{clock, name_of};
use super::desk::{Session, Visit};
use super::meeting_answers::{self, OnDecline};
use super::{faults, prompts};
use crate::calendar::{
    Appointment, Attendance, Calendar, MeetingMail, Method, Role, Span, Standing,
};
use crate::caller::{Caller, Saying, Talk, Value};
use crate::mailbox::{Content, Email, Flag, Folder, MailFault, MailboxId, MessageClass};
use crate::policy::areas::Area;

/// What the meeting of a mail overlaps with.
enum Conflict {
    /// It is not known, or does not matter.
    Unknown,
    Nothing,
    One(String),
    Several(usize),
}

/// What a mail about a meeting says of it.
pub(super) enum Meeting {
    /// It cannot be read.
    Damaged,
    /// The calendar cannot be asked.
    OutOfReach,
    /// As it is written, compared with the calendar.
    Known(Box<Known>),
}

/// A meeting of a mail.
pub(super) struct Known {
    object: String,
    mail: MeetingMail,
    conflict: Conflict,
    /// Whether the calendar is open to this subscriber.
    calendar_is_open: bool,
    is_over: bool,
}

/// What is known of the meeting that a mail is about; nothing of any other mail.
pub(super) async fn of(
    visit: &Visit<'_>,
    session: &Session,
    email: &Email,
    content: &Content,
) -> Option<Meeting> {
    match email.class {
        MessageClass::MeetingRequest
        | MessageClass::MeetingResponse
        | MessageClass::MeetingCancellation => {}
        MessageClass::Note
        | MessageClass::VoiceReply
        | MessageClass::MissedCall
        | MessageClass::Report => return None,
    }
    let Some(object) = content.invitation.clone() else {
        return Some(Meeting::Damaged);
    };
    let calendar = &visit.desk.calendar;
    let sender = email.from.as_ref().map(|from| from.address.as_str());
    let (mailbox, zone) = (&session.mailbox, &session.time_zone);
    let mail = match calendar.read(mailbox, &object, sender, zone).await {
        Ok(mail) => mail,
        Err(fault @ MailFault::Unavailable(_)) => {
            warn!(
                "the meeting of e-mail {} is not looked up: {fault}",
                email.id.0
            );
            return Some(Meeting::OutOfReach);
        }
        Err(fault) => {
            warn!(
                "the meeting of e-mail {} cannot be read: {fault}",
                email.id.0
            );
            return Some(Meeting::Damaged);
        }
    };
    let now = visit.desk.clock.now();
    let mut known = Known {
        object,
        is_over: mail.ends.is_some_and(|ends| ends <= now),
        conflict: Conflict::Unknown,
        calendar_is_open: session.may(Area::Calendar),
        mail,
    };
    if known.can_be_answered() {
        known.conflict = conflict(&**calendar, session, mailbox, &known.mail.told).await;
    }
    Some(Meeting::Known(Box::new(known)))
}

/// What else is in the calendar at that time.
async fn conflict(
    calendar: &dyn Calendar,
    session: &Session,
    mailbox: &MailboxId,
    told: &Appointment,
) -> Conflict {
    let zone = &session.time_zone;
    let midnight = |date: jiff::civil::Date| {
        let zoned = date.to_datetime(Time::midnight()).to_zoned(zone.clone());
        zoned.map_or(Timestamp::MAX, |at| at.timestamp())
    };
    let (from, to) = match told.span {
        Span::Timed(from, to) => (from, to),
        Span::AllDay(from, to) => (midnight(from), midnight(to)),
    };
    let agenda = match calendar.agenda(mailbox, from, to, zone).await {
        Ok(agenda) => agenda,
        Err(fault) => {
            warn!("the calendar of {} is not looked at: {fault}", mailbox.0);
            return Conflict::Unknown;
        }
    };
    let others = agenda
        .appointments
        .into_iter()
        .filter(|one| !one.free && one.occurrence.event != told.occurrence.event);
    let mut subjects: Vec<String> = others.map(|one| one.subject).collect();
    match (subjects.len(), subjects.pop()) {
        (1, Some(subject)) => Conflict::One(subject),
        // Of a series only the first meeting was looked at.
        (0, _) if told.recurs && told.occurrence.recurrence.is_none() => Conflict::Unknown,
        (0, _) => Conflict::Nothing,
        (several, _) => Conflict::Several(several),
    }
}

impl Meeting {
    /// What is said of it, before the words of the mail.
    pub(super) fn told(&self, visit: &Visit<'_>, session: &Session, email: &Email) -> Saying {
        match self {
            Meeting::Damaged => Saying::new(prompts::MEETING_DAMAGED),
            Meeting::OutOfReach => Saying::new(prompts::CALENDAR_UNAVAILABLE),
            Meeting::Known(known) => known.told(visit, session, email),
        }
    }

    fn known(&self) -> Option<&Known> {
        match self {
            Meeting::Known(known) => Some(known),
            Meeting::Damaged | Meeting::OutOfReach => None,
        }
    }

    /// Whether it is an invitation that can be accepted.
    pub(super) fn can_be_accepted(&self) -> bool {
        self.known()
            .is_some_and(|known| known.can_be_answered() && known.answer() != Attendance::Accepted)
    }

    /// Whether it is an invitation that can be declined.
    pub(super) fn can_be_declined(&self) -> bool {
        self.known()
            .is_some_and(|known| known.can_be_answered() && known.answer() != Attendance::Declined)
    }

    /// Whether the mail leaves nothing to do but to take it out of the calendar.
    pub(super) fn can_be_removed(&self) -> bool {
        self.known().is_some_and(Known::can_be_removed)
    }
}

impl Known {
    fn stands_in_the_calendar(&self) -> bool {
        matches!(self.mail.standing, Standing::Current | Standing::Changed)
    }

    /// Whether a request is what its organiser wants now, as far as the calendar knows.
    fn holds(&self) -> bool {
        self.stands_in_the_calendar() || self.mail.standing == Standing::Absent
    }

    fn can_be_answered(&self) -> bool {
        self.mail.method == Method::Request
            && self.calendar_is_open
            && !self.is_over
            && matches!(self.mail.told.role, Role::Attendee(_))
            && self.holds()
    }

    fn can_be_removed(&self) -> bool {
        self.mail.method == Method::Cancel && self.calendar_is_open && self.stands_in_the_calendar()
    }

    /// The subscriber's answer to this version of the meeting.
    fn answer(&self) -> Attendance {
        match (self.mail.standing, &self.mail.kept) {
            (Standing::Current, Some(kept)) => match kept.role {
                Role::Attendee(answer) => answer,
                Role::Alone | Role::Organiser | Role::Unlisted => Attendance::NeedsAction,
            },
            _ => Attendance::NeedsAction,
        }
    }

    fn told(&self, visit: &Visit<'_>, session: &Session, email: &Email) -> Saying {
        let told = &self.mail.told;
        let mut said = Saying::nothing();
        if self.mail.method == Method::Request && self.mail.is_revision && self.holds() {
            said = said.then(prompts::MEETING_CHANGED);
        }
        if self.mail.method == Method::Reply {
            for attendee in &told.attendees {
                said = said
                    .then(prompts::MEETING_ANSWER_OF)
                    .with("name", Value::Name(name_of(&attendee.who)))
                    .with("answer", answer_word(attendee.attendance));
            }
        }
        // The subject of the mail has been read already, and is the meeting's with most programs.
        let named = |text: &str| text.to_lowercase();
        if !told.subject.is_empty() && !named(&email.subject).contains(&named(&told.subject)) {
            said = said
                .then(prompts::MEETING_ABOUT)
                .with("subject", Value::Text(told.subject.clone()));
        }
        said = when(said, visit, session, told);
        if told.recurs && told.occurrence.recurrence.is_none() {
            said = said.then(prompts::MEETING_SERIES);
        }
        if told.zone_uncertain {
            said = said.then(prompts::APPOINTMENT_ZONE_UNCERTAIN);
        }
        if !told.location.is_empty() {
            said = said
                .then(prompts::APPOINTMENT_LOCATION)
                .with("location", Value::Text(told.location.clone()));
        }
        said = match (&told.role, &told.organiser) {
            (Role::Organiser | Role::Alone, Some(_)) if self.mail.method == Method::Reply => said,
            (Role::Organiser | Role::Alone, Some(_)) => said.then(prompts::APPOINTMENT_OWN),
            (_, Some(organiser)) => said
                .then(prompts::APPOINTMENT_ORGANISER)
                .with("name", Value::Name(name_of(organiser))),
            (_, None) => said,
        };
        if !self.calendar_is_open {
            return said;
        }
        match self.mail.method {
            Method::Request => self.state_of_request(said),
            Method::Cancel => self.state_of_cancellation(said),
            Method::Reply => self.state_of_answer(said),
            Method::Other => said,
        }
    }

    fn state_of_request(&self, said: Saying) -> Saying {
        if self.is_over {
            return said.then(prompts::MEETING_OVER);
        }
        match self.mail.standing {
            Standing::Outdated => return said.then(prompts::MEETING_OUTDATED),
            Standing::Cancelled => return said.then(prompts::MEETING_CANCELLED_SINCE),
            Standing::NotByOrganiser => return said.then(prompts::MEETING_NOT_BY_ORGANISER),
            Standing::Absent | Standing::Current | Standing::Changed => {}
        }
        match self.mail.told.role {
            Role::Organiser | Role::Alone => return said,
            Role::Unlisted => return said.then(prompts::MEETING_NOT_INVITED),
            Role::Attendee(_) => {}
        }
        let said = said
            .then(prompts::APPOINTMENT_ANSWER)
            .with("answer", answer_word(self.answer()));
        match &self.conflict {
            Conflict::Unknown => said,
            Conflict::Nothing => said.then(prompts::MEETING_NO_CONFLICT),
            Conflict::One(subject) => said
                .then(prompts::MEETING_CONFLICT)
                .with("named", word(!subject.is_empty()))
                .with("subject", Value::Text(subject.clone())),
            Conflict::Several(count) => said
                .then(prompts::MEETING_CONFLICTS)
                .with("count", Value::Count(*count as u64)),
        }
    }

    fn state_of_cancellation(&self, said: Saying) -> Saying {
        said.then(match self.mail.standing {
            Standing::Absent => prompts::MEETING_NOT_IN_CALENDAR,
            Standing::Cancelled => prompts::MEETING_REMOVED,
            Standing::Outdated => prompts::MEETING_OUTDATED,
            Standing::NotByOrganiser => prompts::MEETING_NOT_BY_ORGANISER,
            Standing::Current | Standing::Changed => prompts::MEETING_STILL_IN_CALENDAR,
        })
    }

    fn state_of_answer(&self, said: Saying) -> Saying {
        match self.mail.standing {
            Standing::Absent | Standing::Cancelled => said.then(prompts::MEETING_NOT_IN_CALENDAR),
            Standing::Outdated => said.then(prompts::MEETING_ANSWER_OUTDATED),
            Standing::Current | Standing::Changed | Standing::NotByOrganiser => said,
        }
    }
}

/// When it is, in the zone and by the clock of the listener.
fn when(said: Saying, visit: &Visit<'_>, session: &Session, told: &Appointment) -> Saying {
    let zone = &session.time_zone;
    let today = zone.to_datetime(visit.desk.clock.now()).date();
    let day = |date| Value::Day { date, today };
    match told.span {
        Span::AllDay(from, to) => {
            let last = to.yesterday().unwrap_or(to);
            if from == last {
                return said.then(prompts::MEETING_ALL_DAY).with("day", day(from));
            }
            said.then(prompts::MEETING_DAYS)
                .with("from", day(from))
                .with("to", day(last))
        }
        Span::Timed(from, to) => {
            let clock = clock(session);
            let time = |at: jiff::civil::DateTime| Value::Time {
                time: at.time(),
                clock,
            };
            let (begins, ends) = (zone.to_datetime(from), zone.to_datetime(to));
            if from == to {
                return said
                    .then(prompts::MEETING_MOMENT)
                    .with("day", day(begins.date()))
                    .with("from", time(begins));
            }
            // An end at midnight is still the same day's.
            let before = to.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(to);
            if begins.date() == zone.to_datetime(before).date() {
                return said
                    .then(prompts::MEETING_TIMED)
                    .with("day", day(begins.date()))
                    .with("from", time(begins))
                    .with("to", time(ends));
            }
            said.then(prompts::MEETING_LONG)
                .with("from-day", day(begins.date()))
                .with("from", time(begins))
                .with("to-day", day(ends.date()))
                .with("to", time(ends))
        }
    }
}

fn word(yes: bool) -> Value {
    Value::Word(if yes { "yes" } else { "no" })
}

fn answer_word(answer: Attendance) -> Value {
    Value::Word(match answer {
        Attendance::NeedsAction => "none",
        Attendance::Accepted => "accepted",
        Attendance::Tentative => "tentative",
        Attendance::Declined => "declined",
    })
}

/// Asks how the invitation is accepted, and answers; false when the caller thinks better of it.
pub(super) async fn accept(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    email: &Email,
    meeting: &Meeting,
) -> Talk<bool> {
    let Some(known) = meeting.known() else {
        return Ok(false);
    };
    match meeting_answers::ask_how(caller).await? {
        Some(answer) => answered(caller, visit, session, email, known, answer).await,
        None => Ok(false),
    }
}

/// Asks whether to decline, or only to delete the mail, and declines. `Back` when the caller thinks
/// better of it.
pub(super) async fn decline(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    email: &Email,
    meeting: &Meeting,
) -> Talk<OnDecline> {
    let choice = meeting_answers::ask_whether(caller, "email").await?;
    let (OnDecline::Decline, Some(known)) = (choice, meeting.known()) else {
        return Ok(choice);
    };
    let answered = answered(caller, visit, session, email, known, Attendance::Declined).await?;
    Ok(if answered { choice } else { OnDecline::Back })
}

async fn answered(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    email: &Email,
    known: &Known,
    answer: Attendance,
) -> Talk<bool> {
    let Some((recording, gone)) = meeting_answers::spoken_words(caller, visit, session).await?
    else {
        caller.say(prompts::NOTHING_CHANGED).await?;
        return Ok(false);
    };
    if known.mail.standing != Standing::Current {
        let calendar = &visit.desk.calendar;
        let taken = calendar.take(&session.mailbox, &known.object, None).await;
        let taken = taken.map_err(faults::calendar);
        meeting_answers::keep_or_discard(visit, taken, &recording).await?;
    }
    let told = &known.mail.told;
    let request = email.message_id.as_deref();
    meeting_answers::send_answer(caller, visit, session, told, answer, recording, request).await?;
    done_with(visit, session, email, Some(Flag::Answered)).await;
    meeting_answers::say_answered(caller, visit, answer, gone).await?;
    Ok(true)
}

/// Takes a meeting out of the calendar that will not take place.
pub(super) async fn remove(
    caller: &mut Caller,
    visit: &mut Visit<'_>,
    session: &Session,
    email: &Email,
    meeting: &Meeting,
) -> Talk<bool> {
    let Some(known) = meeting.known() else {
        return Ok(false);
    };
    let calendar = &visit.desk.calendar;
    // It may name several occurrences.
    let removed = calendar.take(&session.mailbox, &known.object, None).await;
    removed.map_err(faults::calendar)?;
    session.memory.nothing_to_take_back();
    done_with(visit, session, email, None).await;
    caller.say(prompts::MEETING_REMOVED).await?;
    Ok(true)
}

/// Moves a mail to Deleted Items that has had its answer. The answer is on its way, whether or not
/// the mail moves.
async fn done_with(visit: &Visit<'_>, session: &Session, email: &Email, mark: Option<Flag>) {
    let mail = &visit.desk.mail;
    let (mailbox, id) = (&session.mailbox, &email.id);
    let mut fault = mail.set_read(mailbox, id, true).await.err();
    if let Some(mark) = mark {
        fault = fault.or(mail.set_flag(mailbox, id, mark, true).await.err());
    }
    fault = fault.or(mail.move_to(mailbox, id, Folder::Deleted).await.err());
    match fault {
        None | Some(MailFault::NotFound) => {}
        Some(fault) => warn!("e-mail {} stays where it is: {fault}", id.0),
    }
}
