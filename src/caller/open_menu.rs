//! A menu as it is open now: without what is not possible, with keys, and as it is read out.

use std::sync::Arc;

use super::{Language, Saying};
use crate::language::key_layout::Order;
use crate::language::{PromptFault, Value};
use crate::line::{Grammar, Locale, PromptName, Sound};
use crate::turn::menu::{EVERYWHERE, Everywhere, YES_NO};
use crate::turn::{Announced, Entry, KeySequence, Level, Menu, OpenChoice, Request, When};

/// So many options are read in one breath; the others after `00`, or whatever asks for more.
const OPTIONS_PER_BREATH: usize = 5;

/// A menu, minus what is not possible at present, and how it is asked.
#[derive(Clone, Debug)]
pub struct OpenMenu<C: 'static> {
    menu: &'static Menu<C>,
    without: Vec<C>,
    unannounced: Vec<C>,
    without_main_menu: bool,
    whole: bool,
    values: Vec<(&'static str, &'static str, Value)>,
    sounds: Vec<(&'static str, Arc<Sound>)>,
    introduction: Saying,
}

impl<C: Copy + PartialEq + 'static> Menu<C> {
    /// This menu with all its choices open.
    pub fn open(&'static self) -> OpenMenu<C> {
        OpenMenu {
            menu: self,
            without: Vec::new(),
            unannounced: Vec::new(),
            without_main_menu: false,
            whole: false,
            values: Vec::new(),
            sounds: Vec::new(),
            introduction: Saying::nothing(),
        }
    }
}

impl<C: Copy + PartialEq + 'static> From<&'static Menu<C>> for OpenMenu<C> {
    fn from(menu: &'static Menu<C>) -> OpenMenu<C> {
        menu.open()
    }
}

/// A choice with one of its key sequences in the layout of this call.
struct Bound<C: 'static> {
    entry: &'static Entry<C>,
    keys: Option<KeySequence>,
    when: When,
}

/// What was picked, and from which menu.
#[derive(Clone, Copy, Debug)]
pub(super) struct Picked<C> {
    pub(super) menu: &'static str,
    pub(super) name: &'static str,
    /// Nothing: back to the main menu.
    pub(super) choice: Option<C>,
    /// Whether what plays goes on playing.
    pub(super) steers: bool,
}

