//! Mails of ours as they go over the wire: RFC 5322 and MIME, with the headers that mail programs
//! know voice mail by (`mailbox-backends` section 4, `unified-messaging` section 11).
//!
//! Names, subjects and numbers come from elsewhere. Before they reach a header, whatever could end
//! it, or turn the reading direction, is taken out; mail-builder encodes and folds the rest.

mod sounds;

use std::fmt::Write as _;
use std::time::Duration;

use jiff::tz::TimeZone;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId as Ids;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::mime::{BodyPart, MimePart};

use sounds::whole_seconds;

use super::{CallDetails, Card, Importance, Letterhead, MailAddress, MailKind, OutgoingMail};

pub use sounds::{WrittenSound, length_in_words};

/// Characters of a name or a subject that are kept (`mailbox-backends` section 4).
const NAME_LONGEST: usize = 128;
/// A subject may be longer: it is the sender's own, or that of what is answered.
const SUBJECT_LONGEST: usize = 512;
/// Message-IDs that are kept in References: the first, and the newest.
const REFERENCES_MOST: usize = 50;
/// A Message-ID that is longer than this is nobody's, and would not fit into a line.
const MESSAGE_ID_LONGEST: usize = 900;

/// A mail and all that belongs into it.
#[derive(Clone, Debug)]
pub struct Writing<'a> {
    /// The mail.
    pub mail: &'a OutgoingMail,
    /// Who we are.
    pub letterhead: &'a Letterhead,
    /// Who sends it; none: we do.
    pub sender: Option<&'a Card>,
    /// To, as it stands in the header.
    pub to: &'a [MailAddress],
    /// Cc, as it stands in the header.
    pub cc: &'a [MailAddress],
    /// Its sounds, newest first.
    pub sounds: &'a [WrittenSound],
    /// The e-mail that is forwarded with it, as it was delivered.
    pub original: Option<&'a [u8]>,
    /// The zone in which times are told.
    pub zone: &'a TimeZone,
}

