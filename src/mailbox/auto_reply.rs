//! Which mails an automatic reply answers, and what the answer is (RFC 3834; RFC 5230 section 4).
//!
//! A reply too few is a small matter; one too many goes round in circles with another machine, or
//! tells a list of thousands that somebody is not at his desk. In doubt nothing is answered. Pure.

use jiff::Timestamp;

use super::mime::Mail;
use super::writing::is_plain_address;
use super::{MailAddress, MailKind, MailboxId, MessageClass, OutgoingMail, Recipient};

/// A mail that may be answered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// Where the answer goes: the sender of the envelope, who would get a report of failure too.
    pub sender: String,
    /// To and Cc: who answers has to be among them.
    pub addressed: Vec<MailAddress>,
    /// Its subject.
    pub subject: String,
    /// Its Message-ID without angle brackets.
    pub message_id: Option<String>,
    /// Its References, oldest first.
    pub references: Vec<String>,
}

/// Reads a mail as it was delivered, Return-Path included.
///
/// # Errors
/// Why nobody answers it by himself.
pub fn question(mail: &[u8]) -> Result<Question, &'static str> {
    let mail = Mail::read(mail);
    let header = mail.header();
    if header.automatic {
        return Err("it comes from a machine or a list");
    }
    let says_voice = header.content_class.starts_with("voice") || header.context == "voice-message";
    let by_person = matches!(
        header.class,
        MessageClass::Note | MessageClass::VoiceReply | MessageClass::MeetingRequest
    );
    if says_voice || !by_person {
        return Err("it is no letter");
    }
    let written_by = header.from.as_ref().map(|from| from.address.as_str());
    // Without a Return-Path it came from a file, and From is all there is.
    let sender = header.return_path.as_deref().or(written_by);
    let sender = sender.unwrap_or_default();
    if sender.is_empty() {
        return Err("nobody wants to hear of it");
    }
    if !is_plain_address(sender) {
        return Err("its sender has no address that mail can go to");
    }
    if [Some(sender), written_by]
        .into_iter()
        .flatten()
        .any(is_machine)
    {
        return Err("its sender is a machine or a list");
    }
    Ok(Question {
        sender: sender.to_owned(),
        addressed: header.to.iter().chain(&header.cc).cloned().collect(),
        subject: header.subject.clone(),
        message_id: header.message_id.clone(),
        references: header.references.clone(),
    })
}

/// Whether nobody reads what is sent to this address (RFC 3834 section 2, RFC 5230 section 4.6).
fn is_machine(address: &str) -> bool {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let local = local.to_ascii_lowercase();
    // What stands behind a plus says which mail it is about: "list-bounces+carl=example.org".
    let name = local.split('+').next().unwrap_or_default();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let known = ["mailerdaemon", "listserv", "majordomo", "nobody"];
    let begins = ["noreply", "donotreply", "mailerdaemon", "bounce"];
    let ends = ["-request", "-owner", "-bounces", "-bounce"];
    known.contains(&&*plain)
        || begins.iter().any(|begin| plain.starts_with(begin))
        || plain.ends_with("noreply")
        || name.starts_with("owner-")
        || ends.iter().any(|end| name.ends_with(end))
}

