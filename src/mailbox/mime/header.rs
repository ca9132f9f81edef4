//! Header fields, decoded by mail-parser and then cleaned (security C1): nothing that ends a line,
//! turns the direction of writing around or is no character of a text goes on from here.

use std::borrow::Cow;
use std::sync::LazyLock;

use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{Address, HeaderName, HeaderValue, MessageParser};
use serde::{Deserialize, Serialize};

use crate::mailbox::{Importance, MailAddress, MessageClass};

/// Bytes of a header block that are read; what is longer is no header.
pub(super) const HEADER_MAX: usize = 256 * 1024;

/// Addresses of a field that are kept.
const ADDRESSES_MAX: usize = 200;

/// References that are kept: the first, which began the conversation, and the last.
const REFERENCES_MAX: usize = 100;

/// Characters of a subject that are kept.
const SUBJECT_MAX: usize = 1_000;

/// Characters of a name that are kept (`mailbox-backends` section 4).
const NAME_MAX: usize = 128;

/// Bytes of an address or a message id that are kept (RFC 5321 4.5.3.1 allows 320; RFC 5322 998).
const ID_MAX: usize = 998;

/// The header of a mail, as far as it is used.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Header {
    /// Message-ID without angle brackets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
    /// References and In-Reply-To, oldest first, without angle brackets.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// From.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<MailAddress>,
    /// Reply-To.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reply_to: Vec<MailAddress>,
    /// To.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<MailAddress>,
    /// Cc.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<MailAddress>,
    /// Subject.
    pub subject: String,
    /// Importance, or what X-Priority says.
    pub importance: Importance,
    /// Sensitivity: private or personal.
    pub private: bool,
    /// What kind of message it is.
    pub class: MessageClass,
    /// How many attachments it has.
    pub attachments: usize,
    /// Content-Language, the first that is named.
    #[serde(skip)]
    pub language: Option<String>,
    /// Content-Class in small letters; empty when there is none.
    #[serde(skip)]
    pub content_class: String,
    /// Message-Context in small letters (RFC 3458).
    #[serde(skip)]
    pub context: String,
    /// Whether it answers something that is no voice message, by voice.
    #[serde(skip)]
    pub is_voice_reply: bool,
    /// Return-Path without angle brackets, as final delivery wrote it; empty for nobody.
    #[serde(skip)]
    pub return_path: Option<String>,
    /// Whether a machine or a list sent it (RFC 3834 section 2, RFC 2919, RFC 2369).
    #[serde(skip)]
    pub automatic: bool,
    /// When it was written.
    #[serde(skip)]
    pub date: Option<jiff::Timestamp>,
    /// X-CallingTelephoneNumber and the like, cleaned; by name in small letters.
    #[serde(skip)]
    pub extensions: Vec<(String, String)>,
}

static PARSER: LazyLock<MessageParser> = LazyLock::new(|| {
    MessageParser::new()
        .with_mime_headers()
        .with_address_headers()
        .with_message_ids()
        .header_date(HeaderName::Date)
        .default_header_text()
});

/// The header fields at the beginning of a message or part.
pub(super) fn fields(block: &[u8]) -> Vec<mail_parser::Header<'_>> {
    let block = block.get(..HEADER_MAX).unwrap_or(block);
    PARSER
        .parse_headers(block)
        .and_then(|mut message| {
            (!message.parts.is_empty()).then(|| std::mem::take(&mut message.parts[0].headers))
        })
        .unwrap_or_default()
}

/// The fields with letters as they are meant where somebody wrote them without saying how: RFC 6532 has
/// UTF-8, older programs mean Windows-1252. Encoded words say how, and stay.
pub(super) fn in_utf8(block: &[u8]) -> Cow<'_, [u8]> {
    let block = block.get(..HEADER_MAX).unwrap_or(block);
    if std::str::from_utf8(block).is_ok() {
        return Cow::Borrowed(block);
    }
    let western = charset_decoder(b"windows-1252");
    let mut meant = Vec::with_capacity(block.len() + block.len() / 8);
    for line in block.split_inclusive(|byte| *byte == b'\n') {
        let Some(western) = western.filter(|_| std::str::from_utf8(line).is_err()) else {
            meant.extend_from_slice(line);
            continue;
        };
        let mut rest = line;
        while !rest.is_empty() {
            let (plain, encoded, after) = up_to_encoded_word(rest);
            meant.extend_from_slice(western(plain).as_bytes());
            meant.extend_from_slice(encoded);
            rest = after;
        }
    }
    Cow::Owned(meant)
}

