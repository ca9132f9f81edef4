//! The keys that spell a name: letters as on a keypad (E.161), everything else left out.
//!
//! Letters of the Latin script are folded to those that a keypad has. Where a language writes two
//! letters for one (ü as ue, ø as oe, å as aa), both ways spell the name. Other scripts have no keys:
//! such a name is spelled from its romanised form. All of it is computed from the present name and
//! never stored, so somebody renamed is found under the new name at once.

use deunicode::deunicode_char;

use super::{Contact, Person, SpelledBy};

/// The key that carries this character; `None` for what is skipped in a name or alias.
fn key(character: char) -> Option<char> {
    Some(match character.to_ascii_lowercase() {
        digit @ '0'..='9' => digit,
        'a'..='c' => '2',
        'd'..='f' => '3',
        'g'..='i' => '4',
        'j'..='l' => '5',
        'm'..='o' => '6',
        'p'..='s' => '7',
        't'..='v' => '8',
        'w'..='z' => '9',
        _ => return None,
    })
}

/// Whether a character is of the Latin script, or a mark on one of its letters: the blocks of
/// Unicode that hold nothing else. A library would also romanise other scripts, but with readings
/// that the owners of such names may not share.
fn is_latin(character: char) -> bool {
    matches!(character,
        '\u{0}'..='\u{24F}' // Basic Latin to Latin Extended-B
        | '\u{250}'..='\u{2AF}' // IPA
        | '\u{300}'..='\u{36F}' // combining marks
        | '\u{1E00}'..='\u{1EFF}' // Latin Extended Additional
        | '\u{2C60}'..='\u{2C7F}'
        | '\u{A720}'..='\u{A7FF}'
        | '\u{FB00}'..='\u{FB06}' // ligatures
        | '\u{FF21}'..='\u{FF3A}' | '\u{FF41}'..='\u{FF5A}') // full width
}

/// Two letters for one, as German and the Nordic languages write them where the letter is missing.
fn written_out(character: char) -> Option<&'static str> {
    Some(match character {
        'ä' | 'Ä' => "ae",
        'ö' | 'Ö' | 'ø' | 'Ø' => "oe",
        'ü' | 'Ü' => "ue",
        'å' | 'Å' => "aa",
        _ => return None,
    })
}

/// The keys that spell `text`, letters with marks as the letters without.
pub fn keys(text: &str) -> String {
    let folded = text.chars().filter(|character| is_latin(*character));
    folded
        .filter_map(deunicode_char)
        .flat_map(|letters| letters.chars().filter_map(key))
        .collect()
}

/// Every way to spell `text`: with letters folded, and with umlauts written out.
pub fn spellings(text: &str) -> Vec<String> {
    let plain = keys(text);
    let composed = composed(text);
    let mut out = String::with_capacity(text.len());
    for character in composed.chars() {
        match written_out(character) {
            Some(letters) => out.push_str(letters),
            None => out.push(character),
        }
    }
    let out = keys(&out);
    if out == plain {
        vec![plain]
    } else {
        vec![plain, out]
    }
}

/// The letters that can be written out, in one character each.
fn composed(text: &str) -> String {
    let mut composed = String::with_capacity(text.len());
    for character in text.chars() {
        let with_mark = match (composed.chars().next_back(), character) {
            (Some('a'), '\u{308}') => 'ä',
            (Some('A'), '\u{308}') => 'Ä',
            (Some('o'), '\u{308}') => 'ö',
            (Some('O'), '\u{308}') => 'Ö',
            (Some('u'), '\u{308}') => 'ü',
            (Some('U'), '\u{308}') => 'Ü',
            (Some('a'), '\u{30A}') => 'å',
            (Some('A'), '\u{30A}') => 'Å',
            _ => {
                composed.push(character);
                continue;
            }
        };
        composed.pop();
        composed.push(with_mark);
    }
    composed
}

/// Whether a keypad can spell this person: some name of his is written in Latin letters
/// throughout. Others are found by their extension only.
pub fn can_be_spelled(person: &Person) -> bool {
    let name = match &person.romanised_name {
        Some(romanised) => romanised.clone(),
        None => person.display_name(),
    };
    let mut letters = name.chars().filter(|character| character.is_alphabetic());
    letters.all(is_latin) && !keys(&name).is_empty()
}

