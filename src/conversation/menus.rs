//! All menus and all prompt names of conversations, for `check`, the key card and the recording
//! script.

use std::collections::BTreeSet;

use super::{
    call_answering, directory_search, first_time_setup, greetings, main_menu, personal_options,
    prompts, take_message, voice_mail,
};
use crate::caller::{Language, SAID_UNASKED};
use crate::line::{Locale, PromptName};
use crate::turn::menu::{EVERYWHERE, Level, Menu, When, YES_NO};

/// A menu without the types of its choices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MenuOutline {
    /// Its name in `grammars/`, and the first part of its prompts' names.
    pub name: &'static str,
    /// Its choices, in the order in which they are announced.
    pub choices: Vec<ChoiceOutline>,
}

/// One choice of a menu, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChoiceOutline {
    /// Its name.
    pub name: &'static str,
    /// When it is open.
    pub when: When,
    /// Whether and when it is announced.
    pub level: Level,
    /// The choice of the same menu that is never open together with this one, and so may have the
    /// same keys.
    pub instead_of: Option<&'static str>,
}

/// Choices that undo each other: only one of the two is open at a time.
const OPPOSITES: &[(&str, &str, &str)] = &[
    ("caller-sending", "important", "not-important"),
    ("caller-sending", "private", "not-private"),
];

/// Every menu that callers meet.
pub fn all() -> Vec<MenuOutline> {
    vec![
        outline(&EVERYWHERE),
        outline(&YES_NO),
        outline(&main_menu::MAIN_MENU),
        outline(&voice_mail::VOICE_MESSAGE),
        outline(&call_answering::GREETING),
        outline(&take_message::CALLER_RECORDING),
        outline(&take_message::CALLER_SENDING),
        outline(&personal_options::PERSONAL_OPTIONS),
        outline(&greetings::GREETINGS),
        outline(&greetings::GREETING_EDIT),
        outline(&greetings::RECORDING),
        outline(&first_time_setup::SETUP_NAME),
        outline(&first_time_setup::SETUP_GREETING),
        outline(&directory_search::PEOPLE),
        outline(&directory_search::PERSON),
    ]
}

/// Every prompt that conversations say by name, the options of menus apart.
pub fn prompt_names() -> &'static [PromptName] {
    prompts::ALL
}

/// What does not fit together between code, keys and prompts; empty when a call can go anywhere.
///
/// Every choice must stand in the key layout and, where it is announced, have words with `$key`.
/// Every prompt that is said must have words, and all words must be said somewhere. No two choices
/// that are open together may have the same keys.
pub fn problems(language: &Language) -> Vec<String> {
    let mut problems = Vec::new();
    let locales: Vec<Locale> = language.prompts.locales().cloned().collect();
    let mut said: BTreeSet<PromptName> = prompt_names().iter().copied().collect();
    said.extend(SAID_UNASKED);
    let menus = all();
    for menu in &menus {
        problems.extend(same_keys(language, menu));
        for choice in &menu.choices {
            let name = format!("{} of menu {}", choice.name, menu.name);
            if !language.keys.mentions(menu.name, choice.name) {
                let file = language.keys.file();
                problems.push(format!("{file}: {name} is missing: give it keys, or \"\""));
            }
            let has_keys = language.keys.keys(menu.name, choice.name).is_some();
            match language.prompts.option(menu.name, choice.name) {
                Some(prompt) => {
                    said.insert(prompt);
                }
                None if choice.level == Level::Silent || !has_keys => {}
                None => problems.push(format!("prompts: {name} is announced and has no words")),
            }
        }
    }
    for (menu, choice) in language.keys.names() {
        let known = menus.iter().any(|outline| {
            outline.name == menu && outline.choices.iter().any(|known| known.name == choice)
        });
        if !known {
            let file = language.keys.file();
            problems.push(format!(
                "{file}: there is no choice {choice} in a menu {menu}"
            ));
        }
    }
    let fallback = Locale::default();
    for name in &said {
        if !language
            .prompts
            .entries(&fallback)
            .any(|(known, _)| known == *name)
        {
            problems.push(format!(
                "prompts/{fallback}: {name} is said and has no words"
            ));
        }
    }
    for locale in &locales {
        for (name, entry) in language.prompts.entries(locale) {
            if !said.contains(&name) && !name.0.starts_with("spoken-") {
                problems.push(format!("{}: {name} is never said", entry.file));
            }
        }
    }
    problems
}

/// Pairs of choices that the same keys would mean at the same time.
fn same_keys(language: &Language, menu: &MenuOutline) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, one) in menu.choices.iter().enumerate() {
        for other in &menu.choices[index + 1..] {
            let apart = one.instead_of == Some(other.name)
                || matches!(
                    (one.when, other.when),
                    (When::WhilePlaying, When::AfterPlaying)
                        | (When::AfterPlaying, When::WhilePlaying)
                );
            let keys = language.keys.keys(menu.name, one.name);
            if !apart && keys.is_some() && keys == language.keys.keys(menu.name, other.name) {
                problems.push(format!(
                    "{}: {} and {} of menu {} have the same keys",
                    language.keys.file(),
                    one.name,
                    other.name,
                    menu.name
                ));
            }
        }
    }
    problems
}

fn outline<C>(menu: &Menu<C>) -> MenuOutline {
    MenuOutline {
        name: menu.name,
        choices: menu
            .entries
            .iter()
            .map(|entry| ChoiceOutline {
                name: entry.name,
                when: entry.when,
                level: entry.level,
                instead_of: opposite(menu.name, entry.name),
            })
            .collect(),
    }
}

fn opposite(menu: &str, choice: &str) -> Option<&'static str> {
    OPPOSITES.iter().find_map(|(of, one, other)| match choice {
        _ if *of != menu => None,
        choice if choice == *one => Some(*other),
        choice if choice == *other => Some(*one),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_keys_and_words_fit_together() {
        let problems = problems(&Language::embedded().unwrap());
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }

    #[test]
    fn names_are_unique() {
        let menus = all();
        let names: BTreeSet<_> = menus.iter().map(|menu| menu.name).collect();
        assert_eq!(names.len(), menus.len());
        for menu in &menus {
            let choices: BTreeSet<_> = menu.choices.iter().map(|choice| choice.name).collect();
            assert_eq!(choices.len(), menu.choices.len(), "{}", menu.name);
        }
        let prompts: BTreeSet<_> = prompt_names().iter().map(|prompt| prompt.0).collect();
        assert_eq!(prompts.len(), prompt_names().len());
    }

    #[test]
    fn opposites_exist() {
        for (menu, one, other) in OPPOSITES {
            let menu = all().into_iter().find(|outline| outline.name == *menu);
            let choices = menu.map(|menu| menu.choices).unwrap_or_default();
            for name in [one, other] {
                assert!(choices.iter().any(|choice| choice.name == *name), "{name}");
            }
        }
    }
}
