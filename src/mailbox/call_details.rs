//! What a mail tells of a call: who called, how to reach him, and what came of it
//! (`unified-messaging` section 11.3).

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Zoned;
use serde::{Deserialize, Serialize};

use super::writing::{clean, length_in_words};

/// Characters that are kept of whatever is known of a caller (`mailbox-backends` section 4).
const LONGEST: usize = 128;

/// Who called, as far as it is known, and which call it was.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CallDetails {
    /// The caller's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The calling number; none when withheld.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Number at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work: Option<String>,
    /// Mobile number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// Number at home.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// The number that was called or diverted.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub called: String,
    /// ReasonForCall.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// SIP Call-ID.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub call_id: String,
}

/// Why a caller left nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NothingLeft {
    /// He hung up, said nothing, or took it back.
    OfHisOwn,
    /// The mailbox had no room.
    MailboxFull,
    /// He withheld his number, and the mailbox takes nothing from such callers.
    Anonymous,
}

impl CallDetails {
    /// The name, else the number, else that nobody knows: on one line, whatever came with the call.
    pub fn who(&self) -> String {
        match self.name.as_ref().or(self.number.as_ref()) {
            Some(known) => clean(known, LONGEST),
            None => "an unknown caller".to_owned(),
        }
    }

    /// As the From of a mail shows it: "Carla Caller (+15551234567)".
    pub fn shown(&self) -> String {
        match (&self.name, &self.number) {
            (Some(name), Some(number)) => format!("{name} ({number})"),
            (Some(one), None) | (None, Some(one)) => one.clone(),
            (None, None) => "Unknown caller".to_owned(),
        }
    }

    /// The subject of a missed call.
    pub fn missed_subject(&self) -> String {
        format!("Missed call from {}", self.who())
    }

    /// The words of a missed call; `when` in the zone of who reads them.
    pub fn missed_text(&self, when: &Zoned, why: NothingLeft) -> String {
        let mut text = format!(
            "You missed a call from {}, on {}.\n",
            self.named_with_number(),
            moment(when)
        );
        text.push_str(match why {
            NothingLeft::OfHisOwn => "No message was left.\n",
            NothingLeft::MailboxFull => {
                "No message could be left, because your mailbox is full. Delete what you do not \
                 need any more.\n"
            }
            NothingLeft::Anonymous => {
                "No message was taken, because the caller withheld the number.\n"
            }
        });
        self.write_table(&mut text);
        text
    }

    /// The words of a voice message; `when` in the zone of who reads them.
    pub fn message_text(&self, when: &Zoned, length: Duration) -> String {
        let mut text = self.message_line(when, length);
        self.write_table(&mut text);
        text
    }

    /// The same without what is known of the caller.
    pub fn message_line(&self, when: &Zoned, length: Duration) -> String {
        format!(
            "You have a voice message from {}, {}, left on {}.\n",
            self.named_with_number(),
            length_in_words(length),
            moment(when)
        )
    }

    fn named_with_number(&self) -> String {
        match (&self.name, &self.number) {
            (Some(name), Some(number)) => {
                format!("{} at {}", clean(name, LONGEST), clean(number, LONGEST))
            }
            _ => self.who(),
        }
    }

    /// What else is known of the caller, a line each.
    fn write_table(&self, text: &mut String) {
        let rows = [
            ("Name", &self.name),
            ("Title", &self.title),
            ("Company", &self.company),
            ("Called from", &self.number),
            ("Work", &self.work),
            ("Mobile", &self.mobile),
            ("Home", &self.home),
            ("E-mail", &self.mail),
        ];
        let known: Vec<(&str, &str)> = rows
            .iter()
            .filter_map(|(title, value)| Some((*title, value.as_deref()?)))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        // A number alone has been told above.
        if known.len() > 1 {
            text.push('\n');
            for (title, value) in known {
                let _ = writeln!(text, "{title}: {}", clean(value, LONGEST));
            }
        }
    }
}

fn moment(when: &Zoned) -> String {
    let zone = when.time_zone().iana_name();
    let told = when.strftime("%A, %-d %B %Y at %H:%M");
    match zone {
        Some(zone) => format!("{told} ({zone})"),
        None => told.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn when() -> Zoned {
        "2026-11-23T11:05[Europe/Berlin]".parse().unwrap()
    }

    #[test]
    fn everything_that_is_known_of_the_caller_is_told() {
        let carla = CallDetails {
            name: Some("Carla Caller".into()),
            number: Some("+15551234567".into()),
            mail: Some("carla@example.test".into()),
            title: Some("Buyer".into()),
            company: Some("Acme".into()),
            work: Some("+15551230000".into()),
            mobile: Some("+15551234567".into()),
            home: Some(String::new()),
            ..CallDetails::default()
        };
        assert_eq!(carla.missed_subject(), "Missed call from Carla Caller");
        assert_eq!(carla.shown(), "Carla Caller (+15551234567)");
        assert_eq!(
            carla.missed_text(&when(), NothingLeft::OfHisOwn),
            "You missed a call from Carla Caller at +15551234567, on Monday, 23 November 2026 at \
             11:05 (Europe/Berlin).\n\
             No message was left.\n\
             \n\
             Name: Carla Caller\n\
             Title: Buyer\n\
             Company: Acme\n\
             Called from: +15551234567\n\
             Work: +15551230000\n\
             Mobile: +15551234567\n\
             E-mail: carla@example.test\n"
        );
        let left = carla.message_text(&when(), Duration::from_secs(65));
        assert!(
            left.starts_with(
                "You have a voice message from Carla Caller at +15551234567, 1 minute 5 seconds, \
                 left on Monday, 23 November 2026 at 11:05 (Europe/Berlin).\n\nName: Carla Caller\n"
            ),
            "{left}"
        );
    }

    #[test]
    fn a_number_alone_and_nothing_at_all_are_told_once() {
        let number = CallDetails {
            number: Some("5551234".into()),
            ..CallDetails::default()
        };
        assert_eq!(
            number.missed_text(&when(), NothingLeft::MailboxFull),
            "You missed a call from 5551234, on Monday, 23 November 2026 at 11:05 \
             (Europe/Berlin).\n\
             No message could be left, because your mailbox is full. Delete what you do not need \
             any more.\n"
        );
        let nobody = CallDetails::default();
        assert_eq!(
            nobody.missed_subject(),
            "Missed call from an unknown caller"
        );
        assert_eq!(nobody.shown(), "Unknown caller");
        assert!(
            nobody
                .missed_text(&when(), NothingLeft::Anonymous)
                .contains("withheld the number")
        );
    }

    #[test]
    fn a_name_cannot_begin_a_line_of_its_own() {
        let forged = CallDetails {
            name: Some("Carla\nMobile: 900".into()),
            number: Some("5551234".into()),
            ..CallDetails::default()
        };
        let text = forged.missed_text(&when(), NothingLeft::OfHisOwn);
        assert!(!text.contains("\nMobile"), "{text}");
    }
}
