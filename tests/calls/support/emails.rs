//! E-mails of a story: real ones, written by mail-builder and read by the mailbox like those that a
//! mail server brings; and the questions that `then` lines ask about them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use ringback::calendar::embedded::EmbeddedCalendar;
use ringback::directory::Person;
use ringback::mailbox::embedded::EmbeddedMailbox;
use ringback::mailbox::mime::Mail;
use ringback::mailbox::{Counts, Email, Flag, Flags, Folder, MailStore, MailboxId, MessageId};
use ringback::sound::wav;

use super::story::parse_duration;

/// An e-mail as a `given` line names it.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenEmail {
    name: String,
    read: bool,
    from: Option<String>,
    to: Vec<String>,
    cc: Vec<String>,
    reply_to: Vec<String>,
    subject: Option<String>,
    text: Option<String>,
    html: Option<String>,
    language: Option<String>,
    age: Option<Duration>,
    importance: Option<&'static str>,
    private: bool,
    flags: Vec<Flag>,
    answers: Option<String>,
    attachments: Vec<String>,
    meeting: Option<GivenMeeting>,
    location: Option<String>,
    /// The calendar has not seen it.
    unseen: bool,
    guard: Option<&'static str>,
    /// In so many parts within parts.
    nested: usize,
    voice_reply: bool,
    folder: Option<Folder>,
}

/// A meeting in the mail: what about it, when, and for how long.
#[derive(Clone, Debug)]
struct GivenMeeting {
    method: &'static str,
    /// As the answer says it; an invitation asks.
    answer: &'static str,
    start: Timestamp,
    length: Duration,
    /// Whole days.
    all_day: bool,
    /// RRULE.
    rule: Option<&'static str>,
    sequence: u32,
    /// Its own subject, if that is not the mail's.
    about: Option<String>,
    /// A list is invited, nobody by name.
    by_list: bool,
    /// The object makes no sense.
    damaged: bool,
}

impl GivenEmail {
    pub(super) fn parse(name: &str, read: bool, marks: &[&str]) -> Result<GivenEmail, String> {
        let mut email = GivenEmail {
            name: name.to_owned(),
            read,
            ..GivenEmail::default()
        };
        let mut marks = marks.iter().copied();
        while let Some(mark) = marks.next() {
            let mut next = || marks.next().ok_or(format!("`{mark}` wants another word"));
            match mark {
                "from" => email.from = Some(next()?.to_owned()),
                "to" => email.to.push(next()?.to_owned()),
                "cc" => email.cc.push(next()?.to_owned()),
                "reply-to" => email.reply_to.push(next()?.to_owned()),
                "subject" => email.subject = Some(quoted(next()?)),
                "text" => email.text = Some(quoted(next()?)),
                // `text "Hello." repeated 1000 times`
                "repeated" => {
                    let times = next()?.parse().map_err(|_| "how many times?")?;
                    next()?;
                    let text = email.text.take().unwrap_or_default();
                    email.text = Some(text.repeat(times));
                }
                "html" => email.html = Some(quoted(next()?)),
                "language" => email.language = Some(next()?.to_owned()),
                "answers" => email.answers = Some(next()?.to_owned()),
                "with" => email.attachments.push(quoted(next()?)),
                "at" => email.location = Some(quoted(next()?)),
                "left" => {
                    // `left 26h ago`
                    email.age = Some(parse_duration(next()?)?);
                    next()?;
                }
                "important" => email.importance = Some("high"),
                "unimportant" => email.importance = Some("low"),
                "private" => email.private = true,
                "nested" => email.nested = next()?.parse().map_err(|_| "how deep?")?,
                "spoken" => email.voice_reply = true,
                "flagged" => email.flags.push(Flag::Flagged),
                "answered" => email.flags.push(Flag::Answered),
                "forwarded" => email.flags.push(Flag::Forwarded),
                "encrypted" | "protected" => {
                    email.guard = Some(if mark == "encrypted" {
                        "encrypted"
                    } else {
                        "protected"
                    });
                }
                "sent" => email.folder = Some(Folder::Sent),
                "deleted" => email.folder = Some(Folder::Deleted),
                "unseen" => email.unseen = true,
                "sequence" | "about" | "daily" | "weekly" | "all-day" | "by-list" | "damaged" => {
                    let meeting = email.meeting.as_mut().ok_or("of which meeting?")?;
                    match mark {
                        "sequence" => {
                            meeting.sequence = next()?.parse().map_err(|_| "a number?")?
                        }
                        "about" => meeting.about = Some(quoted(next()?)),
                        "daily" => meeting.rule = Some("FREQ=DAILY"),
                        "weekly" => meeting.rule = Some("FREQ=WEEKLY"),
                        "all-day" => meeting.all_day = true,
                        "by-list" => meeting.by_list = true,
                        _ => meeting.damaged = true,
                    }
                }
                // `invites 2026-11-24T14:00Z for 30m`
                "invites" | "cancels" | "accepts" | "hesitates" | "declines" => {
                    let start = next()?.parse().map_err(|error| format!("{error}"))?;
                    next()?;
                    let length = parse_duration(next()?)?;
                    let (method, answer) = match mark {
                        "invites" => ("REQUEST", "NEEDS-ACTION"),
                        "cancels" => ("CANCEL", "NEEDS-ACTION"),
                        "accepts" => ("REPLY", "ACCEPTED"),
                        "hesitates" => ("REPLY", "TENTATIVE"),
                        _ => ("REPLY", "DECLINED"),
                    };
                    email.meeting = Some(GivenMeeting {
                        method,
                        answer,
                        start,
                        length,
                        all_day: false,
                        rule: None,
                        sequence: u32::from(method == "CANCEL"),
                        about: None,
                        by_list: false,
                        damaged: false,
                    });
                }
                _ => return Err(format!("`{mark}` is nothing that an e-mail has")),
            }
        }
        Ok(email)
    }

