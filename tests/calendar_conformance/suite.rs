//! The assertions. Each takes a bench with two empty calendars.

use std::sync::Arc;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ringback::calendar::{
    Agenda, Appointment, Attendance, Calendar, EventId, MeetingMail, Method, Occurrence, Role,
    Standing,
};
use ringback::mailbox::{MailFault, MailboxId};
use tempfile::TempDir;

/// A backend with the empty calendars of alice and bob.
pub(super) struct Bench {
    pub(super) calendar: Arc<dyn Calendar>,
    pub(super) _folder: TempDir,
}

const ALICE: &str = "alice";
const BOB: &str = "bob";
/// Whom bob's mails come from.
const BOB_WRITES: &str = "bob@example.test";

/// A weekly meeting that bob organises; alice and carol are invited, dave has declined.
const STAND_UP: &str = "BEGIN:VCALENDAR\r\nPRODID:-//Somebody//EN\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n\
BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:standup-1@example.test\r\nSEQUENCE:3\r\nDTSTAMP:20261101T080000Z\r\n\
DTSTART;TZID=Office:20261102T100000\r\nDTEND;TZID=Office:20261102T101500\r\n\
RRULE:FREQ=WEEKLY\r\nSUMMARY:Stand-up\r\nLOCATION:Room 4\r\nX-SOMETHING;Y=Z:kept\r\n\
ORGANIZER;CN=Bob Baker:mailto:bob@example.test\r\n\
ATTENDEE;CN=Alice Archer;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:Alice@Example.test\r\n\
ATTENDEE;CN=Carol;PARTSTAT=ACCEPTED:mailto:carol@elsewhere.example\r\n\
ATTENDEE;CN=Dave;PARTSTAT=DECLINED:mailto:dave@elsewhere.example\r\n\
BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n\
END:VEVENT\r\nEND:VCALENDAR\r\n";

fn id(user: &str) -> MailboxId {
    MailboxId(user.into())
}

fn now() -> Timestamp {
    "2026-11-07T17:15:00Z".parse().unwrap()
}

fn local(text: &str) -> DateTime {
    text.parse().unwrap()
}

fn stand_up(at: &str) -> Occurrence {
    Occurrence {
        event: EventId("standup-1@example.test".into()),
        recurrence: Some(local(at)),
    }
}

fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

impl Bench {
    async fn take(&self, user: &str, text: &str) -> usize {
        self.take_from(user, text, None).await
    }

    async fn take_from(&self, user: &str, text: &str, sender: Option<&str>) -> usize {
        let taken = self.calendar.take(&id(user), text, sender).await;
        taken.unwrap().len()
    }

    async fn read(&self, text: &str, sender: Option<&str>) -> Result<MeetingMail, MailFault> {
        let zone = TimeZone::UTC;
        self.calendar.read(&id(ALICE), text, sender, &zone).await
    }

    async fn day(&self, user: &str, date: &str) -> Agenda {
        let zone = TimeZone::UTC;
        let from = local(&format!("{date}T00:00"))
            .to_zoned(zone.clone())
            .unwrap();
        let to = from.checked_add(1.day()).unwrap();
        let agenda = self
            .calendar
            .agenda(&id(user), from.timestamp(), to.timestamp(), &zone)
            .await;
        agenda.unwrap()
    }

    async fn one(&self, user: &str, date: &str) -> Option<Appointment> {
        self.day(user, date).await.appointments.into_iter().next()
    }

    async fn respond(
        &self,
        user: &str,
        of: &Occurrence,
        answer: Attendance,
    ) -> Result<String, MailFault> {
        let words = Some("I shall dial in.");
        let notice = self
            .calendar
            .respond(&id(user), of, answer, words, now())
            .await?;
        let notice = notice.unwrap();
        assert_eq!(notice.method, "REPLY");
        assert_eq!(notice.to.len(), 1);
        Ok(notice.calendar)
    }
}

fn lines_of<'a>(object: &'a str, name: &str) -> Vec<&'a str> {
    let is = |line: &&str| {
        line.strip_prefix(name)
            .is_some_and(|rest| rest.starts_with([':', ';']))
    };
    object.lines().filter(is).collect()
}

pub(super) async fn an_event_is_found_in_its_time_only(bench: Bench) {
    let text = event(
        "1",
        "DTSTART:20261123T100000Z\r\nDTEND:20261123T110000Z\r\nSUMMARY:One",
    );
    assert_eq!(bench.take(ALICE, &text).await, 1);
    assert_eq!(bench.one(ALICE, "2026-11-23").await.unwrap().subject, "One");
    assert!(bench.one(ALICE, "2026-11-22").await.is_none());
    assert!(bench.one(ALICE, "2026-11-24").await.is_none());
}

