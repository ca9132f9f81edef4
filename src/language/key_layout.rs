//! Which keys mean which choice: the tables in `grammars/keys/<layout>.toml`. Another layout is
//! another file, so that callers who know another voice mail keep their habits.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Assets, LanguageFault};
use crate::line::Pace;
use crate::turn::KeySequence;

/// The layout that is used unless the configuration names another.
pub const DEFAULT_LAYOUT: &str = "outlook-voice-access";

/// The keys of every menu.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyLayout {
    name: String,
    file: String,
    paces: Vec<Pace>,
    menus: BTreeMap<String, BTreeMap<String, Option<KeySequence>>>,
}

#[derive(Deserialize)]
struct File {
    layout: Header,
    #[serde(flatten)]
    menus: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    paces: Vec<u16>,
}

impl KeyLayout {
    /// Reads the layout of this name.
    pub fn load(assets: &Assets, name: &str) -> Result<KeyLayout, LanguageFault> {
        let file = format!("grammars/keys/{name}.toml");
        let Some(text) = assets.text(&file) else {
            let known: Vec<&str> = assets
                .paths("grammars/keys/", ".toml")
                .filter_map(|path| path.strip_prefix("grammars/keys/")?.strip_suffix(".toml"))
                .collect();
            return Err(LanguageFault::wrong(
                file,
                name,
                "there is no such key layout",
                format!("choose one of: {}", known.join(", ")),
            ));
        };
        KeyLayout::parse(name, &file, text?)
    }

    /// The default layout inside the binary.
    pub fn embedded() -> Result<KeyLayout, LanguageFault> {
        KeyLayout::load(&Assets::embedded(), DEFAULT_LAYOUT)
    }

    fn parse(name: &str, file: &str, text: &str) -> Result<KeyLayout, LanguageFault> {
        let wrong = |entry: String, what: String, cure: &str| {
            LanguageFault::wrong(file, entry, what, cure.to_owned())
        };
        let parsed: File = toml::from_str(text).map_err(|fault| {
            wrong(
                "syntax".into(),
                fault.to_string(),
                "write a table per menu, and choice = \"keys\" in it",
            )
        })?;
        let paces: Vec<Pace> = parsed.layout.paces.into_iter().map(Pace).collect();
        let ascending = paces.windows(2).all(|pair| pair[0] < pair[1]);
        let in_range = paces.iter().all(|pace| (50..=200).contains(&pace.0));
        if !ascending || !in_range || !paces.contains(&Pace::NORMAL) {
            return Err(wrong(
                "layout.paces".into(),
                format!("{paces:?} cannot be stepped through"),
                "list speeds in hundredths from slow to fast, 50 to 200, 100 among them",
            ));
        }
        let mut menus = BTreeMap::new();
        for (menu, choices) in parsed.menus {
            let mut keys_of = BTreeMap::new();
            for (choice, keys) in choices {
                let sequence = if keys.is_empty() {
                    None
                } else {
                    Some(keys.parse::<KeySequence>().map_err(|why| {
                        wrong(
                            format!("{menu}.{choice}"),
                            format!("\"{keys}\": {why}"),
                            "use the characters 0-9, * and #, or \"\" for a choice without keys",
                        )
                    })?)
                };
                keys_of.insert(choice, sequence);
            }
            menus.insert(menu, keys_of);
        }
        Ok(KeyLayout {
            name: name.to_owned(),
            file: file.to_owned(),
            paces,
            menus,
        })
    }

    /// What must be pressed for a choice of a menu; `None` when it has no keys in this layout.
    pub fn keys(&self, menu: &str, choice: &str) -> Option<KeySequence> {
        *self.menus.get(menu)?.get(choice)?
    }

    /// Whether the layout says anything about a choice, be it that it has no keys.
    pub fn mentions(&self, menu: &str, choice: &str) -> bool {
        self.menus
            .get(menu)
            .is_some_and(|choices| choices.contains_key(choice))
    }

    /// Every menu, choice and key sequence.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, &KeySequence)> {
        self.menus.iter().flat_map(|(menu, choices)| {
            choices.iter().filter_map(move |(choice, keys)| {
                Some((menu.as_str(), choice.as_str(), keys.as_ref()?))
            })
        })
    }

    /// Every menu and choice named, with keys or without.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.menus.iter().flat_map(|(menu, choices)| {
            choices
                .keys()
                .map(move |choice| (menu.as_str(), choice.as_str()))
        })
    }

    /// The layout's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was read from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The playing speeds that "faster" and "slower" step through, slowest first.
    pub fn paces(&self) -> &[Pace] {
        &self.paces
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<KeyLayout, LanguageFault> {
        KeyLayout::parse("test", "grammars/keys/test.toml", text)
    }

    const HEADER: &str = "[layout]\npaces = [80, 100, 125]\n";

    #[test]
    fn the_default_layout_has_the_keys_of_the_reference() {
        let layout = KeyLayout::embedded().unwrap();
        for (menu, choice, keys) in [
            ("voice-message", "delete", "7"),
            ("voice-message", "next", "#"),
            ("voice-message", "end", "33"),
            ("everywhere", "repeat", "0"),
            ("everywhere", "main-menu", "*"),
        ] {
            let sequence = layout.keys(menu, choice).map(|keys| keys.to_string());
            assert_eq!(sequence.as_deref(), Some(keys), "{menu} {choice}");
        }
        let paces: Vec<u16> = layout.paces().iter().map(|pace| pace.0).collect();
        assert_eq!(paces, [60, 80, 100, 125, 150]);
        assert_eq!(layout.keys("voice-message", "dance"), None);
    }

    #[test]
    fn a_choice_may_have_no_keys() {
        let layout = parse(&format!("{HEADER}[menu]\nplay = \"\"\n")).unwrap();
        assert_eq!(layout.keys("menu", "play"), None);
        assert!(layout.mentions("menu", "play"));
        assert!(!layout.mentions("menu", "stop"));
    }

    #[test]
    fn faults_name_file_entry_and_cure() {
        for (text, expected) in [
            ("[menu]\nplay = \"7a\"\n", "menu.play"),
            ("[menu]\nplay = 7\n", "syntax"),
        ] {
            let fault = parse(&format!("{HEADER}{text}")).err().unwrap().to_string();
            assert!(fault.starts_with("grammars/keys/test.toml"), "{fault}");
            assert!(fault.contains(expected), "{fault}");
        }
        let fault = parse("[layout]\npaces = [100, 80]\n")
            .err()
            .unwrap()
            .to_string();
        assert!(fault.contains("slow to fast"), "{fault}");
        let fault = KeyLayout::load(&Assets::embedded(), "nowhere")
            .err()
            .unwrap()
            .to_string();
        assert!(fault.contains("outlook-voice-access"), "{fault}");
    }
}