    fn message_id(name: &str) -> String {
        format!("{name}@stories.test")
    }
}

/// Words in quotation marks; `\n` begins a line.
fn quoted(text: &str) -> String {
    text.trim_matches('"').replace("\\n", "\r\n")
}

/// Writes the e-mails of a story.
pub(super) struct Mailer<'a> {
    pub(super) people: &'a [Person],
    pub(super) now: Timestamp,
    pub(super) usual_age: Duration,
}

impl Mailer<'_> {
    /// A person of the story, `"Bob Example <bob@example.org>"` or an address.
    fn address(&self, who: &str) -> (Option<String>, String) {
        if let Some(person) = self.people.iter().find(|person| person.user == who) {
            let address = person.mail.clone();
            let address = address.unwrap_or_else(|| format!("{who}@example.test"));
            return (Some(person.display_name()), address);
        }
        let who = who.trim_matches('"');
        match who.split_once(" <") {
            Some((name, address)) => (Some(name.to_owned()), address.trim_end_matches('>').into()),
            None => (None, who.to_owned()),
        }
    }

    fn addresses(&self, all: &[String]) -> Address<'static> {
        let all = all.iter().map(|who| {
            let (name, address) = self.address(who);
            Address::new_address(name, address)
        });
        Address::new_list(all.collect())
    }

    fn write(&self, owner: &Person, email: &GivenEmail, received: Timestamp) -> Vec<u8> {
        let (name, address) = self.address(email.from.as_deref().unwrap_or("somebody@example.org"));
        let to = match email.to.as_slice() {
            [] => vec![owner.user.clone()],
            some => some.to_vec(),
        };
        let subject = email.subject.clone().unwrap_or_default();
        let mut message = MessageBuilder::new();
        if email.from.as_deref() != Some("nobody") {
            message = message.from((name.unwrap_or_default(), address));
        }
        message = message
            .message_id(GivenEmail::message_id(&email.name))
            .to(self.addresses(&to))
            .subject(subject)
            .date(received.as_second());
        if !email.cc.is_empty() {
            message = message.cc(self.addresses(&email.cc));
        }
        if !email.reply_to.is_empty() {
            message = message.reply_to(self.addresses(&email.reply_to));
        }
        if let Some(name) = &email.answers {
            let id = GivenEmail::message_id(name);
            message = message.in_reply_to(id.clone()).references(id);
        }
        if let Some(importance) = email.importance {
            message = message.header("Importance", Raw::new(importance));
        }
        if email.voice_reply {
            message = message.header("X-Ringback-Kind", Raw::new("voice-reply"));
        }
        if email.private {
            message = message.header("Sensitivity", Raw::new("private"));
        }
        if let Some(language) = &email.language {
            message = message.header("Content-Language", Raw::new(language.clone()));
        }
        message = message.body(self.body(owner, email));
        message.write_to_vec().unwrap()
    }

    fn body(&self, owner: &Person, email: &GivenEmail) -> MimePart<'static> {
        match email.guard {
            Some("encrypted") => {
                return MimePart::new(
                    ContentType::new("application/pkcs7-mime")
                        .attribute("smime-type", "enveloped-data"),
                    vec![0x30_u8, 0x80],
                )
                .attachment("smime.p7m");
            }
            Some(_) => {
                return MimePart::new(
                    "multipart/mixed",
                    vec![
                        MimePart::new("text/plain", "This message is protected."),
                        MimePart::new("application/x-microsoft-rpmsg-message", vec![0x76_u8])
                            .attachment("message.rpmsg"),
                    ],
                );
            }
            None => {}
        }
        let mut ways = Vec::new();
        if email.text.is_some() || email.html.is_none() {
            let text = email.text.clone().unwrap_or_default();
            ways.push(MimePart::new("text/plain", text));
        }
        if let Some(html) = &email.html {
            ways.push(MimePart::new("text/html", html.clone()));
        }
        if let Some(meeting) = &email.meeting {
            let kind = ContentType::new("text/calendar")
                .attribute("method", meeting.method)
                .attribute("charset", "utf-8");
            ways.push(MimePart::new(kind, self.calendar(owner, email, meeting)));
        }
        let mut text = match ways.len() {
            1 => ways.remove(0),
            _ => MimePart::new("multipart/alternative", ways),
        };
        for _ in 0..email.nested {
            text = MimePart::new("multipart/mixed", vec![text]);
        }
        if email.attachments.is_empty() {
            return text;
        }
        let mut parts = vec![text];
        for name in &email.attachments {
            let (kind, bytes) = match name.rsplit_once('.').map(|(_, ending)| ending) {
                Some("wav") if name.starts_with("damaged") => ("audio/wav", b"RIFF".to_vec()),
                Some("wav") => ("audio/wav", wav::encode(&[2_000; 3 * 8_000])),
                Some("mp3") => (
                    "audio/mpeg",
                    include_bytes!("../../../src/sound/mp3/tone-8000.mp3").to_vec(),
                ),
                Some("pdf") => ("application/pdf", b"%PDF-1.4 invented".to_vec()),
                Some("zip") => ("application/zip", b"PK invented".to_vec()),
                _ => ("application/octet-stream", b"invented".to_vec()),
            };
            parts.push(MimePart::new(kind, bytes).attachment(name.clone()));
        }
        MimePart::new("multipart/mixed", parts)
    }

    /// An iCalendar object about a meeting of the sender's (an answer: of the owner's).
    fn calendar(&self, owner: &Person, email: &GivenEmail, meeting: &GivenMeeting) -> String {
        let sender = self.address(email.from.as_deref().unwrap_or("somebody@example.org"));
        let owner = self.address(&owner.user);
        let (organiser, mut attendees) = match meeting.method {
            "REPLY" => (owner, vec![sender]),
            // Of the owner's own making: those whom it went to.
            _ if sender.1 == owner.1 => {
                let to = email.to.iter().chain(&email.cc);
                (sender, to.map(|who| self.address(who)).collect())
            }
            _ => (sender, vec![owner]),
        };
        if meeting.by_list {
            attendees = vec![(None, "everybody@example.test".to_owned())];
        }
        let named = |(name, address): &(Option<String>, String)| {
            let name = name.clone().unwrap_or_else(|| address.clone());
            format!("CN=\"{name}\":mailto:{address}")
        };
        let time = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let when = |name: &str, at: Timestamp| match (meeting.damaged, meeting.all_day) {
            (true, _) => format!("{name}:soon"),
            (false, true) => format!("{name};VALUE=DATE:{}", at.strftime("%Y%m%d")),
            (false, false) => format!("{name}:{}", time(at)),
        };
        let end = meeting.start + SignedDuration::try_from(meeting.length).unwrap();
        // An answer and a cancellation are about the invitation that they answer.
        let about = email.answers.as_ref().unwrap_or(&email.name);
        let subject = meeting.about.as_ref().or(email.subject.as_ref());
        let subject = subject.cloned().unwrap_or_default();
        let mut lines = vec![
            "BEGIN:VCALENDAR".to_owned(),
            "VERSION:2.0".to_owned(),
            "PRODID:-//Ringback//Stories//EN".to_owned(),
            format!("METHOD:{}", meeting.method),
            "BEGIN:VEVENT".to_owned(),
            format!("UID:{about}@stories.test"),
            format!("DTSTAMP:{}", time(self.now)),
            when("DTSTART", meeting.start),
            when("DTEND", end),
            format!("SUMMARY:{subject}"),
            format!("ORGANIZER;{}", named(&organiser)),
            format!("SEQUENCE:{}", meeting.sequence),
        ];
        lines.extend(attendees.iter().map(|attendee| {
            let (answer, who) = (meeting.answer, named(attendee));
            format!("ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT={answer};RSVP=TRUE;{who}")
        }));
        lines.extend(meeting.rule.map(|rule| format!("RRULE:{rule}")));
        if let Some(location) = &email.location {
            lines.push(format!("LOCATION:{location}"));
        }
        if meeting.method == "CANCEL" {
            lines.push("STATUS:CANCELLED".to_owned());
        }
        lines.extend(["END:VEVENT".to_owned(), "END:VCALENDAR".to_owned()]);
        lines.join("\r\n") + "\r\n"
    }
}

