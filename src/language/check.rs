//! Joins code, keys, phrases and prompts, and says what does not fit: run at start-up, by
//! `ringback check` and in tests, so that no caller finds it first.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::key_card::CARD_PROMPTS;
use super::prompts::UNREADABLE_TEXT;
use super::{Assets, KeyLayout, LanguageFault, Phrases, Prompts};
use crate::line::{Locale, PromptName};
use crate::turn::KeySequence;
use crate::turn::menu::{Level, When};

/// No voice is given a longer prompt.
const PROMPT_MAX: usize = 1_000;
/// Menus of which every answer is one key.
const SINGLE_KEYS: &[&str] = &["yes-no", "waiting"];
/// The menu that stands behind every other.
const EVERYWHERE: &str = "everywhere";

/// A menu without the types of its choices.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MenuOutline {
    /// Its name in `grammars/`, and the first part of its prompts' names.
    pub name: &'static str,
    /// Its choices, in the order in which they are announced.
    pub choices: Vec<ChoiceOutline>,
    /// Of each of these at least one must have keys, or callers cannot do what they came for.
    pub needs: Vec<&'static [&'static str]>,
    /// The menu and choice that lead here, when a layout may do without this menu.
    pub reached_by: Option<(&'static str, &'static str)>,
}

/// One choice of a menu, by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChoiceOutline {
    /// Its name.
    pub name: &'static str,
    /// When it is open.
    pub when: When,
    /// Whether and when it is announced.
    pub level: Level,
    /// The choices of the same menu that are never open together with this one, and so may have the
    /// same keys.
    pub instead_of: Vec<&'static str>,
}

impl ChoiceOutline {
    /// Whether both may be open, as far as it does not depend on what plays.
    fn meets(&self, other: &ChoiceOutline) -> bool {
        !self.instead_of.contains(&other.name) && !other.instead_of.contains(&self.name)
    }
}

/// Whether both moments may be one.
fn coincide(one: When, other: When) -> bool {
    !matches!(
        (one, other),
        (When::WhilePlaying, When::AfterPlaying) | (When::AfterPlaying, When::WhilePlaying)
    )
}

/// A choice with one of its key sequences in a layout.
struct Pressed<'a> {
    choice: &'a ChoiceOutline,
    keys: KeySequence,
    when: When,
}

impl Pressed<'_> {
    /// Whether both may be meant at one moment.
    fn meets(&self, other: &Pressed<'_>) -> bool {
        let other_choice = self.choice == other.choice || self.choice.meets(other.choice);
        other_choice && coincide(self.when, other.when)
    }
}

impl MenuOutline {
    /// What can be pressed in this menu.
    fn pressed<'a>(&'a self, layout: &'a KeyLayout) -> impl Iterator<Item = Pressed<'a>> {
        self.choices.iter().flat_map(move |choice| {
            let bindings = layout.bindings(self.name, choice.name).iter();
            bindings.map(move |binding| Pressed {
                choice,
                keys: binding.keys,
                when: binding.when.unwrap_or(choice.when),
            })
        })
    }
}

/// All words there are.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    /// What is said.
    pub prompts: &'a Prompts,
    /// What is pressed.
    pub keys: &'a KeyLayout,
    /// What callers say.
    pub phrases: &'a Phrases,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Findings {
    /// What must be put right.
    pub faults: Vec<LanguageFault>,
    /// What costs callers a moment and may be meant so.
    pub pauses: Vec<KeyPause>,
}

/// A key sequence that is the beginning of another of the same menu: whoever presses it waits until
/// it is clear that no further key follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPause {
    /// The menu.
    pub menu: String,
    /// The choice that waits, and its keys.
    pub waits: (String, KeySequence),
    /// The choice it waits for, and its keys.
    pub longer: (String, KeySequence),
}

impl fmt::Display for KeyPause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((choice, keys), (longer, longer_keys)) = (&self.waits, &self.longer);
        write!(
            f,
            "[{}] {choice} = \"{keys}\" waits a moment for {longer} = \"{longer_keys}\"",
            self.menu
        )
    }
}

