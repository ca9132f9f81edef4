//! Everything that can be pressed, said or heard fits together: menus and prompt names in code, key
//! layouts, phrases and catalogues.

use ringback::conversation::menus;
use ringback::language::{
    Assets, KeyLayout, Phrases, Prompts, Words, check, check_layout, check_recordings,
};
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

/// Every layout that a subscriber may choose has keys for what he needs, no two meanings for one key,
/// and words for all of it.
#[test]
fn every_layout_fits() {
    let assets = Assets::embedded();
    let prompts = Prompts::load(&assets).unwrap();
    let phrases = Phrases::load(&assets).unwrap();
    let layouts = KeyLayout::all(&assets).unwrap();
    let names: Vec<&str> = layouts.iter().map(KeyLayout::name).collect();
    assert_eq!(
        names,
        ["asterisk", "outlook-voice-access", "unity-standard"]
    );
    for layout in &layouts {
        let words = Words {
            prompts: &prompts,
            keys: layout,
            phrases: &phrases,
        };
        let found = check_layout(words, &menus::all());
        let faults: Vec<String> = found.faults.iter().map(ToString::to_string).collect();
        assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
    }
}

/// A layout that doubles keys, or leaves callers without what they need, is named with file, menu,
/// choice and cure.
#[test]
fn a_layout_that_does_not_fit_says_where() {
    let embedded = Assets::embedded();
    let prompts = Prompts::load(&embedded).unwrap();
    let phrases = Phrases::load(&embedded).unwrap();
    let text = |name: &str| {
        let path = format!("{}/grammars/keys/{name}.toml", env!("CARGO_MANIFEST_DIR"));
        std::fs::read_to_string(path).unwrap()
    };
    for (from, to, expected) in [
        (
            "delete = \"3\"\nundo = \"32\"\nreply = \"4\"\nforward",
            "delete = \"3\"\nundo = \"32\"\nreply = \"3\"\nforward",
            "[voice-message] reply: \"3\" are the keys of delete too",
        ),
        (
            "end = \"#\"\nnext = false\nundelete",
            "end = \"##\"\nnext = false\nundelete",
            "[voice-message] skip: \"##\" are the keys of end too",
        ),
        (
            "email = \"7\"\ncontacts",
            "email = false\ncontacts",
            "[main-menu] email: without keys callers are stuck there",
        ),
        (
            "saved = \"1\"\n",
            "",
            "[folders] saved: the choice is missing",
        ),
        (
            "[preferences]",
            "[yes-no]\nyes = \"11\"\nno = \"2\"\n\n[preferences]",
            "[yes-no] yes: \"11\" are several keys",
        ),
        (
            "[preferences]",
            "[preference]",
            "[preference]: there is no such menu; did you mean preferences?",
        ),
    ] {
        let unity = text("unity-standard");
        assert!(unity.contains(from), "{from}");
        let base = text("outlook-voice-access");
        let changed = unity.replacen(from, to, 1);
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("grammars/keys");
        std::fs::create_dir_all(&keys).unwrap();
        std::fs::write(keys.join("outlook-voice-access.toml"), base).unwrap();
        std::fs::write(keys.join("unity-standard.toml"), changed).unwrap();
        let assets = Assets::with_folder(folder.path()).unwrap();
        let layout = KeyLayout::load(&assets, "unity-standard").unwrap();
        let words = Words {
            prompts: &prompts,
            keys: &layout,
            phrases: &phrases,
        };
        let faults = check_layout(words, &menus::all()).faults;
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let told = faults.iter().any(|fault| {
            fault.starts_with("grammars/keys/unity-standard.toml: ") && fault.contains(expected)
        });
        assert!(told, "{expected}\n{}", faults.join("\n"));
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
