//! The calendars of a demo, as of the day on which it is made: a weekly series, a meeting that alice
//! organises, an invitation that she has not answered (a mail brings it, too), a day at a fair.
//! Times float: they are those of whoever listens.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::calendar::embedded::EmbeddedCalendar;
use crate::mailbox::embedded::EmbeddedMailbox;
use crate::mailbox::{MailFault, MailboxId};
use crate::store::Store;

/// For each user an iCalendar file; days in it stand in braces.
const CALENDARS: &[(&str, &str)] = &[
    ("alice", include_str!("demo_calendar/alice.ics")),
    ("bob", include_str!("demo_calendar/bob.ics")),
];

/// The invitation as a mail to alice.
const INVITATION: &str = include_str!("demo_calendar/invitation.eml");

/// Fills the calendars. Blocks.
pub(super) fn keep(store: &Store, now: Timestamp) -> Result<(), MailFault> {
    let today = TimeZone::UTC.to_datetime(now).date();
    let calendar = EmbeddedCalendar::new(store.clone());
    for (user, text) in CALENDARS {
        let mailbox = MailboxId((*user).into());
        calendar.import(&mailbox, &dated(text, today), false)?;
    }
    let mail = dated(INVITATION, today).replace('\n', "\r\n");
    EmbeddedMailbox::new(store.clone())
        .deliver_mail(&MailboxId("alice".into()), mail.as_bytes(), now)
        .map(drop)
}

/// The text with the days of this demo.
fn dated(text: &str, today: Date) -> String {
    [
        ("{week-ago}", -7),
        ("{today}", 0),
        ("{tomorrow}", 1),
        ("{in-two-days}", 2),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (name, days)| {
        let day = today.checked_add(days.days()).unwrap_or(today);
        text.replace(name, &day.strftime("%Y%m%d").to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::{Attendance, Calendar, Role};

    #[tokio::test]
    async fn the_calendar_of_the_demo_has_something_of_each() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let added = store.write_now(|db| {
            let alice = r#"{"user":"alice","mail":"alice@example.test"}"#;
            db.execute("INSERT INTO person VALUES ('alice', ?1)", [alice])?;
            let mailbox = r#"{"user":"alice","policy":"demo","extensions":["2001"]}"#;
            db.execute("INSERT INTO mailbox VALUES ('alice', ?1)", [mailbox])?;
            Ok(())
        });
        added.unwrap();
        let now: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        keep(&store, now).unwrap();
        let calendar = EmbeddedCalendar::new(store);
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let day = |text: &str| {
            let date: Date = text.parse().unwrap();
            date.to_zoned(zone.clone()).unwrap().timestamp()
        };
        let alice = MailboxId("alice".into());
        let agenda = calendar
            .agenda(&alice, day("2026-11-23"), day("2026-11-25"), &zone)
            .await;
        let agenda = agenda.unwrap();
        assert!(agenda.broken.is_empty(), "{:?}", agenda.broken);
        let roles: Vec<Role> = agenda.appointments.iter().map(|one| one.role).collect();
        assert_eq!(
            roles,
            [
                Role::Alone,
                Role::Attendee(Attendance::Accepted),
                Role::Organiser,
                Role::Attendee(Attendance::NeedsAction),
            ]
        );
        assert!(agenda.appointments[1].recurs);
    }
}
