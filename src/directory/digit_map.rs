//! The keys that spell a name: letters as on a keypad (E.161), everything else left out.
//!
//! A name is spelled from its romanised form when it is written in another script, so that people
//! whose names no keypad shows can be found too. It is computed from the present name, never
//! stored, so somebody renamed is found under the new name at once.

use super::{Person, SpelledBy};

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

/// The letters of the Latin script beyond ASCII, each with the letters it is typed with.
const FOLDED: &[(&str, &str)] = &[
    ("àáâãäåāăąǎ", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęěẽ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıǐ", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŋ", "n"),
    ("òóôõöøōŏőǒơ", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűųǔư", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
];

/// The keys that spell `text`.
pub fn keys(text: &str) -> String {
    let mut keys = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii() {
            keys.extend(key(character));
            continue;
        }
        for lower in character.to_lowercase() {
            let typed = FOLDED
                .iter()
                .find(|(letters, _)| letters.contains(lower))
                .map_or("", |(_, ascii)| ascii);
            keys.extend(typed.chars().filter_map(key));
        }
    }
    keys
}

/// Whether keying `digits` finds this person: a beginning is enough. Nobody is found by nothing.
pub fn is_spelled_by(person: &Person, digits: &str, by: SpelledBy) -> bool {
    if digits.is_empty() || person.hidden {
        return false;
    }
    let spelled = match by {
        SpelledBy::LastFirst => {
            let (given, family) = written_names(person);
            keys(&format!("{family}{given}"))
        }
        SpelledBy::FirstLast => {
            let (given, family) = written_names(person);
            keys(&format!("{given}{family}"))
        }
        SpelledBy::Alias => keys(alias(person)),
    };
    spelled.starts_with(digits)
}

/// Given name and family name in letters that a keypad has.
fn written_names(person: &Person) -> (&str, &str) {
    match &person.romanised_name {
        Some(romanised) => romanised
            .rsplit_once(' ')
            .unwrap_or(("", romanised.as_str())),
        None => (&person.given_name, &person.surname),
    }
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
            ("陈", ""),
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
