//! Address cards (vCard 2.1, 3.0, 4.0) as contacts and groups. A card that cannot be used is named
//! with the reason, and the others are read.

use calcard::vcard::{VCard, VCardEntry, VCardProperty, VCardValue};
use calcard::{Entry, Parser};

use super::{Contact, Group, text_file};

/// Cards that are read from one file; more is no address book of one person.
pub const CARDS_MAX: usize = 20_000;

/// Characters that are kept of a name, a title or an address. More is read to nobody.
const TEXT_LONGEST: usize = 256;

/// Members that are kept of a group.
const MEMBERS_MAX: usize = 5_000;

/// What a card is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Card {
    /// Somebody.
    Contact(Contact),
    /// Several people (`KIND:group`).
    Group(Group),
}

/// A card that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Broken {
    /// Which card of the file, counted from one.
    pub number: usize,
    /// Its name, as far as there is one.
    pub name: String,
    /// What is wrong.
    pub why: &'static str,
}

/// Every card of a file, in its order.
pub fn read(bytes: &[u8]) -> Vec<Result<Card, Broken>> {
    let text = text_file::decode(bytes);
    let mut parser = Parser::new(&text);
    let mut cards = Vec::new();
    loop {
        let number = cards.len() + 1;
        let broken = |name: String, why| Err(Broken { number, name, why });
        let card = match parser.entry() {
            Entry::Eof => return cards,
            Entry::VCard(card) => of(&card, number).or_else(|why| broken(name(&card), why)),
            Entry::UnterminatedComponent(_) => broken(String::new(), "it has no end"),
            Entry::ICalendar(_) => broken(String::new(), "it is a calendar and no card"),
            Entry::InvalidLine(line) if line.trim().is_empty() => continue,
            _ => broken(String::new(), "there is a line outside of any card"),
        };
        let last_is_alike = matches!(
            (&card, cards.last()),
            (Err(one), Some(Err(Broken { why, .. }))) if one.name.is_empty() && one.why == *why
        );
        // A hundred lines of rubbish are one problem.
        if !last_is_alike {
            cards.push(card);
        }
        if cards.len() >= CARDS_MAX {
            cards.push(Err(Broken {
                number: cards.len() + 1,
                name: String::new(),
                why: "only the first 20,000 cards of a file are read",
            }));
            return cards;
        }
    }
}

fn of(card: &VCard, number: usize) -> Result<Card, &'static str> {
    let contact = contact(card);
    let name = contact.display_name();
    if name.is_empty() {
        return Err("it names nobody: it has no FN, N, NICKNAME, ORG or EMAIL");
    }
    let is_group = [
        VCardProperty::Kind,
        VCardProperty::Other("X-ADDRESSBOOKSERVER-KIND".to_owned()),
    ];
    let is_group = is_group
        .iter()
        .any(|kind| first(card, kind).eq_ignore_ascii_case("group"));
    if is_group {
        return Ok(Card::Group(Group {
            name,
            mail: contact.mail,
            members: members(card),
            hidden: false,
        }));
    }
    Ok(Card::Contact(Contact {
        id: match identity(&first(card, &VCardProperty::Uid)) {
            // The same file read again gives the same contacts.
            id if id.is_empty() => format!("{name}#{number}"),
            id => id,
        },
        ..contact
    }))
}

/// Who is in a group: cards by their UID, people by mail address.
fn members(card: &VCard) -> Vec<String> {
    let apple = VCardProperty::Other("X-ADDRESSBOOKSERVER-MEMBER".to_owned());
    let both = card
        .properties(&VCardProperty::Member)
        .chain(card.properties(&apple));
    let mut members: Vec<String> = both
        .flat_map(|entry| entry.values.iter().map(text_of))
        .map(|member| match scheme(&member, "mailto:") {
            Some(address) => clean(address.split('?').next().unwrap_or(address)),
            None => identity(&member),
        })
        .filter(|member| !member.is_empty())
        .collect();
    members.truncate(MEMBERS_MAX);
    members
}

/// A UID, however it is written.
fn identity(uid: &str) -> String {
    clean(scheme(uid.trim(), "urn:uuid:").unwrap_or(uid))
}

fn name(card: &VCard) -> String {
    contact(card).display_name()
}

