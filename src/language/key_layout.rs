//! Which keys mean which choice: the tables in `grammars/keys/<layout>.toml`. Another layout is
//! another file, so that callers who know another voice mail keep their habits. A layout says which
//! choices there are, by which keys, when they are open, and in which order they are read.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Assets, LanguageFault};
use crate::line::Pace;
use crate::turn::{KeySequence, When};

/// The layout that is used unless the configuration names another.
pub const DEFAULT_LAYOUT: &str = "outlook-voice-access";

/// The keys of every menu.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyLayout {
    name: String,
    file: String,
    paces: Vec<Pace>,
    order: Order,
    menus: BTreeMap<String, BTreeMap<String, Choice>>,
    /// Menus of the base, which are read as the base reads them.
    based: BTreeMap<String, Order>,
}

/// In which order the options of a menu are read.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// As the menu has them: those used most come first, and rare ones only after `more`.
    #[default]
    Menu,
    /// By their keys: `1` to `9`, `0`, `*`, `#`, then those of two keys and more.
    Keys,
}

/// Keys of a choice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Binding {
    /// What is pressed.
    pub keys: KeySequence,
    /// When they mean it; nothing: whenever the menu has the choice open.
    pub when: Option<When>,
}

/// What a layout says of a choice.
#[derive(Clone, PartialEq, Debug)]
enum Choice {
    /// It does not exist: neither pressed nor said.
    Absent,
    /// It has these keys; none: it can only be said.
    Present(Vec<Binding>),
}

#[derive(Deserialize)]
struct File {
    layout: Header,
    #[serde(flatten)]
    menus: BTreeMap<String, BTreeMap<String, toml::Value>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// The layout whose menus and speeds hold where this one has none of its own.
    base: Option<String>,
    paces: Option<Vec<u16>>,
    #[serde(default)]
    order: Order,
}

/// One of a choice's keys as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Timed {
    keys: String,
    when: Written,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Written {
    AnyTime,
    WhilePlaying,
    AfterPlaying,
}

impl From<Written> for When {
    fn from(written: Written) -> When {
        match written {
            Written::AnyTime => When::Always,
            Written::WhilePlaying => When::WhilePlaying,
            Written::AfterPlaying => When::AfterPlaying,
        }
    }
}

/// Reads what is written for a choice.
fn choice(written: &toml::Value) -> Result<Choice, String> {
    match written {
        toml::Value::Boolean(false) => Ok(Choice::Absent),
        toml::Value::String(keys) if keys.is_empty() => Ok(Choice::Present(Vec::new())),
        toml::Value::Array(several) => {
            let several: Result<Vec<_>, _> = several.iter().map(binding).collect();
            several.map(Choice::Present)
        }
        one => Ok(Choice::Present(vec![binding(one)?])),
    }
}