impl Writing<'_> {
    /// The mail in bytes; lines end in CRLF and none is longer than 998 bytes.
    pub fn bytes(&self) -> Vec<u8> {
        let mut message = self.headers();
        message = message.body(self.body());
        // Writing into a vector cannot fail.
        message.write_to_vec().unwrap_or_default()
    }

    /// The subject: the sender's, or what a voice message is called.
    pub fn subject(&self) -> String {
        let subject = clean(&self.mail.subject, SUBJECT_LONGEST);
        if !subject.is_empty() {
            return subject;
        }
        match (self.mail.kind, self.length()) {
            (MailKind::CallAnswering | MailKind::Voice | MailKind::VoiceReply, Some(length)) => {
                format!(
                    "Voice Mail from {} ({})",
                    self.who(),
                    length_in_words(length)
                )
            }
            _ => String::new(),
        }
    }

    fn headers(&self) -> MessageBuilder<'_> {
        let mail = self.mail;
        let mut message = MessageBuilder::new()
            .message_id(message_id(mail, self.letterhead))
            .date(Date::new(mail.sent.as_second()))
            .from(self.from())
            .subject(self.subject());
        if let Some(answers) = self.reply_to() {
            message = message.reply_to(answers);
        }
        if !self.to.is_empty() {
            message = message.to(addresses(self.to));
        }
        if !self.cc.is_empty() {
            message = message.cc(addresses(self.cc));
        }
        if let Some(id) = mail.in_reply_to.as_deref().and_then(clean_id) {
            message = message.in_reply_to(id);
        }
        let references = self.references();
        if !references.is_empty() {
            message = message.references(Ids::from(references));
        }
        for (name, value) in self.marks() {
            message = message.header(name, value);
        }
        message
    }

    /// Headers by which mail programs know what it is.
    fn marks(&self) -> Vec<(&'static str, HeaderType<'_>)> {
        let mail = self.mail;
        let mut marks: Vec<(&'static str, HeaderType<'_>)> = Vec::new();
        let mut mark = |name, value: String| marks.push((name, Text::new(value).into()));
        match mail.kind {
            MailKind::CallAnswering => mark("Content-Class", "voice-ca".to_owned()),
            MailKind::Voice => mark("Content-Class", "voice".to_owned()),
            MailKind::MissedCall => {
                mark("Content-Class", "missedcall".to_owned());
                // RFC 3458 section 5.6: nothing that a telephone could play.
                mark("Message-Context", "none".to_owned());
            }
            MailKind::VoiceReply | MailKind::Note | MailKind::AutoReply | MailKind::System => {}
        }
        if !self.sounds.is_empty() || mail.kind == MailKind::MissedCall {
            for (name, value) in of_call(&self.call()) {
                mark(name, value);
            }
        }
        if !self.sounds.is_empty() {
            mark("Message-Context", "voice-message".to_owned());
            let seconds = self.length().map_or(0, whole_seconds);
            mark("X-VoiceMessageDuration", seconds.to_string());
        }
        if mail.importance != Importance::Normal {
            let (importance, priority) = match mail.importance {
                Importance::High => ("high", "1"),
                _ => ("low", "5"),
            };
            mark("Importance", importance.to_owned());
            mark("X-Priority", priority.to_owned());
        }
        if mail.private {
            mark("Sensitivity", "private".to_owned());
        }
        let automatic = match mail.kind {
            MailKind::System | MailKind::MissedCall => Some("auto-generated"),
            MailKind::AutoReply => Some("auto-replied"),
            MailKind::Voice | MailKind::VoiceReply | MailKind::Note => None,
            // Nobody's program sends it on by itself.
            MailKind::CallAnswering => Some("auto-generated"),
        };
        if let Some(automatic) = automatic {
            mark("Auto-Submitted", automatic.to_owned());
            mark("X-Auto-Response-Suppress", "All".to_owned());
        }
        mark("X-Ringback-Message-ID", clean(&mail.id.0, NAME_LONGEST));
        mark("X-Ringback-Kind", kind_name(mail.kind).to_owned());
        if let Some(user) = &mail.from {
            mark("X-Ringback-Sender", clean(&user.0, NAME_LONGEST));
        }
        if !self.sounds.is_empty() {
            marks.push(("X-AttachmentOrder", as_it_is(self.sound_names().join(";"))));
        }
        marks
    }

    /// Text and HTML, or text and calendar; sounds and the original beside it.
    fn body(&self) -> MimePart<'_> {
        let words = self.words();
        let mut attached: Vec<MimePart<'_>> = self.sound_parts();
        if let Some(original) = self.original {
            attached.push(forwarded(original));
        }
        if attached.is_empty() {
            return words;
        }
        let mut parts = vec![words];
        parts.append(&mut attached);
        MimePart::new("multipart/mixed", parts)
    }

    fn words(&self) -> MimePart<'_> {
        let text = clean_text(&self.text());
        let plain = MimePart::new("text/plain", text.clone());
        let other = match &self.mail.calendar {
            // RFC 6047 section 2.4: the method stands in the Content-Type too.
            Some((method, object)) => {
                let kind = ContentType::new("text/calendar")
                    .attribute("method", clean(method, 32))
                    .attribute("charset", "utf-8")
                    .attribute("component", "VEVENT");
                MimePart::new(kind, object.as_str())
            }
            None => MimePart::new("text/html", html(&self.subject(), &text)),
        };
        MimePart::new("multipart/alternative", vec![plain, other])
    }

    fn sound_parts(&self) -> Vec<MimePart<'_>> {
        let names = self.sound_names();
        let parts = self.sounds.iter().zip(names).map(|(sound, name)| {
            let kind = ContentType::new("audio/wav").attribute("name", name.clone());
            MimePart::new(kind, BodyPart::Binary(sound.wav.as_slice().into()))
                .attachment(name)
                .header(
                    "Content-Duration",
                    Raw::new(whole_seconds(sound.length).to_string()),
                )
                .header("Content-Description", Text::new("voice message"))
        });
        parts.collect()
    }

    /// File names of the sounds: unique, as [MS-OXOUM] wants them.
    fn sound_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for sound in self.sounds {
            let who = file_name(&sound.from);
            let length = length_in_words(sound.length);
            let mut name = format!("{who} ({length}) Voice Mail.wav");
            let mut copy = 1;
            while names.contains(&name) {
                copy += 1;
                name = format!("{who} ({length}) Voice Mail ({copy}).wav");
            }
            names.push(name);
        }
        names
    }

    /// From: always an address of ours. For an answer to an invitation it has to be the one that was
    /// invited (RFC 6047 section 2.2), and an automatic reply is known by the one that was written to
    /// (RFC 3834 section 3.1.1).
    fn from(&self) -> Address<'_> {
        let name = self.sender.map(|card| clean(&card.name, NAME_LONGEST));
        let own = self.sender.and_then(|card| card.address.as_deref());
        let by_own = self.mail.calendar.is_some() || self.mail.kind == MailKind::AutoReply;
        match own {
            Some(own) if by_own && is_plain_address(own) => {
                Address::new_address(name, own.to_owned())
            }
            _ => {
                let caller = || Some(clean(&self.mail.call.as_ref()?.shown(), NAME_LONGEST));
                let name = name.or_else(caller);
                let name = name.unwrap_or_else(|| clean(&self.letterhead.name, NAME_LONGEST));
                Address::new_address(Some(name), self.letterhead.address.as_str())
            }
        }
    }

    fn reply_to(&self) -> Option<Address<'_>> {
        if let (Some(call), None) = (&self.mail.call, self.sender) {
            let own = call.mail.as_deref().filter(|own| is_plain_address(own))?;
            return Some(Address::new_address(Some(call.who()), own));
        }
        let card = self.sender?;
        let address = card
            .address
            .as_deref()
            .filter(|own| is_plain_address(own))?;
        Some(Address::new_address(
            Some(clean(&card.name, NAME_LONGEST)),
            address,
        ))
    }

    fn references(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .mail
            .references
            .iter()
            .chain(&self.mail.in_reply_to)
            .filter_map(|id| clean_id(id))
            .collect();
        all.dedup();
        if all.len() > REFERENCES_MOST {
            // RFC 5537 section 3.4.4: the first and the last ones hold a thread together.
            all.drain(1..all.len() - (REFERENCES_MOST - 1));
        }
        all
    }

    /// The words of the body: a voice message begins with who left it, how long it is, and when.
    fn text(&self) -> String {
        let own = &self.mail.text;
        let Some(length) = self.length() else {
            return own.clone();
        };
        let when = self.mail.sent.to_zoned(self.zone.clone());
        let call = self.call();
        let told = match self.mail.kind {
            // Below stands what is answered, or about which meeting it is: that tells enough of who
            // writes to whom.
            MailKind::VoiceReply | MailKind::Note => call.message_line(&when, length),
            _ => call.message_text(&when, length),
        };
        if own.is_empty() {
            told
        } else {
            format!("{told}\n{own}")
        }
    }

    /// Who left it: the caller, as far as he is known, else the subscriber whose mail it is.
    fn call(&self) -> CallDetails {
        let call = self.mail.call.as_deref().cloned().unwrap_or_default();
        let Some(card) = self.sender else { return call };
        CallDetails {
            name: call
                .name
                .or_else(|| Some(card.name.clone()).filter(|name| !name.is_empty())),
            number: call.number.or_else(|| card.number.clone()),
            mail: call.mail.or_else(|| card.address.clone()),
            ..call
        }
    }

    fn who(&self) -> String {
        match self.sender {
            Some(card) if !card.name.is_empty() => clean(&card.name, NAME_LONGEST),
            Some(card) => clean(card.number.as_deref().unwrap_or_default(), NAME_LONGEST),
            None => match &self.mail.call {
                Some(call) => call.who(),
                None => clean(&self.letterhead.name, NAME_LONGEST),
            },
        }
    }

    /// How long the newest sound is.
    fn length(&self) -> Option<Duration> {
        self.sounds.first().map(|sound| sound.length)
    }
}