/// What comes before the first encoded word of a line (RFC 2047: `=?charset?encoding?text?=`), the word, and
/// what follows it.
fn up_to_encoded_word(line: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let find = |from: usize, mark: &[u8]| {
        let at = line
            .get(from..)?
            .windows(mark.len())
            .position(|here| here == mark)?;
        Some(from + at)
    };
    let word = || {
        let begin = find(0, b"=?")?;
        let encoding = find(begin + 2, b"?")? + 1;
        let text = find(encoding, b"?")? + 1;
        Some((begin, find(text, b"?=")? + 2))
    };
    let (begin, end) = word().unwrap_or((line.len(), line.len()));
    (&line[..begin], &line[begin..end], &line[end..])
}

/// A date as it is written, zones with names and years without a century among them (RFC 5322
/// section 4.3), which mail-parser takes for no zone at all.
fn date(text: &[u8]) -> Option<jiff::Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    parser.parse_timestamp(text.trim()).ok()
}

impl Header {
    /// Reads the header of a message.
    pub fn read(mail: &[u8]) -> Header {
        let block = in_utf8(split(mail).0);
        let block = &*block;
        let mut header = Header::default();
        for field in fields(block) {
            if field.name == HeaderName::Date {
                let (from, to) = (field.offset_start as usize, field.offset_end as usize);
                header.date = block.get(from..to).and_then(date).or_else(|| {
                    let date = field.value.as_datetime()?;
                    jiff::Timestamp::from_second(date.to_timestamp()).ok()
                });
            } else {
                header.take(&field);
            }
        }
        header.references.dedup();
        let spare = header.references.len().saturating_sub(REFERENCES_MAX);
        if spare > 0 {
            header.references.drain(1..=spare);
        }
        header
    }

    /// Whether this could be a mail at all: it begins with a header field.
    pub fn is_there(mail: &[u8]) -> bool {
        !fields(split(mail).0).is_empty()
    }

