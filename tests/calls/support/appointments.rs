//! Appointments in stories: what lies in a calendar before the call and after it
//! (`docs/testing.md`).

use async_trait::async_trait;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan, Zoned};
use ringback::calendar::embedded::EmbeddedCalendar;
use ringback::calendar::{
    Agenda, Attendance, Calendar, EventId, MeetingMail, Notice, Occurrence, Role,
};
use ringback::mailbox::{Capabilities, MailFault, MailboxId};
use ringback::store::Store;

use super::requests::Room;
use super::story::parse_duration;
use super::world::Watched;

/// The mail address of somebody in a story.
pub fn address(user: &str) -> String {
    if user.contains('@') {
        return user.to_owned();
    }
    format!("{user}@example.test")
}

/// `appointment "Stand-up" at 10:00 for 30m in "Room 4" by bob with carol dave:declined weekly`.
pub struct Given {
    subject: String,
    day: Option<String>,
    at: Option<Time>,
    length: Option<std::time::Duration>,
    days: i64,
    location: Option<String>,
    body: Option<String>,
    by: Option<String>,
    with: Vec<(String, &'static str)>,
    answer: Option<&'static str>,
    rule: Option<&'static str>,
    private: bool,
    broken: bool,
    zone: Option<String>,
    repeats: u32,
}

impl Given {
    pub fn parse(words: &[&str]) -> Result<Given, String> {
        let mut words = words.iter().peekable();
        let subject = words.next().ok_or("an appointment about what?")?;
        let mut given = Given {
            subject: subject.trim_matches('"').to_owned(),
            day: None,
            at: None,
            length: None,
            days: 1,
            location: None,
            body: None,
            by: None,
            with: Vec::new(),
            answer: None,
            rule: None,
            private: false,
            broken: false,
            zone: None,
            repeats: 1,
        };
        while let Some(word) = words.next() {
            let mut next = || words.next().ok_or(format!("`{word}` wants another word"));
            match *word {
                "on" => given.day = Some((*next()?).to_owned()),
                "at" => given.at = Some(next()?.parse().map_err(|_| "at what time?")?),
                "for" => match next()?.parse() {
                    Ok(days) => given.days = days,
                    Err(_) => given.length = None,
                },
                "lasting" => given.length = Some(parse_duration(next()?)?),
                "in" => given.location = Some(next()?.trim_matches('"').to_owned()),
                "about" => given.body = Some(next()?.trim_matches('"').to_owned()),
                "by" => given.by = Some((*next()?).to_owned()),
                "zone" => given.zone = Some((*next()?).to_owned()),
                "times" => given.repeats = next()?.parse().map_err(|_| "how many times?")?,
                "with" => {
                    while let Some(who) = words.next_if(|word| !KEYWORDS.contains(*word)) {
                        let (who, answer) = who.split_once(':').unwrap_or((who, "unanswered"));
                        given.with.push((who.to_owned(), partstat(answer)?));
                    }
                }
                "daily" => given.rule = Some("FREQ=DAILY"),
                "weekly" => given.rule = Some("FREQ=WEEKLY"),
                "private" => given.private = true,
                "broken" => given.broken = true,
                "days" | "day" => {}
                answer => given.answer = Some(partstat(answer)?),
            }
        }
        Ok(given)
    }

    /// Puts it into the calendar of `user`.
    pub fn keep(
        &self,
        store: &Store,
        calendar: &EmbeddedCalendar,
        user: &str,
        today: &Zoned,
    ) -> Result<(), String> {
        let mailbox = MailboxId(user.into());
        for number in 0..self.repeats {
            let text = self.text(user, today, number)?;
            if self.broken {
                // Nothing of ours writes what it could not read.
                let uid = format!("broken-{}", self.subject);
                let lines = format!("UID:{uid}\r\nSUMMARY:{}\r\nDTSTART:soon", self.subject);
                let event = format!("BEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT");
                let body = format!("BEGIN:VCALENDAR\r\n{event}\r\nEND:VCALENDAR\r\n");
                let kept = store.write_now(|db| {
                    db.execute(
                        "INSERT INTO calendar_item (mailbox, uid, first, last, body)
                         VALUES (?1, ?2, ?3, ?4, ?5)",
                        (user, uid, i64::MIN, i64::MAX, &body),
                    )?;
                    Ok(())
                });
                kept.map_err(|fault| fault.to_string())?;
                continue;
            }
            let touched = calendar.take_text(&mailbox, &text, None);
            if touched.map_err(|fault| fault.to_string())?.is_empty() {
                return Err(format!("{} is not taken", self.subject));
            }
        }
        Ok(())
    }

