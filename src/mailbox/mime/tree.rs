//! The tree of a mail's parts (RFC 2046), walked within limits: which of them are its text, which
//! are attached, and what keeps the text from being read.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{ContentType, HeaderName};

use super::header::{clean_name, fields, in_utf8, split};
use super::{NESTING_MAX, PARTS_MAX};
use crate::mailbox::Guard;

/// A part that has no parts.
#[derive(Debug, Default)]
pub(super) struct Leaf<'a> {
    /// `text/plain`, in small letters.
    pub(super) media_type: String,
    /// Its file name, cleaned; empty when it has none.
    pub(super) name: String,
    /// Its character set, if it names one.
    pub(super) charset: Option<String>,
    /// Whether lines that end in a space go on in the next (RFC 3676).
    pub(super) flowed: bool,
    /// The method of an iCalendar object, in capitals.
    pub(super) method: Option<String>,
    /// What it holds, as it was sent.
    pub(super) body: &'a [u8],
    encoding: Encoding,
    /// Whether the sender calls it an attachment.
    attached: bool,
    /// Whether it is listed.
    is_attachment: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Encoding {
    #[default]
    None,
    Base64,
    QuotedPrintable,
}

/// A mail's parts.
#[derive(Debug, Default)]
pub(super) struct Tree<'a> {
    /// All that are no containers, in their order: the index is the number of the part.
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Those that are read aloud, in their order.
    pub(super) body: Vec<usize>,
    /// The iCalendar object of a meeting.
    pub(super) calendar: Option<usize>,
    /// Why the text cannot be read.
    pub(super) guard: Option<Guard>,
    /// A delivery report (RFC 3464).
    pub(super) is_report: bool,
    /// There were more parts, or deeper ones.
    pub(super) cut: bool,
    parts: usize,
}