/// Headers about a call, by which mail programs and other servers know it.
fn of_call(call: &CallDetails) -> impl Iterator<Item = (&'static str, String)> {
    let some = |value: &Option<String>| value.clone().unwrap_or_default();
    let headers = [
        ("X-CallingTelephoneNumber", some(&call.number)),
        ("X-VoiceMessageSenderName", some(&call.name)),
        ("X-CallID", call.call_id.clone()),
        ("X-Ringback-Called", call.called.clone()),
        ("X-Ringback-Reason", call.reason.clone()),
    ];
    let cleaned = headers.map(|(name, value)| (name, clean(&value, NAME_LONGEST)));
    cleaned.into_iter().filter(|(_, value)| !value.is_empty())
}

/// The Message-ID of a mail without angle brackets: the same on every try.
pub fn message_id(mail: &OutgoingMail, letterhead: &Letterhead) -> String {
    format!("{}.vm@{}", mail.id.0, letterhead.domain())
}

/// Text for one header line: no controls, no change of direction, no folding, and not too long.
pub fn clean(text: &str, longest: usize) -> String {
    let mut cleaned = String::new();
    let mut blank = true;
    let mut kept = 0;
    for character in text
        .chars()
        .filter(|character| !is_bidi_control(*character))
    {
        let space = character.is_whitespace() || character.is_control();
        if (space && blank) || kept == longest {
            continue;
        }
        cleaned.push(if space { ' ' } else { character });
        blank = space;
        kept += 1;
    }
    cleaned.truncate(cleaned.trim_end().len());
    // What looks like an encoded word (RFC 2047) would be read as something else than it says.
    cleaned.replace("=?", "= ?")
}

