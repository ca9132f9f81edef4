//! Times of recurring and odd events against a table of our own (RFC 5545 section 3.8.5.3 has some of
//! them), and against what another implementation makes of other people's calendars.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::expand::{Window, appointments};
use super::object;
use super::rule::Budget;
use super::{Appointment, Span};

mod foreign;

fn at(text: &str, zone: &TimeZone) -> Timestamp {
    let local: DateTime = text.parse().unwrap();
    local.to_zoned(zone.clone()).unwrap().timestamp()
}

/// What lies between two days for somebody in `zone`, and how much is broken.
fn between(lines: &str, zone: &str, from: &str, to: &str) -> (Vec<Appointment>, usize) {
    let zone = TimeZone::get(zone).unwrap();
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\n{lines}\nEND:VCALENDAR\n");
    let calendar = object::parse(&text).unwrap();
    let window = Window {
        from: at(from, &zone),
        to: at(to, &zone),
    };
    let own = ["alice@example.org".to_owned()];
    let mut found = appointments(&calendar, window, &zone, &own, &mut Budget::new());
    found.0.sort_by_key(|one| told(one, &zone));
    (found.0, found.1.len())
}

/// How an appointment's time reads on the listener's clock.
fn told(one: &Appointment, zone: &TimeZone) -> String {
    match one.span {
        Span::AllDay(from, to) => format!("{from} to {to}"),
        Span::Timed(from, to) => {
            let local = |moment| zone.to_datetime(moment).strftime("%m-%d %H:%M").to_string();
            format!("{} to {}", local(from), local(to))
        }
    }
}

fn event(lines: &str) -> String {
    format!("BEGIN:VEVENT\nUID:1\n{lines}\nEND:VEVENT")
}

fn times(lines: &str, zone: &str, from: &str, to: &str) -> Vec<String> {
    let (found, broken) = between(lines, zone, from, to);
    assert_eq!(broken, 0, "{lines}");
    let zone = TimeZone::get(zone).unwrap();
    found.iter().map(|one| told(one, &zone)).collect()
}

#[test]
fn an_end_is_an_end_a_duration_or_nothing() {
    for (lines, expected) in [
        (
            "DTSTART:20261123T090000Z\nDTEND:20261123T093000Z",
            "11-23 09:00 to 11-23 09:30",
        ),
        (
            "DTSTART:20261123T090000Z\nDURATION:PT1H30M",
            "11-23 09:00 to 11-23 10:30",
        ),
        ("DTSTART:20261123T090000Z", "11-23 09:00 to 11-23 09:00"),
        ("DTSTART:20261123T090000", "11-23 09:00 to 11-23 09:00"),
        ("DTSTART;VALUE=DATE:20261123", "2026-11-23 to 2026-11-24"),
        (
            "DTSTART;VALUE=DATE:20261122\nDTEND;VALUE=DATE:20261125",
            "2026-11-22 to 2026-11-25",
        ),
        (
            "DTSTART;VALUE=DATE:20261122\nDURATION:P3D",
            "2026-11-22 to 2026-11-25",
        ),
        (
            "DTSTART;VALUE=DATE:20261123\nDTEND;VALUE=DATE:20261123",
            "2026-11-23 to 2026-11-24",
        ),
        (
            "DTSTART:20261122T230000Z\nDTEND:20261123T010000Z",
            "11-22 23:00 to 11-23 01:00",
        ),
    ] {
        let found = times(&event(lines), "UTC", "2026-11-23T00:00", "2026-11-24T00:00");
        assert_eq!(found, [expected], "{lines}");
    }
}

#[test]
fn a_day_is_that_of_the_listener() {
    let lines = event("DTSTART;VALUE=DATE:20261123");
    for zone in ["Pacific/Kiritimati", "Pacific/Niue", "Europe/Berlin"] {
        assert_eq!(
            times(&lines, zone, "2026-11-23T00:00", "2026-11-24T00:00").len(),
            1,
            "{zone}"
        );
        for (from, to) in [
            ("2026-11-22T00:00", "2026-11-23T00:00"),
            ("2026-11-24T00:00", "2026-11-25T00:00"),
        ] {
            assert!(times(&lines, zone, from, to).is_empty(), "{zone} {from}");
        }
    }
}