    /// A field of ours or of unified messaging, by its name in small letters.
    pub fn extension(&self, name: &str) -> Option<&str> {
        let found = self.extensions.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A missed call is from whoever called. The address of its From is that of the system which wrote
    /// it, and the name beside it may hold the number too.
    pub(super) fn name_the_caller(&mut self) {
        let caller = ["x-voicemessagesendername", "x-callingtelephonenumber"]
            .iter()
            .filter_map(|name| self.extension(name))
            .find(|value| !value.is_empty())
            .map(|value| clean(value, NAME_MAX));
        let ours = self.extension("x-ringback-kind") == Some("missed-call");
        match (caller, &mut self.from) {
            (Some(caller), Some(from)) => from.name = Some(caller),
            (None, from) if ours => *from = None,
            _ => {}
        }
    }

    fn take(&mut self, field: &mail_parser::Header<'_>) {
        let value = &field.value;
        let text = || value.as_text().map(|text| clean(text, SUBJECT_MAX));
        let word = || text().unwrap_or_default().to_lowercase();
        match &field.name {
            HeaderName::MessageId => self.message_id = ids(value).into_iter().next(),
            // In-Reply-To names the last of the References, or stands alone.
            HeaderName::References => {
                let later = std::mem::take(&mut self.references);
                self.references = ids(value);
                for id in later {
                    self.refer(id);
                }
            }
            HeaderName::InReplyTo => {
                for id in ids(value) {
                    self.refer(id);
                }
            }
            HeaderName::From => self.from = addresses(value).into_iter().next(),
            HeaderName::ReplyTo => self.reply_to = addresses(value),
            HeaderName::To => add(&mut self.to, addresses(value)),
            HeaderName::Cc => add(&mut self.cc, addresses(value)),
            HeaderName::Subject => {
                self.subject = clean(&without_undecoded(&text().unwrap_or_default()), SUBJECT_MAX);
            }
            HeaderName::ContentLanguage => {
                let first = word();
                let first = first.split([',', ' ']).next().unwrap_or_default();
                self.language = (!first.is_empty()).then(|| first.to_owned());
            }
            HeaderName::Importance => match word().as_str() {
                "high" => self.importance = Importance::High,
                "low" => self.importance = Importance::Low,
                _ => {}
            },
            HeaderName::Sensitivity => {
                self.private = matches!(word().as_str(), "private" | "personal");
            }
            HeaderName::MessageContext => self.context = word(),
            name => self.take_extension(name.as_str(), text()),
        }
    }

    fn take_extension(&mut self, name: &str, value: Option<String>) {
        let name = name.to_ascii_lowercase();
        let value = value.unwrap_or_default();
        match name.as_str() {
            "content-class" => self.content_class = value.to_lowercase(),
            "x-priority" if self.importance == Importance::Normal => {
                match value.bytes().find(u8::is_ascii_digit) {
                    Some(b'1' | b'2') => self.importance = Importance::High,
                    Some(b'4' | b'5') => self.importance = Importance::Low,
                    _ => {}
                }
            }
            // The first one stands above all that the sender wrote.
            "return-path" if self.return_path.is_none() => {
                self.return_path = Some(value.trim_matches(['<', '>', ' ']).to_owned());
            }
            _ if is_automatic(&name, &value) => self.automatic = true,
            "x-ringback-kind" => self.is_voice_reply = value == "voice-reply",
            _ => {}
        }
        if name.starts_with("x-") && self.extensions.len() < ADDRESSES_MAX {
            self.extensions.push((name, value));
        }
    }

    fn refer(&mut self, id: String) {
        if !self.references.contains(&id) && self.references.len() < 10 * REFERENCES_MAX {
            self.references.push(id);
        }
    }
}

/// Whether a field says that no person waits for an answer.
fn is_automatic(name: &str, value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let first = value.split([';', ' ']).next().unwrap_or_default();
    match name {
        "auto-submitted" => first != "no",
        "precedence" => matches!(first, "bulk" | "list" | "junk"),
        "x-auto-response-suppress" => value
            .split(',')
            .any(|what| matches!(what.trim(), "all" | "oof" | "autoreply")),
        "x-spam-flag" => first == "yes",
        "x-loop" => true,
        name => name.starts_with("list-"),
    }
}

/// The header block and the body: what stands before and behind the first empty line.
pub(super) fn split(part: &[u8]) -> (&[u8], &[u8]) {
    let mut start = 0;
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        let end = start + line.len();
        if matches!(line, b"\n" | b"\r\n") {
            return (&part[..end], &part[end..]);
        }
        start = end;
    }
    (part, &[])
}

/// The subject without what answering and forwarding put before it (RFC 5256 section 2.1), in small
/// letters; and whether there was something.
pub fn base_subject(subject: &str) -> (String, bool) {
    let mut rest = subject.trim().to_lowercase();
    let mut answered = false;
    loop {
        let before = rest.len();
        if let Some(shorter) = rest.strip_suffix("(fwd)") {
            answered = true;
            rest = shorter.trim_end().to_owned();
        }
        // A list's name in brackets, unless nothing else would be left.
        if let Some((_, after)) = rest.strip_prefix('[').and_then(|it| it.split_once(']'))
            && !after.trim().is_empty()
        {
            rest = after.trim_start().to_owned();
        }
        if let Some(after) = without_reply_mark(&rest) {
            answered = true;
            rest = after.to_owned();
        }
        if rest.len() == before {
            return (rest, answered);
        }
    }
}