    fn text(&self, user: &str, today: &Zoned, number: u32) -> Result<String, String> {
        let date = day(self.day.as_deref(), today)?;
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{}-{number}@example.org", uid(&self.subject)),
            "DTSTAMP:20260101T000000Z".to_owned(),
            format!("SUMMARY:{}", self.subject),
        ];
        match self.at {
            Some(time) => {
                let from = date.to_datetime(time);
                let length = self.length.unwrap_or(std::time::Duration::from_secs(1_800));
                let to = from + SignedDuration::try_from(length).map_err(|e| e.to_string())?;
                let zone = match &self.zone {
                    Some(zone) => zone.clone(),
                    None => today.time_zone().iana_name().unwrap_or("UTC").to_owned(),
                };
                let stamp = |at: DateTime| at.strftime("%Y%m%dT%H%M%S").to_string();
                lines.push(format!("DTSTART;TZID={zone}:{}", stamp(from)));
                lines.push(format!("DTEND;TZID={zone}:{}", stamp(to)));
            }
            None => {
                let to = date + self.days.days();
                let stamp = |at: Date| at.strftime("%Y%m%d").to_string();
                lines.push(format!("DTSTART;VALUE=DATE:{}", stamp(date)));
                lines.push(format!("DTEND;VALUE=DATE:{}", stamp(to)));
            }
        }
        let mut push = |name: &str, value: &Option<String>| {
            lines.extend(value.as_ref().map(|value| format!("{name}:{value}")));
        };
        push("LOCATION", &self.location);
        push("DESCRIPTION", &self.body);
        push("RRULE", &self.rule.map(str::to_owned));
        if self.private {
            lines.push("CLASS:PRIVATE".to_owned());
        }
        let named = |who: &str| {
            let first = who.split('@').next().unwrap_or(who);
            let mut name = first.to_owned();
            if let Some(letter) = name.get_mut(0..1) {
                letter.make_ascii_uppercase();
            }
            format!("CN={name}")
        };
        let invited = self.by.as_deref().filter(|by| *by != user);
        let organiser = invited.or((!self.with.is_empty()).then_some(user));
        if let Some(organiser) = organiser {
            let (name, mail) = (named(organiser), address(organiser));
            lines.push(format!("ORGANIZER;{name}:mailto:{mail}"));
        }
        let own = invited.map(|_| (user.to_owned(), self.answer.unwrap_or("NEEDS-ACTION")));
        let own = own.filter(|_| self.answer != Some("LIST"));
        for (who, answer) in own.iter().chain(&self.with) {
            let (name, mail) = (named(who), address(who));
            let room = if who.starts_with("room") {
                ";CUTYPE=ROOM"
            } else {
                ""
            };
            lines.push(format!(
                "ATTENDEE;{name};PARTSTAT={answer}{room}:mailto:{mail}"
            ));
        }
        lines.push("END:VEVENT".to_owned());
        lines.push("END:VCALENDAR".to_owned());
        Ok(lines.join("\r\n") + "\r\n")
    }
}

const KEYWORDS: &[&str] = &[
    "on",
    "at",
    "for",
    "lasting",
    "in",
    "about",
    "by",
    "zone",
    "times",
    "daily",
    "weekly",
    "private",
    "broken",
    "accepted",
    "tentative",
    "unanswered",
    "declined",
];

fn partstat(answer: &str) -> Result<&'static str, String> {
    Ok(match answer {
        "unanswered" => "NEEDS-ACTION",
        "accepted" => "ACCEPTED",
        "tentative" => "TENTATIVE",
        "declined" => "DECLINED",
        "by-list" => "LIST",
        _ => return Err(format!("`{answer}` is nothing that an appointment has")),
    })
}