#[test]
fn rules_name_their_days() {
    // RFC 5545 section 3.8.5.3, moved to other years where that shows more.
    for (rule, from, to, expected) in [
        (
            "FREQ=DAILY;COUNT=3",
            "2026-01-01",
            "2027-01-01",
            "01-05 01-06 01-07",
        ),
        (
            "FREQ=DAILY;INTERVAL=10;UNTIL=20260206T140000Z",
            "2026-01-01",
            "2027-01-01",
            "01-05 01-15 01-25 02-04",
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=TU,TH;COUNT=4",
            "2026-01-01",
            "2027-01-01",
            "01-05 01-06 01-08 01-20 01-22",
        ),
        (
            "FREQ=MONTHLY;BYDAY=1FR;COUNT=3",
            "2026-01-01",
            "2027-01-01",
            "01-05 02-06 03-06 04-03",
        ),
        (
            "FREQ=MONTHLY;BYDAY=-2MO",
            "2026-02-01",
            "2026-04-01",
            "02-16 03-23",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=-3",
            "2026-02-01",
            "2026-04-01",
            "02-26 03-29",
        ),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31",
            "2026-02-01",
            "2026-06-01",
            "03-31 05-31",
        ),
        (
            "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
            "2026-01-06",
            "2027-01-01",
            "02-13 03-13 11-13",
        ),
        (
            "FREQ=MONTHLY;BYDAY=TU,WE,TH;BYSETPOS=3",
            "2026-02-01",
            "2026-04-01",
            "02-05 03-05",
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
            "2026-02-01",
            "2026-04-01",
            "02-26 03-30",
        ),
        (
            "FREQ=YEARLY;BYDAY=20MO",
            "2026-02-01",
            "2027-01-01",
            "05-18",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
            "2026-02-01",
            "2027-01-01",
            "05-11",
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO",
            "2026-06-01",
            "2027-12-31",
            "01-04",
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=100,-1",
            "2026-02-01",
            "2027-01-01",
            "04-10 12-31",
        ),
        (
            "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
            "2026-03-01",
            "2026-03-20",
            "03-05 03-12 03-19",
        ),
        (
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
            "2030-01-01",
            "2031-01-01",
            "11-05",
        ),
        (
            "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;COUNT=400",
            "2026-03-09",
            "2026-03-16",
            "03-09 03-10 03-11 03-12 03-13",
        ),
        (
            "FREQ=DAILY;BYMONTH=1",
            "2026-12-30",
            "2027-01-03",
            "01-01 01-02",
        ),
    ] {
        let lines = event(&format!("DTSTART:20260105T090000Z\nRRULE:{rule}"));
        let (from, to) = (format!("{from}T00:00"), format!("{to}T00:00"));
        let found = times(&lines, "UTC", &from, &to);
        let days: Vec<&str> = found.iter().map(|time| &time[..5]).collect();
        assert_eq!(days.join(" "), expected, "{rule}");
    }
}

#[test]
fn leap_days_and_the_end_of_february() {
    let lines = event("DTSTART;VALUE=DATE:20240229\nRRULE:FREQ=YEARLY");
    assert!(times(&lines, "UTC", "2026-01-01T00:00", "2027-01-01T00:00").is_empty());
    assert_eq!(
        times(&lines, "UTC", "2028-01-01T00:00", "2029-01-01T00:00"),
        ["2028-02-29 to 2028-03-01"]
    );
}