impl<'a> Tree<'a> {
    pub(super) fn of(mail: &'a [u8]) -> Tree<'a> {
        let mut tree = Tree::default();
        tree.body = tree.walk(mail, 0, "");
        let has_calendar = tree.calendar.is_some();
        let mut body = std::mem::take(&mut tree.body);
        // A text with a name, behind another, is a file that somebody sent along: named, not read.
        let files: Vec<usize> = (body.iter().skip(1).copied())
            .filter(|index| {
                tree.leaves
                    .get(*index)
                    .is_some_and(|leaf| !leaf.name.is_empty())
            })
            .collect();
        body.retain(|index| !files.contains(index));
        for (index, leaf) in tree.leaves.iter_mut().enumerate() {
            leaf.is_attachment &= !body.contains(&index);
            // The same invitation once more, for programs that look for a file.
            let is_calendar = matches!(
                leaf.media_type.as_str(),
                "text/calendar" | "application/ics"
            );
            leaf.is_attachment &= !(has_calendar && is_calendar);
            leaf.is_attachment |= files.contains(&index);
        }
        tree.body = body;
        tree
    }

    /// What is listed as attached, with the numbers of the parts.
    pub(super) fn attachments(&self) -> impl Iterator<Item = (u32, &Leaf<'a>)> {
        (0..)
            .zip(&self.leaves)
            .filter(|(_, leaf)| leaf.is_attachment)
    }

    /// Notes a part and what is in it; gives the leaves that are its text.
    fn walk(&mut self, part: &'a [u8], depth: usize, parent: &str) -> Vec<usize> {
        self.parts += 1;
        if self.parts > PARTS_MAX {
            self.cut = true;
            return Vec::new();
        }
        let (block, body) = split(part);
        let (leaf, boundary) = leaf(block, body, parent);
        match boundary {
            Some(boundary) if depth < NESTING_MAX => {
                let parts = parts(body, boundary.as_bytes());
                if !parts.is_empty() {
                    return self.walk_container(&leaf.media_type, parts, depth);
                }
            }
            Some(_) => {
                self.cut = true;
                return Vec::new();
            }
            None => {}
        }
        self.note_leaf(leaf, parent)
    }

    fn walk_container(
        &mut self,
        media_type: &str,
        parts: Vec<&'a [u8]>,
        depth: usize,
    ) -> Vec<usize> {
        match media_type {
            "multipart/encrypted" => self.guard = Some(Guard::Encrypted),
            "multipart/report" => self.is_report = depth == 0,
            _ => {}
        }
        let mut choices = Vec::new();
        for part in parts {
            let first = self.leaves.len();
            let text = self.walk(part, depth + 1, media_type);
            if self.parts > PARTS_MAX {
                choices.push(text);
                break;
            }
            // Pictures of a page and signatures belong to what they stand beside.
            let beside = !choices.is_empty();
            for leaf in self.leaves.iter_mut().skip(first) {
                let picture = media_type == "multipart/related" && beside && !leaf.attached;
                let signature = matches!(
                    leaf.media_type.as_str(),
                    "application/pgp-signature"
                        | "application/pkcs7-signature"
                        | "application/x-pkcs7-signature"
                );
                leaf.is_attachment &= !picture && !signature;
            }
            choices.push(text);
        }
        match media_type {
            "multipart/alternative" => self.best(choices),
            "multipart/related" => choices.into_iter().next().unwrap_or_default(),
            _ => choices.concat(),
        }
    }

    /// Of the ways to write one text: the plain one if it says something, else the first that does.
    fn best(&mut self, choices: Vec<Vec<usize>>) -> Vec<usize> {
        let says_something = |choice: &Vec<usize>| {
            choice
                .iter()
                .any(|index| !self.leaves[*index].body.trim_ascii().is_empty())
        };
        let is_plain = |choice: &Vec<usize>| {
            choice
                .iter()
                .all(|index| self.leaves[*index].media_type != "text/html")
        };
        let mut told: Vec<Vec<usize>> = choices
            .iter()
            .filter(|it| says_something(it))
            .cloned()
            .collect();
        let chosen = told.iter().position(is_plain).unwrap_or(0);
        let chosen = if told.is_empty() {
            Vec::new()
        } else {
            told.swap_remove(chosen)
        };
        for index in choices.concat() {
            self.leaves[index].is_attachment = false;
        }
        chosen
    }

    fn note_leaf(&mut self, mut leaf: Leaf<'a>, parent: &str) -> Vec<usize> {
        let index = self.leaves.len();
        match leaf.media_type.as_str() {
            "text/calendar" if self.calendar.is_none() => self.calendar = Some(index),
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                self.guard = Some(Guard::Encrypted);
            }
            "application/x-microsoft-rpmsg-message" => self.guard = Some(Guard::Protected),
            _ => {}
        }
        if leaf.name.is_empty() && leaf.media_type == "message/rfc822" {
            // A message that was sent along is called what it is about.
            let block = in_utf8(split(leaf.body).0);
            let subject = fields(&block)
                .into_iter()
                .find(|field| field.name == HeaderName::Subject);
            leaf.name = subject
                .and_then(|field| field.value.as_text().map(clean_name))
                .unwrap_or_default();
        }
        if leaf.name.eq_ignore_ascii_case("message.rpmsg") {
            self.guard = Some(Guard::Protected);
        }
        let is_text = matches!(leaf.media_type.as_str(), "text/plain" | "text/html");
        let is_body = is_text && !leaf.attached;
        // What a report says to machines, and the keys of encryption, are no attachments.
        let machinery = parent == "multipart/report" && leaf.media_type != "text/rfc822-headers"
            || parent == "multipart/encrypted";
        leaf.is_attachment = !is_body && !machinery && self.calendar != Some(index);
        self.leaves.push(leaf);
        if is_body { vec![index] } else { Vec::new() }
    }
}

