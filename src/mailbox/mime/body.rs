//! The text of a mail: parts decoded, character sets told apart, lines put together again.

use mail_parser::decoders::charsets::map::charset_decoder;

use super::TEXT_MAX;
use super::header::is_invisible;
use super::html::from_html;
use super::tree::{Leaf, Tree};

/// Bytes of a part that are decoded at most: a byte of text takes three in quoted-printable.
const ENCODED_MAX: usize = 3 * TEXT_MAX;

/// A text, and whether there was more.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) cut: bool,
}

/// What is read aloud of a mail.
pub(super) fn text(tree: &Tree<'_>) -> Text {
    let mut all = Text::default();
    for leaf in tree.body.iter().filter_map(|index| tree.leaves.get(*index)) {
        let left = TEXT_MAX.saturating_sub(all.text.len());
        if left == 0 {
            all.cut = true;
            break;
        }
        let mut part = decoded_text(leaf, left);
        if leaf.media_type == "text/html" {
            let page = from_html(&part.text);
            part.text = page.text;
            part.cut |= page.cut;
        } else if leaf.flowed {
            part.text = unfold(&part.text);
        }
        shorten(&mut part, left);
        if !all.text.is_empty() {
            all.text.push_str("\n\n");
        }
        all.text.push_str(part.text.trim_end());
        all.cut |= part.cut;
    }
    all
}

/// The text of one part: its characters, with plain line ends and nothing that cannot be heard.
pub(super) fn decoded_text(leaf: &Leaf<'_>, bytes_max: usize) -> Text {
    let encoded_max = ENCODED_MAX.min(bytes_max.saturating_mul(3));
    let bytes = leaf.decoded_from(encoded_max);
    let charset = leaf.charset.as_deref().unwrap_or_default();
    let decoder = charset_decoder(charset.trim().to_ascii_lowercase().as_bytes());
    let text = match decoder {
        // What claims to be plain ASCII and is UTF-8 is met often.
        _ if std::str::from_utf8(&bytes).is_ok_and(|_| is_utf8(charset)) => {
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Some(decoder) if !is_utf8(charset) => decoder(&bytes),
        _ => match charset_decoder(b"windows-1252") {
            Some(decoder) if !charset.to_ascii_lowercase().contains("utf") => decoder(&bytes),
            _ => String::from_utf8_lossy(&bytes).into_owned(),
        },
    };
    let mut text = Text {
        text: tidy(&text),
        cut: leaf.body.len() > encoded_max,
    };
    shorten(&mut text, bytes_max);
    text
}

/// Whether bytes that are UTF-8 may be taken as that.
fn is_utf8(charset: &str) -> bool {
    let charset = charset.trim().to_ascii_lowercase();
    ["", "utf-8", "utf8", "us-ascii", "ascii"].contains(&charset.as_str())
        || charset_decoder(charset.as_bytes()).is_none()
}

fn shorten(text: &mut Text, bytes_max: usize) {
    if text.text.len() > bytes_max {
        let mut end = bytes_max;
        while !text.text.is_char_boundary(end) {
            end -= 1;
        }
        text.text.truncate(end);
        text.cut = true;
    }
}

/// Line ends as `\n`, tabs and odd spaces as spaces, and no other control or invisible character.
pub(super) fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\r' => {
                if characters.peek() != Some(&'\n') {
                    tidy.push('\n');
                }
            }
            '\n' => tidy.push('\n'),
            '\u{c}' | '\u{2028}' | '\u{2029}' => tidy.push('\n'),
            '\t' | '\u{a0}' | '\u{202f}' => tidy.push(' '),
            other if other.is_control() || is_invisible(other) => {}
            other => tidy.push(other),
        }
    }
    tidy
}

/// Lines that end in a space go on in the next one, as deep in quotes as it is (RFC 3676 4.2).
fn unfold(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.lines() {
        let depth = line.bytes().take_while(|byte| *byte == b'>').count();
        let inside = &line[depth..];
        let inside = inside.strip_prefix(' ').unwrap_or(inside);
        if open == Some(depth) && inside != "-- " {
            whole.push_str(inside);
        } else {
            if !whole.is_empty() {
                whole.push('\n');
            }
            if depth > 0 {
                whole.push_str(&line[..depth]);
                whole.push(' ');
            }
            whole.push_str(inside);
        }
        open = (inside.ends_with(' ') && inside != "-- ").then_some(depth);
    }
    whole
}