#[test]
fn a_series_keeps_its_hour_over_changes_of_clocks() {
    let lines =
        event("DTSTART;TZID=Europe/Berlin:20260105T090000\nDURATION:PT30M\nRRULE:FREQ=WEEKLY");
    for (zone, from, expected) in [
        (
            "Europe/Berlin",
            "2026-03-23T00:00",
            "03-23 09:00 to 03-23 09:30",
        ),
        (
            "Europe/Berlin",
            "2026-03-30T00:00",
            "03-30 09:00 to 03-30 09:30",
        ),
        // America changes three weeks earlier, and back a week later.
        (
            "America/New_York",
            "2026-03-02T00:00",
            "03-02 03:00 to 03-02 03:30",
        ),
        (
            "America/New_York",
            "2026-03-09T00:00",
            "03-09 04:00 to 03-09 04:30",
        ),
        (
            "America/New_York",
            "2026-03-30T00:00",
            "03-30 03:00 to 03-30 03:30",
        ),
        ("UTC", "2026-03-30T00:00", "03-30 07:00 to 03-30 07:30"),
    ] {
        let to = from.replace("T00:00", "T23:59");
        assert_eq!(times(&lines, zone, from, &to), [expected], "{zone} {from}");
    }
}

#[test]
fn hours_that_do_not_exist_and_hours_that_come_twice() {
    // 29 March 2026: 02:00 is 03:00. 25 October 2026: 03:00 is 02:00.
    let lines = event("DTSTART;TZID=Europe/Berlin:20260301T023000\nRRULE:FREQ=DAILY");
    assert_eq!(
        times(&lines, "UTC", "2026-03-28T00:00", "2026-03-31T00:00"),
        [
            "03-28 01:30 to 03-28 01:30",
            "03-29 01:30 to 03-29 01:30",
            "03-30 00:30 to 03-30 00:30"
        ]
    );
    assert_eq!(
        times(&lines, "UTC", "2026-10-25T00:00", "2026-10-26T00:00"),
        ["10-25 00:30 to 10-25 00:30"],
        "the first of the two"
    );
}

#[test]
fn a_zone_is_known_by_many_names() {
    for (name, expected) in [
        ("Europe/Berlin", "07-01 07:00"),
        ("W. Europe Standard Time", "07-01 07:00"),
        ("Eastern Standard Time", "07-01 13:00"),
        (
            "/freeassociation.sourceforge.net/Europe/Berlin",
            "07-01 07:00",
        ),
        ("/mozilla.org/20050126_1/America/New_York", "07-01 13:00"),
        ("America/Argentina/Buenos_Aires", "07-01 12:00"),
        ("UTC", "07-01 09:00"),
    ] {
        let lines = event(&format!("DTSTART;TZID=\"{name}\":20260701T090000"));
        let (found, broken) = between(&lines, "UTC", "2026-07-01T00:00", "2026-07-02T00:00");
        assert_eq!(broken, 0);
        assert!(!found[0].zone_uncertain, "{name}");
        assert_eq!(&told(&found[0], &TimeZone::UTC)[..11], expected, "{name}");
    }
}

#[test]
fn an_unknown_zone_is_the_owners_and_said_to_be_uncertain() {
    let lines = event("DTSTART;TZID=Middle-earth/Shire:20260701T090000");
    let (found, _) = between(
        &lines,
        "Europe/Berlin",
        "2026-07-01T00:00",
        "2026-07-02T00:00",
    );
    assert!(found[0].zone_uncertain);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    assert_eq!(&told(&found[0], &zone)[..11], "07-01 09:00");
}

const SHIRE: &str = "BEGIN:VTIMEZONE\nTZID:Shire\n\
    BEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0330\nTZOFFSETTO:+0230\n\
    RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\n\
    BEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0230\nTZOFFSETTO:+0330\n\
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\nEND:DAYLIGHT\nEND:VTIMEZONE";