/// A part without its parts, and the boundary between those if it has any.
fn leaf<'a>(block: &'a [u8], body: &'a [u8], parent: &str) -> (Leaf<'a>, Option<String>) {
    let mut leaf = Leaf {
        body,
        media_type: match parent {
            "multipart/digest" => "message/rfc822".to_owned(),
            _ => "text/plain".to_owned(),
        },
        ..Leaf::default()
    };
    let mut boundary = None;
    for field in fields(&in_utf8(block)) {
        match (&field.name, field.value.as_content_type()) {
            (HeaderName::ContentType, Some(kind)) => boundary = take_type(&mut leaf, kind),
            (HeaderName::ContentDisposition, Some(disposition)) => {
                leaf.attached = disposition.is_attachment();
                if let Some(name) = disposition.attribute("filename") {
                    leaf.name = clean_name(name);
                }
            }
            (HeaderName::ContentTransferEncoding, _) => {
                let encoding = field.value.as_text().unwrap_or_default();
                leaf.encoding = match encoding.trim().to_ascii_lowercase().as_str() {
                    "base64" => Encoding::Base64,
                    "quoted-printable" => Encoding::QuotedPrintable,
                    _ => Encoding::None,
                };
            }
            _ => {}
        }
    }
    (leaf, boundary)
}

fn take_type(leaf: &mut Leaf<'_>, kind: &ContentType<'_>) -> Option<String> {
    let subtype = kind.subtype().unwrap_or("plain");
    let is_multipart = kind.ctype().eq_ignore_ascii_case("multipart");
    leaf.media_type = super::clean(&format!("{}/{subtype}", kind.ctype()), 128).to_lowercase();
    leaf.charset = kind.attribute("charset").map(str::to_owned);
    leaf.flowed = kind
        .attribute("format")
        .is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
    leaf.method = kind.attribute("method").map(str::to_ascii_uppercase);
    if let Some(name) = kind.attribute("name").filter(|_| leaf.name.is_empty()) {
        leaf.name = clean_name(name);
    }
    let boundary = kind.attribute("boundary").filter(|it| !it.is_empty());
    match boundary {
        Some(boundary) if is_multipart => Some(boundary.to_owned()),
        // A container that does not say where its parts begin is read as it stands.
        _ if is_multipart => {
            "text/plain".clone_into(&mut leaf.media_type);
            None
        }
        _ => None,
    }
}

/// The parts between the boundaries. One is at least there, or none; the end may be missing.
fn parts<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut parts = Vec::new();
    let mut begun = None;
    let mut at = 0;
    for line in body.split_inclusive(|byte| *byte == b'\n') {
        let start = at;
        at += line.len();
        let Some(rest) = line
            .strip_prefix(b"--")
            .and_then(|line| line.strip_prefix(boundary))
        else {
            continue;
        };
        let rest = rest.trim_ascii_end();
        let ends = rest == b"--";
        if !ends && !rest.is_empty() {
            // A longer boundary, of somebody further in.
            continue;
        }
        if let Some(begun) = begun {
            // The line break before a boundary belongs to it.
            let part = &body[begun..start];
            let part = part.strip_suffix(b"\n").unwrap_or(part);
            parts.push(part.strip_suffix(b"\r").unwrap_or(part));
        }
        begun = (!ends).then_some(at);
        if ends || parts.len() > PARTS_MAX {
            return parts;
        }
    }
    if let Some(begun) = begun {
        parts.push(&body[begun..]);
    }
    parts
}

impl Leaf<'_> {
    /// What it holds.
    pub(super) fn decoded(&self) -> Vec<u8> {
        self.decoded_from(usize::MAX)
    }

    /// What its first bytes hold.
    pub(super) fn decoded_from(&self, bytes_max: usize) -> Vec<u8> {
        let body = self.body.get(..bytes_max).unwrap_or(self.body);
        let decoded = match self.encoding {
            Encoding::None => None,
            Encoding::QuotedPrintable => quoted_printable_decode(body),
            Encoding::Base64 => {
                let digits = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
                let mut digits: Vec<u8> = body.iter().copied().filter(digits).collect();
                digits.truncate(digits.len() - digits.len() % 4);
                base64_decode(&digits)
            }
        };
        // What is not encoded as it claims is taken as it stands.
        decoded.unwrap_or_else(|| body.to_vec())
    }

    /// How large it is, without decoding it.
    pub(super) fn decoded_bytes(&self) -> u64 {
        let bytes = match self.encoding {
            Encoding::Base64 => {
                let digits = self
                    .body
                    .iter()
                    .filter(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte));
                digits.count() * 3 / 4
            }
            _ => self.body.len(),
        };
        bytes as u64
    }
}
