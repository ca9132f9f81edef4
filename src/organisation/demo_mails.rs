//! The e-mails of the demo: invented, and written as mail servers would bring them.

use jiff::{SignedDuration, Timestamp};

/// A mail that lies in the first user's mailbox when the demo is made.
#[derive(Clone, PartialEq, Debug)]
pub struct DemoMail {
    /// RFC 5322.
    pub bytes: Vec<u8>,
    /// When it came.
    pub received: Timestamp,
    /// Whether it has been read.
    pub read: bool,
}

/// Each mail, how many minutes ago it came, and whether it has been read.
const MAILS: [(&str, i64, bool); 7] = [
    (include_str!("demo_mails/plan-1.eml"), 27 * 60, true),
    (include_str!("demo_mails/plan-2.eml"), 25 * 60, true),
    (include_str!("demo_mails/plan-3.eml"), 95, false),
    (include_str!("demo_mails/newsletter.eml"), 4 * 60, false),
    (include_str!("demo_mails/measurements.eml"), 140, false),
    (include_str!("demo_mails/german.eml"), 62, false),
    (include_str!("demo_mails/important.eml"), 21, false),
];

/// The mails, as of `now`.
pub fn mails(now: Timestamp) -> Vec<DemoMail> {
    let mails = MAILS.into_iter().map(|(text, minutes, read)| {
        let received = now
            .checked_sub(SignedDuration::from_mins(minutes))
            .unwrap_or(now);
        let date = received.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string();
        DemoMail {
            bytes: text
                .replace("@DATE@", &date)
                .replace('\n', "\r\n")
                .into_bytes(),
            received,
            read,
        }
    });
    mails.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::mime::Mail;
    use crate::mailbox::{Importance, MailAddress};

    #[test]
    fn the_mails_are_read_as_they_are_meant() {
        let now: Timestamp = "2026-11-23T08:30:00Z".parse().unwrap();
        let mails = mails(now);
        let read: Vec<Mail<'_>> = mails.iter().map(|mail| Mail::read(&mail.bytes)).collect();
        for (mail, found) in mails.iter().zip(&read) {
            assert!(mail.received < now);
            assert_eq!(found.header().date, Some(mail.received));
            let content = found.content();
            assert!(content.text.len() > 80 && !content.cut, "{content:?}");
        }
        assert_eq!(read[2].header().references.len(), 2);
        assert!(read[3].content().text.contains("> A reader asked"));
        assert_eq!(
            read[3].header().subject,
            "Acoustics Weekly: quiet rooms, loud cafés"
        );
        let attached = read[4].content().attachments;
        assert_eq!((attached.len(), attached[1].is_sound), (2, true));
        assert_eq!(read[4].sound(attached[1].part).unwrap().len(), 16_000);
        assert_eq!(read[5].header().language.as_deref(), Some("de"));
        let from = MailAddress {
            name: Some("Jürgen Weiß".to_owned()),
            address: "weiss@werkstatt.example".to_owned(),
        };
        assert_eq!(read[5].header().from, Some(from));
        assert_eq!(read[6].header().importance, Importance::High);
    }
}