#[test]
fn a_zone_of_its_own_goes_by_its_own_rules() {
    for (local, expected) in [
        ("20260701T090000", "07-01 05:30"),
        ("20261201T090000", "12-01 06:30"),
        // The hour that is left out, and the one that comes twice.
        ("20260329T023000", "03-29 00:00"),
        ("20260329T030000", "03-28 23:30"),
        ("20261025T023000", "10-24 23:00"),
        ("20261025T030000", "10-25 00:30"),
    ] {
        let lines = format!("{SHIRE}\n{}", event(&format!("DTSTART;TZID=Shire:{local}")));
        let (found, broken) = between(&lines, "UTC", "2026-03-01T00:00", "2026-12-31T00:00");
        assert_eq!((found.len(), broken), (1, 0), "{local}");
        assert!(!found[0].zone_uncertain, "{local}");
        assert_eq!(&told(&found[0], &TimeZone::UTC)[..11], expected, "{local}");
    }
}

#[test]
fn a_zone_whose_rules_ended_keeps_its_last_offset() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Old\n\
        BEGIN:DAYLIGHT\nDTSTART:19800401T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
        RRULE:FREQ=YEARLY;BYMONTH=4;UNTIL=19900331T230000Z\nEND:DAYLIGHT\n\
        BEGIN:STANDARD\nDTSTART:19800401T120000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
        RDATE:19810901T000000,19910901T000000\nEND:STANDARD\nEND:VTIMEZONE";
    let lines = format!("{zone}\n{}", event("DTSTART;TZID=Old:20260701T090000"));
    assert_eq!(
        times(&lines, "UTC", "2026-07-01T00:00", "2026-07-02T00:00"),
        ["07-01 08:00 to 07-01 08:00"]
    );
}

#[test]
fn exceptions_additions_and_moved_instances() {
    let series = "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20261102T090000\nDURATION:PT1H\n\
        RRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20261109T090000\n\
        RDATE;TZID=Europe/Berlin:20261111T150000\n\
        RDATE;VALUE=PERIOD:20261112T100000Z/PT2H,20261113T100000Z/20261113T103000Z\n\
        END:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20261116T080000Z\n\
        DTSTART;TZID=Europe/Berlin:20261118T100000\nDURATION:PT30M\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;TZID=Europe/Berlin:20261123T090000\n\
        DTSTART;TZID=Europe/Berlin:20261123T090000\nSTATUS:CANCELLED\nEND:VEVENT";
    assert_eq!(
        times(
            series,
            "Europe/Berlin",
            "2026-11-01T00:00",
            "2027-01-01T00:00"
        ),
        [
            "11-02 09:00 to 11-02 10:00",
            "11-11 15:00 to 11-11 16:00",
            "11-12 11:00 to 11-12 13:00",
            "11-13 11:00 to 11-13 11:30",
            "11-18 10:00 to 11-18 10:30",
            "11-30 09:00 to 11-30 10:00",
        ]
    );
    // Moved out of one day and into another.
    assert!(
        times(
            series,
            "Europe/Berlin",
            "2026-11-16T00:00",
            "2026-11-17T00:00"
        )
        .is_empty()
    );
    assert_eq!(
        times(
            series,
            "Europe/Berlin",
            "2026-11-18T00:00",
            "2026-11-19T00:00"
        )
        .len(),
        1
    );
    let (found, _) = between(
        series,
        "Europe/Berlin",
        "2026-11-18T00:00",
        "2026-11-19T00:00",
    );
    let of = found[0].occurrence.recurrence.unwrap();
    assert_eq!(
        of.to_string(),
        "2026-11-16T09:00:00",
        "on the series' own clock"
    );
}

#[test]
fn this_and_all_later_ones_are_moved() {
    let series = "BEGIN:VEVENT\nUID:1\nDTSTART:20261102T090000Z\nDURATION:PT1H\nSUMMARY:Before\n\
        RRULE:FREQ=WEEKLY;COUNT=4\nEND:VEVENT\n\
        BEGIN:VEVENT\nUID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20261116T090000Z\n\
        DTSTART:20261117T110000Z\nDURATION:PT30M\nSUMMARY:After\nEND:VEVENT";
    assert_eq!(
        times(series, "UTC", "2026-11-01T00:00", "2027-01-01T00:00"),
        [
            "11-02 09:00 to 11-02 10:00",
            "11-09 09:00 to 11-09 10:00",
            "11-17 11:00 to 11-17 11:30",
            "11-24 11:00 to 11-24 11:30",
        ]
    );
    let (found, _) = between(series, "UTC", "2026-11-24T00:00", "2026-11-25T00:00");
    assert_eq!(found[0].subject, "After");
}