/// The subject of an answer.
pub fn answer_subject(subject: &str) -> String {
    prefixed("RE:", subject)
}

/// The subject of a forward.
pub fn forward_subject(subject: &str) -> String {
    prefixed(FORWARD_PREFIX, subject)
}

/// The subject of a forwarded voice message that has none: whose it is, as far as that is known.
pub fn forwarded_voice_subject(speaker: &str) -> String {
    let speaker = match speaker {
        "" => "an unknown caller",
        known => known,
    };
    forward_subject(&format!("Voice Mail from {speaker}"))
}

/// What the subject of a forwarded message begins with.
pub const FORWARD_PREFIX: &str = "FW:";

fn prefixed(prefix: &str, subject: &str) -> String {
    let begins = subject.get(..prefix.len());
    if begins.is_some_and(|begins| begins.eq_ignore_ascii_case(prefix)) {
        return subject.to_owned();
    }
    format!("{prefix} {subject}")
}

/// The text of what is answered, below the answer.
pub fn quote(text: &str) -> String {
    text.lines().map(|line| format!("> {line}\n")).collect()
}

/// Words of a body: lines end in `\n`, and nothing in them turns the reading direction or rings.
fn clean_text(text: &str) -> String {
    text.replace("\r\n", "\n")
        .chars()
        .filter(|character| {
            matches!(character, '\n' | '\t')
                || !(character.is_control() || is_bidi_control(*character))
        })
        .collect()
}

/// Part of a file name: nothing that any system takes for more than a letter.
pub fn file_name(text: &str) -> String {
    let cleaned: String = clean(text, NAME_LONGEST)
        .chars()
        .map(|character| match character {
            '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' | ';' => '_',
            character => character,
        })
        .collect();
    let cleaned = cleaned.trim_start_matches(['.', ' ']);
    if cleaned.is_empty() {
        "Unknown".to_owned()
    } else {
        cleaned.to_owned()
    }
}