/// Compares `words` with the menus and prompt names that code uses.
pub fn check(words: Words<'_>, menus: &[MenuOutline], used: &[PromptName]) -> Findings {
    let mut check = Check {
        words,
        menus,
        found: Findings::default(),
    };
    check.keys();
    check.collisions();
    check.phrases();
    let needed = check.prompts_of_code(used);
    check.unused_prompts(&needed);
    check.brief_forms();
    check.translations();
    check.found
}

/// Compares the keys of another layout with the menus that code uses.
pub fn check_layout(words: Words<'_>, menus: &[MenuOutline]) -> Findings {
    let check = Check {
        words,
        menus,
        found: Findings::default(),
    };
    check.other_layout()
}

/// Studio recordings that would never be heard: of prompts that do not exist or have variables.
pub fn check_recordings(assets: &Assets, prompts: &Prompts) -> Vec<LanguageFault> {
    let mut faults = Vec::new();
    for recording in assets.studio_recordings() {
        let entry = prompts
            .entries(&recording.locale)
            .find(|(name, _)| name.0 == recording.prompt);
        let what = match entry {
            Some((_, entry)) if entry.variables.is_empty() => continue,
            Some(_) => "the prompt has variables, so a voice speaks it",
            None => "there is no such prompt",
        };
        faults.push(LanguageFault::wrong(
            format!(
                "prompts/{}/audio/{}.wav",
                recording.locale, recording.prompt
            ),
            recording.prompt.as_str(),
            what,
            "remove it; ringback recording-script lists what can be recorded",
        ));
    }
    faults
}

struct Check<'a> {
    words: Words<'a>,
    menus: &'a [MenuOutline],
    found: Findings,
}

