//! The catalogue of prompts: what is said, in Fluent, per locale; and how values become words in
//! it before any voice sees them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::Duration;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast;
use jiff::Zoned;
use unic_langid::LanguageIdentifier;

use super::spoken_date::{self, ClockFormat, Day};
use super::spoken_number::SpokenNumbers;
use super::{Assets, KeyLayout, LanguageFault};
use crate::line::{Keep, Key, Locale, Number, PromptName, Utterance};
use crate::turn::KeySequence;

/// What stands for a value until sentences are split, so that "a.m." or a name with a full stop
/// never ends one. Private-use characters are stripped from values, so none can be forged.
const VALUE_OPENS: char = '\u{E000}';
const VALUE_CLOSES: char = '\u{E001}';

/// Longer sentences are cut at a clause or a word: voices take a second for much more.
const SENTENCE_MAX: usize = 250;

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
}

impl Value {
    /// Whether words with this in them must not be kept.
    fn is_private(&self) -> bool {
        matches!(self, Value::Text(_))
    }
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

/// One message of a catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The file it stands in.
    pub file: String,
    /// When it is heard, for translators and speakers.
    pub note: String,
    /// Its variables, those of messages it refers to included.
    pub variables: BTreeSet<String>,
}

/// All prompts of all locales.
pub struct Prompts {
    catalogues: BTreeMap<Locale, Catalogue>,
}

struct Catalogue {
    bundle: FluentBundle<FluentResource>,
    entries: BTreeMap<PromptName, Entry>,
    numbers: SpokenNumbers,
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
        let (locale, catalogue) = self
            .chain(locale)
            .find(|(_, catalogue)| catalogue.entries.contains_key(&name))
            .ok_or(PromptFault::Unknown(name))?;
        catalogue.say(locale, name, values)
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

    /// Somebody's own words as sentences (a mail, a subject), without any of ours: memory only.
    pub fn read_aloud(&self, locale: &Locale, name: PromptName, text: &str) -> Vec<Utterance> {
        let spoken = self.best(locale);
        sentences(&clean(text))
            .into_iter()
            .flat_map(|sentence| split_long(sentence, SENTENCE_MAX))
            .map(|text| Utterance {
                prompt: name,
                text,
                locale: spoken.clone(),
                has_variables: true,
                keep: Keep::Never,
            })
            .collect()
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
            if entry.variables.is_empty() && !name.0.starts_with("spoken-") {
                fixed.extend(self.say(locale, name, &[]).unwrap_or_default());
            }
        }
        for (menu, choice, keys) in layout.iter() {
            let Some(name) = self.option(menu, choice) else {
                continue;
            };
            let values = [("key", Value::Keys(*keys))];
            for utterance in self.say(locale, name, &values).unwrap_or_default() {
                if utterance.has_variables {
                    fixed.push(utterance);
                }
            }
        }
        fixed
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

/// The text of several utterances, as it stands in a transcript.
pub fn text_of(utterances: &[Utterance]) -> String {
    let texts: Vec<&str> = utterances.iter().map(|one| one.text.as_str()).collect();
    texts.join(" ")
}

fn language_of(locale: &Locale) -> &str {
    let tag = locale.as_str();
    tag.split(['-', '_']).next().unwrap_or(tag)
}

impl Catalogue {
    fn load(assets: &Assets, locale: &Locale) -> Result<Catalogue, LanguageFault> {
        let folder = format!("prompts/{locale}/");
        let numbers_file = format!("{folder}numbers.toml");
        let numbers = match assets.text(&numbers_file) {
            Some(text) => SpokenNumbers::parse(&numbers_file, text?)?,
            None => {
                return Err(LanguageFault::wrong(
                    numbers_file,
                    "file",
                    "it is missing",
                    "write one after prompts/en-US/numbers.toml",
                ));
            }
        };
        let identifier: LanguageIdentifier = locale.as_str().parse().map_err(|_| {
            LanguageFault::wrong(
                folder.as_str(),
                locale.as_str(),
                "not a language tag",
                "name the folder like en-US or de-DE",
            )
        })?;
        let mut bundle = FluentBundle::new_concurrent(vec![identifier]);
        bundle.set_use_isolating(false);
        bundle.set_formatter(Some(|value, _| match value {
            FluentValue::Number(number) => {
                let whole = number.value.max(0.0) as u64;
                Some(format!("{VALUE_OPENS}N{whole}{VALUE_CLOSES}"))
            }
            _ => None,
        }));
        let mut messages = Messages::default();
        for file in assets.paths(&folder, ".ftl") {
            let Some(text) = assets.text(file) else {
                continue;
            };
            let text = text?;
            messages.read(file, text)?;
            let resource = FluentResource::try_new(text.to_owned())
                .map_err(|(_, faults)| syntax_fault(file, text, &faults))?;
            bundle.add_resource(resource).map_err(|faults| {
                LanguageFault::wrong(
                    file,
                    faults.first().map(ToString::to_string).unwrap_or_default(),
                    "the same message stands in two places",
                    "keep one of them",
                )
            })?;
        }
        let entries = messages.into_entries();
        for (name, variables) in spoken_date::SPOKEN_MESSAGES {
            let entry = intern(name).and_then(|name| entries.get(&PromptName(name)));
            let unknown = entry.map(|entry| {
                let mut variables_here = entry.variables.iter();
                variables_here.find(|variable| !variables.contains(&variable.as_str()))
            });
            let what = match unknown {
                Some(None) => continue,
                Some(Some(variable)) => format!("it has no variable ${variable}"),
                None => "it is missing".to_owned(),
            };
            return Err(LanguageFault::wrong(
                format!("{folder}spoken.ftl"),
                *name,
                what,
                "compare it with prompts/en-US/spoken.ftl",
            ));
        }
        Ok(Catalogue {
            bundle,
            entries,
            numbers,
        })
    }

