//! The catalogue of prompts: what is said, in Fluent, per locale; and the values that become words
//! in it before any voice sees them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Zoned;
use jiff::civil::{Date, Time};

pub use super::catalogue::Entry;
use super::catalogue::{Catalogue, intern};
use super::spoken_date::ClockFormat;
use super::{Assets, KeyLayout, LanguageFault};
use crate::line::{Locale, Number, PromptName, Utterance};
use crate::turn::KeySequence;

/// Said instead of a sentence that no voice can read.
pub const UNREADABLE_TEXT: PromptName = PromptName("unreadable-text");

/// A value for a variable of a prompt.
#[derive(Clone, Debug)]
pub enum Value {
    /// How many: chooses the plural form, and is spoken as a cardinal.
    Count(u64),
    /// Which one in a row: "third".
    Ordinal(u64),
    /// Somebody's words (a subject, a mail): never kept on disk.
    Text(String),
    /// A person's or organisation's name.
    Name(String),
    /// One of the words by which a prompt chooses what to say, as `busy` in
    /// `{ $reason -> [busy] … }`; never spoken itself.
    Word(&'static str),
    /// A telephone number or extension, read digit by digit in groups.
    Number(Number),
    /// What to press: "seven", "zero zero", "pound".
    Keys(KeySequence),
    /// When something happened, seen from now and told in the zone of `now`.
    Moment {
        /// The moment.
        when: Zoned,
        /// Now, in the listener's zone.
        now: Zoned,
        /// How hours are told.
        clock: ClockFormat,
    },
    /// How long something is: "one minute twelve seconds".
    Length(Duration),
    /// A day, seen from today: "tomorrow", "Friday, December fourth".
    Day {
        /// The day.
        date: Date,
        /// The listener's day.
        today: Date,
    },
    /// A time of day: "nine oh five a.m."
    Time {
        /// The time.
        time: Time,
        /// How hours are told.
        clock: ClockFormat,
    },
}

impl Value {
    /// Whether words with this in them must not be kept.
    pub(super) fn is_private(&self) -> bool {
        matches!(self, Value::Text(_))
    }
}

/// How much prompts say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Style {
    /// Whole sentences.
    #[default]
    Full,
    /// A word or two, where there is a brief form.
    Brief,
}

/// Why a prompt could not be put into words. `check` finds all of these before a call does.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PromptFault {
    /// No locale has it.
    #[error("prompt {0} is in no catalogue")]
    Unknown(PromptName),
    /// A variable of the prompt was given no value.
    #[error("prompt {prompt} ({locale}) wants a value for ${variable}")]
    Missing {
        /// The prompt.
        prompt: PromptName,
        /// Whose catalogue.
        locale: Locale,
        /// The variable.
        variable: String,
    },
    /// Fluent could not resolve it.
    #[error("prompt {prompt} ({locale}): {what}")]
    Unresolved {
        /// The prompt.
        prompt: PromptName,
        /// Whose catalogue.
        locale: Locale,
        /// What Fluent said.
        what: String,
    },
}
/// All prompts of all locales.
pub struct Prompts {
    catalogues: BTreeMap<Locale, Catalogue>,
}

impl Prompts {
    /// Reads every catalogue of `assets`.
    pub fn load(assets: &Assets) -> Result<Prompts, LanguageFault> {
        let mut catalogues = BTreeMap::new();
        for locale in assets.locales() {
            let catalogue = Catalogue::load(assets, &locale)?;
            catalogues.insert(locale, catalogue);
        }
        if !catalogues.contains_key(&Locale::default()) {
            return Err(LanguageFault::wrong(
                "prompts/",
                Locale::default().as_str(),
                "there are no prompts in the language that every other falls back to",
                "put the folder back",
            ));
        }
        Ok(Prompts { catalogues })
    }

    /// The prompts inside the binary.
    pub fn embedded() -> Result<Prompts, LanguageFault> {
        Prompts::load(&Assets::embedded())
    }