pub(super) async fn all_day_comes_first_then_by_time(bench: Bench) {
    for (uid, start) in [
        ("1", "DTSTART:20261123T140000Z"),
        ("2", "DTSTART;VALUE=DATE:20261123"),
        ("3", "DTSTART:20261123T083000Z"),
    ] {
        bench
            .take(ALICE, &event(uid, &format!("{start}\r\nSUMMARY:{uid}")))
            .await;
    }
    let agenda = bench.day(ALICE, "2026-11-23").await;
    let order: Vec<&str> = agenda
        .appointments
        .iter()
        .map(|one| one.subject.as_str())
        .collect();
    assert_eq!(order, ["2", "3", "1"]);
}

pub(super) async fn calendars_of_others_are_out_of_reach(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    assert!(bench.one(BOB, "2026-11-09").await.is_none());
    let of = stand_up("2026-11-09T10:00");
    let answered = bench.respond(BOB, &of, Attendance::Accepted).await;
    assert_eq!(answered, Err(MailFault::NotFound));
}

pub(super) async fn a_newer_object_replaces_an_older_one_and_never_the_other_way(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let older = STAND_UP
        .replace("SEQUENCE:3", "SEQUENCE:2")
        .replace("Stand-up", "Older");
    assert_eq!(bench.take(ALICE, &older).await, 0);
    let stale = STAND_UP
        .replace("20261101T080000Z", "20261101T070000Z")
        .replace("Stand-up", "Stale");
    assert_eq!(bench.take(ALICE, &stale).await, 0);
    assert_eq!(
        bench.one(ALICE, "2026-11-09").await.unwrap().subject,
        "Stand-up"
    );
    let newer = STAND_UP
        .replace("SEQUENCE:3", "SEQUENCE:4")
        .replace("Stand-up", "Newer");
    assert_eq!(
        bench
            .take_from(ALICE, &newer, Some("eve@elsewhere.example"))
            .await,
        0
    );
    assert_eq!(
        bench
            .take_from(ALICE, &newer, Some("BOB@example.test"))
            .await,
        1
    );
    assert_eq!(
        bench.one(ALICE, "2026-11-09").await.unwrap().subject,
        "Newer"
    );
}

pub(super) async fn a_request_is_unanswered_until_it_is_answered(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let one = bench.one(ALICE, "2026-11-09").await.unwrap();
    assert_eq!(one.role, Role::Attendee(Attendance::NeedsAction));
    assert_eq!(one.occurrence, stand_up("2026-11-09T10:00"));
    assert!(one.recurs);
}

pub(super) async fn an_answer_is_kept_and_told_as_it_has_to_be(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    let reply = bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap();
    let one = bench.one(ALICE, "2026-11-09").await.unwrap();
    assert_eq!(one.role, Role::Attendee(Attendance::Accepted));
    for (name, expected) in [
        ("METHOD", "METHOD:REPLY"),
        ("UID", "UID:standup-1@example.test"),
        ("SEQUENCE", "SEQUENCE:3"),
        ("DTSTAMP", "DTSTAMP:20261107T171500Z"),
        ("RECURRENCE-ID", "RECURRENCE-ID;TZID=Office:20261109T100000"),
        ("DTSTART", "DTSTART;TZID=Office:20261109T100000"),
        ("SUMMARY", "SUMMARY:Stand-up"),
        ("COMMENT", "COMMENT:I shall dial in."),
        ("REQUEST-STATUS", "REQUEST-STATUS:2.0;Success"),
    ] {
        let found = lines_of(&reply, name);
        // The zone that the times are told in has a beginning of its own.
        assert!(found.contains(&expected), "{name}: {found:?}\n{reply}");
    }
    let attendees = lines_of(&reply, "ATTENDEE");
    assert_eq!(attendees.len(), 1, "{reply}");
    assert!(attendees[0].contains("PARTSTAT=ACCEPTED"), "{attendees:?}");
    assert!(!attendees[0].contains("RSVP"), "{attendees:?}");
    assert_eq!(lines_of(&reply, "ORGANIZER").len(), 1);
    assert!(lines_of(&reply, "RRULE").is_empty(), "{reply}");
    assert!(reply.contains("TZID:Office"), "{reply}");
}

