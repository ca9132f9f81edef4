//! What prompts say.

use std::str::FromStr;

use super::*;
use crate::line::Keep;

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
            include_str!("../../../prompts/en-US/spoken.ftl"),
        ),
        (
            "prompts/en-US/numbers.toml",
            include_str!("../../../prompts/en-US/numbers.toml"),
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
fn a_sentence_beside_the_words_of_others_may_be_kept() {
    let prompts = with_message("{ $count } mails. { $subject }. Goodbye.");
    let values = [
        ("count", Value::Count(2)),
        ("subject", Value::Text("The merger. Not public.".into())),
    ];
    let said = prompts
        .say(&Locale::default(), PromptName("sample"), &values)
        .unwrap();
    let kept: Vec<(&str, Keep)> = said
        .iter()
        .map(|utterance| (utterance.text.as_str(), utterance.keep))
        .collect();
    assert_eq!(
        kept,
        [
            ("two mails.", Keep::Cached),
            ("The merger. Not public.", Keep::Never),
            ("Goodbye.", Keep::Cached),
        ]
    );
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
    assert!(matches!(missing, Err(PromptFault::Missing { variable, .. }) if variable == "count"));
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
                include_str!("../../../prompts/en-US/spoken.ftl"),
            ),
            (
                "prompts/en-US/numbers.toml",
                include_str!("../../../prompts/en-US/numbers.toml"),
            ),
        ]);
        let fault = Prompts::load(&assets).err().unwrap().to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn brief_forms_are_shorter_and_say_the_same_key() {
    let prompts = english();
    let keys = ("key", Value::Keys("1".parse().unwrap()));
    let say = |style, name, values: &[(&'static str, Value)]| {
        let name = prompts.name(name).unwrap();
        let said = prompts.say_in_style(style, &Locale::default(), name, values);
        text_of(&said.unwrap())
    };
    for (name, brief) in [
        ("main-menu-voice-mail", "Voice mail, one."),
        ("main-menu-other-mailbox", "Another mailbox, one."),
        ("voice-message-delete", "Delete, one."),
    ] {
        let values = [keys.clone()];
        assert_eq!(say(Style::Brief, name, &values), brief);
        assert!(say(Style::Full, name, &values).len() > brief.len());
    }
    let goodbye = prompts.name("goodbye").unwrap();
    let full = prompts.say(&Locale::default(), goodbye, &[]).unwrap();
    let brief = prompts.say_in_style(Style::Brief, &Locale::default(), goodbye, &[]);
    assert_eq!(
        full,
        brief.unwrap(),
        "what has no brief form is said in full"
    );
    let wrong = prompts.name("not-a-choice").unwrap();
    let brief = prompts.say_in_style(Style::Brief, &Locale::default(), wrong, &[]);
    assert!(
        brief.unwrap()[0].has_variables,
        "no studio recording of the whole sentence stands for it"
    );
}

#[test]
fn a_brief_form_has_no_variable_of_its_own() {
    let text = "sample = Hello.\n    .brief = Hi, { $name }.\n";
    let assets = Assets::from_texts([
        ("prompts/en-US/sample.ftl", text),
        (
            "prompts/en-US/spoken.ftl",
            include_str!("../../../prompts/en-US/spoken.ftl"),
        ),
        (
            "prompts/en-US/numbers.toml",
            include_str!("../../../prompts/en-US/numbers.toml"),
        ),
    ]);
    let fault = Prompts::load(&assets).err().unwrap().to_string();
    assert!(fault.contains("$name"), "{fault}");
}