/// The e-mails of a story, by user and name.
#[derive(Debug, Default)]
pub(super) struct Emails(BTreeMap<(String, String), MessageId>);

impl Emails {
    /// Puts the e-mails of somebody into the mailbox, the last one first: ages fall with the page. The
    /// calendars follow, the sender's before the owner's.
    pub(super) async fn store(
        &mut self,
        mailbox: &EmbeddedMailbox,
        calendar: &EmbeddedCalendar,
        mailer: &Mailer<'_>,
        owner: &Person,
        emails: &[GivenEmail],
    ) -> Result<(), String> {
        for (index, email) in emails.iter().enumerate().rev() {
            let usual = mailer.usual_age + Duration::from_secs(60) * index as u32;
            let age = SignedDuration::try_from(email.age.unwrap_or(usual)).unwrap();
            let received = mailer.now - age;
            let bytes = mailer.write(owner, email, received);
            let flags = Flags {
                read: email.read,
                flagged: email.flags.contains(&Flag::Flagged),
                answered: email.flags.contains(&Flag::Answered),
                forwarded: email.flags.contains(&Flag::Forwarded),
            };
            let user = MailboxId(owner.user.as_str().into());
            let folder = email.folder.unwrap_or(Folder::Inbox);
            if let Some(meeting) = &email.meeting {
                let sender = email.from.as_deref().unwrap_or_default();
                if meeting.method == "REQUEST" && mailer.people.iter().any(|one| one.user == sender)
                {
                    let text = mailer.calendar(owner, email, meeting);
                    let own = calendar.take_text(&MailboxId(sender.into()), &text, None);
                    own.map_err(|fault| fault.to_string())?;
                }
                if folder == Folder::Inbox && !email.unseen {
                    // As a calendar follows what comes in; what it cannot read costs nobody the mail.
                    let mail = Mail::read(&bytes);
                    let from = mail.header().from.as_ref().map(|from| &*from.address);
                    let object = mail.content().invitation.unwrap_or_default();
                    let _ = calendar.take_text(&user, &object, from);
                }
            }
            let stored = mailbox.append(&user, folder, bytes.into(), flags, received);
            let id = stored.await.map_err(|fault| fault.to_string())?;
            self.0.insert((owner.user.clone(), email.name.clone()), id);
        }
        Ok(())
    }