    fn say(
        &self,
        locale: &Locale,
        name: PromptName,
        values: &[(&'static str, Value)],
    ) -> Result<Vec<Utterance>, PromptFault> {
        let entry = self.entries.get(&name).ok_or(PromptFault::Unknown(name))?;
        for variable in &entry.variables {
            if !values.iter().any(|(given, _)| given == variable) {
                return Err(PromptFault::Missing {
                    prompt: name,
                    locale: locale.clone(),
                    variable: variable.clone(),
                });
            }
        }
        let mut arguments = FluentArgs::new();
        let mut spoken = Vec::new();
        for (variable, value) in values {
            match value {
                Value::Count(count) => arguments.set(*variable, *count),
                Value::Word(word) => arguments.set(*variable, *word),
                other => {
                    arguments.set(
                        *variable,
                        format!("{VALUE_OPENS}V{}{VALUE_CLOSES}", spoken.len()),
                    );
                    spoken.push(self.words(other).map_err(|what| PromptFault::Unresolved {
                        prompt: name,
                        locale: locale.clone(),
                        what,
                    })?);
                }
            }
        }
        let unresolved = |what| PromptFault::Unresolved {
            prompt: name,
            locale: locale.clone(),
            what,
        };
        let text = self.format(name.0, &arguments).map_err(unresolved)?;
        let has_variables = !entry.variables.is_empty();
        let private = values
            .iter()
            .any(|(variable, value)| value.is_private() && entry.variables.contains(*variable));
        let keep = if private { Keep::Never } else { Keep::Cached };
        let texts = if has_variables {
            sentences(&text)
                .into_iter()
                .map(|sentence| self.fill_in(sentence, &spoken))
                .flat_map(|sentence| split_long(&sentence, SENTENCE_MAX))
                .collect()
        } else {
            vec![self.fill_in(&text, &[])]
        };
        Ok(texts
            .into_iter()
            .filter(|text| text.chars().any(char::is_alphanumeric))
            .map(|text| Utterance {
                prompt: name,
                text,
                locale: locale.clone(),
                has_variables,
                keep,
            })
            .collect())
    }

    /// The message with its plural forms chosen, values still standing as marks.
    fn format(&self, message: &str, arguments: &FluentArgs<'_>) -> Result<String, String> {
        let pattern = self
            .bundle
            .get_message(message)
            .and_then(|message| message.value())
            .ok_or_else(|| format!("the message {message} has no text"))?;
        let mut faults = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(arguments), &mut faults);
        match faults.first() {
            None => Ok(collapse(&text)),
            Some(fault) => Err(fault.to_string()),
        }
    }

    /// A `spoken-…` message with everything filled in.
    fn form(
        &self,
        message: &str,
        values: &[(&'static str, FluentValue<'_>)],
    ) -> Result<String, String> {
        let mut arguments = FluentArgs::new();
        for (variable, value) in values {
            arguments.set(*variable, value.clone());
        }
        let text = self.format(message, &arguments)?;
        Ok(self.fill_in(&text, &[]))
    }

    /// Puts the words of values where their marks are.
    fn fill_in(&self, text: &str, spoken: &[String]) -> String {
        let mut filled = String::with_capacity(text.len() + 64);
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(VALUE_OPENS) {
            filled.push_str(before);
            let (mark, after) = after.split_once(VALUE_CLOSES).unwrap_or((after, ""));
            let index = mark.get(1..).and_then(|digits| digits.parse::<u64>().ok());
            match (mark.chars().next(), index) {
                (Some('N'), Some(number)) => filled.push_str(&self.numbers.cardinal(number)),
                (_, Some(index)) => {
                    let words = usize::try_from(index)
                        .ok()
                        .and_then(|index| spoken.get(index));
                    filled.push_str(words.map_or("", |words| words));
                }
                _ => {}
            }
            // A value that ends in an abbreviation ("a.m.") ends the sentence too.
            rest = match after.strip_prefix('.') {
                Some(after) if filled.ends_with('.') => after,
                _ => after,
            };
        }
        filled.push_str(rest);
        collapse(&filled)
    }

    fn words(&self, value: &Value) -> Result<String, String> {
        match value {
            Value::Count(number) => Ok(self.numbers.cardinal(*number)),
            Value::Ordinal(number) => Ok(self.numbers.ordinal(*number)),
            Value::Text(text) | Value::Name(text) => Ok(clean(text)),
            Value::Word(word) => Ok((*word).to_owned()),
            Value::Number(number) => Ok(self.numbers.telephone(number)),
            Value::Keys(keys) => self.keys(keys),
            Value::Moment { when, now, clock } => self.moment(when, now, *clock),
            Value::Length(length) => {
                let (hours, minutes, seconds) = spoken_date::hours_minutes_seconds(*length);
                self.form(
                    "spoken-length",
                    &[
                        ("hours", hours.into()),
                        ("minutes", minutes.into()),
                        ("seconds", seconds.into()),
                    ],
                )
            }
        }
    }

    fn keys(&self, keys: &KeySequence) -> Result<String, String> {
        let mut words = Vec::new();
        for key in keys.keys() {
            words.push(match *key {
                Key::STAR => self.form("spoken-star", &[])?,
                Key::POUND => self.form("spoken-pound", &[])?,
                digit => {
                    let digit = digit.character().to_digit(10).unwrap_or_default();
                    self.numbers.digit(digit as u8).to_owned()
                }
            });
        }
        Ok(words.join(" "))
    }

    fn moment(&self, when: &Zoned, now: &Zoned, clock: ClockFormat) -> Result<String, String> {
        let when = spoken_date::in_zone_of(when, now);
        let (message, hour) = spoken_date::time_of_day(when.time(), clock);
        let minute = u64::from(when.minute().unsigned_abs());
        let time = self.form(
            message,
            &[
                ("half", spoken_date::half_of_day(when.time()).into()),
                ("hour", hour.into()),
                ("minute", minute.into()),
                ("minutes", self.numbers.minutes(minute).into()),
            ],
        )?;
        let date = when.date();
        let weekday = date.weekday().to_monday_one_offset();
        let weekday = self.form("spoken-weekday-name", &[("weekday", weekday.into())])?;
        let month = self.form("spoken-month-name", &[("month", date.month().into())])?;
        let day = self.numbers.day(u64::from(date.day().unsigned_abs()));
        let year = self.numbers.year(u64::from(date.year().unsigned_abs()));
        self.form(
            Day::of(date, now.date()).message(),
            &[
                ("time", time.into()),
                ("weekday", weekday.into()),
                ("month", month.into()),
                ("day", day.into()),
                ("year", year.into()),
            ],
        )
    }
}

/// The messages of a locale while its files are read.
#[derive(Default)]
struct Messages {
    entries: BTreeMap<PromptName, Entry>,
    /// Which messages and terms each refers to, to count their variables in.
    refers_to: BTreeMap<String, BTreeSet<String>>,
    variables: BTreeMap<String, BTreeSet<String>>,
}

impl Messages {
    fn read(&mut self, file: &str, text: &str) -> Result<(), LanguageFault> {
        let resource = fluent_syntax::parser::parse(text)
            .map_err(|(_, faults)| syntax_fault(file, text, &faults))?;
        for entry in resource.body {
            match entry {
                ast::Entry::Message(message) => {
                    let Some(value) = &message.value else {
                        continue;
                    };
                    self.note(message.id.name, value);
                    let comment = message.comment.map(|comment| comment.content.join(" "));
                    let Some(name) = intern(message.id.name) else {
                        return Err(LanguageFault::wrong(
                            file,
                            message.id.name,
                            "there are too many or too long names",
                            "make it shorter",
                        ));
                    };
                    self.entries.insert(
                        PromptName(name),
                        Entry {
                            file: file.to_owned(),
                            note: comment.unwrap_or_default(),
                            variables: BTreeSet::new(),
                        },
                    );
                }
                ast::Entry::Term(term) => self.note(&format!("-{}", term.id.name), &term.value),
                _ => {}
            }
        }
        Ok(())
    }

