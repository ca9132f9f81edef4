//! iCalendar objects as text: taken apart so that each event is stored as it came, read within
//! limits, and written again after a change.

use std::collections::BTreeMap;

use calcard::icalendar::{ICalendar, ICalendarComponentType, ICalendarMethod, ICalendarProperty};
use calcard::{Entry, Parser};

use crate::mailbox::MailFault;

/// The longest object that is read (C4); what a mail or a calendar holds is far below it.
pub(super) const BYTES_MAX: usize = 1 << 20;

/// The events of one UID, with what they need beside them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    /// The UID; made from the event where it has none.
    pub(super) uid: String,
    /// A VCALENDAR with these events only, every line as it came, without METHOD.
    pub(super) text: String,
}

/// Reads one object.
pub(super) fn parse(text: &str) -> Option<ICalendar> {
    if text.len() > BYTES_MAX {
        return None;
    }
    match Parser::new(text).entry() {
        Entry::ICalendar(calendar) => Some(calendar),
        _ => None,
    }
}

/// The object as text.
pub(super) fn write(calendar: &ICalendar) -> Result<String, MailFault> {
    let mut text = String::new();
    calendar
        .write_to(&mut text)
        .map_err(|_| MailFault::Refused("the event cannot be written".to_owned()))?;
    Ok(text)
}

/// METHOD of an object.
pub(super) fn method(calendar: &ICalendar) -> Option<ICalendarMethod> {
    use calcard::icalendar::ICalendarValue;
    let header = calendar.components.first()?;
    match header
        .property(&ICalendarProperty::Method)?
        .values
        .first()?
    {
        ICalendarValue::Method(method) => Some(method.clone()),
        _ => None,
    }
}

/// Takes a file or a mail's object apart by UID, in the order in which they stand. Journals and tasks
/// are left out.
pub(super) fn pieces(text: &str) -> Result<Vec<Piece>, MailFault> {
    let mut order: Vec<String> = Vec::new();
    let mut by_uid: BTreeMap<String, String> = BTreeMap::new();
    let mut beside = String::new();
    let mut found_calendar = false;
    for block in blocks(text) {
        match block {
            Block::Calendar => {
                found_calendar = true;
                // The next calendar of a file has a header and zones of its own.
                beside.clear();
            }
            Block::Header(lines) | Block::Zone(lines) => beside.push_str(&lines),
            Block::Event(lines) => {
                let (uid, lines) = with_uid(lines)?;
                let text = by_uid.entry(uid.clone()).or_insert_with(|| {
                    order.push(uid);
                    format!("BEGIN:VCALENDAR\r\n{beside}")
                });
                text.push_str(&lines);
            }
        }
    }
    if !found_calendar {
        return Err(MailFault::Refused("it is no calendar".to_owned()));
    }
    let piece = |uid: String| {
        let text = by_uid.remove(&uid)? + "END:VCALENDAR\r\n";
        Some(Piece { uid, text })
    };
    Ok(order.into_iter().filter_map(piece).collect())
}

/// The parts of an object, line by line.
enum Block {
    /// Another VCALENDAR begins.
    Calendar,
    /// One of its own properties.
    Header(String),
    /// VTIMEZONE. Zones come before the events that use them in what every program writes; one that
    /// comes later is found by its name.
    Zone(String),
    /// VEVENT.
    Event(String),
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut name = String::new();
    let mut block = String::new();
    for line in unfolded_together(text) {
        let upper = line.trim_end().to_ascii_uppercase();
        let begins = upper.strip_prefix("BEGIN:").map(str::trim);
        let ends = upper.starts_with("END:");
        match (depth, begins) {
            (0, Some("VCALENDAR")) => {
                depth = 1;
                found.push(Block::Calendar);
            }
            // Some programs give out events without a calendar around them.
            (0, Some(component @ ("VEVENT" | "VTIMEZONE"))) => {
                depth = 2;
                component.clone_into(&mut name);
                block.clone_from(&line);
                found.push(Block::Calendar);
            }
            (0, _) => {}
            (1, Some(component)) => {
                depth = 2;
                component.clone_into(&mut name);
                block.clone_from(&line);
            }
            (1, None) if ends => depth = 0,
            (1, None) if upper.starts_with("METHOD") || upper.is_empty() => {}
            (1, None) => found.push(Block::Header(line)),
            _ => {
                block.push_str(&line);
                if begins.is_some() {
                    depth += 1;
                } else if ends {
                    depth -= 1;
                }
                if depth == 1 {
                    match name.as_str() {
                        "VTIMEZONE" => found.push(Block::Zone(std::mem::take(&mut block))),
                        "VEVENT" => found.push(Block::Event(std::mem::take(&mut block))),
                        _ => block.clear(),
                    }
                }
            }
        }
    }
    if depth >= 2 && name == "VEVENT" {
        // The end is missing: what there is may still be read.
        block.push_str("END:VEVENT\r\n");
        found.push(Block::Event(block));
    }
    found
}

/// Lines with those that continue them, each ended by CRLF.
fn unfolded_together(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let continues = line.starts_with([' ', '\t']);
        match lines.last_mut() {
            Some(last) if continues => {
                last.push_str(line);
                last.push_str("\r\n");
            }
            _ => lines.push(format!("{line}\r\n")),
        }
    }
    lines
}

/// The UID of an event; one without gets one that is the same each time it is imported.
fn with_uid(lines: String) -> Result<(String, String), MailFault> {
    if lines.len() > BYTES_MAX {
        return Err(MailFault::Refused("an event of it is too long".to_owned()));
    }
    let alone = format!("BEGIN:VCALENDAR\r\n{lines}END:VCALENDAR\r\n");
    let uid = parse(&alone).and_then(|calendar| {
        let mut events = calendar.components.iter();
        let event = events.find(|one| one.component_type == ICalendarComponentType::VEvent)?;
        Some(event.uid()?.trim().to_owned())
    });
    if let Some(uid) = uid.filter(|uid| !uid.is_empty()) {
        return Ok((uid, lines));
    }
    let made = format!("without-uid-{:016x}", fingerprint(lines.as_bytes()));
    let mut rest = lines.splitn(2, "\r\n");
    let (begin, rest) = (rest.next().unwrap_or(""), rest.next().unwrap_or(""));
    Ok((made.clone(), format!("{begin}\r\nUID:{made}\r\n{rest}")))
}

/// FNV-1a: it only has to be the same each time.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
