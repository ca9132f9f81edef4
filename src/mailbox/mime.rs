//! What a mail says, read from bytes that anybody may have written, within the limits of
//! security C3.
//!
//! mail-parser reads header fields, character sets and transfer encodings. The tree of parts is
//! walked here, because everything has to be bounded: how deep, how many, and that nothing is
//! decoded which nobody asked for. An attachment is found, named and measured, never opened.
//! Pure, and never a fault: what cannot be understood is left out.

mod body;
mod header;
mod html;
mod tree;
mod voice;

use super::{Attachment, Content, Guard, MessageClass, PartId};

pub use header::{Header, base_subject, clean, clean_name};
pub use voice::VoiceMail;

/// Bytes of a message that are looked at (C3).
pub const BYTES_MAX: usize = 64 * 1024 * 1024;

/// Bytes of text that are decoded (C3).
pub const TEXT_MAX: usize = 1024 * 1024;

/// How deep parts may lie in each other (C3).
pub const NESTING_MAX: usize = 16;

/// Parts that are looked at (C3).
pub const PARTS_MAX: usize = 500;

/// A mail taken apart; nothing is decoded before it is asked for.
#[derive(Debug)]
pub struct Mail<'a> {
    header: Header,
    tree: tree::Tree<'a>,
}

impl<'a> Mail<'a> {
    /// Takes a mail apart.
    pub fn read(mail: &'a [u8]) -> Mail<'a> {
        let whole = mail.get(..BYTES_MAX).unwrap_or(mail);
        let mut tree = tree::Tree::of(whole);
        tree.cut |= whole.len() < mail.len();
        let mut header = Header::read(whole);
        header.class = class(&header, &tree);
        if header.class == MessageClass::MissedCall {
            header.name_the_caller();
        }
        header.attachments = tree.attachments().count();
        Mail { header, tree }
    }

    /// The header, with what the parts say about the message.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is read aloud, and what is attached.
    pub fn content(&self) -> Content {
        let attachments = self.tree.attachments().map(|(number, leaf)| Attachment {
            part: PartId(number),
            name: leaf.name.clone(),
            media_type: leaf.media_type.clone(),
            bytes: leaf.decoded_bytes(),
            is_sound: voice::is_sound(leaf),
        });
        let attachments = attachments.collect();
        let text = match self.guard() {
            Some(_) => body::Text::default(),
            None => body::text(&self.tree),
        };
        // The armour of OpenPGP stands in a body that looks like any other.
        let armoured = text.text.contains("-----BEGIN PGP MESSAGE-----");
        Content {
            guard: self.guard().or(armoured.then_some(Guard::Encrypted)),
            cut: text.cut || self.tree.cut,
            text: if armoured { String::new() } else { text.text },
            language: self.header.language.clone(),
            attachments,
            invitation: self.invitation(),
        }
    }

    /// The bytes of a part, decoded.
    pub fn part(&self, part: PartId) -> Option<Vec<u8>> {
        let leaf = self.tree.leaves.get(usize::try_from(part.0).ok()?)?;
        Some(leaf.decoded())
    }

    /// The sound of a part, as samples of the telephone; `None` when there is none to hear.
    pub fn sound(&self, part: PartId) -> Option<Vec<i16>> {
        let leaf = self.tree.leaves.get(usize::try_from(part.0).ok()?)?;
        voice::samples(leaf)
    }

    /// The voice message that this mail is, if it is one.
    pub fn voice(&self) -> Option<VoiceMail> {
        voice::read(&self.header, &self.tree)
    }

    fn guard(&self) -> Option<Guard> {
        self.tree.guard
    }

    fn invitation(&self) -> Option<String> {
        let leaf = self.tree.leaves.get(self.tree.calendar?)?;
        Some(body::decoded_text(leaf, TEXT_MAX).text)
    }
}

fn class(header: &Header, tree: &tree::Tree<'_>) -> MessageClass {
    let content_class = header.content_class.as_str();
    if content_class == "missedcall" {
        return MessageClass::MissedCall;
    }
    if header.is_voice_reply {
        return MessageClass::VoiceReply;
    }
    if tree.is_report {
        return MessageClass::Report;
    }
    let Some(leaf) = tree.calendar.and_then(|index| tree.leaves.get(index)) else {
        return MessageClass::Note;
    };
    // RFC 6047: the parameter and the property say the same; mail programs forget the parameter.
    let method = leaf.method.clone().or_else(|| {
        let text = body::decoded_text(leaf, 64 * 1024).text;
        text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("METHOD")
                .then(|| value.trim().to_ascii_uppercase())
        })
    });
    match method.as_deref() {
        Some("REQUEST") => MessageClass::MeetingRequest,
        Some("REPLY") => MessageClass::MeetingResponse,
        Some("CANCEL") => MessageClass::MeetingCancellation,
        _ => MessageClass::Note,
    }
}

#[cfg(test)]
mod tests;