/// Every way to spell this person's name or alias.
pub fn spellings_of(person: &Person, by: SpelledBy) -> Vec<String> {
    let mut all = match by {
        SpelledBy::Alias => spellings(alias(person)),
        SpelledBy::LastFirst | SpelledBy::FirstLast => {
            let mut all = name_spellings(&person.given_name, &person.surname, by);
            if let Some(romanised) = &person.romanised_name {
                let (given, family) = romanised.rsplit_once(' ').unwrap_or(("", romanised));
                all.extend(name_spellings(given, family, by));
            }
            all
        }
    };
    all.retain(|spelling| !spelling.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

fn name_spellings(given: &str, family: &str, by: SpelledBy) -> Vec<String> {
    match by {
        SpelledBy::FirstLast => spellings(&format!("{given}{family}")),
        SpelledBy::LastFirst | SpelledBy::Alias => spellings(&format!("{family}{given}")),
    }
}

/// Every way to spell a contact: either name first, the name as a whole, the nickname; the company,
/// or else the
/// mail address where there is no other name.
pub fn spellings_of_contact(contact: &Contact) -> Vec<String> {
    let (given, family) = (&contact.given_name, &contact.surname);
    let mut all = name_spellings(given, family, SpelledBy::FirstLast);
    all.extend(name_spellings(given, family, SpelledBy::LastFirst));
    all.extend(spellings(&contact.full_name));
    all.extend(spellings(&contact.nickname));
    if contact.display_name() == contact.company {
        all.extend(spellings(&contact.company));
    }
    if let Some(mail) = contact
        .mail
        .as_deref()
        .filter(|mail| *mail == contact.display_name())
    {
        all.extend(spellings(mail.split('@').next().unwrap_or(mail)));
    }
    all.retain(|spelling| !spelling.is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// Whether keying `digits` finds this person: a beginning is enough. Nobody is found by nothing.
pub fn is_spelled_by(person: &Person, digits: &str, by: SpelledBy) -> bool {
    !digits.is_empty()
        && !person.hidden
        && spellings_of(person, by)
            .iter()
            .any(|spelling| spelling.starts_with(digits))
}

/// The part of the mail address before the `@`; the user name without an address.
fn alias(person: &Person) -> &str {
    person
        .mail
        .as_deref()
        .and_then(|mail| mail.split_once('@'))
        .map_or(person.user.as_str(), |(alias, _)| alias)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(given: &str, surname: &str, mail: &str) -> Person {
        Person {
            user: "user".into(),
            given_name: given.into(),
            surname: surname.into(),
            mail: Some(mail.into()),
            ..Person::default()
        }
    }

    #[test]
    fn names_become_keys() {
        for (text, expected) in [
            ("jim.wilson", "546945766"),
            ("Mike1092", "64531092"),
            ("SmithTony", "764848669"),
            ("O'Connor-Byrne", "626666729763"),
            ("Müller", "685537"),
            ("Šťastný", "7827869"),
            ("Straße", "7872773"),
            ("ŁÓDŹ", "5639"),
            ("Þórðær Łęcki", "84673237 53254".replace(' ', "").as_str()),
            ("陈", ""),
            ("Иванов", ""),
        ] {
            assert_eq!(keys(text), expected, "{text}");
        }
    }

    #[test]
    fn a_beginning_finds_but_not_a_part() {
        let tony = person("Tony", "Smith", "tsmith@example.test");
        for (digits, by, found) in [
            ("764848669", SpelledBy::LastFirst, true),
            ("76", SpelledBy::LastFirst, true),
            ("8669", SpelledBy::LastFirst, false),
            ("8669", SpelledBy::FirstLast, true),
            ("876484", SpelledBy::Alias, true),
            ("7648486690", SpelledBy::LastFirst, false),
            ("", SpelledBy::LastFirst, false),
        ] {
            assert_eq!(is_spelled_by(&tony, digits, by), found, "{digits} {by:?}");
        }
    }

    #[test]
    fn romanised_names_are_spelled_and_hidden_people_are_not() {
        let mut chen = person("伟", "陈", "chen@example.test");
        chen.romanised_name = Some("Wei Chen".into());
        assert!(is_spelled_by(&chen, "2436", SpelledBy::LastFirst));
        assert!(is_spelled_by(&chen, "934", SpelledBy::FirstLast));
        chen.hidden = true;
        assert!(!is_spelled_by(&chen, "2436", SpelledBy::LastFirst));
    }

    #[test]
    fn without_a_mail_address_the_user_name_is_the_alias() {
        let mut nora = person("Nora", "Mailless", "");
        nora.mail = None;
        nora.user = "nomail".into();
        assert!(is_spelled_by(&nora, "666245", SpelledBy::Alias));
    }
}