    /// Answers what a `then` line asks about e-mails, if it is about e-mails.
    pub(super) async fn check(
        &self,
        mailbox: &EmbeddedMailbox,
        user: &MailboxId,
        fact: &str,
    ) -> Option<Result<(), String>> {
        let (first, rest) = fact.split_once(' ')?;
        if let Some(id) = self.0.get(&(user.0.to_string(), first.to_owned())) {
            return Some(match mailbox.email(user, id).await {
                Ok(email) => is_so(&email, rest),
                Err(fault) => Err(fault.to_string()),
            });
        }
        let (number, read) = match (first, rest) {
            ("no", "new emails") => (0, false),
            ("no", "old emails") => (0, true),
            (number, "new email" | "new emails") => (number.parse().ok()?, false),
            (number, "old email" | "old emails") => (number.parse().ok()?, true),
            _ => return None,
        };
        let counts = mailbox.email_counts(user, Folder::Inbox).await;
        let Counts { unread, read: old } = match counts {
            Ok(counts) => counts,
            Err(fault) => return Some(Err(fault.to_string())),
        };
        let actual = if read { old } else { unread };
        Some(if actual == number {
            Ok(())
        } else {
            Err(format!("there are {actual}"))
        })
    }

    /// The id of an e-mail that a story gives.
    pub(super) fn id(&self, user: &str, name: &str) -> Option<MessageId> {
        self.0.get(&(user.to_owned(), name.to_owned())).cloned()
    }
}

/// `read`, `flagged`, `not answered`, `deleted` …
fn is_so(email: &Email, claim: &str) -> Result<(), String> {
    let (claimed, wanted) = match claim.strip_prefix("not ") {
        Some(claimed) => (claimed, false),
        None => (claim, true),
    };
    let actual = match claimed {
        "new" => !email.flags.read && email.folder == Folder::Inbox,
        "read" => email.flags.read && email.folder == Folder::Inbox,
        "flagged" => email.flags.flagged,
        "answered" => email.flags.answered,
        "forwarded" => email.flags.forwarded,
        "deleted" => email.folder == Folder::Deleted,
        _ => return Err("this cannot be checked of an e-mail".to_owned()),
    };
    if actual == wanted {
        Ok(())
    } else {
        Err(format!(
            "its marks are {:?}, in {:?}",
            email.flags, email.folder
        ))
    }
}