    fn note(&mut self, name: &str, pattern: &ast::Pattern<&str>) {
        let (mut variables, mut refers_to) = (BTreeSet::new(), BTreeSet::new());
        gather(pattern, &mut variables, &mut refers_to);
        self.variables.insert(name.to_owned(), variables);
        self.refers_to.insert(name.to_owned(), refers_to);
    }

    fn into_entries(mut self) -> BTreeMap<PromptName, Entry> {
        let mut entries = std::mem::take(&mut self.entries);
        for (name, entry) in &mut entries {
            let mut seen = BTreeSet::new();
            let mut open = vec![name.0.to_owned()];
            while let Some(next) = open.pop() {
                if seen.insert(next.clone()) {
                    entry
                        .variables
                        .extend(self.variables.get(&next).into_iter().flatten().cloned());
                    open.extend(self.refers_to.get(&next).into_iter().flatten().cloned());
                }
            }
        }
        entries
    }
}

/// Collects the variables of a pattern, and the messages (`name`) and terms (`-name`) in it.
fn gather(
    pattern: &ast::Pattern<&str>,
    variables: &mut BTreeSet<String>,
    refers_to: &mut BTreeSet<String>,
) {
    fn inline(
        expression: &ast::InlineExpression<&str>,
        variables: &mut BTreeSet<String>,
        refers_to: &mut BTreeSet<String>,
    ) {
        match expression {
            ast::InlineExpression::VariableReference { id } => {
                variables.insert(id.name.to_owned());
            }
            ast::InlineExpression::MessageReference { id, .. } => {
                refers_to.insert(id.name.to_owned());
            }
            ast::InlineExpression::TermReference { id, .. } => {
                refers_to.insert(format!("-{}", id.name));
            }
            ast::InlineExpression::FunctionReference { arguments, .. } => {
                for argument in &arguments.positional {
                    inline(argument, variables, refers_to);
                }
            }
            ast::InlineExpression::Placeable { expression: inner } => {
                expression_of(inner, variables, refers_to);
            }
            _ => {}
        }
    }
    fn expression_of(
        expression: &ast::Expression<&str>,
        variables: &mut BTreeSet<String>,
        refers_to: &mut BTreeSet<String>,
    ) {
        match expression {
            ast::Expression::Inline(expression) => inline(expression, variables, refers_to),
            ast::Expression::Select { selector, variants } => {
                inline(selector, variables, refers_to);
                for variant in variants {
                    gather(&variant.value, variables, refers_to);
                }
            }
        }
    }
    for element in &pattern.elements {
        if let ast::PatternElement::Placeable { expression } = element {
            expression_of(expression, variables, refers_to);
        }
    }
}

fn syntax_fault(
    file: &str,
    text: &str,
    faults: &[fluent_syntax::parser::ParserError],
) -> LanguageFault {
    let (place, what) = faults.first().map_or((0, String::new()), |fault| {
        (fault.pos.start, fault.kind.to_string())
    });
    let line = text
        .bytes()
        .take(place)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1;
    LanguageFault::wrong(
        file,
        format!("line {line}"),
        what,
        "Fluent messages are written name = text, continued lines begin with spaces",
    )
}

/// Names of prompts live as long as the program, so that code and files name them alike. Each
/// distinct name is kept once; their number is bounded against a folder full of nonsense.
fn intern(name: &str) -> Option<&'static str> {
    static NAMES: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut names = NAMES
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    if let Some(known) = names.get(name) {
        return Some(known);
    }
    if names.len() >= 10_000 || name.len() > 100 {
        return None;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    names.insert(kept);
    Some(kept)
}

/// Text of somebody else as a voice may get it: no control, format or private characters, nothing
/// that a speech engine takes for markup, single spaces.
fn clean(text: &str) -> String {
    let spoken: String = text
        .chars()
        .filter(|character| !is_invisible(*character))
        .map(|character| match character {
            '<' | '>' | '[' | ']' | '{' | '}' | '|' | '\\' | '^' | '`' | '~' => ' ',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect();
    collapse(&spoken)
}

/// Format characters (direction marks, joiners, tags) and private-use ones.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF0}'..='\u{FFFF}'
        | '\u{E000}'..='\u{F8FF}' | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Single spaces, none before a comma or full stop, none at the ends.
fn collapse(text: &str) -> String {
    let mut collapsed = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !collapsed.is_empty() && !matches!(word, "." | "," | "?" | "!" | ";" | ":") {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

/// Sentences of a text, each with its mark. A full stop after a single letter ends none ("a.m.").
fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut word_length = 0;
    let mut characters = text.char_indices().peekable();
    while let Some((index, character)) = characters.next() {
        let ends = match character {
            '.' => {
                word_length != 1
                    && characters
                        .peek()
                        .is_none_or(|(_, next)| next.is_whitespace())
            }
            '!' | '?' => characters
                .peek()
                .is_none_or(|(_, next)| next.is_whitespace()),
            '。' | '！' | '？' => true,
            _ => false,
        };
        word_length = if character.is_alphanumeric() || character == VALUE_CLOSES {
            // A value counts as a long word: what follows it can end a sentence.
            word_length + if character == VALUE_CLOSES { 2 } else { 1 }
        } else {
            0
        };
        if ends {
            let end = index + character.len_utf8();
            sentences.push(text[start..end].trim());
            start = end;
        }
    }
    sentences.push(text[start..].trim());
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// Cuts at most `longest` characters at a time, at a clause if there is one, else between words.
fn split_long(text: &str, longest: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest: Cow<'_, str> = Cow::Borrowed(text);
    while rest.chars().count() > longest {
        let limit = rest
            .char_indices()
            .nth(longest)
            .map_or(rest.len(), |(index, _)| index);
        let window = &rest[..limit];
        let cut = [&[',', ';', ':'][..], &[' '][..]]
            .iter()
            .find_map(|marks| window.rfind(*marks).filter(|cut| *cut >= window.len() / 3))
            .map_or(limit, |cut| cut + 1);
        parts.push(rest[..cut].trim().to_owned());
        rest = Cow::Owned(rest[cut..].trim().to_owned());
    }
    if !rest.is_empty() {
        parts.push(rest.into_owned());
    }
    parts
}

#[cfg(test)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::*;

    use super::*;

    fn english() -> Prompts {
        Prompts::embedded().unwrap()
    }

    /// What a catalogue with one more message says for it.
    fn says(message: &str, values: &[(&'static str, Value)]) -> Vec<String> {
        let prompts = with_message(message);
        let name = prompts.name("sample").unwrap();
        let said = prompts.say(&Locale::default(), name, values).unwrap();
        said.into_iter().map(|utterance| utterance.text).collect()
    }

    fn with_message(message: &str) -> Prompts {
        let text = format!("sample = {message}\n");
        let assets = Assets::from_texts([
            ("prompts/en-US/sample.ftl", text.as_str()),
            (
                "prompts/en-US/spoken.ftl",
                include_str!("../../prompts/en-US/spoken.ftl"),
            ),
            (
                "prompts/en-US/numbers.toml",
                include_str!("../../prompts/en-US/numbers.toml"),
            ),
        ]);
        Prompts::load(&assets).unwrap()
    }

    fn moment(when: &str, now: &str, clock: ClockFormat) -> Value {
        Value::Moment {
            when: Zoned::from_str(when).unwrap(),
            now: Zoned::from_str(now).unwrap(),
            clock,
        }
    }

    #[test]
    fn plurals_and_number_words() {
        let prompts = english();
        for (count, text) in [
            (0, "You have no new voice messages."),
            (1, "You have one new voice message."),
            (3, "You have three new voice messages."),
            (21, "You have twenty-one new voice messages."),
        ] {
            let said = prompts
                .text(
                    &Locale::default(),
                    PromptName("summary-voice-messages"),
                    &[("count", Value::Count(count))],
                )
                .unwrap();
            assert_eq!(said, text);
        }
    }

    #[test]
    fn moments_as_they_are_told() {
        let now = "2026-11-23T08:30:00[America/Los_Angeles]";
        for (when, clock, told) in [
            (
                "2026-11-23T08:05:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "today at eight oh five a.m.",
            ),
            (
                "2026-11-22T21:30:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "yesterday at nine thirty p.m.",
            ),
            (
                "2026-11-20T12:00:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "Friday at twelve noon",
            ),
            (
                "2026-11-03T00:00:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "Tuesday, November third, at midnight",
            ),
            (
                "2025-12-31T16:10:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "December thirty-first, twenty twenty-five, at four ten p.m.",
            ),
            (
                "2026-11-23T07:00:00[America/Los_Angeles]",
                ClockFormat::TwelveHours,
                "today at seven a.m.",
            ),
            (
                "2026-11-22T14:00:00[America/Los_Angeles]",
                ClockFormat::TwentyFourHours,
                "yesterday at fourteen hundred hours",
            ),
            (
                "2026-11-23T00:07:00[America/Los_Angeles]",
                ClockFormat::TwentyFourHours,
                "today at zero oh seven",
            ),
            // Told in the listener's zone: in Berlin it is the next day already.
            (
                "2026-11-23T06:30:00[Europe/Berlin]",
                ClockFormat::TwelveHours,
                "yesterday at nine thirty p.m.",
            ),
        ] {
            let said = says("{ $when }", &[("when", moment(when, now, clock))]);
            assert_eq!(said, [told]);
        }
    }

    #[test]
    fn lengths_keys_numbers_and_ordinals() {
        for (value, words) in [
            (
                Value::Length(Duration::from_secs(72)),
                "one minute twelve seconds",
            ),
            (Value::Length(Duration::from_secs(1)), "one second"),
            (Value::Length(Duration::from_secs(120)), "two minutes"),
            (
                Value::Length(Duration::from_secs(3660)),
                "one hour one minute",
            ),
            (Value::Length(Duration::from_secs(7200)), "two hours"),
            (Value::Length(Duration::ZERO), "no time"),
            (Value::Keys("00".parse().unwrap()), "zero zero"),
            (Value::Keys("*7#".parse().unwrap()), "star seven pound"),
            (
                Value::Number(Number::parse("2002").unwrap()),
                "two oh oh two",
            ),
            (Value::Ordinal(3), "third"),
        ] {
            assert_eq!(says("{ $it }", &[("it", value)]), [words]);
        }
    }

    #[test]
    fn one_utterance_a_sentence_and_values_end_none() {
        let now = "2026-11-23T08:30:00[UTC]";
        let when = moment("2026-11-23T08:05:00[UTC]", now, ClockFormat::TwelveHours);
        assert_eq!(
            says(
                "From { $sender }, { $when }. It is { $length } long.",
                &[
                    ("sender", Value::Name("Dr. J. Fine? Yes!".into())),
                    ("when", when),
                    ("length", Value::Length(Duration::from_secs(5))),
                ]
            ),
            [
                "From Dr. J. Fine? Yes!, today at eight oh five a.m.",
                "It is five seconds long."
            ]
        );
        assert_eq!(
            says("{ $count } of us. Done.", &[("count", Value::Count(2))]),
            ["two of us.", "Done."]
        );
    }

    #[test]
    fn a_prompt_without_variables_is_one_utterance_and_may_be_kept() {
        let prompts = with_message("One. Two.");
        let said = prompts
            .say(&Locale::default(), PromptName("sample"), &[])
            .unwrap();
        assert_eq!(said.len(), 1);
        assert_eq!(said[0].text, "One. Two.");
        assert!(!said[0].has_variables);
        assert_eq!(said[0].keep, Keep::Cached);
    }

    #[test]
    fn the_words_of_others_are_never_kept_and_carry_no_markup() {
        let prompts = with_message("Subject: { $subject }.");
        let subject = "\u{202E}<speak>[[fi:]] \u{1b}[2J\u{E000}V0\u{E001} $(reboot)\n`x`";
        let values = [("subject", Value::Text(subject.into()))];
        let said = prompts
            .say(&Locale::default(), PromptName("sample"), &values)
            .unwrap();
        assert_eq!(said[0].text, "Subject: speak fi: 2JV0 $(reboot) x.");
        assert!(said.iter().all(|utterance| utterance.keep == Keep::Never));
        let name = [("subject", Value::Name("Ann".into()))];
        let said = prompts
            .say(&Locale::default(), PromptName("sample"), &name)
            .unwrap();
        assert_eq!(said[0].keep, Keep::Cached);
    }

    #[test]
    fn words_choose_and_are_not_spoken() {
        let message = "{ $reason ->\n    [busy] Busy.\n   *[other] Away.\n}";
        assert_eq!(says(message, &[("reason", Value::Word("busy"))]), ["Busy."]);
        assert_eq!(
            says(message, &[("reason", Value::Word("asleep"))]),
            ["Away."]
        );
    }

    #[test]
    fn a_missing_value_or_prompt_is_a_fault_not_a_gap() {
        let prompts = english();
        let locale = Locale::default();
        let missing = prompts.say(&locale, PromptName("summary-voice-messages"), &[]);
        assert!(
            matches!(missing, Err(PromptFault::Missing { variable, .. }) if variable == "count")
        );
        let unknown = prompts.say(&locale, PromptName("never-heard-of"), &[]);
        assert_eq!(
            unknown,
            Err(PromptFault::Unknown(PromptName("never-heard-of")))
        );
    }

    #[test]
    fn other_locales_fall_back_to_their_language_then_to_american_english() {
        let prompts = english();
        for tag in ["en-US", "en-AU", "xx-YY", "", "€"] {
            assert_eq!(prompts.best(&Locale::new(tag)), Locale::default(), "{tag}");
        }
        let said = prompts
            .say(&Locale::new("fr-FR"), PromptName("goodbye"), &[])
            .unwrap();
        assert_eq!(said[0].locale, Locale::default());
    }

    #[test]
    fn the_fixed_prompts_hold_the_options_with_their_keys() {
        let prompts = english();
        let layout = KeyLayout::embedded().unwrap();
        let fixed = prompts.fixed(&Locale::default(), &layout);
        let texts: Vec<&str> = fixed
            .iter()
            .map(|utterance| utterance.text.as_str())
            .collect();
        assert!(texts.contains(&"To delete, press seven."));
        assert!(texts.contains(&"Goodbye."));
        assert!(fixed.iter().all(|utterance| utterance.keep == Keep::Cached));
    }

    #[test]
    fn broken_files_are_refused_with_file_and_line() {
        for (text, expected) in [
            ("one = fine\ntwo = {\n", "sample.ftl: line"),
            ("one = a\none = b\n", "two places"),
        ] {
            let assets = Assets::from_texts([
                ("prompts/en-US/sample.ftl", text),
                (
                    "prompts/en-US/spoken.ftl",
                    include_str!("../../prompts/en-US/spoken.ftl"),
                ),
                (
                    "prompts/en-US/numbers.toml",
                    include_str!("../../prompts/en-US/numbers.toml"),
                ),
            ]);
            let fault = Prompts::load(&assets).err().unwrap().to_string();
            assert!(fault.contains(expected), "{fault}");
        }
    }

    #[test]
    fn long_text_is_read_in_pieces() {
        let prompts = english();
        let text = "word ".repeat(200) + "and this, that; the other. Short one? Yes.";
        let read = prompts.read_aloud(&Locale::default(), PromptName("goodbye"), &text);
        assert!(
            read.iter()
                .all(|utterance| utterance.text.chars().count() <= SENTENCE_MAX)
        );
        assert_eq!(text_of(&read), text);
        assert_eq!(read.last().unwrap().text, "Yes.");
    }

    proptest! {
        #[test]
        fn any_text_becomes_sentences_without_loss_or_markup(text in any::<String>()) {
            let prompts = with_message("x");
            let read = prompts.read_aloud(&Locale::default(), PromptName("sample"), &text);
            for utterance in &read {
                prop_assert!(utterance.text.chars().count() <= SENTENCE_MAX);
                prop_assert!(!utterance.text.contains(['<', '>', '[', ']', '\n', VALUE_OPENS]));
            }
            let letters = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
            let all: String = read.iter().map(|utterance| letters(&utterance.text)).collect();
            prop_assert_eq!(all, letters(&clean(&text)));
        }
    }
}
