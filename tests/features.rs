//! `docs/features.md` tells the truth: what it names exists, and stories take every choice there is.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

#[path = "calls/support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

use ringback::conversation::menus;
use ringback::transcript::Event;
use support::play::{Variation, play};
use support::story::Story;

/// The rows of the checklist that must stand in the page.
const ROWS: &[&str] = &[
    "A4", "A5", "A6", "A7", "A14", "B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "B10",
    "B11", "B12", "B13", "B14", "B15", "B16", "C1", "C2", "C3", "C4", "C5", "C9", "D1", "D3", "D4",
    "D6", "D7", "D8", "D10", "D11", "D12", "D21", "D22", "D23", "E1", "E2", "E3", "E4", "E5", "E6",
    "E7", "E8", "E9", "E10", "E12", "E13", "F1", "F2", "F4", "F5", "F6", "F7", "F8", "F9", "F10",
    "F11", "F12", "F14", "G1", "G2", "G3", "G4", "G5", "G6", "H1", "H2", "H3", "H4", "H7", "H8",
    "H9", "H10", "H11", "H12",
];

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/features.md");
    std::fs::read_to_string(path).unwrap()
}

/// The files that a line of the page names.
fn files(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted
        .filter(|text| text.ends_with(".call") || text.ends_with(".rs"))
        .collect()
}

#[test]
fn every_row_is_proved_by_files_that_exist() {
    let page = page();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut problems = Vec::new();
    for line in page.lines().filter(|line| line.starts_with("| ")) {
        let named = files(line);
        let is_heading = line.starts_with("| row |") || line.starts_with("| key |");
        if named.is_empty() && !is_heading {
            problems.push(format!("nothing proves {line}"));
        }
        for file in named {
            if !root.join(file).is_file() {
                problems.push(format!("there is no {file}"));
            }
        }
    }
    for row in ROWS {
        if !page.contains(&format!("\n| {row} |")) {
            problems.push(format!("row {row} is missing"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn every_choice_of_every_menu_is_taken_in_a_story() {
    let stories = support::all_stories();
    let taken = Mutex::new(BTreeSet::new());
    let failures = support::failures_of(&stories, |path| {
        let story = Story::read(path)?;
        let played = play(&story, Variation::NONE)?;
        let mut taken = taken.lock().unwrap();
        for event in played.transcript {
            if let Event::Choice { menu, choice } = event {
                taken.insert((menu, choice));
            }
        }
        Ok(())
    });
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
    let taken = taken.into_inner().unwrap();
    let mut missing = Vec::new();
    for menu in menus::all() {
        for choice in &menu.choices {
            // Repeating and more options are answered within a question, and no choice of anybody's.
            let within = menu.name == "everywhere" && choice.name != "main-menu";
            // Words go along with what is sent when somebody is late.
            let late = taken.iter().any(|(_, choice)| choice == "late");
            let within = within || (menu.name == "optional-recording" && !late);
            let name = (menu.name.to_owned(), choice.name.to_owned());
            if !within && !taken.contains(&name) {
                missing.push(format!("{} of menu {}", choice.name, menu.name));
            }
        }
    }
    assert!(missing.is_empty(), "nobody takes {}", missing.join(", "));
}
