//! HTML as text, for somebody who hears it. html2text does it, for pages that are no trap: elements
//! nested without end cost it time that grows with their square, so they are levelled before.

use html2text::render::TextDecorator;

use super::body::{Text, tidy};

/// Columns of the text: wide, so that paragraphs stay in one piece.
const COLUMNS: usize = 2_000;

/// How deep elements may lie in each other; newsletters made of tables reach twenty.
const DEPTH_MAX: usize = 48;

/// Tags that are read; a long mail has a few thousand.
const TAGS_MAX: usize = 20_000;

/// Elements that end by themselves where the next one begins, or hold nothing.
const NEVER_NESTED: [&str; 27] = [
    "p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "colgroup", "option",
    "optgroup", "br", "hr", "img", "input", "meta", "link", "col", "area", "base", "embed",
    "source", "track", "wbr", "body",
];

/// HTML as text: quotes keep their mark, links and pictures their words, tables their cells.
pub(super) fn from_html(html: &str) -> Text {
    let (html, cut) = levelled(html);
    let config = html2text::config::with_decorator(Aloud)
        .raw_mode(true)
        // What the style of an element itself hides is left out, such as the preview of a newsletter.
        .use_doc_css()
        .allow_width_overflow();
    let text = config
        .string_from_read(html.as_bytes(), COLUMNS)
        .unwrap_or_default();
    Text {
        text: tidy(&text),
        cut,
    }
}

/// The page without the tags that lie too deep and without style sheets, and up to the last tag that
/// is read. Each rule of a sheet would be held against each element, which takes long for pages that
/// are made so; and most of what sheets say is not for the ear.
fn levelled(html: &str) -> (String, bool) {
    let mut level = String::with_capacity(html.len());
    let (mut depth, mut tags) = (0_usize, 0_usize);
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let (text, from_tag) = rest.split_at(at);
        level.push_str(text);
        let length = tag_length(from_tag);
        let (tag, after) = from_tag.split_at(length);
        rest = after;
        tags += 1;
        if tags > TAGS_MAX {
            return (level, true);
        }
        let inside = tag.trim_start_matches('<');
        let closes = inside.starts_with('/');
        let name = inside.trim_start_matches('/');
        let end = name.find(|one: char| !one.is_ascii_alphanumeric());
        let name = name[..end.unwrap_or(name.len())].to_ascii_lowercase();
        if name == "style" && !closes {
            // Its text ends at its end tag and at nothing else.
            let end = rest
                .match_indices("</")
                .map(|(at, _)| at)
                .find(|at| is_style(&rest[at + 2..]));
            rest = end.map_or("", |end| &rest[end..]);
        }
        if name == "style" {
            continue;
        }
        if name.is_empty() || NEVER_NESTED.contains(&name.as_str()) {
            level.push_str(tag);
            continue;
        }
        let kept = depth <= DEPTH_MAX;
        if closes {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
        }
        // What stood in two elements does not become one word.
        level.push_str(if kept && depth <= DEPTH_MAX { tag } else { " " });
    }
    level.push_str(rest);
    (level, false)
}

/// Whether a tag that goes on so is one of `style`.
fn is_style(name: &str) -> bool {
    let name = name.as_bytes();
    let word = name
        .get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case(b"style"));
    word && !name.get(5).is_some_and(u8::is_ascii_alphanumeric)
}

/// How long the tag or comment at the beginning is; quotation marks may hide its end.
fn tag_length(text: &str) -> usize {
    if text.starts_with("<!--") {
        return text.find("-->").map_or(text.len(), |at| at + 3);
    }
    let is_tag =
        text[1..].starts_with(|one: char| one.is_ascii_alphabetic() || "/!?".contains(one));
    if !is_tag {
        return 1;
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return at + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// How HTML is written down for somebody who hears it: no marks but those of quotes and lists.
#[derive(Clone, Debug)]
struct Aloud;

impl TextDecorator for Aloud {
    type Annotation = ();

    fn decorate_link_start(&mut self, _url: &str) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_link_end(&mut self) -> String {
        String::new()
    }
    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_em_end(&self) -> String {
        String::new()
    }
    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strong_end(&self) -> String {
        String::new()
    }
    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }
    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }
    fn decorate_code_end(&self) -> String {
        String::new()
    }
    fn decorate_preformat_first(&self) {}
    fn decorate_preformat_cont(&self) {}
    fn decorate_image(&mut self, _source: &str, words: &str) -> (String, ()) {
        (words.to_owned(), ())
    }
    fn header_prefix(&self, _level: usize) -> String {
        String::new()
    }
    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }
    fn unordered_item_prefix(&self) -> String {
        "* ".to_owned()
    }
    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }
    fn make_subblock_decorator(&self) -> Self {
        Aloud
    }
}
