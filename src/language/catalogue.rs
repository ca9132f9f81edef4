//! The prompts of one locale: read from its files, formatted with values put into words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use fluent_syntax::ast;
use jiff::Zoned;
use jiff::civil::{Date, Time};
use unic_langid::LanguageIdentifier;

use super::brief::{self, Shortening};
use super::prompts::{PromptFault, Style, Value};
use super::sentences::{
    SENTENCE_MAX, VALUE_CLOSES, VALUE_OPENS, clean, collapse, sentences, split_long,
};
use super::spoken_date::{self, ClockFormat, Day};
use super::spoken_number::SpokenNumbers;
use super::{Assets, LanguageFault};
use crate::line::{Keep, Key, Locale, PromptName, Utterance};
use crate::turn::KeySequence;

/// One message of a catalogue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The file it stands in.
    pub file: String,
    /// When it is heard, for translators and speakers.
    pub note: String,
    /// Its variables, those of messages it refers to included.
    pub variables: BTreeSet<String>,
    /// Whether another message is made with it.
    pub is_used_inside: bool,
    /// The variables of its brief form, where it has one of its own.
    pub brief: Option<BTreeSet<String>>,
}

pub(super) struct Catalogue {
    bundle: FluentBundle<FluentResource>,
    pub(super) entries: BTreeMap<PromptName, Entry>,
    numbers: SpokenNumbers,
    /// How options become brief that have no brief form of their own.
    pub(super) shortenings: Vec<Shortening>,
}