pub(super) async fn a_zone_that_is_only_named_is_described_to_others(bench: Bench) {
    let (before, zone_on) = STAND_UP.split_once("BEGIN:VTIMEZONE").unwrap();
    let (_, after) = zone_on.split_once("END:VTIMEZONE\r\n").unwrap();
    let named = format!("{before}{after}").replace("TZID=Office", "TZID=Europe/Zurich");
    bench.take(ALICE, &named).await;
    let of = bench.one(ALICE, "2026-11-09").await.unwrap().occurrence;
    let reply = bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap();
    assert!(
        reply.contains("DTSTART;TZID=Europe/Zurich:20261109T"),
        "{reply}"
    );
    for line in ["BEGIN:VTIMEZONE", "TZID:Europe/Zurich", "TZOFFSETTO:+0100"] {
        assert!(reply.contains(line), "{line}\n{reply}");
    }
}

pub(super) async fn an_answer_to_one_occurrence_leaves_the_others(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    bench
        .respond(ALICE, &of, Attendance::Tentative)
        .await
        .unwrap();
    let roles = [
        ("2026-11-02", Attendance::NeedsAction),
        ("2026-11-09", Attendance::Tentative),
    ];
    for (date, answer) in roles {
        let one = bench.one(ALICE, date).await.unwrap();
        assert_eq!(one.role, Role::Attendee(answer), "{date}");
    }
    // Answering again changes the same one.
    bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap();
    let day = bench.day(ALICE, "2026-11-09").await;
    assert_eq!(day.appointments.len(), 1);
    assert_eq!(
        day.appointments[0].role,
        Role::Attendee(Attendance::Accepted)
    );
}

pub(super) async fn declining_takes_it_out(bench: Bench) {
    let single = STAND_UP.replace("RRULE:FREQ=WEEKLY\r\n", "");
    bench.take(ALICE, &single).await;
    let of = bench.one(ALICE, "2026-11-02").await.unwrap().occurrence;
    assert_eq!(of.recurrence, None);
    let reply = bench
        .respond(ALICE, &of, Attendance::Declined)
        .await
        .unwrap();
    assert!(reply.contains("PARTSTAT=DECLINED"));
    assert!(lines_of(&reply, "RECURRENCE-ID").is_empty());
    assert!(bench.one(ALICE, "2026-11-02").await.is_none());
}

pub(super) async fn declining_one_occurrence_leaves_the_others(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap();
    bench
        .respond(ALICE, &of, Attendance::Declined)
        .await
        .unwrap();
    assert!(bench.one(ALICE, "2026-11-09").await.is_none());
    assert!(bench.one(ALICE, "2026-11-16").await.is_some());
}

pub(super) async fn nobody_answers_who_was_not_asked(bench: Bench) {
    let list = STAND_UP.replace("mailto:Alice@Example.test", "mailto:team@example.test");
    bench.take(ALICE, &list).await;
    let one = bench.one(ALICE, "2026-11-09").await.unwrap();
    assert_eq!(one.role, Role::Unlisted);
    let answered = bench
        .respond(ALICE, &one.occurrence, Attendance::Accepted)
        .await;
    assert!(
        matches!(answered, Err(MailFault::Refused(_))),
        "{answered:?}"
    );
    assert!(bench.one(ALICE, "2026-11-09").await.is_some());
}

pub(super) async fn cancelling_tells_everybody_who_comes(bench: Bench) {
    let single = STAND_UP
        .replace("RRULE:FREQ=WEEKLY\r\n", "")
        .replace("METHOD:REQUEST\r\n", "");
    bench.take(BOB, &single).await;
    let one = bench.one(BOB, "2026-11-02").await.unwrap();
    assert_eq!(one.role, Role::Organiser);
    let notice = bench
        .calendar
        .cancel(&id(BOB), &one.occurrence, Some("Ill"), now())
        .await;
    let notice = notice.unwrap().unwrap();
    let to: Vec<&str> = notice.to.iter().map(|who| who.address.as_str()).collect();
    assert_eq!(to, ["Alice@Example.test", "carol@elsewhere.example"]);
    for expected in [
        "METHOD:CANCEL",
        "SEQUENCE:4",
        "STATUS:CANCELLED",
        "COMMENT:Ill",
    ] {
        assert!(
            notice.calendar.contains(expected),
            "{expected}: {}",
            notice.calendar
        );
    }
    assert_eq!(lines_of(&notice.calendar, "ATTENDEE").len(), 3);
    assert!(bench.one(BOB, "2026-11-02").await.is_none());
}