fn contact(card: &VCard) -> Contact {
    let mut contact = Contact {
        full_name: first(card, &VCardProperty::Fn),
        nickname: first(card, &VCardProperty::Nickname),
        title: first(card, &VCardProperty::Title),
        company: first(card, &VCardProperty::Org),
        ..Contact::default()
    };
    if let Some(entry) = card.property(&VCardProperty::N) {
        let mut parts = entry.values.iter().map(text_of).map(|part| clean(&part));
        contact.surname = parts.next().unwrap_or_default();
        contact.given_name = parts.next().unwrap_or_default();
    }
    for entry in card.properties(&VCardProperty::Tel) {
        add_number(&mut contact, entry);
    }
    let mut mails: Vec<(bool, String)> = card
        .properties(&VCardProperty::Email)
        .map(|entry| (is_preferred(entry), address(entry)))
        .filter(|(_, mail)| is_address(mail))
        .collect();
    // The preferred one, else the first.
    mails.sort_by_key(|(preferred, _)| !*preferred);
    contact.mail = mails.into_iter().next().map(|(_, mail)| mail);
    contact
}

fn address(entry: &VCardEntry) -> String {
    let text = entry.values.first().map(text_of).unwrap_or_default();
    clean(scheme(text.trim(), "mailto:").unwrap_or(&text))
}

fn is_address(mail: &str) -> bool {
    let parts = mail.rsplit_once('@');
    parts.is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty())
        && !mail.contains(char::is_whitespace)
}

/// Puts a number where it belongs: the first of a kind counts. Machines are left out, and a number
/// of no kind is the office's.
fn add_number(contact: &mut Contact, entry: &VCardEntry) {
    let number = entry.values.first().map(text_of).unwrap_or_default();
    let number = number.trim();
    let number = clean(scheme(number, "tel:").unwrap_or(number));
    if !number.contains(|character: char| character.is_ascii_digit()) {
        return;
    }
    let is = |kind: &str| kinds(entry).any(|one| one.eq_ignore_ascii_case(kind));
    if is("fax") || is("pager") || is("textphone") || is("modem") || is("bbs") {
        return;
    }
    let place = if is("cell") || is("mobile") || is("iphone") || is("car") {
        &mut contact.mobile
    } else if is("home") {
        &mut contact.home
    } else {
        &mut contact.business
    };
    place.get_or_insert(number);
}

fn is_preferred(entry: &VCardEntry) -> bool {
    kinds(entry).any(|kind| kind.eq_ignore_ascii_case("pref"))
}

/// The kinds of a property: `TYPE=home`, and `HOME` alone as vCard 2.1 has it, and PREF.
fn kinds(entry: &VCardEntry) -> impl Iterator<Item = &str> {
    let names = entry.params.iter().map(|param| param.name.as_str());
    let values = entry
        .params
        .iter()
        .filter_map(|param| param.value.as_text());
    names.chain(values).flat_map(|kinds| kinds.split(','))
}

fn first(card: &VCard, property: &VCardProperty) -> String {
    let entry = card.property(property);
    let value = entry.and_then(|entry| entry.values.first());
    clean(&value.map(text_of).unwrap_or_default())
}

fn text_of(value: &VCardValue) -> String {
    match value {
        VCardValue::Component(parts) => parts.join(" "),
        // A number that looks like one.
        VCardValue::Integer(number) => number.to_string(),
        other => other.as_text().unwrap_or_default().to_owned(),
    }
}

/// What follows the scheme of a URI.
fn scheme<'a>(uri: &'a str, scheme: &str) -> Option<&'a str> {
    let head = uri.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme)
        .then(|| &uri[scheme.len()..])
}

