//! Everything that can be pressed, said or heard fits together: menus and prompt names in code, key
//! layouts, phrases and catalogues.

use ringback::conversation::menus;
use ringback::language::{Assets, KeyLayout, Phrases, Prompts, Words, check, check_recordings};
use ringback::line::Locale;

#[test]
fn code_keys_phrases_and_prompts_fit() {
    let assets = Assets::embedded();
    let prompts = Prompts::load(&assets).unwrap();
    let phrases = Phrases::load(&assets).unwrap();
    let keys = KeyLayout::embedded().unwrap();
    let words = Words {
        prompts: &prompts,
        keys: &keys,
        phrases: &phrases,
    };
    let found = check(words, &menus::all(), &menus::prompt_names());
    let mut faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
    faults.extend(
        check_recordings(&assets, &prompts)
            .iter()
            .map(ToString::to_string),
    );
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    for pause in &found.pauses {
        eprintln!("{pause}");
    }
}

/// What has to be heard before anything can be done costs every caller.
#[test]
fn prompts_are_short() {
    let prompts = Prompts::embedded().unwrap();
    let english = Locale::default();
    for (name, entry) in prompts.entries(&english) {
        if entry.variables.is_empty() {
            let text = prompts.text(&english, name, &[]).unwrap();
            let words = text.split_whitespace().count();
            assert!(words <= 40, "{name} has {words} words: {text}");
        }
    }
}