impl Check<'_> {
    fn fault(
        &mut self,
        file: &str,
        entry: String,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) {
        self.found
            .faults
            .push(LanguageFault::wrong(file, entry, what, cure));
    }

    /// Every choice has its line in the layout, and every line its choice.
    fn keys(&mut self) {
        let (layout, menus) = (self.words.keys, self.menus);
        for menu in menus {
            let unused = menu.reached_by.is_some_and(|(of, choice)| {
                layout.bindings(of, choice).is_empty() && !layout.has_menu(menu.name)
            });
            if unused {
                continue;
            }
            for choice in &menu.choices {
                if !layout.mentions(menu.name, choice.name) {
                    self.fault(
                        layout.file(),
                        format!("[{}] {}", menu.name, choice.name),
                        "the choice is missing",
                        format!(
                            "add {} = \"keys\", or \"\" if it has none, or false to do without it",
                            choice.name
                        ),
                    );
                }
            }
            for any_of in &menu.needs {
                let has_keys = |choice: &&str| layout.keys(menu.name, choice).is_some();
                if !any_of.iter().any(has_keys) {
                    self.fault(
                        layout.file(),
                        format!("[{}] {}", menu.name, any_of.join(" or ")),
                        "without keys callers are stuck there",
                        "give it keys",
                    );
                }
            }
            if SINGLE_KEYS.contains(&menu.name) {
                for pressed in menu.pressed(layout).filter(|one| one.keys.keys().len() > 1) {
                    self.fault(
                        layout.file(),
                        format!("[{}] {}", menu.name, pressed.choice.name),
                        format!("\"{}\" are several keys", pressed.keys),
                        "give it one key",
                    );
                }
            }
        }
        for (menu, choice) in layout.names() {
            let Some(known) = menus.iter().find(|known| known.name == menu) else {
                let cure = suggestion(menu, menus.iter().map(|menu| menu.name));
                self.fault(
                    layout.file(),
                    format!("[{menu}]"),
                    "there is no such menu",
                    cure,
                );
                continue;
            };
            if !known.choices.iter().any(|known| known.name == choice) {
                let cure = suggestion(choice, known.choices.iter().map(|choice| choice.name));
                let entry = format!("[{menu}] {choice}");
                self.fault(layout.file(), entry, "the menu has no such choice", cure);
            }
        }
    }

    /// No two choices that may be open together have the same keys or a phrase in common.
    fn collisions(&mut self) {
        let (layout, phrases) = (self.words.keys, self.words.phrases);
        let locales: Vec<Locale> = self.locales_with_phrases();
        for menu in self.menus {
            let pressed: Vec<Pressed<'_>> = menu.pressed(layout).collect();
            for (index, one) in pressed.iter().enumerate() {
                for other in &pressed[index + 1..] {
                    if one.keys == other.keys && one.meets(other) {
                        self.fault(
                            layout.file(),
                            format!("[{}] {}", menu.name, other.choice.name),
                            format!("\"{}\" are the keys of {} too", one.keys, one.choice.name),
                            "give one of them other keys",
                        );
                    }
                }
            }
            for (index, choice) in menu.choices.iter().enumerate() {
                for other in &menu.choices[index + 1..] {
                    if !choice.meets(other) || !coincide(choice.when, other.when) {
                        continue;
                    }
                    for locale in &locales {
                        let mine = phrases.of(locale, menu.name, choice.name);
                        let others = phrases.of(locale, menu.name, other.name);
                        if let Some(shared) = mine.iter().find(|phrase| others.contains(phrase)) {
                            self.fault(
                                &format!("grammars/{locale}/{}.toml", menu.name),
                                other.name.to_owned(),
                                format!("\"{shared}\" is a phrase of {} too", choice.name),
                                "leave it to one of them",
                            );
                        }
                    }
                }
            }
            self.pauses(menu);
        }
    }

    /// Which keys of a menu are the beginning of others that are open with them.
    fn pauses(&mut self, menu: &MenuOutline) {
        let layout = self.words.keys;
        let own: Vec<Pressed<'_>> = menu.pressed(layout).collect();
        let everywhere: Vec<Pressed<'_>> = self
            .menus
            .iter()
            .filter(|other| other.name == EVERYWHERE && menu.name != EVERYWHERE)
            .flat_map(|everywhere| everywhere.pressed(layout))
            .collect();
        // Among the choices that are open everywhere it is told once, for that menu.
        let ours = own.iter().map(|one| (one, true));
        let all: Vec<_> = ours
            .chain(everywhere.iter().map(|one| (one, false)))
            .collect();
        for (waits, waits_here) in &all {
            for (longer, longer_here) in &all {
                let here = *waits_here || *longer_here;
                if here && waits.keys.is_prefix_of(&longer.keys) && waits.meets(longer) {
                    self.found.pauses.push(KeyPause {
                        menu: menu.name.to_owned(),
                        waits: (waits.choice.name.to_owned(), waits.keys),
                        longer: (longer.choice.name.to_owned(), longer.keys),
                    });
                }
            }
        }
    }

    fn locales_with_phrases(&self) -> Vec<Locale> {
        let locales: BTreeSet<&Locale> = self
            .words
            .phrases
            .iter()
            .map(|(locale, ..)| locale)
            .collect();
        locales.into_iter().cloned().collect()
    }

    /// Where a locale has phrases, every choice has its line, and every line its choice.
    fn phrases(&mut self) {
        let phrases = self.words.phrases;
        let mut there: BTreeMap<(&Locale, &str), BTreeSet<&str>> = BTreeMap::new();
        for (locale, menu, choice, _) in phrases.iter() {
            there.entry((locale, menu)).or_default().insert(choice);
        }
        for ((locale, menu), choices) in &there {
            let file = format!("grammars/{locale}/{menu}.toml");
            let Some(known) = self.menus.iter().find(|known| known.name == *menu) else {
                let cure = suggestion(menu, self.menus.iter().map(|menu| menu.name));
                self.fault(&file, (*menu).to_owned(), "there is no such menu", cure);
                continue;
            };
            for choice in choices {
                if !known.choices.iter().any(|known| known.name == *choice) {
                    let cure = suggestion(choice, known.choices.iter().map(|choice| choice.name));
                    let entry = (*choice).to_owned();
                    self.fault(&file, entry, "the menu has no such choice", cure);
                }
            }
        }
        for locale in self.locales_with_phrases() {
            for menu in self.menus {
                let choices = there.get(&(&locale, menu.name));
                for choice in &menu.choices {
                    if !choices.is_some_and(|choices| choices.contains(choice.name)) {
                        self.fault(
                            &format!("grammars/{locale}/{}.toml", menu.name),
                            choice.name.to_owned(),
                            "the choice is missing",
                            format!(
                                "add {} = [\"phrase\"], or [] if it cannot be said",
                                choice.name
                            ),
                        );
                    }
                }
            }
        }
    }

    /// Every prompt that code may say is in every locale. Returns their names.
    fn prompts_of_code(&mut self, used: &[PromptName]) -> BTreeSet<String> {
        let prompts = self.words.prompts;
        let mut needed: BTreeSet<String> = used.iter().map(|name| name.0.to_owned()).collect();
        needed.insert(UNREADABLE_TEXT.0.to_owned());
        needed.extend(CARD_PROMPTS.iter().map(|name| name.0.to_owned()));
        let mut optional = BTreeSet::new();
        for menu in self.menus {
            needed.insert(format!("card-{}", menu.name));
            for choice in &menu.choices {
                let name = format!("{}-{}", menu.name, choice.name);
                let announced = choice.level != Level::Silent
                    && self.words.keys.keys(menu.name, choice.name).is_some();
                let names = if announced {
                    &mut needed
                } else {
                    &mut optional
                };
                names.insert(name.clone());
                self.names_its_key(&name);
            }
        }
        let locales: Vec<Locale> = prompts.locales().cloned().collect();
        for locale in &locales {
            self.missing_prompts(locale, &needed);
        }
        needed.extend(optional);
        needed
    }

    /// Which of these a locale has not, told file by file: a translation is often begun with a few.
    fn missing_prompts(&mut self, locale: &Locale, needed: &BTreeSet<String>) {
        let prompts = self.words.prompts;
        let there: BTreeSet<&str> = prompts.entries(locale).map(|(name, _)| name.0).collect();
        let original: BTreeMap<&str, &str> = prompts
            .entries(&Locale::default())
            .map(|(name, entry)| (name.0, entry.file.as_str()))
            .collect();
        let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for name in needed.iter().map(String::as_str) {
            if there.contains(name) {
                continue;
            }
            match original.get(name).filter(|_| *locale != Locale::default()) {
                Some(file) => by_file.entry(file).or_default().push(name),
                None => {
                    let cure = suggestion(name, there.iter().copied());
                    self.fault(
                        &format!("prompts/{locale}/"),
                        name.to_owned(),
                        "the prompt is missing",
                        format!("write it in the file of its conversation ({cure})"),
                    );
                }
            }
        }
        for (original, names) in by_file {
            let name = original.rsplit('/').next().unwrap_or(original);
            let file = format!("prompts/{locale}/{name}");
            let (entry, what, cure) = match names.as_slice() {
                [name] => (
                    (*name).to_owned(),
                    "the prompt is missing".to_owned(),
                    "translate it",
                ),
                names => (
                    format!("{} prompts are missing", names.len()),
                    names.join(", "),
                    "translate them",
                ),
            };
            self.fault(&file, entry, what, format!("{cure} from {original}"));
        }
    }

    /// An option without its key would leave callers guessing.
    fn names_its_key(&mut self, option: &str) {
        let prompts = self.words.prompts;
        let locales: Vec<Locale> = prompts.locales().cloned().collect();
        for locale in &locales {
            let entry = prompts.entries(locale).find(|(name, _)| name.0 == option);
            if let Some((_, entry)) = entry
                && !entry.variables.contains("key")
            {
                self.fault(
                    &entry.file,
                    option.to_owned(),
                    "the option does not say what to press",
                    "write { $key } in it",
                );
            }
        }
    }

    /// Where a locale has brief forms, every announced option has one.
    fn brief_forms(&mut self) {
        let prompts = self.words.prompts;
        let locales: Vec<Locale> = prompts.locales().cloned().collect();
        for locale in locales.iter().filter(|one| prompts.has_brief_forms(one)) {
            for menu in self.menus {
                for choice in &menu.choices {
                    let Some(name) = prompts.option(menu.name, choice.name) else {
                        continue;
                    };
                    let entry = prompts.entries(locale).find(|(known, _)| *known == name);
                    if let Some((_, entry)) = entry
                        && choice.level != Level::Silent
                        && !prompts.is_brief_too(locale, name)
                    {
                        self.fault(
                            &entry.file,
                            name.0.to_owned(),
                            "the option has no brief form",
                            format!(
                                "add a line \"    .brief = …, {{ $key }}.\" below it, or word it as prompts/{locale}/brief.toml knows"
                            ),
                        );
                    }
                }
            }
        }
    }

    /// Another layout than the default: its keys, and words for what has keys only there.
    fn other_layout(mut self) -> Findings {
        self.keys();
        self.collisions();
        self.words_for_keys();
        self.found
    }

    /// What can be pressed and is announced can be said in every locale.
    fn words_for_keys(&mut self) {
        let (layout, menus) = (self.words.keys, self.menus);
        let mut needed = BTreeSet::new();
        for menu in menus {
            for choice in &menu.choices {
                let has_keys = layout.keys(menu.name, choice.name).is_some();
                if choice.level != Level::Silent && has_keys {
                    needed.insert(format!("{}-{}", menu.name, choice.name));
                }
            }
        }
        let locales: Vec<Locale> = self.words.prompts.locales().cloned().collect();
        for locale in &locales {
            self.missing_prompts(locale, &needed);
        }
    }

    /// No message is there that nobody says.
    fn unused_prompts(&mut self, needed: &BTreeSet<String>) {
        let prompts = self.words.prompts;
        let locales: Vec<Locale> = prompts.locales().cloned().collect();
        for locale in &locales {
            for (name, entry) in prompts.entries(locale) {
                if !needed.contains(name.0)
                    && !entry.is_used_inside
                    && !name.0.starts_with("spoken-")
                {
                    let cure = suggestion(name.0, needed.iter().map(String::as_str));
                    let what = "nothing says this prompt";
                    self.fault(
                        &entry.file,
                        name.0.to_owned(),
                        what,
                        format!("remove it; {cure}"),
                    );
                }
            }
        }
    }

    /// Translations take the same variables, and no prompt is too long for a voice.
    fn translations(&mut self) {
        let prompts = self.words.prompts;
        let original = Locale::default();
        let variables: BTreeMap<PromptName, &BTreeSet<String>> = prompts
            .entries(&original)
            .map(|(name, entry)| (name, &entry.variables))
            .collect();
        let locales: Vec<Locale> = prompts.locales().cloned().collect();
        for locale in &locales {
            for (name, entry) in prompts.entries(locale) {
                // Moments and lengths: a locale uses what its forms need.
                let is_form = name.0.starts_with("spoken-");
                if let Some(wanted) = variables.get(&name)
                    && !is_form
                    && **wanted != entry.variables
                {
                    self.fault(
                        &entry.file,
                        name.0.to_owned(),
                        format!("its variables are {}", listed(&entry.variables)),
                        format!("use those of {original}: {}", listed(wanted)),
                    );
                }
                let fixed = entry.variables.is_empty() && !is_form;
                let text = fixed.then(|| prompts.text(locale, name, &[]));
                match text {
                    Some(Ok(text)) if text.chars().count() > PROMPT_MAX => self.fault(
                        &entry.file,
                        name.0.to_owned(),
                        format!("it is longer than {PROMPT_MAX} characters"),
                        "make two prompts of it",
                    ),
                    Some(Err(fault)) => {
                        let what = fault.to_string();
                        self.fault(&entry.file, name.0.to_owned(), what, "put its text right");
                    }
                    _ => {}
                }
            }
        }
    }
}

fn listed(variables: &BTreeSet<String>) -> String {
    if variables.is_empty() {
        return "none".into();
    }
    let variables: Vec<String> = variables.iter().map(|name| format!("${name}")).collect();
    variables.join(", ")
}

/// "did you mean …", or what to do when nothing is near.
fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other));
    match nearest {
        Some((_, known)) => format!("did you mean {known}?"),
        None => "nothing has a similar name".into(),
    }
}

#[cfg(test)]
mod tests;
