//! Numbers of several languages as words.

use proptest::prelude::*;

use super::*;

fn english() -> SpokenNumbers {
    SpokenNumbers::parse(
        "prompts/en-US/numbers.toml",
        include_str!("../../../prompts/en-US/numbers.toml"),
    )
    .unwrap()
}

/// Reads English number words by adding up, knowing nothing of the rules.
fn read_back(words: &str) -> u64 {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = [
        "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    const LARGE: [(&str, u64); 6] = [
        ("thousand", 1_000),
        ("million", 1_000_000),
        ("billion", 1_000_000_000),
        ("trillion", 1_000_000_000_000),
        ("quadrillion", 1_000_000_000_000_000),
        ("quintillion", 1_000_000_000_000_000_000),
    ];
    let (mut sum, mut below_thousand) = (0, 0);
    for word in words.split([' ', '-']) {
        if let Some(small) = SMALL.iter().position(|known| *known == word) {
            below_thousand += small as u64;
        } else if let Some(tens) = TENS.iter().position(|known| *known == word) {
            below_thousand += 20 + 10 * tens as u64;
        } else if word == "hundred" {
            below_thousand *= 100;
        } else if let Some((_, unit)) = LARGE.iter().find(|(known, _)| *known == word) {
            sum += below_thousand * unit;
            below_thousand = 0;
        } else {
            panic!("not a number word: {word} in {words}");
        }
    }
    sum + below_thousand
}

proptest! {
    #[test]
    fn a_cardinal_reads_back_as_the_number(
        number in prop_oneof![0..2_000_u64, any::<u32>().prop_map(u64::from), any::<u64>()]
    ) {
        prop_assert_eq!(read_back(&english().cardinal(number)), number);
    }

    #[test]
    fn a_telephone_number_reads_back_digit_by_digit(number in "\\+?[0-9]{1,20}") {
        let spoken = english().telephone(&Number::parse(&number).unwrap());
        let back: String = spoken
            .split([' ', ','])
            .filter(|word| !word.is_empty())
            .map(|word| match word {
                "plus" => '+',
                "oh" => '0',
                other => char::from_digit(read_back(other) as u32, 10).unwrap(),
            })
            .collect();
        prop_assert_eq!(back, number);
    }

    #[test]
    fn rule_text_never_panics(base in "[0-9/]{0,22}", pattern in "[<>=\\[\\]a-z ]{0,12}") {
        let _ = Rule::parse(&base, &pattern);
    }
}

#[test]
fn english_forms() {
    let english = english();
    for (number, cardinal, ordinal) in [
        (0, "zero", "zeroth"),
        (1, "one", "first"),
        (2, "two", "second"),
        (3, "three", "third"),
        (12, "twelve", "twelfth"),
        (20, "twenty", "twentieth"),
        (21, "twenty-one", "twenty-first"),
        (99, "ninety-nine", "ninety-ninth"),
        (100, "one hundred", "one hundredth"),
        (112, "one hundred twelve", "one hundred twelfth"),
        (1_000, "one thousand", "one thousandth"),
        (
            2_345,
            "two thousand three hundred forty-five",
            "two thousand three hundred forty-fifth",
        ),
    ] {
        assert_eq!(english.cardinal(number), cardinal);
        assert_eq!(english.ordinal(number), ordinal);
    }
    for (year, spoken) in [
        (1066, "one thousand sixty-six"),
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (2000, "two thousand"),
        (2009, "two thousand nine"),
        (2010, "twenty ten"),
        (2026, "twenty twenty-six"),
        (2100, "twenty-one hundred"),
    ] {
        assert_eq!(english.year(year), spoken);
    }
}

#[test]
fn english_telephone_groups() {
    let english = english();
    for (number, spoken) in [
        ("2002", "two oh oh two"),
        ("72002", "seven two oh oh two"),
        ("5550123", "five five five, oh one two three"),
        (
            "4255550123",
            "four two five, five five five, oh one two three",
        ),
        (
            "+14255550123",
            "plus one, four two five, five five five, oh one two three",
        ),
        ("*98#", "star nine eight pound"),
    ] {
        assert_eq!(english.telephone(&Number::parse(number).unwrap()), spoken);
    }
}

