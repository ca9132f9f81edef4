//! A menu as it is open now: without what is not possible, with keys, and as it is read out.

use std::sync::Arc;

use super::{Language, Saying};
use crate::language::{PromptFault, Value};
use crate::line::{Grammar, Locale, PromptName, Sound};
use crate::turn::menu::{EVERYWHERE, Everywhere, YES_NO};
use crate::turn::{Announced, Entry, KeySequence, Level, Menu, OpenChoice, Request, When};

/// So many options are read in one breath; the others after `00`.
const OPTIONS_PER_BREATH: usize = 5;

/// A menu, minus what is not possible at present, and how it is asked.
#[derive(Clone, Debug)]
pub struct OpenMenu<C: 'static> {
    menu: &'static Menu<C>,
    without: Vec<C>,
    without_main_menu: bool,
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
            without_main_menu: false,
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

    /// Without `*` for the main menu, where there is none to go to.
    #[must_use]
    pub fn without_main_menu(mut self) -> OpenMenu<C> {
        self.without_main_menu = true;
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

    fn entries(&self) -> impl Iterator<Item = &'static Entry<C>> + '_ {
        self.menu
            .entries
            .iter()
            .filter(|entry| !self.without.contains(&entry.choice))
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

    fn keys(&self, language: &Language, entry: &Entry<C>) -> Option<KeySequence> {
        language.keys.keys(self.menu.name, entry.name)
    }

    /// The choices of this menu.
    pub(super) fn own_choices(&self, language: &Language) -> Vec<OpenChoice<Picked<C>>> {
        self.entries()
            .map(|entry| OpenChoice {
                name: entry.name,
                request: Request::Answer(Picked {
                    menu: self.menu.name,
                    name: entry.name,
                    choice: Some(entry.choice),
                    steers: entry.when == When::WhilePlaying,
                }),
                keys: self.keys(language, entry),
                when: entry.when,
            })
            .collect()
    }

    /// The choices of this menu, and behind them those that are open everywhere.
    pub(super) fn choices(&self, language: &Language) -> Vec<OpenChoice<Picked<C>>> {
        let mut choices = self.own_choices(language);
        let more = self.has_more(language);
        for entry in EVERYWHERE.entries {
            let request = match entry.choice {
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
        let own = self.entries().map(|entry| (self.menu.name, entry.name));
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
            Announced::Nothing => Ok(Saying::nothing()),
            Announced::WhilePlaying => {
                let open = self.announced(language, |entry| {
                    entry.when != When::AfterPlaying && entry.level == Level::First
                });
                self.options(language, Saying::nothing(), &open)
            }
            Announced::First => {
                let (first, later) = self.halves(language);
                let said = self.options(language, self.introduction.clone(), &first)?;
                if later.is_empty() {
                    Ok(said)
                } else {
                    everywhere(language, said, Everywhere::More)
                }
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

    fn announced(
        &self,
        language: &Language,
        which: impl Fn(&Entry<C>) -> bool,
    ) -> Vec<&'static Entry<C>> {
        self.entries()
            .filter(|entry| which(entry) && self.keys(language, entry).is_some())
            .collect()
    }

    /// What is read at once, and what after `00`.
    fn halves(&self, language: &Language) -> (Vec<&'static Entry<C>>, Vec<&'static Entry<C>>) {
        let after = |entry: &Entry<C>| entry.when != When::WhilePlaying;
        let mut first = self.announced(language, |e| after(e) && e.level == Level::First);
        let more = self.announced(language, |e| after(e) && e.level == Level::More);
        let mut later = first.split_off(first.len().min(OPTIONS_PER_BREATH));
        later.extend(more);
        (first, later)
    }

    fn has_more(&self, language: &Language) -> bool {
        !self.halves(language).1.is_empty()
    }

    /// Whether none of our own choices has the keys of that one.
    fn leaves_free(&self, language: &Language, choice: Everywhere) -> bool {
        let name = EVERYWHERE.entries.iter().find(|e| e.choice == choice);
        let keys = name.and_then(|entry| language.keys.keys(EVERYWHERE.name, entry.name));
        let mut own = self.entries().filter_map(|e| self.keys(language, e));
        keys.is_some_and(|keys| !own.any(|taken| taken == keys))
    }

    fn options(
        &self,
        language: &Language,
        mut said: Saying,
        entries: &[&'static Entry<C>],
    ) -> Result<Saying, PromptFault> {
        for entry in entries {
            let Some(keys) = self.keys(language, entry) else {
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

/// The words that read out every option of a menu.
pub(super) fn options_of<C: Copy + PartialEq + 'static>(
    menu: &OpenMenu<C>,
    language: &Language,
) -> Result<Saying, PromptFault> {
    let entries: Vec<_> = menu.entries().collect();
    menu.options(language, Saying::nothing(), &entries)
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