impl<C: Copy + PartialEq + 'static> OpenMenu<C> {
    /// Without this choice: neither announced nor understood.
    #[must_use]
    pub fn without(mut self, choice: C) -> OpenMenu<C> {
        self.without.push(choice);
        self
    }

    /// With this choice understood but not announced: it would do nothing at present, and whoever
    /// chooses it all the same is told so. Not where its keys begin with another choice's: that one
    /// would have to wait for a key that nobody needs.
    #[must_use]
    pub fn unannounced(mut self, choice: C) -> OpenMenu<C> {
        self.unannounced.push(choice);
        self
    }

    /// Without `*` for the main menu, where there is none to go to.
    #[must_use]
    pub fn without_main_menu(mut self) -> OpenMenu<C> {
        self.without_main_menu = true;
        self
    }

    /// Read to its end, however long: a list of which a part would hide those that come later.
    #[must_use]
    pub fn whole(mut self) -> OpenMenu<C> {
        self.whole = true;
        self
    }

    /// A value for a variable in the prompt of the choice called `choice`, beside `$key`.
    #[must_use]
    pub fn with_value(
        mut self,
        choice: &'static str,
        name: &'static str,
        value: Value,
    ) -> OpenMenu<C> {
        self.values.push((choice, name, value));
        self
    }

    /// A recorded name that goes before the prompt of the choice called `choice`.
    #[must_use]
    pub fn with_sound(mut self, choice: &'static str, name: Arc<Sound>) -> OpenMenu<C> {
        self.sounds.push((choice, name));
        self
    }

    /// Said before the options, each time they are read.
    #[must_use]
    pub fn introduced_by(mut self, introduction: impl Into<Saying>) -> OpenMenu<C> {
        self.introduction = introduction.into();
        self
    }

    /// The choices that are possible at present and that this layout has.
    fn entries<'a>(
        &'a self,
        language: &'a Language,
    ) -> impl Iterator<Item = &'static Entry<C>> + 'a {
        self.menu
            .entries
            .iter()
            .filter(|entry| !self.without.contains(&entry.choice))
            .filter(|entry| language.keys.has(self.menu.name, entry.name))
    }

    /// The same, once for each of their key sequences, in the order in which they are read out.
    fn bound(&self, language: &Language) -> Vec<Bound<C>> {
        let mut bound = Vec::new();
        for entry in self.entries(language) {
            let bindings = language.keys.bindings(self.menu.name, entry.name);
            if bindings.is_empty() {
                bound.push(Bound {
                    entry,
                    keys: None,
                    when: entry.when,
                });
            }
            bound.extend(bindings.iter().map(|binding| Bound {
                entry,
                keys: Some(binding.keys),
                when: binding.when.unwrap_or(entry.when),
            }));
        }
        if !self.unannounced.is_empty() {
            let others: Vec<KeySequence> = bound
                .iter()
                .filter(|bound| !self.unannounced.contains(&bound.entry.choice))
                .filter_map(|bound| bound.keys)
                .collect();
            let delays = |keys: KeySequence| {
                let is_begun = |other: &KeySequence| keys.keys().starts_with(other.keys());
                others.iter().any(is_begun)
            };
            bound.retain(|bound| {
                !self.unannounced.contains(&bound.entry.choice) || !bound.keys.is_some_and(delays)
            });
        }
        if self.order(language) == Order::Keys {
            bound.sort_by_key(|bound| (!bound.entry.leads, bound.keys.map(|keys| keys.rank())));
        }
        bound
    }

    /// The menu's name.
    pub(super) fn name(&self) -> &'static str {
        self.menu.name
    }

    /// The values for the prompt of a choice, `$key` apart.
    pub(super) fn values_of(&self, choice: &str) -> impl Iterator<Item = (&'static str, Value)> {
        let values = self.values.iter();
        values
            .filter(move |(of, _, _)| *of == choice)
            .map(|(_, name, value)| (*name, value.clone()))
    }

    /// The choices of this menu.
    pub(super) fn own_choices(&self, language: &Language) -> Vec<OpenChoice<Picked<C>>> {
        let bound = self.bound(language).into_iter();
        bound
            .map(|Bound { entry, keys, when }| OpenChoice {
                name: entry.name,
                request: Request::Answer(Picked {
                    menu: self.menu.name,
                    name: entry.name,
                    choice: Some(entry.choice),
                    steers: entry.when == When::WhilePlaying,
                }),
                keys,
                when,
                steers: entry.when == When::WhilePlaying,
            })
            .collect()
    }

    /// The choices of this menu, and behind them those that are open everywhere.
    pub(super) fn choices(&self, language: &Language) -> Vec<OpenChoice<Picked<C>>> {
        let mut choices = self.own_choices(language);
        let more = self.has_more(language);
        for entry in EVERYWHERE.entries {
            let request = match entry.choice {
                // Where nothing else leads to the second half, help does.
                Everywhere::Help if !has_more_key(language) => Request::Help,
                Everywhere::Repeat | Everywhere::Help => Request::Repeat,
                Everywhere::More if more => Request::More,
                Everywhere::MainMenu if !self.without_main_menu => Request::Answer(Picked {
                    menu: EVERYWHERE.name,
                    name: entry.name,
                    choice: None,
                    steers: false,
                }),
                Everywhere::More | Everywhere::MainMenu => continue,
            };
            choices.push(OpenChoice {
                name: entry.name,
                request,
                keys: language.keys.keys(EVERYWHERE.name, entry.name),
                when: When::Always,
                steers: false,
            });
        }
        choices
    }

    /// What may be said now.
    pub(super) fn grammar(
        &self,
        language: &Language,
        locale: &Locale,
        in_doubt: bool,
    ) -> Arc<Grammar> {
        let doubts = YES_NO.entries.iter().filter(|_| in_doubt);
        let doubts = doubts.map(|entry| (YES_NO.name, entry.name));
        let own = self
            .entries(language)
            .map(|entry| (self.menu.name, entry.name));
        let everywhere = EVERYWHERE
            .entries
            .iter()
            .filter(|entry| !(self.without_main_menu && entry.choice == Everywhere::MainMenu))
            .map(|entry| (EVERYWHERE.name, entry.name));
        let open = doubts.chain(own).chain(everywhere);
        Arc::new(language.phrases.grammar(locale, open))
    }

    /// The words that read these options out.
    pub(super) fn announcement(
        &self,
        language: &Language,
        announced: Announced,
    ) -> Result<Saying, PromptFault> {
        match announced {
            Announced::Nothing | Announced::GoingOn => Ok(Saying::nothing()),
            Announced::WhilePlaying => {
                let open = self.announced(language, |bound| {
                    bound.when != When::AfterPlaying && self.level(language, bound) == Level::First
                });
                self.options(language, Saying::nothing(), &open)
            }
            Announced::First => {
                let (first, later) = self.halves(language);
                let said = self.options(language, self.introduction.clone(), &first)?;
                if later.is_empty() {
                    Ok(said)
                } else if has_more_key(language) {
                    everywhere(language, said, Everywhere::More)
                } else {
                    everywhere(language, said, Everywhere::Help)
                }
            }
            Announced::All => {
                let (mut all, later) = self.halves(language);
                all.extend(later);
                let said = self.options(language, self.introduction.clone(), &all)?;
                if !self.without_main_menu && self.leaves_free(language, Everywhere::MainMenu) {
                    return everywhere(language, said, Everywhere::MainMenu);
                }
                Ok(said)
            }
            Announced::More => {
                let (_, later) = self.halves(language);
                let mut said = self.options(language, Saying::nothing(), &later)?;
                if !self.without_main_menu && self.leaves_free(language, Everywhere::MainMenu) {
                    said = everywhere(language, said, Everywhere::MainMenu)?;
                }
                if self.leaves_free(language, Everywhere::Repeat) {
                    said = everywhere(language, said, Everywhere::Repeat)?;
                }
                Ok(said)
            }
        }
    }

    fn order(&self, language: &Language) -> Order {
        language.keys.order(self.menu.name)
    }

    /// When a choice is announced: where options are read by their keys none waits for the second
    /// half because it is rare.
    fn level(&self, language: &Language, bound: &Bound<C>) -> Level {
        if self.unannounced.contains(&bound.entry.choice) {
            return Level::Silent;
        }
        match (self.order(language), bound.entry.level) {
            (Order::Keys, Level::More) => Level::First,
            (_, level) => level,
        }
    }

    /// Those that have keys, each once.
    fn announced(&self, language: &Language, which: impl Fn(&Bound<C>) -> bool) -> Vec<Bound<C>> {
        let mut announced: Vec<Bound<C>> = Vec::new();
        for bound in self.bound(language) {
            let is_there = |other: &Bound<C>| other.entry.name == bound.entry.name;
            if bound.keys.is_some() && which(&bound) && !announced.iter().any(is_there) {
                announced.push(bound);
            }
        }
        announced
    }

    /// What is read at once, and what after `00`, or with all the rest. Where no key would lead to
    /// the second half there is none. In a layout that is read by its keys the choices of one key
    /// come at once, those of several on request.
    fn halves(&self, language: &Language) -> (Vec<Bound<C>>, Vec<Bound<C>>) {
        let of = |wanted: Level| {
            self.announced(language, |bound| {
                // What steers something that plays has nothing to steer now, even where its keys
                // are still understood.
                let steers = bound.entry.when == When::WhilePlaying;
                !steers && bound.when != When::WhilePlaying && self.level(language, bound) == wanted
            })
        };
        let mut first = of(Level::First);
        let more = of(Level::More);
        if self.whole || !has_more_key(language) && !self.leaves_free(language, Everywhere::Help) {
            first.extend(more);
            return (first, Vec::new());
        }
        if self.order(language) == Order::Keys {
            let is_short = |bound: &Bound<C>| bound.keys.is_some_and(|keys| keys.keys().len() == 1);
            let (short, long): (Vec<_>, Vec<_>) = first.into_iter().partition(is_short);
            return if short.is_empty() {
                (long, short)
            } else {
                (short, long)
            };
        }
        let mut later = first.split_off(first.len().min(OPTIONS_PER_BREATH));
        later.extend(more);
        (first, later)
    }

    fn has_more(&self, language: &Language) -> bool {
        !self.halves(language).1.is_empty()
    }

    /// Whether none of our own choices has the keys of that one once nothing plays.
    fn leaves_free(&self, language: &Language, choice: Everywhere) -> bool {
        let name = EVERYWHERE.entries.iter().find(|e| e.choice == choice);
        let keys = name.and_then(|entry| language.keys.keys(EVERYWHERE.name, entry.name));
        let own = self.bound(language);
        keys.is_some_and(|keys| {
            !own.iter()
                .any(|own| own.when != When::WhilePlaying && own.keys == Some(keys))
        })
    }

    fn options(
        &self,
        language: &Language,
        mut said: Saying,
        bound: &[Bound<C>],
    ) -> Result<Saying, PromptFault> {
        for Bound { entry, keys, .. } in bound {
            let Some(keys) = *keys else {
                continue;
            };
            for (_, name) in self.sounds.iter().filter(|(of, _)| *of == entry.name) {
                said = said.play("name", name.clone());
            }
            said = said
                .then(option(language, self.menu.name, entry.name)?)
                .with("key", Value::Keys(keys));
            for (choice, name, value) in &self.values {
                if *choice == entry.name {
                    said = said.with(name, value.clone());
                }
            }
        }
        Ok(said)
    }
}