fn uid(subject: &str) -> String {
    subject.to_lowercase().replace(' ', "-")
}

/// `today` by default; `tomorrow`, `yesterday`, `2026-12-01`.
fn day(text: Option<&str>, today: &Zoned) -> Result<Date, String> {
    let date = today.date();
    match text {
        None | Some("today") => Ok(date),
        Some("tomorrow") => Ok(date + 1.day()),
        Some("yesterday") => Ok(date - 1.day()),
        Some(other) => other.parse().map_err(|_| format!("`{other}` is no day")),
    }
}

/// `"Stand-up" accepted`, `"Stand-up" on 2026-11-30 gone`, `"Stand-up" with carol:accepted`.
pub async fn check(
    calendar: &EmbeddedCalendar,
    mailbox: &MailboxId,
    fact: &str,
    today: &Zoned,
) -> Result<(), String> {
    let rest = fact
        .strip_prefix('"')
        .ok_or("about what, in quotation marks?")?;
    let (subject, rest) = rest.split_once('"').ok_or("the quotation does not end")?;
    let mut words = rest.split_whitespace().peekable();
    let mut date = today.date();
    if words.next_if_eq(&"on").is_some() {
        date = day(words.next(), today)?;
    }
    let zone = today.time_zone();
    let at = |date: Date| date.to_zoned(zone.clone()).map(|at| at.timestamp());
    let (from, to) = (at(date), at(date + 1.day()));
    let (from, to) = (
        from.map_err(|e| e.to_string())?,
        to.map_err(|e| e.to_string())?,
    );
    let agenda = calendar.agenda(mailbox, from, to, zone).await;
    let agenda = agenda.map_err(|fault| fault.to_string())?;
    let found = agenda
        .appointments
        .iter()
        .find(|one| one.subject == subject);
    let wanted: Vec<&str> = words.collect();
    let actual = found.map_or("gone", |one| match one.role {
        Role::Attendee(answer) => word(answer),
        Role::Alone | Role::Organiser | Role::Unlisted => "there",
    });
    match (wanted.as_slice(), found) {
        (["with", who], Some(one)) => {
            let (who, answer) = who.split_once(':').ok_or("with carol:accepted?")?;
            let attendee = one.attendees.iter().find(|a| a.who.is(&address(who)));
            let attendee = attendee.ok_or("is not invited")?;
            same(answer, word(attendee.attendance))
        }
        ([wanted], _) => same(wanted, actual),
        _ => Err(format!("it is {actual}")),
    }
}

fn word(answer: Attendance) -> &'static str {
    match answer {
        Attendance::NeedsAction => "unanswered",
        Attendance::Accepted => "accepted",
        Attendance::Tentative => "tentative",
        Attendance::Declined => "declined",
    }
}

fn same(wanted: &str, actual: &str) -> Result<(), String> {
    if wanted == actual {
        Ok(())
    } else {
        Err(format!("it is {actual}"))
    }
}

#[async_trait]
impl Calendar for Watched<EmbeddedCalendar> {
    fn capabilities(&self) -> Capabilities {
        self.room.capabilities()
    }
    async fn agenda(
        &self,
        mailbox: &MailboxId,
        from: Timestamp,
        to: Timestamp,
        zone: &TimeZone,
    ) -> Result<Agenda, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room.agenda(mailbox, from, to, zone).await
    }
    async fn take(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
    ) -> Result<Vec<EventId>, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room.take(mailbox, calendar, sender).await
    }
    async fn read(
        &self,
        mailbox: &MailboxId,
        calendar: &str,
        sender: Option<&str>,
        zone: &TimeZone,
    ) -> Result<MeetingMail, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room.read(mailbox, calendar, sender, zone).await
    }
    async fn invitation(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
    ) -> Result<String, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room.invitation(mailbox, occurrence).await
    }
    async fn respond(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        answer: Attendance,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room
            .respond(mailbox, occurrence, answer, words, now)
            .await
    }
    async fn cancel(
        &self,
        mailbox: &MailboxId,
        occurrence: &Occurrence,
        words: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Notice>, MailFault> {
        self.requests.mail(Room::Calendar)?;
        self.room.cancel(mailbox, occurrence, words, now).await
    }
}