/// One line, without control characters, of no more than a sensible length.
fn clean(text: &str) -> String {
    let words: Vec<&str> = text
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(TEXT_LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(text: &str) -> Contact {
        match read(text.as_bytes()).as_slice() {
            [Ok(Card::Contact(contact))] => contact.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_three_versions_say_the_same() {
        let old = "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=BCrgen\r\nFN:J\r\nUID:7\r\nTEL;CELL:+49 170 1\r\nTEL;WORK;FAX:9\r\nTEL;WORK;VOICE:+49 30 2\r\nTEL;HOME:3\r\nEMAIL;INTERNET:j@example.test\r\nEND:VCARD\r\n";
        let three = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Müller;Jürgen;;;\r\nFN:J\r\nUID:7\r\nitem1.TEL;type=CELL:+49 170 1\r\nTEL;type=WORK;type=FAX:9\r\nTEL;type=WORK:+49 30 2\r\nTEL;type=HOME:3\r\nitem2.EMAIL;type=INTERNET:j@example.test\r\nEND:VCARD\r\n";
        let four = "BEGIN:VCARD\r\nVERSION:4.0\r\nN:Müller;Jürgen;;;\r\nFN:J\r\nUID:urn:uuid:7\r\nTEL;VALUE=uri;TYPE=\"voice,cell\":tel:+49 170 1\r\nTEL;TYPE=work,fax:9\r\nTEL;VALUE=uri;TYPE=work:tel:+49 30 2\r\nTEL;TYPE=home:3\r\nEMAIL:second@example.test\r\nEMAIL;PREF=1:j@example.test\r\nEND:VCARD\r\n";
        let expected = Contact {
            id: "7".into(),
            given_name: "Jürgen".into(),
            surname: "Müller".into(),
            full_name: "J".into(),
            business: Some("+49 30 2".into()),
            mobile: Some("+49 170 1".into()),
            home: Some("3".into()),
            mail: Some("j@example.test".into()),
            ..Contact::default()
        };
        for card in [old, three, four] {
            assert_eq!(only(card), expected, "{card}");
        }
    }

    #[test]
    fn extensions_stay_with_their_number() {
        let card = "BEGIN:VCARD\nVERSION:4.0\nFN:A\nTEL;VALUE=uri:tel:+1-555-010-9016;ext=12\nTEL;TYPE=cell:555 010 9017 x3\nEND:VCARD\n";
        let contact = only(card);
        assert_eq!(contact.business.as_deref(), Some("+1-555-010-9016;ext=12"));
        assert_eq!(contact.mobile.as_deref(), Some("555 010 9017 x3"));
    }

    #[test]
    fn groups_name_their_members() {
        let card = "BEGIN:VCARD\nVERSION:4.0\nKIND:group\nFN:Friends\nMEMBER:urn:uuid:7\nMEMBER:mailto:x@example.test\nEND:VCARD\n";
        let group = Group {
            name: "Friends".into(),
            members: vec!["7".into(), "x@example.test".into()],
            ..Group::default()
        };
        assert_eq!(read(card.as_bytes()), [Ok(Card::Group(group))]);
    }

    #[test]
    fn a_broken_card_is_named_and_the_others_are_read() {
        let file = "BEGIN:VCARD\nVERSION:3.0\nFN:A\nEND:VCARD\nrubbish\nmore: rubbish\nBEGIN:VCARD\nVERSION:3.0\nNOTE:nobody\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:B\nEND:VCARD\nBEGIN:VCARD\nFN:C\n";
        let read = read(file.as_bytes());
        let said: Vec<String> = read
            .iter()
            .map(|card| match card {
                Ok(Card::Contact(contact)) => contact.display_name(),
                Ok(Card::Group(group)) => group.name.clone(),
                Err(broken) => format!("{}: {}", broken.number, broken.why),
            })
            .collect();
        assert_eq!(
            said,
            [
                "A",
                "2: there is a line outside of any card",
                "3: it names nobody: it has no FN, N, NICKNAME, ORG or EMAIL",
                "B",
                "C",
            ]
        );
    }

    #[test]
    fn the_cards_of_others_are_read() {
        let folder = std::env::var_os("RINGBACK_TESTDATA").map_or_else(
            || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata"),
            std::path::PathBuf::from,
        );
        let folder = folder.join("vcard");
        let Ok(files) = std::fs::read_dir(&folder) else {
            eprintln!("no address cards in {}: nothing tried", folder.display());
            return;
        };
        let mut contacts = 0;
        for file in files {
            let path = file.unwrap().path();
            let cards = read(&std::fs::read(&path).unwrap());
            assert!(!cards.is_empty(), "{}", path.display());
            if path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("ezvcard"))
            {
                for card in &cards {
                    assert!(card.is_ok(), "{}: {card:?}", path.display());
                }
            }
            contacts += cards.iter().filter(|card| card.is_ok()).count();
        }
        assert!(contacts > 40, "{contacts}");
    }
}
