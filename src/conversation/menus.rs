//! All menus and all prompt names of conversations, for `check`, the key card and the recording
//! script.

use super::{
    calendar, call_answering, choosing, comfort, compose, contacts, directory_search, email_menu,
    first_time_setup, greetings, main_menu, meeting_answers, message_recording, people_list,
    personal_options, prompts, reading_language, recipients, take_message, voice_mail, zones,
};
use crate::caller::SAID_UNASKED;
pub use crate::language::{ChoiceOutline, MenuOutline};
use crate::line::PromptName;
use crate::turn::menu::{EVERYWHERE, Menu, WAITING, YES_NO};

/// Choices that undo each other: only one of the two is open at a time.
const OPPOSITES: &[(&str, &str, &str)] = &[
    ("appointment", "decline", "cancel"),
    ("main-menu", "other-mailbox", "goodbye"),
    ("personal-options", "away-on", "away-off"),
    ("caller-sending", "important", "not-important"),
    ("caller-sending", "private", "not-private"),
    ("message-sending", "important", "not-important"),
    ("message-sending", "private", "not-private"),
];

/// Every menu that callers meet.
pub fn all() -> Vec<MenuOutline> {
    vec![
        outline(&EVERYWHERE),
        outline(&YES_NO),
        outline(&WAITING),
        outline(&main_menu::MAIN_MENU),
        outline(&voice_mail::VOICE_MESSAGE),
        outline(&email_menu::EMAIL),
        outline(&reading_language::LANGUAGES),
        outline(&calendar::APPOINTMENT),
        outline(&calendar::CALENDAR_DAY),
        outline(&meeting_answers::MEETING_ACCEPT),
        outline(&calendar::MEETING_DETAILS),
        outline(&call_answering::GREETING),
        outline(&take_message::CALLER_RECORDING),
        outline(&take_message::CALLER_SENDING),
        outline(&recipients::RECIPIENTS),
        outline(&message_recording::MESSAGE_RECORDING),
        outline(&message_recording::MESSAGE_SENDING),
        outline(&compose::OPTIONAL_RECORDING),
        outline(&personal_options::PERSONAL_OPTIONS),
        outline(&choosing::CHOOSING),
        outline(&comfort::COMFORT),
        outline(&greetings::GREETINGS),
        outline(&greetings::GREETING_EDIT),
        outline(&greetings::RECORDING),
        outline(&first_time_setup::SETUP_NAME),
        outline(&first_time_setup::SETUP_GREETING),
        outline(&people_list::PEOPLE),
        outline(&directory_search::PERSON),
        outline(&contacts::CONTACT),
    ]
}

/// Every prompt that is said by name, by conversations or on their behalf, the options of menus
/// apart.
pub fn prompt_names() -> Vec<PromptName> {
    let mut names = [prompts::ALL, SAID_UNASKED].concat();
    names.extend(zones::prompt_names());
    names
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
    use std::collections::BTreeSet;

    use super::*;

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
