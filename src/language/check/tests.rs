//! Each thing that may not fit is told, with file, entry and cure.

use super::*;

const SPOKEN: &str = include_str!("../../../prompts/en-US/spoken.ftl");
const NUMBERS: &str = include_str!("../../../prompts/en-US/numbers.toml");
const CARD: &str = include_str!("../../../prompts/en-US/card.ftl");
const PROMPTS: &str = "\
unreadable-text = Unreadable.
card-message = Messages
hello = Hello, { $name }.
message-delete = To delete, press { $key }.
message-play = To play, press { $key }.
message-rewind = To rewind, press { $key }.
";
const KEYS: &str = "\
[layout]
paces = [100]
[message]
delete = \"7\"
play = \"1\"
rewind = \"1\"
previous = \"11\"
";
const PHRASES: &str = "\
delete = [\"delete [it]\"]
play = [\"play\"]
rewind = [\"rewind\"]
previous = []
";

fn menus() -> Vec<MenuOutline> {
    let choice = |name, when, level| ChoiceOutline {
        name,
        when,
        level,
        instead_of: Vec::new(),
    };
    vec![MenuOutline {
        needs: vec![&["delete"]],
        reached_by: None,
        name: "message",
        choices: vec![
            choice("delete", When::Always, Level::First),
            choice("play", When::AfterPlaying, Level::First),
            choice("rewind", When::WhilePlaying, Level::First),
            choice("previous", When::AfterPlaying, Level::Silent),
        ],
    }]
}

/// Checks the words above with some text of theirs changed.
fn check_with(changes: &[(&str, &str)], german: Option<&str>) -> Findings {
    let change = |text: &str| {
        let mut text = text.to_owned();
        for (from, to) in changes {
            text = text.replace(from, to);
        }
        text
    };
    // The headings of the menus that are not here would be unused.
    let card: String = CARD
        .lines()
        .filter(|line| {
            CARD_PROMPTS.iter().any(|name| {
                line.strip_prefix(name.0)
                    .is_some_and(|rest| rest.starts_with(" ="))
            })
        })
        .map(|line| format!("{line}\n"))
        .collect();
    let prompts = change(PROMPTS) + &card;
    let keys = change(KEYS);
    let phrases = change(PHRASES);
    let german = german.map(|text| format!("{text}{card}"));
    let mut texts = vec![
        ("prompts/en-US/sample.ftl", prompts.as_str()),
        ("prompts/en-US/spoken.ftl", SPOKEN),
        ("prompts/en-US/numbers.toml", NUMBERS),
        ("grammars/keys/outlook-voice-access.toml", keys.as_str()),
        ("grammars/en-US/message.toml", phrases.as_str()),
    ];
    if let Some(german) = &german {
        texts.extend([
            ("prompts/de-DE/sample.ftl", german.as_str()),
            ("prompts/de-DE/spoken.ftl", SPOKEN),
            ("prompts/de-DE/numbers.toml", NUMBERS),
        ]);
    }
    let assets = Assets::from_texts(texts);
    let prompts = Prompts::load(&assets).unwrap();
    let keys = KeyLayout::load(&assets, crate::language::key_layout::DEFAULT_LAYOUT).unwrap();
    let phrases = Phrases::load(&assets).unwrap();
    let words = Words {
        prompts: &prompts,
        keys: &keys,
        phrases: &phrases,
    };
    check(words, &menus(), &[PromptName("hello")])
}

fn faults(changes: &[(&str, &str)]) -> Vec<String> {
    let found = check_with(changes, None);
    found.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn words_that_fit_have_no_faults_and_pauses_are_told() {
    let found = check_with(&[], None);
    let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let pauses: Vec<String> = found.pauses.iter().map(ToString::to_string).collect();
    // Rewind is over when previous opens, so only play waits.
    assert_eq!(
        pauses,
        ["[message] play = \"1\" waits a moment for previous = \"11\""]
    );
}

#[test]
fn each_kind_of_fault_is_found_with_its_cure() {
    for (from, to, expected) in [
        (
            "delete = \"7\"\n",
            "",
            "[message] delete: the choice is missing",
        ),
        (
            "delete = \"7\"",
            "delete = \"7\"\ndelte = \"8\"",
            "did you mean delete?",
        ),
        (
            "[message]",
            "[messages]",
            "[messages]: there is no such menu; did you mean message?",
        ),
        (
            "previous = \"11\"",
            "previous = \"7\"",
            "\"7\" are the keys of delete too",
        ),
        (
            "play = [\"play\"]",
            "play = [\"delete\"]",
            "\"delete\" is a phrase of delete too",
        ),
        (
            "rewind = [\"rewind\"]\n",
            "",
            "grammars/en-US/message.toml: rewind: the choice is missing",
        ),
        (
            "rewind = [\"rewind\"]",
            "rewind = []\nsing = []",
            "the menu has no such choice",
        ),
        (
            "hello = Hello",
            "helo = Hello",
            "hello: the prompt is missing",
        ),
        (
            "hello = ",
            "spare = x\nhello = ",
            "spare: nothing says this prompt",
        ),
        (
            "To play, press { $key }",
            "To play, press one",
            "does not say what to press",
        ),
        (
            "message-play = ",
            "message-pley = ",
            "message-play: the prompt is missing",
        ),
        (
            "unreadable-text",
            "unreadable",
            "unreadable-text: the prompt is missing",
        ),
    ] {
        let faults = faults(&[(from, to)]);
        assert!(
            faults.iter().any(|fault| fault.contains(expected)),
            "{to}: wanted \"{expected}\" in {faults:#?}"
        );
    }
}

#[test]
fn keys_may_be_shared_by_choices_that_never_meet() {
    // Rewind and play have the same key: one while playing, one after it.
    assert!(faults(&[]).is_empty());
    assert_eq!(faults(&[("rewind = \"1\"", "rewind = \"7\"")]).len(), 1);
}

#[test]
fn translations_must_take_the_same_variables() {
    let german = PROMPTS.replace("Hello, { $name }", "Hallo");
    let found = check_with(&[], Some(&german));
    let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].contains("prompts/de-DE/sample.ftl: hello: its variables are none"));
    let german = PROMPTS.replace("hello = Hello, { $name }.\n", "");
    let found = check_with(&[], Some(&german));
    assert!(found.faults[0].to_string().contains("prompts/de-DE/"));
    assert!(check_with(&[], Some(PROMPTS)).faults.is_empty());
}

#[test]
fn recordings_of_prompts_with_variables_are_found() {
    let assets = Assets::from_texts([
        (
            "prompts/en-US/sample.ftl",
            "bye = Bye.\nhello = Hello, { $name }.\n",
        ),
        ("prompts/en-US/spoken.ftl", SPOKEN),
        ("prompts/en-US/numbers.toml", NUMBERS),
        ("prompts/en-US/audio/bye.wav", ""),
        ("prompts/en-US/audio/hello.wav", ""),
        ("prompts/en-US/audio/nothing.wav", ""),
    ]);
    let prompts = Prompts::load(&assets).unwrap();
    let faults = check_recordings(&assets, &prompts);
    assert_eq!(faults.len(), 2);
}