/// `re: x`, `fwd[2]: x`, and what mail programs write in other languages.
fn without_reply_mark(subject: &str) -> Option<&str> {
    const MARKS: [&str; 9] = ["re", "fw", "fwd", "aw", "wg", "sv", "vs", "antw", "tr"];
    let (mark, after) = subject.split_once(':')?;
    let mark = mark.split('[').next().unwrap_or(mark).trim_end();
    MARKS.contains(&mark).then(|| after.trim_start())
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let all: Vec<&str> = match value {
        HeaderValue::Text(one) => vec![one],
        HeaderValue::TextList(list) => list.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    all.into_iter()
        .map(|id| id.trim().trim_matches(['<', '>']))
        .filter(|id| (1..=ID_MAX).contains(&id.len()))
        .filter(|id| {
            !id.chars()
                .any(|one| one.is_control() || one.is_whitespace())
        })
        .map(str::to_owned)
        .take(10 * REFERENCES_MAX)
        .collect()
}

fn addresses(value: &HeaderValue<'_>) -> Vec<MailAddress> {
    let HeaderValue::Address(address) = value else {
        return Vec::new();
    };
    let one = |found: &mail_parser::Addr<'_>| {
        let address = clean(found.address.as_deref()?, ID_MAX);
        let name = found.name.as_deref().map(clean_name);
        let is_address = address.contains('@') && !address.contains(char::is_whitespace);
        is_address.then(|| MailAddress {
            name: name.filter(|name| !name.is_empty()),
            address,
        })
    };
    match address {
        Address::List(list) => list.iter().filter_map(one).take(ADDRESSES_MAX).collect(),
        Address::Group(groups) => groups
            .iter()
            .flat_map(|group| &group.addresses)
            .filter_map(one)
            .take(ADDRESSES_MAX)
            .collect(),
    }
}

fn add(known: &mut Vec<MailAddress>, more: Vec<MailAddress>) {
    known.extend(more);
    known.truncate(ADDRESSES_MAX);
}

/// A name, as it may be spoken and written on.
pub fn clean_name(name: &str) -> String {
    clean(&without_undecoded(name), NAME_MAX)
}

/// A text without the encoded words (RFC 2047) that were left in it because they are damaged or their
/// charset is unknown: nobody understands Base64 by ear.
fn without_undecoded(text: &str) -> Cow<'_, str> {
    let mut kept = Cow::Borrowed("");
    let mut rest = text;
    while let Some(at) = rest.find("=?") {
        let (before, from) = rest.split_at(at);
        kept += before;
        let length = encoded_word_length(from);
        // What only looks like one stays.
        kept += &from[..if length == 0 { 2 } else { 0 }];
        rest = &from[length.max(2)..];
    }
    kept += rest;
    kept
}

/// How long the encoded word at the beginning is, ended as it should be or by white space; 0 when it is
/// none.
fn encoded_word_length(text: &str) -> usize {
    let mut fields = text[2..].splitn(3, '?');
    let (Some(charset), Some(encoding), Some(words)) =
        (fields.next(), fields.next(), fields.next())
    else {
        return 0;
    };
    let is_charset = |one: char| one.is_ascii_alphanumeric() || "-_*.:+".contains(one);
    if charset.is_empty() || !charset.chars().all(is_charset) {
        return 0;
    }
    if !matches!(encoding, "b" | "B" | "q" | "Q") {
        return 0;
    }
    let begin = text.len() - words.len();
    // No further than the end: a name may be as long as a header, and hold thousands of them.
    for (at, one) in words.char_indices() {
        if one.is_whitespace() {
            return begin + at;
        }
        if words[at..].starts_with("?=") {
            return begin + at + 2;
        }
    }
    text.len()
}

/// One line of text: no control characters, none that turn the direction of writing around or
/// cannot be seen, white space as one space, at most so many characters.
pub fn clean(text: &str, characters_max: usize) -> String {
    let mut cleaned = String::new();
    let mut space = false;
    let mut count = 0;
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() {
            space = true;
            continue;
        }
        if is_invisible(character) {
            continue;
        }
        let wanted = if space && count > 0 { 2 } else { 1 };
        if count + wanted > characters_max {
            break;
        }
        if wanted == 2 {
            cleaned.push(' ');
        }
        space = false;
        cleaned.push(character);
        count += wanted;
    }
    cleaned
}

/// Marks that steer how text is shown (Unicode bidirectional controls, zero-width characters, byte
/// order marks), which nobody hears and which hide what a text says.
pub(super) fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}
