//! In which language a message is read: as its sender said, else as its words tell, and by a voice
//! that speaks it; and the menu in which a caller chooses another.

use super::desk::Desk;
use super::prompts;
use crate::caller::{Caller, Leave, OpenMenu, Saying, Talk, Value};
use crate::language::detect;
use crate::line::Locale;
use crate::turn::menu::{Menu, always};

/// The languages that we can name; those with a voice are offered. Tags, not words: their names
/// stand among the prompts.
const NAMED: &[&str] = &[
    "af", "ar", "bg", "bn", "ca", "cmn", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi",
    "fr", "hi", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "nb", "nl", "pl", "pt", "ro", "ru",
    "sk", "sl", "sr", "sv", "tr", "uk", "vi",
];

/// Languages on one page of the list.
const PAGE: usize = 6;
const NTH: [&str; PAGE] = ["first", "second", "third", "fourth", "fifth", "sixth"];

/// A pick from the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OnLanguages {
    Nth(usize),
    NextPage,
    Back,
}

/// The list of languages, a page at a time.
pub(super) static LANGUAGES: Menu<OnLanguages> = Menu::new(
    "languages",
    &[
        always("first", OnLanguages::Nth(0)),
        always("second", OnLanguages::Nth(1)),
        always("third", OnLanguages::Nth(2)),
        always("fourth", OnLanguages::Nth(3)),
        always("fifth", OnLanguages::Nth(4)),
        always("sixth", OnLanguages::Nth(5)),
        always("next-page", OnLanguages::NextPage),
        always("back", OnLanguages::Back),
    ],
);

/// The language that a text is read in: the declared one if a voice speaks it, else the one that its
/// words are in, else that of the conversation.
pub(super) fn of_text(desk: &Desk, caller: &Caller, text: &str, declared: Option<&str>) -> Locale {
    let own = caller.locale();
    let spoken = |tag: &str| {
        let same = |locale: &&Locale| same_language(locale.as_str(), tag);
        if same_language(own.as_str(), tag) {
            return Some(own.clone());
        }
        desk.voices.iter().find(same).cloned()
    };
    // Content-Language may name several, the main one first (RFC 3282).
    let declared = declared
        .and_then(|tags| tags.split(',').next())
        .map(str::trim);
    declared
        .and_then(spoken)
        .or_else(|| detect(text).and_then(spoken))
        .unwrap_or_else(|| own.clone())
}

/// Whether there is anything to choose: voices of more than one language.
pub(super) fn is_choosable(desk: &Desk) -> bool {
    let mut voices = desk.voices.iter();
    let first = voices.next();
    first.is_some_and(|first| voices.any(|voice| !same_language(first.as_str(), voice.as_str())))
}

/// Lets the caller choose a language; nothing when he goes back.
pub(super) async fn choose(
    caller: &mut Caller,
    desk: &Desk,
    present: &Locale,
) -> Talk<Option<Locale>> {
    let languages = offered(caller, desk, present)?;
    let mut page = 0;
    loop {
        let shown = &languages[page * PAGE..languages.len().min((page + 1) * PAGE)];
        let has_more = languages.len() > (page + 1) * PAGE;
        let open = open_page(shown, has_more);
        match caller.choose(open).await? {
            OnLanguages::Nth(number) => {
                return Ok(shown.get(number).map(|(_, locale)| locale.clone()));
            }
            OnLanguages::NextPage => page += 1,
            OnLanguages::Back => return Ok(None),
        }
    }
}

fn open_page(shown: &[(String, Locale)], has_more: bool) -> OpenMenu<OnLanguages> {
    let mut open = LANGUAGES
        .open()
        .introduced_by(Saying::new(prompts::CHOOSE_LANGUAGE));
    for (number, choice) in NTH.iter().enumerate() {
        open = match shown.get(number) {
            Some((name, _)) => open.with_value(choice, "language", Value::Name(name.clone())),
            None => open.without(OnLanguages::Nth(number)),
        };
    }
    if has_more {
        open
    } else {
        open.without(OnLanguages::NextPage)
    }
}

/// The languages that have a voice and a name, without the present one: the caller's own first, then those that the
/// administrator has chosen a voice for, each by name.
fn offered(caller: &Caller, desk: &Desk, present: &Locale) -> Talk<Vec<(String, Locale)>> {
    let mut offered = Vec::new();
    for tag in NAMED {
        let voice = |locale: &&Locale| same_language(locale.as_str(), tag);
        let own = same_language(caller.locale().as_str(), tag);
        let is_chosen = desk.chosen_voices.iter().any(|chosen| voice(&chosen));
        let voice = desk.voices.iter().find(voice).cloned();
        let locale = if own {
            Some(caller.locale().clone())
        } else {
            voice
        };
        let Some(locale) = locale.filter(|_| !same_language(present.as_str(), tag)) else {
            continue;
        };
        let prompts_of_ours = &caller.language().prompts;
        let values = [("language", Value::Word(tag))];
        let name = prompts_of_ours.text(caller.locale(), prompts::LANGUAGE_NAME, &values);
        offered.push(((!own, !is_chosen), name.map_err(Leave::from)?, locale));
    }
    offered
        .sort_by(|(rank, name, _), (other_rank, other, _)| (rank, name).cmp(&(other_rank, other)));
    Ok(offered
        .into_iter()
        .map(|(_, name, locale)| (name, locale))
        .collect())
}

/// Whether two tags name the same language, whatever the region.
fn same_language(one: &str, other: &str) -> bool {
    let language = |tag: &str| {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            // Mandarin and Bokmål go by the names of Chinese and Norwegian as well.
            "zh" => "cmn".to_owned(),
            "no" => "nb".to_owned(),
            language => language.to_owned(),
        }
    };
    language(one) == language(other)
}
