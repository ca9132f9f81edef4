//! All menus and all prompt names of conversations, for `check`, the key card and the recording
//! script.

use super::{
    advanced, calendar, call_answering, choosing, comfort, compose, contacts, directory_search,
    email_menu, first_time_setup, folders, greetings, mailbox_options, main_menu, meeting_answers,
    message_recording, people_list, personal_options, prompts, reading_language, recipients,
    setup_options, system_prompts, take_message, voice_message_menu, zones,
};
use crate::caller::SAID_UNASKED;
pub use crate::language::{ChoiceOutline, MenuOutline};
use crate::line::PromptName;
use crate::turn::menu::{EVERYWHERE, Menu, WAITING, YES_NO};

/// Choices that are never open together: none of the first with one of the second.
const OPPOSITES: &[(&str, &[&str], &[&str])] = &[
    ("appointment", &["decline"], &["cancel"]),
    ("email", &["accept"], &["remove-meeting"]),
    ("email", &["delete"], &["decline"]),
    ("main-menu", &["other-mailbox"], &["goodbye"]),
    ("personal-options", &["away-on"], &["away-off"]),
    ("setup-greetings", &["away-on"], &["away-off"]),
    ("mailbox-options", &["away-on"], &["away-off"]),
    ("caller-sending", &["important"], &["not-important"]),
    ("caller-sending", &["private"], &["not-private"]),
    ("message-sending", &["important"], &["not-important"]),
    ("message-sending", &["private"], &["not-private"]),
    ("message-recording", &["important"], &["not-important"]),
    ("message-recording", &["private"], &["not-private"]),
    // A message is deleted, or it is not.
    (
        "voice-message",
        &["delete", "save", "mark-unread", "flag"],
        &["undelete", "restore", "restore-as-new"],
    ),
];

/// What every layout must have keys for: one of each set.
const NEEDED: &[(&str, &[&[&str]])] = &[
    ("everywhere", &[&["repeat", "help"], &["main-menu"]]),
    ("yes-no", &[&["yes"], &["no"]]),
    ("waiting", &[&["wait"]]),
    (
        "main-menu",
        &[
            &["voice-mail", "new-messages"],
            &["email"],
            &["calendar"],
            &["contacts"],
            &["compose", "advanced"],
            &["personal-options", "setup-options", "mailbox-options"],
            &["other-mailbox"],
            &["goodbye"],
        ],
    ),
    ("voice-message", &[&["next", "save"], &["delete"]]),
    ("email", &[&["next", "save"], &["delete"]]),
    ("languages", LIST),
    ("people", LIST),
    ("appointment", &[&["next"]]),
    ("calendar-day", &[&["next", "next-day"]]),
    ("meeting-accept", &[&["accept"], &["back"]]),
    ("meeting-details", &[&["back"]]),
    ("caller-recording", &[&["accept"], &["cancel"]]),
    ("caller-sending", &[&["send"]]),
    ("message-recording", &[&["accept", "send"], &["cancel"]]),
    ("message-sending", &[&["send"]]),
    ("optional-recording", &[&["record"], &["without"]]),
    ("recipients", &[&["record"], &["cancel"]]),
    ("recording", &[&["accept"], &["cancel"]]),
    ("setup-name", &[&["accept"]]),
    ("setup-greeting", &[&["record"], &["skip"]]),
    ("choosing", &[&["next"], &["take"], &["leave"]]),
    ("greeting-edit", &[&["back"]]),
    ("folders", &[&["saved"], &["back"]]),
    ("advanced", &[&["back"]]),
];

/// Each place of a list that is read page by page.
const LIST: &[&[&str]] = &[
    &["first"],
    &["second"],
    &["third"],
    &["fourth"],
    &["fifth"],
    &["sixth"],
    &["next-page"],
];

/// Menus that a layout may do without, and the choice that leads there.
const REACHED_BY: &[(&str, &str, &str)] = &[
    ("folders", "main-menu", "folders"),
    ("advanced", "main-menu", "advanced"),
    ("find-messages", "main-menu", "find-messages"),
    ("mailbox-options", "main-menu", "mailbox-options"),
    ("setup-options", "main-menu", "setup-options"),
    ("setup-greetings", "setup-options", "greetings"),
    ("message-settings", "setup-options", "message-settings"),
    ("preferences", "setup-options", "preferences"),
];

/// Every menu that callers meet.
pub fn all() -> Vec<MenuOutline> {
    vec![
        outline(&EVERYWHERE),
        outline(&YES_NO),
        outline(&WAITING),
        outline(&main_menu::MAIN_MENU),
        outline(&folders::FOLDERS),
        outline(&folders::FIND_MESSAGES),
        outline(&voice_message_menu::VOICE_MESSAGE),
        outline(&advanced::ADVANCED),
        outline(&email_menu::EMAIL),
        outline(&meeting_answers::MEETING_DECLINE),
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
        outline(&mailbox_options::MAILBOX_OPTIONS),
        outline(&setup_options::SETUP_OPTIONS),
        outline(&setup_options::SETUP_GREETINGS),
        outline(&setup_options::MESSAGE_SETTINGS),
        outline(&setup_options::PREFERENCES),
        outline(&choosing::CHOOSING),
        outline(&comfort::COMFORT),
        outline(&greetings::GREETINGS),
        outline(&greetings::GREETING_EDIT),
        outline(&greetings::RECORDING),
        outline(&first_time_setup::SETUP_NAME),
        outline(&first_time_setup::SETUP_GREETING),
        outline(&system_prompts::SYSTEM_PROMPTS),
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
    let needs = NEEDED.iter().filter(|(of, _)| *of == menu.name);
    let reached_by = REACHED_BY.iter().find(|(of, ..)| *of == menu.name);
    MenuOutline {
        name: menu.name,
        needs: needs.flat_map(|(_, needs)| needs.iter().copied()).collect(),
        reached_by: reached_by.map(|(_, from, choice)| (*from, *choice)),
        choices: menu
            .entries
            .iter()
            .map(|entry| ChoiceOutline {
                name: entry.name,
                when: entry.when,
                level: entry.level,
                instead_of: opposites(menu.name, entry.name),
            })
            .collect(),
    }
}

fn opposites(menu: &str, choice: &str) -> Vec<&'static str> {
    let of_menu = OPPOSITES.iter().filter(|(of, ..)| *of == menu);
    let others = of_menu.filter_map(|(_, some, others)| {
        if some.contains(&choice) {
            Some(*others)
        } else if others.contains(&choice) {
            Some(*some)
        } else {
            None
        }
    });
    others.flatten().copied().collect()
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
    fn names_in_tables_exist() {
        let menus = all();
        let exists = |menu: &str, choice: &str| {
            let menu = menus.iter().find(|outline| outline.name == menu);
            menu.is_some_and(|menu| menu.choices.iter().any(|one| one.name == choice))
        };
        for (menu, some, others) in OPPOSITES {
            for name in some.iter().chain(*others) {
                assert!(exists(menu, name), "[{menu}] {name}");
            }
        }
        for (menu, needs) in NEEDED {
            for name in needs.iter().copied().flatten() {
                assert!(exists(menu, name), "[{menu}] {name}");
            }
        }
        for (menu, from, choice) in REACHED_BY {
            assert!(menus.iter().any(|outline| outline.name == *menu), "{menu}");
            assert!(exists(from, choice), "[{from}] {choice}");
        }
    }
}