/// A file with these cardinals and nothing else of note.
fn with_cardinals(rules: &str) -> SpokenNumbers {
    let text = format!(
        "digits = {digits}\n[telephone]\ndigits = {digits}\nplus = \"\"\nstar = \"\"\npound = \"\"\n\
         group = 2\n[telephone.groups]\n[sets.cardinal]\n{rules}\n\
         [sets.ordinal]\n\"0\" = \"=cardinal=\"\n[sets.day]\n\"0\" = \"=cardinal=\"\n\
         [sets.year]\n\"0\" = \"=cardinal=\"\n[sets.minutes]\n\"0\" = \"=cardinal=\"\n",
        digits = "[\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\",\"\"]",
    );
    SpokenNumbers::parse("numbers.toml", &text).unwrap()
}

fn listed(words: &[&str]) -> String {
    let rules = words.iter().enumerate();
    rules
        .map(|(number, word)| format!("\"{number}\" = \"{word}\"\n"))
        .collect()
}

#[test]
fn german_needs_a_file_and_no_code() {
    let small = [
        "null",
        "eins",
        "zwei",
        "drei",
        "vier",
        "fünf",
        "sechs",
        "sieben",
        "acht",
        "neun",
        "zehn",
        "elf",
        "zwölf",
        "dreizehn",
        "vierzehn",
        "fünfzehn",
        "sechzehn",
        "siebzehn",
        "achtzehn",
        "neunzehn",
    ];
    let rules = listed(&small)
        + "\"20\" = \"[>joined>und]zwanzig\"\n\"30\" = \"[>joined>und]dreißig\"\n\
           \"40\" = \"[>joined>und]vierzig\"\n\"100\" = \"<joined<hundert[>>]\"\n\
           \"1000\" = \"<joined<tausend[>>]\"\n\
           \"1000000\" = \"eine Million[ >>]\"\n\"2000000\" = \"<< Millionen[ >>]\"\n\
           [sets.joined]\n\"1\" = \"ein\"\n\"2\" = \"=cardinal=\"\n";
    let german = with_cardinals(&rules);
    for (number, spoken) in [
        (21, "einundzwanzig"),
        (30, "dreißig"),
        (101, "einhunderteins"),
        (1_848, "eintausendachthundertachtundvierzig"),
        (21_000, "einundzwanzigtausend"),
        (3_000_001, "drei Millionen eins"),
    ] {
        assert_eq!(german.cardinal(number), spoken);
    }
}

#[test]
fn french_counts_by_twenties_without_code() {
    let small = [
        "zéro", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix",
        "onze", "douze", "treize", "quatorze", "quinze", "seize", "dix-sept", "dix-huit",
        "dix-neuf",
    ];
    let rules = listed(&small)
        + "\"20\" = \"vingt[->>]\"\n\"21\" = \"vingt et un\"\n\"22\" = \"vingt->>\"\n\
           \"60/20\" = \"soixante[->>]\"\n\"61\" = \"soixante et un\"\n\
           \"62/20\" = \"soixante->>\"\n\"71\" = \"soixante et onze\"\n\
           \"72/20\" = \"soixante->>\"\n\"80\" = \"quatre-vingts\"\n\
           \"81/20\" = \"quatre-vingt->>\"\n\"100\" = \"cent[ >>]\"\n";
    let french = with_cardinals(&rules);
    for (number, spoken) in [
        (21, "vingt et un"),
        (28, "vingt-huit"),
        (70, "soixante-dix"),
        (71, "soixante et onze"),
        (75, "soixante-quinze"),
        (80, "quatre-vingts"),
        (81, "quatre-vingt-un"),
        (99, "quatre-vingt-dix-neuf"),
        (101, "cent un"),
    ] {
        assert_eq!(french.cardinal(number), spoken);
    }
}

#[test]
fn rules_that_cannot_work_are_refused_at_start() {
    let text = include_str!("../../../prompts/en-US/numbers.toml");
    for (good, bad) in [
        ("\"3\" = \"three\"", "\"3\" = \"=cardinal=\""),
        ("\"3\" = \"three\"", "\"3\" = \"=missing=\""),
        ("\"3\" = \"three\"", "\"3\" = \"three[\""),
        ("[sets.year]", "[sets.jahr]"),
        ("\"7\" = [3, 4]", "\"7\" = [3, 3]"),
    ] {
        assert!(text.contains(good), "{good}");
        let broken = text.replacen(good, bad, 1);
        let fault = SpokenNumbers::parse("numbers.toml", &broken).err();
        let fault = fault.expect(bad).to_string();
        assert!(
            !bad.contains("missing") || fault.contains("\"3\": there is no set \"missing\""),
            "{fault}"
        );
    }
}