/// Whether it is an address that can stand in a header and in an SMTP command as it is: ASCII, one
/// `@` with something on both sides, nothing quoted (RFC 5321 section 4.5.3.1).
pub fn is_plain_address(address: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.[]:@".contains(&byte);
    address.len() <= 254
        && address.bytes().all(fits)
        && address.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len()) && !domain.is_empty() && !domain.contains('@')
        })
}

fn addresses(list: &[MailAddress]) -> Address<'_> {
    let listed = list.iter().filter(|one| is_plain_address(&one.address));
    Address::new_list(
        listed
            .map(|one| {
                let name = one.name.as_deref().map(|name| clean(name, NAME_LONGEST));
                let name = name.filter(|name| !name.is_empty());
                Address::new_address(name, one.address.as_str())
            })
            .collect(),
    )
}

/// A header that programs compare with file names: not encoded as long as it is ASCII, only folded.
fn as_it_is(value: String) -> HeaderType<'static> {
    let longest_word = value.split(' ').map(str::len).max();
    if value.is_ascii() && longest_word.is_some_and(|longest| longest < 900) {
        Raw::new(value).into()
    } else {
        Text::new(value).into()
    }
}

/// A Message-ID of others that can stand in a header, without angle brackets.
fn clean_id(id: &str) -> Option<String> {
    let id = id.trim_matches(['<', '>', ' ']);
    let fits = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>');
    (!id.is_empty() && id.len() <= MESSAGE_ID_LONGEST && id.bytes().all(fits))
        .then(|| id.to_owned())
}

/// Characters that change the reading direction (UAX #9), or that cannot be seen at all.
fn is_bidi_control(character: char) -> bool {
    matches!(character,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' | '\u{2028}' | '\u{2029}')
}

fn kind_name(kind: MailKind) -> &'static str {
    match kind {
        MailKind::CallAnswering => "call-answering",
        MailKind::Voice => "voice",
        MailKind::VoiceReply => "voice-reply",
        MailKind::Note => "note",
        MailKind::MissedCall => "missed-call",
        MailKind::AutoReply => "auto-reply",
        MailKind::System => "system",
    }
}

/// Somebody else's message inside ours, byte by byte. RFC 2046 section 5.2.1 allows no encoding of a
/// message, so one that breaks the rules of lines goes as a file.
fn forwarded(original: &[u8]) -> MimePart<'_> {
    const NAME: &str = "Forwarded message.eml";
    let contents = BodyPart::Binary(original.into());
    if !keeps_to_lines(original) {
        let kind = ContentType::new("application/octet-stream").attribute("name", NAME);
        return MimePart::new(kind, contents).attachment(NAME);
    }
    MimePart::new(ContentType::new("message/rfc822"), contents)
        .transfer_encoding(if original.is_ascii() { "7bit" } else { "8bit" })
        .attachment(NAME)
}

/// Whether all lines end in CRLF and none is longer than 998 bytes (RFC 5322 section 2.1.1).
fn keeps_to_lines(message: &[u8]) -> bool {
    let mut lines = message.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let last = lines.peek().is_none();
        let (ended, line) = match line.strip_suffix(b"\r") {
            Some(line) => (true, line),
            None => (last && line.is_empty(), line),
        };
        if !ended || line.len() > 998 || line.iter().any(|byte| matches!(byte, b'\r' | 0)) {
            return false;
        }
    }
    true
}

/// The same words with plain markup: no images, nothing from elsewhere.
fn html(subject: &str, text: &str) -> String {
    let mut page = String::from("<!DOCTYPE html>\n<html>\n<body>\n");
    if !subject.is_empty() {
        let _ = writeln!(page, "<h1>{}</h1>", escaped(subject));
    }
    for paragraph in text.split("\n\n").filter(|part| !part.trim().is_empty()) {
        let lines = escaped(paragraph.trim_matches('\n')).replace('\n', "<br>\n");
        let _ = writeln!(page, "<p>{lines}</p>");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