#[test]
fn endless_rules_cost_little_and_give_no_more_than_is_allowed() {
    for (rule, most) in [
        ("FREQ=SECONDLY", 2_000),
        ("FREQ=SECONDLY;COUNT=4000000000", 2_000),
        ("FREQ=MINUTELY", 1_440),
        ("FREQ=SECONDLY;BYHOUR=3;BYMINUTE=4", 60),
    ] {
        let lines = event(&format!("DTSTART:19700101T000000Z\nRRULE:{rule}"));
        let (found, broken) = between(&lines, "UTC", "2026-11-23T00:00", "2026-11-24T00:00");
        assert!(
            found.len() <= most && !found.is_empty() || broken == 1,
            "{rule}: {}",
            found.len()
        );
    }
    // What would cost too much is not followed, and counts as broken.
    for rule in [
        "FREQ=SECONDLY;COUNT=4000000000;BYMONTH=1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=2",
    ] {
        let lines = event(&format!("DTSTART:19700101T000000Z\nRRULE:{rule}"));
        let (found, broken) = between(&lines, "UTC", "2026-11-23T00:00", "2026-11-24T00:00");
        assert!(found.is_empty(), "{rule}: {broken}");
    }
    let last = event("DTSTART:99991231T235959Z\nRRULE:FREQ=YEARLY\nDURATION:P9999W");
    let (_, broken) = between(&last, "UTC", "2026-11-23T00:00", "9999-12-01T00:00");
    assert!(broken <= 1);
}

#[test]
fn what_cannot_be_read_is_counted_and_the_rest_is_read() {
    for broken_lines in [
        "DTSTART:yesterday",
        "SUMMARY:no time",
        "DTSTART:20261123T090000Z\nDTEND:20261123T080000Z",
        "DTSTART:20261123T090000Z\nDTEND:later",
        "DTSTART:20261399T090000Z",
        "DTSTART:20261123T090000Z\nRRULE:FREQ=SOMETIMES;INTERVAL=0",
    ] {
        let lines = format!(
            "BEGIN:VEVENT\nUID:2\n{broken_lines}\nEND:VEVENT\n{}",
            event("DTSTART:20261123T100000Z")
        );
        let (found, broken) = between(&lines, "UTC", "2026-11-23T00:00", "2026-11-24T00:00");
        assert_eq!((found.len(), broken), (1, 1), "{broken_lines}");
    }
}

#[test]
fn marks_and_people_are_read() {
    use super::{Attendance, Role};
    let lines = event(
        "DTSTART:20261123T090000Z\nSUMMARY:Budget\\, again\nLOCATION:Room 4\nCLASS:PRIVATE\n\
         X-MICROSOFT-CDO-BUSYSTATUS:FREE\nTRANSP:OPAQUE\n\
         ORGANIZER;CN=Bob Baker:MAILTO:bob@example.org\n\
         ATTENDEE;CN=Alice;PARTSTAT=TENTATIVE:mailto:Alice@Example.org\n\
         ATTENDEE;CUTYPE=ROOM:mailto:room4@example.org\n\
         ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.org",
    );
    let (found, _) = between(&lines, "UTC", "2026-11-23T00:00", "2026-11-24T00:00");
    let one = &found[0];
    assert_eq!(one.subject, "Budget, again");
    assert_eq!(one.location, "Room 4");
    assert!(one.private && one.free && !one.recurs);
    assert_eq!(one.role, Role::Attendee(Attendance::Tentative));
    assert_eq!(
        one.organiser.as_ref().unwrap().name.as_deref(),
        Some("Bob Baker")
    );
    assert_eq!(one.attendees.len(), 2, "the organiser apart");
    assert!(one.attendees[1].is_resource);
}