    /// The sentences of a prompt, ready for a voice: the locale's own, else those of its language,
    /// else American English.
    ///
    /// A prompt without variables is one utterance, so that a studio recording can stand for it; one
    /// with variables is an utterance for each sentence.
    pub fn say(
        &self,
        locale: &Locale,
        name: PromptName,
        values: &[(&'static str, Value)],
    ) -> Result<Vec<Utterance>, PromptFault> {
        self.say_in_style(Style::Full, locale, name, values)
    }

    /// The same, as briefly as there are words for it.
    pub fn say_in_style(
        &self,
        style: Style,
        locale: &Locale,
        name: PromptName,
        values: &[(&'static str, Value)],
    ) -> Result<Vec<Utterance>, PromptFault> {
        let (locale, catalogue) = self
            .chain(locale)
            .find(|(_, catalogue)| catalogue.entries.contains_key(&name))
            .ok_or(PromptFault::Unknown(name))?;
        catalogue.say(style, locale, name, values)
    }

    /// Whether a prompt of a locale has a brief form.
    pub fn is_brief_too(&self, locale: &Locale, name: PromptName) -> bool {
        let catalogue = self.catalogues.get(locale);
        catalogue.is_some_and(|catalogue| catalogue.has_brief_form(name))
    }

    /// Whether a locale has brief forms at all.
    pub fn has_brief_forms(&self, locale: &Locale) -> bool {
        let catalogue = self.catalogues.get(locale);
        catalogue.is_some_and(|catalogue| !catalogue.shortenings.is_empty())
    }

    /// The whole text of a prompt.
    pub fn text(
        &self,
        locale: &Locale,
        name: PromptName,
        values: &[(&'static str, Value)],
    ) -> Result<String, PromptFault> {
        Ok(text_of(&self.say(locale, name, values)?))
    }

    /// The name of the prompt with this text name, if any locale has it.
    pub fn name(&self, name: &str) -> Option<PromptName> {
        let name = PromptName(intern(name)?);
        self.catalogues
            .values()
            .any(|catalogue| catalogue.entries.contains_key(&name))
            .then_some(name)
    }

    /// The prompt that offers a choice: `<menu>-<choice>`, with the variable `$key`.
    pub fn option(&self, menu: &str, choice: &str) -> Option<PromptName> {
        self.name(&format!("{menu}-{choice}"))
    }

    /// The locale whose prompts somebody with this one hears.
    pub fn best(&self, locale: &Locale) -> Locale {
        self.chain(locale)
            .next()
            .map_or_else(Locale::default, |(locale, _)| locale.clone())
    }

    /// The locales that have prompts.
    pub fn locales(&self) -> impl Iterator<Item = &Locale> {
        self.catalogues.keys()
    }

    /// All messages of a locale, by name.
    pub fn entries(&self, locale: &Locale) -> impl Iterator<Item = (PromptName, &Entry)> {
        self.catalogues
            .get(locale)
            .into_iter()
            .flat_map(|catalogue| &catalogue.entries)
            .map(|(name, entry)| (*name, entry))
    }

    /// Everything of a locale that is always said in the same words: the prompts without variables,
    /// and the options of each menu with the keys of `layout`. What is worth rendering ahead of time.
    pub fn fixed(&self, locale: &Locale, layout: &KeyLayout) -> Vec<Utterance> {
        let mut fixed = Vec::new();
        for (name, entry) in self.entries(locale) {
            if entry.variables.is_empty() && is_heard_alone(name) {
                fixed.extend(self.say(locale, name, &[]).unwrap_or_default());
            }
        }
        for (menu, choice, keys) in layout.iter() {
            let Some(name) = self.option(menu, choice) else {
                continue;
            };
            let values = [("key", Value::Keys(keys))];
            for utterance in self.say(locale, name, &values).unwrap_or_default() {
                if utterance.has_variables {
                    fixed.push(utterance);
                }
            }
        }
        fixed
    }

    /// What is said instead of a sentence that no voice can read, one for each locale.
    pub fn unreadable(&self) -> Vec<Utterance> {
        self.locales()
            .filter_map(|locale| self.say(locale, UNREADABLE_TEXT, &[]).ok())
            .flatten()
            .collect()
    }

    /// The catalogues to look into, best first, each once.
    fn chain<'a>(
        &'a self,
        wanted: &'a Locale,
    ) -> impl Iterator<Item = (&'a Locale, &'a Catalogue)> + 'a {
        let language = language_of(wanted);
        let fallback = Locale::default();
        let mut found: Vec<(&Locale, &Catalogue)> = Vec::new();
        let same = self
            .catalogues
            .iter()
            .filter(|(locale, _)| *locale == wanted);
        let sister = self
            .catalogues
            .iter()
            .filter(|(locale, _)| language_of(locale) == language);
        let last = self
            .catalogues
            .iter()
            .filter(|(locale, _)| **locale == fallback);
        for (locale, catalogue) in same.chain(sister).chain(last) {
            if !found.iter().any(|(known, _)| *known == locale) {
                found.push((locale, catalogue));
            }
        }
        found.into_iter()
    }
}

/// Whether callers hear it as it is: forms of numbers and dates are heard inside others, the words
/// of the key card are read.
pub(super) fn is_heard_alone(name: PromptName) -> bool {
    !name.0.starts_with("spoken-") && !name.0.starts_with("card-")
}

/// The text of several utterances, as it stands in a transcript.
pub fn text_of(utterances: &[Utterance]) -> String {
    let texts: Vec<&str> = utterances.iter().map(|one| one.text.as_str()).collect();
    texts.join(" ")
}

fn language_of(locale: &Locale) -> &str {
    let tag = locale.as_str();
    tag.split(['-', '_']).next().unwrap_or(tag)
}

#[cfg(test)]
mod tests;