pub(super) async fn cancelling_one_occurrence_leaves_the_others(bench: Bench) {
    bench
        .take(BOB, &STAND_UP.replace("METHOD:REQUEST\r\n", ""))
        .await;
    let of = stand_up("2026-11-09T10:00");
    let first = bench
        .calendar
        .cancel(&id(BOB), &of, None, now())
        .await
        .unwrap()
        .unwrap();
    assert!(
        first
            .calendar
            .contains("RECURRENCE-ID;TZID=Office:20261109T100000")
    );
    assert!(first.calendar.contains("SEQUENCE:4"));
    assert!(bench.one(BOB, "2026-11-09").await.is_none());
    assert!(bench.one(BOB, "2026-11-16").await.is_some());
    let of = stand_up("2026-11-16T10:00");
    let second = bench
        .calendar
        .cancel(&id(BOB), &of, None, now())
        .await
        .unwrap()
        .unwrap();
    assert!(
        second.calendar.contains("SEQUENCE:5"),
        "each change has a number of its own"
    );
}

pub(super) async fn an_appointment_without_others_goes_without_a_word(bench: Bench) {
    bench
        .take(ALICE, &event("1", "DTSTART:20261123T100000Z"))
        .await;
    let one = bench.one(ALICE, "2026-11-23").await.unwrap();
    assert_eq!(one.role, Role::Alone);
    let notice = bench
        .calendar
        .cancel(&id(ALICE), &one.occurrence, None, now())
        .await;
    assert_eq!(notice, Ok(None));
    assert!(bench.one(ALICE, "2026-11-23").await.is_none());
}

