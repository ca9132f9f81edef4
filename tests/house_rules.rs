//! The rules of the house, held by a machine: who may import whom (the table in
//! `docs/ARCHITECTURE.md` section 4 is read, so that the page stays true), what pure rooms stay away
//! from, how files begin and what things are called.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One source file of ours, taken apart.
struct Source {
    /// Below the crate, with forward slashes.
    path: String,
    text: String,
    /// Without comments, and with empty strings.
    code: String,
    /// The strings.
    strings: Vec<String>,
}

impl Source {
    /// `turn` for `src/turn/menu.rs` and for `src/turn.rs`.
    fn room(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let first = inside.split('/').next().unwrap_or(inside);
        first.strip_suffix(".rs").unwrap_or(first)
    }

    /// The code without its tests.
    fn tested_code(&self) -> &str {
        if self.path.ends_with("/tests.rs") || self.path.contains("/tests/") {
            return "";
        }
        match self.code.find("#[cfg(test)]\nmod tests {") {
            Some(tests) => &self.code[..tests],
            None => &self.code,
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files_below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn sources(folder: &str) -> Vec<Source> {
    let sources: Vec<Source> = files_below(folder, "rs")
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            let (code, strings) = take_apart(&text);
            let path = path.strip_prefix(root()).unwrap();
            Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
                code,
                strings,
            }
        })
        .collect();
    assert!(!sources.is_empty(), "there is nothing in {folder}");
    sources
}

/// The code without comments and with empty strings, and the strings.
fn take_apart(text: &str) -> (String, Vec<String>) {
    let mut code = String::new();
    let mut strings = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if rest.starts_with("/*") {
            rest = rest.split_once("*/").map_or("", |(_, rest)| rest);
        } else if let Some((string, after)) = raw_string(rest) {
            strings.push(string.to_owned());
            code.push_str("\"\"");
            rest = after;
        } else if first == '"' {
            let mut escaped = false;
            let end = rest[1..].char_indices().find(|(_, character)| {
                let ends = *character == '"' && !escaped;
                escaped = *character == '\\' && !escaped;
                ends
            });
            let end = end.map_or(rest.len(), |(at, _)| at + 1);
            strings.push(rest[1..end].to_owned());
            code.push_str("\"\"");
            rest = rest.get(end + 1..).unwrap_or("");
        } else if let Some(after) = character_literal(rest) {
            code.push_str("' '");
            rest = after;
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    (code, strings)
}

/// `r"…"` or `r#"…"#` at the beginning of `text`.
fn raw_string(text: &str) -> Option<(&str, &str)> {
    let marks = text.strip_prefix('r')?;
    let inside = marks.trim_start_matches('#');
    let count = marks.len() - inside.len();
    let inside = inside.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(count));
    inside.split_once(end.as_str())
}

/// What follows `'x'` at the beginning of `text`; a lifetime is none.
fn character_literal(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('\'')?;
    let mut characters = inside.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        let end = inside[2..].find('\'')? + 2;
        return Some(&inside[end + 1..]);
    }
    let (at, second) = characters.next()?;
    (second == '\'').then(|| &inside[at + 1..])
}

/// The rooms of the house: the modules of the library, and the program.
fn rooms() -> Vec<String> {
    let library = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let mut rooms: Vec<String> = library
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    rooms.push("main".to_owned());
    rooms
}

fn section(page: &str, heading: &str) -> String {
    let text = std::fs::read_to_string(root().join(page)).unwrap();
    let (_, after) = text.split_once(heading).unwrap();
    let after = after
        .split_once("\n## ")
        .map_or(after, |(section, _)| section);
    let (_, table) = after.split_once("```\n").unwrap();
    let (table, _) = table.split_once("```").unwrap();
    table.to_owned()
}

/// Who may import what, as the table says: rooms, or parts of rooms.
fn table(rooms: &[String]) -> BTreeMap<String, Vec<String>> {
    let text = section("docs/ARCHITECTURE.md", "## 4. Who may import whom");
    let mut rows: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with(' ') {
            if let Some((_, granted)) = rows.last_mut() {
                granted.push(' ');
                granted.push_str(line.trim());
            }
        } else if let Some((who, granted)) = line.split_once("  ") {
            rows.push((who.to_owned(), granted.trim().to_owned()));
        }
    }
    let mut table = BTreeMap::new();
    for (who, granted) in rows {
        let granted = without_brackets(granted.split("I/O:").next().unwrap_or_default());
        let names: Vec<String> = if granted.starts_with("everything") {
            rooms.to_vec()
        } else {
            granted
                .split(|character: char| !(character.is_alphanumeric() || "_:".contains(character)))
                .filter(|word| {
                    let room = word.split("::").next().unwrap_or_default();
                    rooms.iter().any(|known| known == room)
                })
                .map(str::to_owned)
                .collect()
        };
        for who in who.split(',') {
            table.insert(who.trim().to_owned(), names.clone());
        }
    }
    table
}