/// The answer of `owner`, to be handed to the outbox.
pub fn reply(
    question: &Question,
    owner: MailboxId,
    to: Recipient,
    text: String,
    now: Timestamp,
) -> OutgoingMail {
    let subject = match question.subject.as_str() {
        "" => "Automatic reply".to_owned(),
        subject => format!("Automatic reply: {subject}"),
    };
    OutgoingMail {
        to: vec![to],
        subject,
        text,
        in_reply_to: question.message_id.clone(),
        references: question.references.clone(),
        ..OutgoingMail::new(MailKind::AutoReply, Some(owner), now)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mail(headers: &str) -> Vec<u8> {
        format!(
            "{headers}From: Carl <carl@example.org>\nTo: alice@example.test\nCc: Bob <bob@example.test>\n\
             Subject: Lunch?\nMessage-ID: <2@example.org>\nReferences: <1@example.org>\n\nToday?\n"
        )
        .replace('\n', "\r\n")
        .into_bytes()
    }

    #[test]
    fn a_letter_is_answered_to_the_sender_of_its_envelope() {
        let asked = question(&mail("Return-Path: <carl+home@example.org>\n")).unwrap();
        assert_eq!(asked.sender, "carl+home@example.org");
        let addressed: Vec<&str> = asked.addressed.iter().map(|one| &*one.address).collect();
        assert_eq!(addressed, ["alice@example.test", "bob@example.test"]);
        let to = Recipient::address(MailAddress {
            name: None,
            address: asked.sender.clone(),
        });
        let now = Timestamp::UNIX_EPOCH;
        let answer = reply(&asked, MailboxId("alice".into()), to, "Away.".into(), now);
        assert_eq!(answer.subject, "Automatic reply: Lunch?");
        assert_eq!(answer.in_reply_to.as_deref(), Some("2@example.org"));
        assert_eq!(answer.references, ["1@example.org"]);
        assert_eq!(answer.kind, MailKind::AutoReply);
        // A file knows of no envelope.
        assert_eq!(question(&mail("")).unwrap().sender, "carl@example.org");
        assert!(question(&mail("Auto-Submitted: no\n")).is_ok());
        assert!(question(&mail("Precedence: first-class\n")).is_ok());
    }

    #[test]
    fn machines_and_lists_are_not_answered() {
        for headers in [
            "Return-Path: <>\n",
            "Auto-Submitted: auto-generated\n",
            "Auto-Submitted: Auto-Replied; owner-email=\"x\"\n",
            "Precedence: bulk\n",
            "Precedence: List\n",
            "Precedence: junk\n",
            "List-Id: <all.example.org>\n",
            "List-Unsubscribe: <mailto:x@example.org>\n",
            "X-Auto-Response-Suppress: OOF, AutoReply\n",
            "X-Auto-Response-Suppress: All\n",
            "X-Spam-Flag: YES\n",
            "X-Loop: alice@example.test\n",
            "Content-Class: voice-ca\n",
            "Content-Class: missedcall\n",
            "Message-Context: voice-message\n",
            "Return-Path: <owner-all@example.org>\n",
            "Return-Path: <all-request@example.org>\n",
            "Return-Path: <all-bounces+alice=example.test@example.org>\n",
            "Return-Path: <bounces-17@example.org>\n",
            "Return-Path: <No-Reply@example.org>\n",
            "Return-Path: <shop.noreply@example.org>\n",
            "Return-Path: <do_not_reply@example.org>\n",
            "Return-Path: <MAILER-DAEMON@example.org>\n",
            "Return-Path: <no address>\n",
        ] {
            assert!(question(&mail(headers)).is_err(), "{headers}");
        }
        // Whoever carries it: what counts is who wrote it, too.
        let shop = String::from_utf8(mail("Return-Path: <carrier@example.org>\n")).unwrap();
        assert!(question(shop.as_bytes()).is_ok());
        let shop = shop.replace("<carl@", "<no-reply@");
        assert!(question(shop.as_bytes()).is_err());
        assert!(question(b"").is_err());
    }

    proptest! {
        #[test]
        fn whatever_comes_is_answered_to_a_plain_address_or_not_at_all(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            local in "[ -~]{0,20}",
        ) {
            let mut whole = format!("Return-Path: <{local}@example.org>\r\nFrom: x@example.org\r\n")
                .into_bytes();
            whole.extend(&bytes);
            for mail in [&bytes, &whole] {
                if let Ok(asked) = question(mail) {
                    prop_assert!(is_plain_address(&asked.sender));
                    prop_assert!(!is_machine(&asked.sender));
                }
            }
        }

        #[test]
        fn our_own_replies_are_never_answered(subject in "\\PC{0,60}", text in "\\PC{0,60}") {
            let asked = Question {
                sender: "carl@example.org".into(),
                addressed: Vec::new(),
                subject,
                message_id: Some("1@example.org".into()),
                references: Vec::new(),
            };
            let to = MailAddress { name: None, address: asked.sender.clone() };
            let owner = MailboxId("alice".into());
            let now = Timestamp::UNIX_EPOCH;
            let answer = reply(&asked, owner, Recipient::address(to.clone()), text, now);
            let written = crate::mailbox::writing::Writing {
                mail: &answer,
                letterhead: &crate::mailbox::Letterhead::default(),
                sender: None,
                to: &[to],
                cc: &[],
                sounds: &[],
                original: None,
                zone: &jiff::tz::TimeZone::UTC,
            };
            prop_assert!(question(&written.bytes()).is_err());
        }
    }
}