/// Whether a key leads to the second half of the options.
fn has_more_key(language: &Language) -> bool {
    let keys = language.keys.keys(EVERYWHERE.name, "more");
    keys.is_some()
}

/// The words that read out every option of a menu.
pub(super) fn options_of<C: Copy + PartialEq + 'static>(
    menu: &OpenMenu<C>,
    language: &Language,
) -> Result<Saying, PromptFault> {
    menu.options(language, Saying::nothing(), &menu.bound(language))
}

fn everywhere(
    language: &Language,
    said: Saying,
    choice: Everywhere,
) -> Result<Saying, PromptFault> {
    let Some(entry) = EVERYWHERE.entries.iter().find(|e| e.choice == choice) else {
        return Ok(said);
    };
    let Some(keys) = language.keys.keys(EVERYWHERE.name, entry.name) else {
        return Ok(said);
    };
    Ok(said
        .then(option(language, EVERYWHERE.name, entry.name)?)
        .with("key", Value::Keys(keys)))
}

fn option(
    language: &Language,
    menu: &'static str,
    choice: &'static str,
) -> Result<PromptName, PromptFault> {
    // A choice without words is a fault of the files, told with the name that is missing.
    language
        .prompts
        .option(menu, choice)
        .ok_or(PromptFault::Unknown(PromptName(choice)))
}
