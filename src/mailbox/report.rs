//! Delivery-status reports (RFC 3464 in RFC 3462's multipart/report): what a sender finds in his
//! inbox when a mail of his could not be delivered.

use std::fmt::Write as _;

use jiff::Timestamp;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};

use super::writing::{self, clean, is_plain_address};
use super::{Letterhead, MailAddress, MessageId, Recipient};

/// Characters that are kept of what somebody else's system said.
const REASON_LONGEST: usize = 300;

/// A recipient who did not get a mail.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// Who.
    pub recipient: Recipient,
    /// What the relay or the mailbox said last.
    pub reason: String,
    /// Whether it was given up after many tries, rather than refused.
    pub given_up: bool,
}

/// A report of failures.
#[derive(Clone, Debug)]
pub struct Report<'a> {
    /// Its identity: the same on every try.
    pub id: &'a MessageId,
    /// Who we are.
    pub letterhead: &'a Letterhead,
    /// Whom it is for.
    pub to: &'a MailAddress,
    /// Who did not get the mail.
    pub failures: &'a [Failure],
    /// The subject of the mail.
    pub subject: &'a str,
    /// The mail, or as much of it as holds all its headers.
    pub message: &'a [u8],
    /// Now, as far as the mail knows: when it was sent.
    pub sent: Timestamp,
}

impl Report<'_> {
    /// The report in bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let name = self.to.name.as_deref().map(|name| clean(name, 128));
        let to = Address::new_address(name, self.to.address.as_str());
        let from = Address::new_address(
            Some(clean(&self.letterhead.name, 128)),
            self.letterhead.address.as_str(),
        );
        let kind = ContentType::new("multipart/report").attribute("report-type", "delivery-status");
        let parts = vec![
            MimePart::new("text/plain", self.words()),
            MimePart::new(
                ContentType::new("message/delivery-status"),
                BodyPart::Binary(self.status().into_bytes().into()),
            )
            .transfer_encoding("7bit"),
            MimePart::new(
                ContentType::new("text/rfc822-headers"),
                BodyPart::Binary(headers_of(self.message).into()),
            )
            .transfer_encoding("7bit"),
        ];
        MessageBuilder::new()
            .message_id(format!("{}.vm@{}", self.id.0, self.letterhead.domain()))
            .date(Date::new(self.sent.as_second()))
            .from(from)
            .to(to)
            .subject(format!("Not delivered: {}", clean(self.subject, 256)))
            .header("Auto-Submitted", Text::new("auto-replied"))
            .header("X-Auto-Response-Suppress", Text::new("All"))
            .header("X-Ringback-Message-ID", Text::new(self.id.0.to_string()))
            .body(MimePart::new(kind, parts))
            .write_to_vec()
            // Writing into a vector cannot fail.
            .unwrap_or_default()
    }

    fn words(&self) -> String {
        let mut words = String::from("Your message could not be delivered to:\n\n");
        for failure in self.failures {
            let why = clean(&failure.reason, REASON_LONGEST);
            let how = if failure.given_up {
                "after many tries"
            } else {
                "refused"
            };
            let _ = writeln!(words, "  {} ({how}: {why})", who(&failure.recipient));
        }
        words.push_str("\nIt is kept in your sent items.\n");
        words
    }

    /// RFC 3464 section 2: fields of the message, then those of each recipient.
    fn status(&self) -> String {
        let mut status = format!("Reporting-MTA: dns; {}\r\n", self.letterhead.domain());
        for failure in self.failures {
            let reason = ascii(&clean(&failure.reason, REASON_LONGEST));
            let code = status_code(failure);
            let _ = write!(
                status,
                "\r\nFinal-Recipient: {}\r\nAction: failed\r\nStatus: {code}\r\n\
                 Diagnostic-Code: smtp; {reason}\r\n",
                final_recipient(&failure.recipient)
            );
        }
        status
    }
}

/// The status code of RFC 3463: what the other side named, else what we know.
fn status_code(failure: &Failure) -> String {
    let named = failure.reason.split([' ', '(', ')', ',']).find(|word| {
        let mut parts = word.split('.');
        let class = parts.next().is_some_and(|class| matches!(class, "4" | "5"));
        let digits = |part: Option<&str>| {
            part.is_some_and(|part| {
                (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
            })
        };
        class && digits(parts.next()) && digits(parts.next()) && parts.next().is_none()
    });
    match named {
        // Whoever gave up does not say "try again".
        Some(code) if !failure.given_up => code.to_owned(),
        // Delivery time expired.
        _ if failure.given_up => "4.4.7".to_owned(),
        _ => "5.0.0".to_owned(),
    }
}

fn final_recipient(recipient: &Recipient) -> String {
    match (&recipient.address, &recipient.mailbox) {
        (Some(address), _) if is_plain_address(&address.address) => {
            format!("rfc822; {}", address.address)
        }
        (_, Some(mailbox)) => format!("x-ringback; {}", ascii(&clean(&mailbox.0, 128))),
        _ => "x-ringback; unknown".to_owned(),
    }
}

/// A recipient as a person reads it.
pub fn who(recipient: &Recipient) -> String {
    let Some(address) = &recipient.address else {
        let mailbox = recipient.mailbox.as_ref();
        return mailbox.map_or_else(String::new, |mailbox| clean(&mailbox.0, 128));
    };
    let written = clean(&address.address, 256);
    match &address.name {
        Some(name) => format!("{} <{written}>", clean(name, 128)),
        None => written,
    }
}

fn ascii(text: &str) -> String {
    text.chars()
        .map(|character| if character.is_ascii() { character } else { '?' })
        .collect()
}

/// The header of a message of ours, which is ASCII.
fn headers_of(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    end.map_or(message, |end| &message[..end + 2])
}

/// The subject of a mail for a report; what it is called when it has none.
pub fn subject_of(writing: &writing::Writing<'_>) -> String {
    let subject = writing.subject();
    if subject.is_empty() {
        "(no subject)".to_owned()
    } else {
        subject
    }
}