fn binding(written: &toml::Value) -> Result<Binding, String> {
    let (keys, when) = match written {
        toml::Value::String(keys) => (keys.clone(), None),
        other => {
            let timed: Timed = other
                .clone()
                .try_into()
                .map_err(|fault: toml::de::Error| fault.message().to_owned())?;
            (timed.keys, Some(timed.when.into()))
        }
    };
    let keys = keys.parse().map_err(|why| format!("\"{keys}\": {why}"))?;
    Ok(Binding { keys, when })
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
            if !self.menus.contains_key(&menu) {
                self.based.insert(menu.clone(), base.order);
                self.menus.insert(menu, choices);
            }
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
            for (name, written) in choices {
                let choice = choice(&written).map_err(|why| {
                    wrong(
                        format!("{menu}.{name}"),
                        why,
                        "write \"keys\" (0-9, * and #), \"\" for a choice without keys, false for \
                         one that does not exist, or { keys = \"…\", when = \"any-time\" } \
                         (while-playing, after-playing); a list for several",
                    )
                })?;
                keys_of.insert(name, choice);
            }
            menus.insert(menu, keys_of);
        }
        let layout = KeyLayout {
            name: name.to_owned(),
            file: file.to_owned(),
            paces,
            order: parsed.layout.order,
            menus,
            based: BTreeMap::new(),
        };
        Ok((layout, base))
    }

    /// What must be pressed for a choice of a menu; `None` when it has no keys in this layout.
    pub fn keys(&self, menu: &str, choice: &str) -> Option<KeySequence> {
        let first = self.bindings(menu, choice).first()?;
        Some(first.keys)
    }

    /// All that may be pressed for a choice of a menu.
    pub fn bindings(&self, menu: &str, choice: &str) -> &[Binding] {
        match self.menus.get(menu).and_then(|menu| menu.get(choice)) {
            Some(Choice::Present(bindings)) => bindings,
            Some(Choice::Absent) | None => &[],
        }
    }

    /// Whether a menu has this choice at all, with keys or without.
    pub fn has(&self, menu: &str, choice: &str) -> bool {
        let said = self.menus.get(menu).and_then(|menu| menu.get(choice));
        said.is_some_and(|said| *said != Choice::Absent)
    }

    /// Whether there is a table for a menu.
    pub fn has_menu(&self, menu: &str) -> bool {
        self.menus.contains_key(menu)
    }

    /// In which order the options of a menu are read.
    pub fn order(&self, menu: &str) -> Order {
        self.based.get(menu).copied().unwrap_or(self.order)
    }

    /// Whether the layout says anything about a choice, be it that it has no keys.
    pub fn mentions(&self, menu: &str, choice: &str) -> bool {
        self.menus
            .get(menu)
            .is_some_and(|choices| choices.contains_key(choice))
    }

    /// Every menu, choice and key sequence.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str, KeySequence)> {
        self.names().flat_map(|(menu, choice)| {
            let bindings = self.bindings(menu, choice).iter();
            bindings.map(move |binding| (menu, choice, binding.keys))
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
    fn a_choice_may_be_absent_or_have_keys_for_different_moments() {
        let layout = parse(&format!(
            "{HEADER}[menu]\nplay = false\n\
             skip = [\"16\", {{ keys = \"##\", when = \"while-playing\" }}]\n"
        ))
        .unwrap();
        assert!(layout.mentions("menu", "play") && !layout.has("menu", "play"));
        let told = |binding: &Binding| (binding.keys.to_string(), binding.when);
        let skip: Vec<_> = layout.bindings("menu", "skip").iter().map(told).collect();
        let expected = [
            ("16".to_owned(), None),
            ("##".to_owned(), Some(When::WhilePlaying)),
        ];
        assert_eq!(skip, expected);
        assert_eq!(layout.order("menu"), Order::Menu);
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
                "[layout]\nbase = \"one\"\norder = \"keys\"\n[a]\nplay = \"9\"\n",
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
        assert_eq!((two.order("a"), two.order("b")), (Order::Keys, Order::Menu));
        let fault = KeyLayout::load(&assets, "three").err().unwrap().to_string();
        assert!(fault.contains("layout.base"), "{fault}");
    }

    #[test]
    fn faults_name_file_entry_and_cure() {
        for (text, expected) in [
            ("[menu]\nplay = \"7a\"\n", "menu.play"),
            ("[menu]\nplay = 7\n", "menu.play"),
            ("[menu]\nplay = true\n", "menu.play"),
            ("[menu]\nplay = [\"1\", \"\"]\n", "menu.play"),
            (
                "[menu]\nplay = { keys = \"1\", when = \"never\" }\n",
                "menu.play",
            ),
            ("[menu\nplay = 7\n", "syntax"),
        ] {
            let fault = parse(&format!("{HEADER}{text}")).err().unwrap().to_string();
            assert!(fault.starts_with("grammars/keys/test.toml"), "{fault}");
            assert!(fault.contains(expected), "{fault}");
        }
        let fault = parse("[layout]\npaces = [100]\norder = \"sideways\"\n");
        assert!(fault.err().unwrap().to_string().contains("order"));
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
