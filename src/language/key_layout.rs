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
    /// The layout whose menus and speeds hold where this one has none of its own.
    base: Option<String>,
    paces: Option<Vec<u16>>,
}

impl KeyLayout {
    /// Reads the layout of this name.
    pub fn load(assets: &Assets, name: &str) -> Result<KeyLayout, LanguageFault> {
        let file = format!("grammars/keys/{name}.toml");
        let Some(text) = assets.text(&file) else {
            let known = KeyLayout::names_of(assets);
            return Err(LanguageFault::wrong(
                file,
                name,
                "there is no such key layout",
                format!("choose one of: {}", known.join(", ")),
            ));
        };
        let (mut layout, base) = KeyLayout::parse(name, &file, text?)?;
        let Some(base) = base else {
            return Ok(layout);
        };
        // One step only: a base of a base would hide what a layout says.
        let base_file = format!("grammars/keys/{base}.toml");
        let there = assets.text(&base_file).transpose()?;
        let based = there.map(|text| KeyLayout::parse(&base, &base_file, text));
        match based.transpose()? {
            Some((base, None)) => {
                layout.rest_from(base);
                Ok(layout)
            }
            _ => Err(LanguageFault::wrong(
                file,
                "layout.base",
                format!("{base} is no layout that stands by itself"),
                format!("name one that does, such as {DEFAULT_LAYOUT}"),
            )),
        }
    }

    /// Every layout there is, by name.
    pub fn all(assets: &Assets) -> Result<Vec<KeyLayout>, LanguageFault> {
        KeyLayout::names_of(assets)
            .into_iter()
            .map(|name| KeyLayout::load(assets, name))
            .collect()
    }

    fn names_of(assets: &Assets) -> Vec<&str> {
        assets
            .paths("grammars/keys/", ".toml")
            .filter_map(|path| path.strip_prefix("grammars/keys/")?.strip_suffix(".toml"))
            .collect()
    }

    /// Takes what this layout has not from its base: whole menus, never single keys of a menu, which
    /// might mean something else here.
    fn rest_from(&mut self, base: KeyLayout) {
        if self.paces.is_empty() {
            self.paces = base.paces;
        }
        for (menu, choices) in base.menus {
            self.menus.entry(menu).or_insert(choices);
        }
    }

    /// The default layout inside the binary.
    pub fn embedded() -> Result<KeyLayout, LanguageFault> {
        KeyLayout::load(&Assets::embedded(), DEFAULT_LAYOUT)
    }

    /// What one file says, and the name of its base.
    fn parse(
        name: &str,
        file: &str,
        text: &str,
    ) -> Result<(KeyLayout, Option<String>), LanguageFault> {
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
        let base = parsed.layout.base;
        let inherits = base.is_some() && parsed.layout.paces.is_none();
        let paces = parsed.layout.paces.unwrap_or_default();
        let paces: Vec<Pace> = paces.into_iter().map(Pace).collect();
        let ascending = paces.windows(2).all(|pair| pair[0] < pair[1]);
        let in_range = paces.iter().all(|pace| (50..=200).contains(&pace.0));
        if !inherits && (!ascending || !in_range || !paces.contains(&Pace::NORMAL)) {
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
        let layout = KeyLayout {
            name: name.to_owned(),
            file: file.to_owned(),
            paces,
            menus,
        };
        Ok((layout, base))
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
        KeyLayout::parse("test", "grammars/keys/test.toml", text).map(|(layout, _)| layout)
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
    fn a_layout_takes_whole_menus_from_its_base() {
        let assets = Assets::from_texts([
            (
                "grammars/keys/one.toml",
                "[layout]\npaces = [100, 125]\n[a]\nplay = \"1\"\nstop = \"2\"\n[b]\ngo = \"3\"\n",
            ),
            (
                "grammars/keys/two.toml",
                "[layout]\nbase = \"one\"\n[a]\nplay = \"9\"\n",
            ),
            ("grammars/keys/three.toml", "[layout]\nbase = \"two\"\n"),
        ]);
        let two = KeyLayout::load(&assets, "two").unwrap();
        let keys = |menu, choice| two.keys(menu, choice).map(|keys| keys.to_string());
        assert_eq!(keys("a", "play").as_deref(), Some("9"));
        assert!(
            !two.mentions("a", "stop"),
            "a single key of a menu is not taken over"
        );
        assert_eq!(keys("b", "go").as_deref(), Some("3"));
        assert_eq!(two.paces().len(), 2);
        let fault = KeyLayout::load(&assets, "three").err().unwrap().to_string();
        assert!(fault.contains("layout.base"), "{fault}");
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