impl Catalogue {
    pub(super) fn load(assets: &Assets, locale: &Locale) -> Result<Catalogue, LanguageFault> {
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
        let brief_file = format!("{folder}brief.toml");
        let shortenings = match assets.text(&brief_file) {
            Some(text) => brief::read(&brief_file, text?)?,
            None => Vec::new(),
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
        let entries = messages.into_entries()?;
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
            shortenings,
        })
    }

    pub(super) fn say(
        &self,
        style: Style,
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
        let mut private = Vec::new();
        for (variable, value) in values {
            match value {
                Value::Count(count) => arguments.set(*variable, *count),
                Value::Word(word) => arguments.set(*variable, *word),
                other => {
                    let mark = format!("{VALUE_OPENS}V{}{VALUE_CLOSES}", spoken.len());
                    if value.is_private() {
                        private.push(mark.clone());
                    }
                    arguments.set(*variable, mark);
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
        let full = || self.format(name.0, &arguments);
        let text = match style {
            Style::Full => full(),
            Style::Brief => self.briefly(name, entry, &arguments).unwrap_or_else(full),
        };
        let text = text.map_err(unresolved)?;
        // No studio recording of the whole sentence may stand for its brief form.
        let is_short = style == Style::Brief && entry.brief.is_some();
        let has_variables = !entry.variables.is_empty() || is_short;
        // The words of others are no reason to speak the sentence before them anew each time.
        let keep = |sentence: &str| {
            if private.iter().any(|mark| sentence.contains(mark)) {
                Keep::Never
            } else {
                Keep::Cached
            }
        };
        let texts: Vec<(String, Keep)> = if has_variables {
            sentences(&text)
                .into_iter()
                .flat_map(|sentence| {
                    let filled = self.fill_in(sentence, &spoken);
                    let keep = keep(sentence);
                    split_long(&filled, SENTENCE_MAX)
                        .into_iter()
                        .map(move |text| (text, keep))
                })
                .collect()
        } else {
            vec![(self.fill_in(&text, &[]), Keep::Cached)]
        };
        Ok(texts
            .into_iter()
            .filter(|(text, _)| text.chars().any(char::is_alphanumeric))
            .map(|(text, keep)| Utterance {
                prompt: name,
                text,
                locale: locale.clone(),
                has_variables,
                keep,
            })
            .collect())
    }

    /// The brief form of a message: its own, or what the shortenings make of an option.
    fn briefly(
        &self,
        name: PromptName,
        entry: &Entry,
        arguments: &FluentArgs<'_>,
    ) -> Option<Result<String, String>> {
        if entry.brief.is_some() {
            let message = self.bundle.get_message(name.0)?;
            let form = message.get_attribute(brief::ATTRIBUTE)?;
            return Some(self.format_pattern(form.value(), arguments));
        }
        if !entry.variables.contains("key") {
            return None;
        }
        let full = self.format(name.0, arguments).ok()?;
        brief::shorten(&self.shortenings, &full).map(Ok)
    }

    /// Whether a message has a brief form of either kind.
    pub(super) fn has_brief_form(&self, name: PromptName) -> bool {
        self.entries.get(&name).is_some_and(|entry| {
            let mut arguments = FluentArgs::new();
            for (index, variable) in entry.variables.iter().enumerate() {
                let mark = format!("{VALUE_OPENS}V{index}{VALUE_CLOSES}");
                arguments.set(variable.clone(), mark);
            }
            self.briefly(name, entry, &arguments).is_some()
        })
    }

    /// The message with its plural forms chosen, values still standing as marks.
    fn format(&self, message: &str, arguments: &FluentArgs<'_>) -> Result<String, String> {
        let pattern = self
            .bundle
            .get_message(message)
            .and_then(|message| message.value())
            .ok_or_else(|| format!("the message {message} has no text"))?;
        self.format_pattern(pattern, arguments)
    }

    fn format_pattern(
        &self,
        pattern: &ast::Pattern<&str>,
        arguments: &FluentArgs<'_>,
    ) -> Result<String, String> {
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
            Value::Day { date, today } => self.day(*date, Day::of(*date, *today).alone()),
            Value::Time { time, clock } => self.time(*time, *clock),
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
        let time = self.time(when.time(), clock)?;
        let message = Day::of(when.date(), now.date()).message();
        self.dated(when.date(), message, &[("time", time.into())])
    }

    fn time(&self, time: Time, clock: ClockFormat) -> Result<String, String> {
        let (message, hour) = spoken_date::time_of_day(time, clock);
        let minute = u64::from(time.minute().unsigned_abs());
        self.form(
            message,
            &[
                ("half", spoken_date::half_of_day(time).into()),
                ("hour", hour.into()),
                ("minute", minute.into()),
                ("minutes", self.numbers.minutes(minute).into()),
            ],
        )
    }

    fn day(&self, date: Date, message: &str) -> Result<String, String> {
        self.dated(date, message, &[])
    }

    /// A message with the parts of a date in it, and whatever else it needs.
    fn dated(
        &self,
        date: Date,
        message: &str,
        more: &[(&'static str, FluentValue<'_>)],
    ) -> Result<String, String> {
        let weekday = date.weekday().to_monday_one_offset();
        let weekday = self.form("spoken-weekday-name", &[("weekday", weekday.into())])?;
        let month = self.form("spoken-month-name", &[("month", date.month().into())])?;
        let day = self.numbers.day(u64::from(date.day().unsigned_abs()));
        let year = self.numbers.year(u64::from(date.year().unsigned_abs()));
        let mut values = vec![
            ("weekday", weekday.into()),
            ("month", month.into()),
            ("day", day.into()),
            ("year", year.into()),
        ];
        values.extend_from_slice(more);
        self.form(message, &values)
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
                    let mut attributes = message.attributes.iter();
                    let brief = attributes.find(|one| one.id.name == brief::ATTRIBUTE);
                    let brief = brief.map(|form| {
                        let mut variables = BTreeSet::new();
                        let refers_to = self.refers_to.entry(message.id.name.to_owned());
                        gather(&form.value, &mut variables, refers_to.or_default());
                        variables
                    });
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
                            is_used_inside: false,
                            brief,
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

    fn into_entries(mut self) -> Result<BTreeMap<PromptName, Entry>, LanguageFault> {
        let mut entries = std::mem::take(&mut self.entries);
        let used_inside: BTreeSet<&String> = self.refers_to.values().flatten().collect();
        for (name, entry) in &mut entries {
            entry.is_used_inside = used_inside.iter().any(|used| *used == name.0);
            let mut seen = BTreeSet::new();
            if let Some(variable) = entry.brief.iter().flatten().find(|variable| {
                let full = self.variables.get(name.0);
                !full.is_some_and(|full| full.contains(*variable))
            }) {
                return Err(LanguageFault::wrong(
                    entry.file.as_str(),
                    name.0,
                    format!("its brief form has ${variable}, which the whole sentence has not"),
                    "use only variables of the whole sentence",
                ));
            }
            let mut open = vec![name.0.to_owned()];
            while let Some(next) = open.pop() {
                let Some(variables) = self.variables.get(&next) else {
                    return Err(LanguageFault::wrong(
                        entry.file.as_str(),
                        name.0,
                        format!("it refers to {next}, which is not there"),
                        "write that message, or the name of one that there is",
                    ));
                };
                if seen.insert(next.clone()) {
                    entry.variables.extend(variables.iter().cloned());
                    open.extend(self.refers_to.get(&next).into_iter().flatten().cloned());
                }
            }
        }
        Ok(entries)
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
pub(super) fn intern(name: &str) -> Option<&'static str> {
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