fn without_brackets(text: &str) -> String {
    let mut depth = 0;
    text.chars()
        .filter(|character| {
            if *character == '(' {
                depth += 1;
            }
            let outside = depth == 0;
            if *character == ')' {
                depth -= 1;
            }
            outside
        })
        .collect()
}

/// Every path that code takes into another room: `turn::menu` for `crate::turn::menu::Menu`, and for
/// each part of `use crate::{turn::menu, line}`.
fn imports(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some((_, after)) = rest.split_once("crate::") {
        rest = after;
        if let Some(group) = after.strip_prefix('{') {
            let mut depth = 0;
            let mut part = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => found.push(path_of(&std::mem::take(&mut part))),
                    _ if depth == 0 => part.push(character),
                    _ => {}
                }
            }
            found.push(path_of(&part));
        } else {
            found.push(path_of(after));
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

fn path_of(text: &str) -> String {
    text.trim()
        .chars()
        .take_while(|character| character.is_alphanumeric() || "_:".contains(*character))
        .collect()
}

#[test]
fn rooms_import_only_what_the_table_grants() {
    let rooms = rooms();
    let table = table(&rooms);
    assert!(table.len() > 10, "the table was not understood: {table:?}");
    let none = Vec::new();
    let mut wrong = Vec::new();
    for source in sources("src") {
        let room = source.room();
        if room == "lib" {
            continue;
        }
        let granted = table.get(room).unwrap_or(&none);
        for path in imports(&source.code) {
            let target = path.split("::").next().unwrap_or_default();
            if target == room || !rooms.iter().any(|known| known == target) {
                continue;
            }
            let allowed = granted
                .iter()
                .any(|granted| path == *granted || path.starts_with(&format!("{granted}::")));
            if !allowed {
                wrong.push(format!("{}: crate::{path}", source.path));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(
        wrong.is_empty(),
        "docs/ARCHITECTURE.md section 4 does not grant this:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn the_floor_plan_shows_every_room() {
    let plan = section("docs/ARCHITECTURE.md", "## 3. The rooms");
    for room in rooms() {
        let shown = plan
            .lines()
            .filter_map(|line| line.trim().split([' ', '/']).next())
            .any(|word| word == room || word == format!("{room}.rs"));
        assert!(shown, "docs/ARCHITECTURE.md section 3 does not show {room}");
    }
}

/// Pure rooms take the time as an argument and touch nothing; conversations ask their caller and the
/// traits of their desk.
#[test]
fn pure_rooms_and_conversations_touch_nothing() {
    let pure = ["turn", "policy", "transcript", "conversation"];
    let forbidden = [
        "tokio::select!",
        "tokio::time",
        "tokio::spawn",
        "tokio::net",
        "spawn_blocking",
        "Instant::now",
        "SystemTime::now",
        "Timestamp::now",
        "Zoned::now",
        "std::fs",
        "UdpSocket",
        "TcpStream",
        "TcpListener",
        "std::thread",
        "std::process",
        "rusqlite",
    ];
    let mut wrong = Vec::new();
    for source in sources("src") {
        if !pure.contains(&source.room()) {
            continue;
        }
        for word in forbidden {
            if source.tested_code().contains(word) {
                wrong.push(format!("{}: {word}", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is spoken stands in `prompts/`: no sentence in a conversation. Log lines begin with a small
/// letter and end without a full stop.
#[test]
fn no_spoken_sentence_stands_in_a_conversation() {
    let mut wrong = Vec::new();
    for source in sources("src/conversation")
        .into_iter()
        .chain(sources("src/caller"))
    {
        for string in &source.strings {
            let several = string.trim().contains(' ');
            let capital = string.starts_with(|first: char| first.is_uppercase());
            let ended = string.ends_with(['.', '?', '!']);
            if several && (ended || capital) && !is_a_call_type(string) {
                wrong.push(format!("{}: \"{string}\"", source.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The values of a field of the call record, as `docs/configuration.md` and its readers know them.
fn is_a_call_type(string: &str) -> bool {
    string.starts_with("Call Answering ")
        || [
            "Greetings Recording",
            "Subscriber Access",
            "Unauthenticated Pilot Number",
        ]
        .contains(&string)
}

/// Plurals, word order and number words belong to translators: nothing asks which locale it is.
#[test]
fn no_code_branches_on_a_locale() {
    let mut wrong = Vec::new();
    for source in sources("src") {
        if !["caller", "conversation", "language", "speech"].contains(&source.room()) {
            continue;
        }
        let code = source.tested_code();
        for branch in ["as_str() == \"\"", "locale == ", "locale != "] {
            // Comparing two locales is no branch on one of them.
            let compares = code.match_indices(branch).any(|(at, _)| {
                let line = code[..at].rsplit('\n').next().unwrap_or_default();
                line.contains("locale") && branch.contains('"')
            });
            if compares {
                wrong.push(format!("{}: {branch}", source.path));
            }
        }
        for arm in code.lines().filter(|line| line.contains("match locale")) {
            wrong.push(format!("{}: {}", source.path, arm.trim()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_first_why_it_exists() {
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        // Tests of the file beside them need no other reason.
        let explained = source.path.ends_with("/tests.rs") || source.text.starts_with("//!");
        if !explained {
            wrong.push(source.path);
        }
    }
    assert!(
        wrong.is_empty(),
        "no `//!` line first:\n{}",
        wrong.join("\n")
    );
}

/// Names are whole words in the terms of the field (`docs/ARCHITECTURE.md` sections 2 and 11).
#[test]
fn names_are_whole_words() {
    let abbreviations = [
        "msg", "mgr", "ctx", "idx", "tmp", "cnt", "usr", "pwd", "btn", "utils", "helper",
        "helpers", "misc", "manager", "stuff", "foo", "bar", "vm", "ivr",
    ];
    let mut wrong = Vec::new();
    for source in sources("src").into_iter().chain(sources("tests")) {
        let name = Path::new(&source.path)
            .file_stem()
            .unwrap()
            .to_string_lossy();
        let words = source
            .code
            .split(|character: char| !(character.is_alphanumeric() || character == '_'))
            .chain([name.as_ref()]);
        for word in words {
            let parts = word.split('_').map(str::to_lowercase);
            for part in parts {
                if abbreviations.contains(&part.as_str()) {
                    wrong.push(format!("{}: {word}", source.path));
                }
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A story for each conversation: its folder under `tests/calls/`. Key layouts cross all conversations;
/// a layout's stories lie below `tests/calls/layouts/`, in a folder of the layout's name.
#[test]
fn stories_lie_in_folders_named_after_conversations() {
    let mut wrong = Vec::new();
    for story in files_below("tests/calls", "call") {
        let folder = story.parent().unwrap().file_name().unwrap().to_owned();
        let conversation = root()
            .join("src/conversation")
            .join(Path::new(&folder).with_extension("rs"));
        let layout = folder.to_string_lossy().replace('_', "-");
        let layout = root().join(format!("grammars/keys/{layout}.toml"));
        let of_layout = story
            .ancestors()
            .nth(2)
            .is_some_and(|above| above.ends_with("layouts"));
        let is_named_so = conversation.exists() || (of_layout && layout.exists());
        if !is_named_so {
            wrong.push(story.display().to_string());
        }
    }
    assert!(
        wrong.is_empty(),
        "no conversation has the name of the folder of:\n{}",
        wrong.join("\n")
    );
}

mod the_rules_themselves {
    use super::*;

    #[test]
    fn code_is_told_from_comments_and_strings() {
        let text = "use crate::a; // crate::b\nlet x = \"crate::c \\\" d\"; let y = '\"'; /* crate::e */ &'a str; r#\"crate::f\"#;";
        let (code, strings) = take_apart(text);
        assert_eq!(imports(&code), ["a"]);
        assert_eq!(strings, ["crate::c \\\" d", "crate::f"]);
        assert!(code.contains("&'a str"));
    }

    #[test]
    fn groups_of_imports_are_seen() {
        let code = "use crate::{turn::menu::{Menu, always}, line::Key, policy};";
        assert_eq!(imports(code), ["turn::menu::", "line::Key", "policy"]);
    }
}