fn cancellation(recurrence: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n\
         UID:standup-1@example.test\r\nSEQUENCE:4\r\nDTSTAMP:20261107T080000Z\r\n{recurrence}\
         ORGANIZER:mailto:bob@example.test\r\nSTATUS:CANCELLED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

pub(super) async fn a_cancellation_by_the_organiser_removes(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    assert_eq!(
        bench
            .take_from(ALICE, &cancellation(""), Some("bob@example.test"))
            .await,
        1
    );
    assert!(bench.one(ALICE, "2026-11-09").await.is_none());
    assert_eq!(
        bench
            .take_from(ALICE, &cancellation(""), Some("bob@example.test"))
            .await,
        0
    );
}

pub(super) async fn a_cancellation_by_somebody_else_changes_nothing(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    assert_eq!(
        bench
            .take_from(ALICE, &cancellation(""), Some("eve@example.test"))
            .await,
        0
    );
    assert!(bench.one(ALICE, "2026-11-09").await.is_some());
}

pub(super) async fn a_cancellation_of_one_occurrence_leaves_the_others(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let one = cancellation("RECURRENCE-ID:20261109T090000Z\r\n");
    assert_eq!(
        bench.take_from(ALICE, &one, Some("bob@example.test")).await,
        1
    );
    assert!(bench.one(ALICE, "2026-11-09").await.is_none());
    assert!(bench.one(ALICE, "2026-11-16").await.is_some());
}

/// Bob's own calendar, and alice's answer out of hers.
async fn alice_answers(bench: &Bench) -> String {
    bench
        .take(BOB, &STAND_UP.replace("METHOD:REQUEST\r\n", ""))
        .await;
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap()
}

fn answer_of(one: &Appointment, address: &str) -> Attendance {
    let mut attendees = one.attendees.iter();
    attendees
        .find(|attendee| attendee.who.is(address))
        .unwrap()
        .attendance
}

pub(super) async fn a_reply_changes_the_attendee_who_sent_it(bench: Bench) {
    let reply = alice_answers(&bench).await;
    assert_eq!(
        bench
            .take_from(BOB, &reply, Some("alice@example.test"))
            .await,
        1
    );
    let one = bench.one(BOB, "2026-11-09").await.unwrap();
    assert_eq!(answer_of(&one, "alice@example.test"), Attendance::Accepted);
    assert_eq!(one.role, Role::Organiser);
    let other = bench.one(BOB, "2026-11-16").await.unwrap();
    assert_eq!(
        answer_of(&other, "alice@example.test"),
        Attendance::NeedsAction
    );
}

pub(super) async fn a_reply_of_somebody_else_changes_nothing(bench: Bench) {
    let reply = alice_answers(&bench).await;
    assert_eq!(
        bench
            .take_from(BOB, &reply, Some("eve@elsewhere.example"))
            .await,
        0
    );
    let stranger = reply.replace("Alice@Example.test", "eve@elsewhere.example");
    assert_eq!(
        bench
            .take_from(BOB, &stranger, Some("eve@elsewhere.example"))
            .await,
        0
    );
    let one = bench.one(BOB, "2026-11-09").await.unwrap();
    assert_eq!(
        answer_of(&one, "alice@example.test"),
        Attendance::NeedsAction
    );
    assert_eq!(one.attendees.len(), 3);
}

pub(super) async fn unknown_properties_survive_every_change(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    for (at, answer) in [
        ("2026-11-09T10:00", Attendance::Accepted),
        ("2026-11-16T10:00", Attendance::Declined),
    ] {
        bench.respond(ALICE, &stand_up(at), answer).await.unwrap();
    }
    for at in ["2026-11-09T10:00", "2026-11-23T10:00"] {
        let object = bench
            .calendar
            .invitation(&id(ALICE), &stand_up(at))
            .await
            .unwrap();
        assert!(object.contains("X-SOMETHING;Y=Z:kept"), "{object}");
    }
}

pub(super) async fn what_is_not_there_is_not_found(bench: Bench) {
    let of = stand_up("2026-11-09T10:00");
    let answered = bench.respond(ALICE, &of, Attendance::Accepted).await;
    assert_eq!(answered, Err(MailFault::NotFound));
    let cancelled = bench.calendar.cancel(&id(ALICE), &of, None, now()).await;
    assert_eq!(cancelled, Err(MailFault::NotFound));
    let object = bench.calendar.invitation(&id(ALICE), &of).await;
    assert_eq!(object, Err(MailFault::NotFound));
}

pub(super) async fn what_is_no_calendar_is_refused(bench: Bench) {
    for text in ["", "hello", "BEGIN:VCARD\r\nEND:VCARD\r\n"] {
        let taken = bench.calendar.take(&id(ALICE), text, None).await;
        assert!(
            matches!(taken, Err(MailFault::Refused(_))),
            "{text}: {taken:?}"
        );
        let read = bench.read(text, None).await;
        assert!(
            matches!(read, Err(MailFault::Refused(_))),
            "{text}: {read:?}"
        );
    }
    let long = event("1", &format!("SUMMARY:{}", "x".repeat(2 << 20)));
    let taken = bench.calendar.take(&id(ALICE), &long, None).await;
    assert!(matches!(taken, Err(MailFault::Refused(_))));
}

pub(super) async fn a_broken_event_is_named_and_the_rest_is_read(bench: Bench) {
    let broken = event("1", "DTSTART:whenever\nSUMMARY:Dinner");
    bench.take(ALICE, &broken).await;
    bench
        .take(ALICE, &event("2", "DTSTART:20261123T100000Z"))
        .await;
    let agenda = bench.day(ALICE, "2026-11-23").await;
    assert_eq!(agenda.appointments.len(), 1);
    assert_eq!(agenda.broken, ["Dinner"]);
}

pub(super) async fn an_invitation_can_be_read_without_being_kept(bench: Bench) {
    let read = bench.read(STAND_UP, Some(BOB_WRITES)).await.unwrap();
    assert_eq!(
        (read.method, read.standing),
        (Method::Request, Standing::Absent)
    );
    assert_eq!((read.kept, read.ends), (None, None));
    assert_eq!(read.told.subject, "Stand-up");
    assert_eq!(read.told.role, Role::Attendee(Attendance::NeedsAction));
    assert!(bench.one(ALICE, "2026-11-09").await.is_none());
}

pub(super) async fn a_mail_is_compared_with_what_is_kept(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let with = |from: &str, to: &str| STAND_UP.replace(from, to);
    let sequence = |number: u32| format!("SEQUENCE:{number}");
    for (text, sender, standing) in [
        (STAND_UP.to_owned(), BOB_WRITES, Standing::Current),
        (
            with("SEQUENCE:3", &sequence(2)),
            BOB_WRITES,
            Standing::Outdated,
        ),
        (
            with("SEQUENCE:3", &sequence(4)),
            BOB_WRITES,
            Standing::Changed,
        ),
        (
            with("20261101T080000Z", "20261101T090000Z"),
            BOB_WRITES,
            Standing::Changed,
        ),
        (
            with("20261101T080000Z", "20261101T070000Z"),
            BOB_WRITES,
            Standing::Outdated,
        ),
        (
            with("SEQUENCE:3", &sequence(4)),
            "eve@example.test",
            Standing::NotByOrganiser,
        ),
        (with("standup-1", "standup-2"), BOB_WRITES, Standing::Absent),
        // When it was written does not count for what only names a version.
        (
            with("METHOD:REQUEST", "METHOD:CANCEL"),
            BOB_WRITES,
            Standing::Current,
        ),
        (
            with("METHOD:REQUEST", "METHOD:CANCEL").replace("T080000Z", "T070000Z"),
            BOB_WRITES,
            Standing::Current,
        ),
        (
            with("METHOD:REQUEST", "METHOD:CANCEL").replace("SEQUENCE:3", "SEQUENCE:2"),
            BOB_WRITES,
            Standing::Outdated,
        ),
    ] {
        let read = bench.read(&text, Some(sender)).await.unwrap();
        assert_eq!(read.standing, standing, "{sender}: {text}");
        let there = !matches!(standing, Standing::Absent);
        assert_eq!(read.kept.is_some(), there, "{text}");
    }
}

pub(super) async fn a_mail_about_one_occurrence_is_compared_with_that_one(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    bench
        .respond(ALICE, &of, Attendance::Accepted)
        .await
        .unwrap();
    let of = stand_up("2026-11-16T10:00");
    bench
        .respond(ALICE, &of, Attendance::Declined)
        .await
        .unwrap();
    // The organiser names occurrences by the clock of the world.
    let moved = |day: u32| {
        STAND_UP
            .replace(
                "RRULE:FREQ=WEEKLY",
                &format!("RECURRENCE-ID:202611{day:02}T090000Z"),
            )
            .replace(":20261102T1000", &format!(":202611{day:02}T1100"))
            .replace(":20261102T1015", &format!(":202611{day:02}T1115"))
            .replace("SEQUENCE:3", "SEQUENCE:4")
    };
    for (day, standing, role) in [
        (
            9,
            Standing::Changed,
            Some(Role::Attendee(Attendance::Accepted)),
        ),
        (16, Standing::Absent, None),
        (
            23,
            Standing::Changed,
            Some(Role::Attendee(Attendance::NeedsAction)),
        ),
    ] {
        let read = bench.read(&moved(day), Some(BOB_WRITES)).await.unwrap();
        let kept = read.kept.map(|kept| kept.role);
        assert_eq!((read.standing, kept), (standing, role), "{day}");
        let recurrence = Some(local(&format!("2026-11-{day:02}T10:00")));
        assert_eq!(read.told.occurrence.recurrence, recurrence, "{day}");
    }
}

pub(super) async fn a_cancellation_that_comes_late_changes_nothing(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let cancelled = STAND_UP.replace("METHOD:REQUEST", "METHOD:CANCEL");
    let late = cancelled.replace("SEQUENCE:3", "SEQUENCE:2");
    assert_eq!(bench.take_from(ALICE, &late, Some(BOB_WRITES)).await, 0);
    assert!(bench.one(ALICE, "2026-11-09").await.is_some());
    assert_eq!(
        bench.take_from(ALICE, &cancelled, Some(BOB_WRITES)).await,
        1
    );
    assert!(bench.one(ALICE, "2026-11-09").await.is_none());
}

pub(super) async fn an_invitation_is_forwarded_as_a_request(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let of = stand_up("2026-11-09T10:00");
    let object = bench.calendar.invitation(&id(ALICE), &of).await.unwrap();
    assert!(object.contains("METHOD:REQUEST"), "{object}");
    assert_eq!(bench.take(BOB, &object).await, 1);
    let day = bench.day(BOB, "2026-11-09").await;
    assert_eq!(day.appointments.len(), 1, "only the occurrence");
    assert!(bench.one(BOB, "2026-11-16").await.is_none());
}

pub(super) async fn two_sessions_at_once_leave_a_serial_result(bench: Bench) {
    bench.take(ALICE, STAND_UP).await;
    let (first, second) = (stand_up("2026-11-09T10:00"), stand_up("2026-11-16T10:00"));
    let (one, other) = tokio::join!(
        bench.respond(ALICE, &first, Attendance::Accepted),
        bench.respond(ALICE, &second, Attendance::Tentative),
    );
    assert!(one.is_ok() && other.is_ok());
    for (date, answer) in [
        ("2026-11-09", Attendance::Accepted),
        ("2026-11-16", Attendance::Tentative),
    ] {
        let found = bench.one(ALICE, date).await.unwrap();
        assert_eq!(found.role, Role::Attendee(answer), "{date}");
    }
}
