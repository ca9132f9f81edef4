//! Every race of one question and its answer, one row each.

use std::time::{Duration, Instant};

use super::*;
use crate::line::{Candidate, HangUpCause, Hypothesis, PlayId, Sure};

/// What happens in a row, and what the turn must want then.
enum Happens {
    /// This key goes down.
    Press(char),
    /// What plays has ended.
    Ended,
    /// Nothing else until the deadline, which must be so far away.
    Later(u64),
    /// Nothing for so many milliseconds, and nothing is due.
    Quiet(u64),
    /// Speech begins.
    Speaks,
    /// Words were heard: choices with whether the engine is sure.
    Hears(&'static [(&'static str, Sure)]),
    HangsUp,
}
use Happens::{Ended, HangsUp, Hears, Later, Press, Quiet, Speaks};
use Step::{Chosen, GaveUp, Say, StopTalking, Wait};

/// How the question is asked in a row.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Plainly,
    OverAMessage,
    Once,
    DuringAGreeting,
}
use Asked::{DuringAGreeting, Once, OverAMessage, Plainly};

fn choice(name: &'static str, keys: &str, when: When) -> OpenChoice<&'static str> {
    OpenChoice {
        name,
        request: Request::Answer(name),
        keys: keys.parse().ok(),
        when,
        steers: when == When::WhilePlaying,
    }
}

fn open() -> Vec<OpenChoice<&'static str>> {
    let everywhere = |name, keys: &str, request| OpenChoice {
        name,
        request,
        keys: keys.parse().ok(),
        when: When::Always,
        steers: false,
    };
    vec![
        choice("rewind", "1", When::WhilePlaying),
        choice("pause", "2", When::WhilePlaying),
        choice("forward", "3", When::WhilePlaying),
        choice("end", "33", When::WhilePlaying),
        choice("replay", "1", When::AfterPlaying),
        choice("previous", "11", When::AfterPlaying),
        choice("flag", "44", When::AfterPlaying),
        choice("next", "#", When::Always),
        choice("delete", "7", When::Always),
        choice("reply", "8", When::Always),
        choice("reply-all", "88", When::Always),
        everywhere("repeat", "0", Request::Repeat),
        everywhere("more", "00", Request::More),
        everywhere("main-menu", "*", Request::Answer("main-menu")),
    ]
}

fn event(happens: &Happens) -> Option<LineEvent> {
    Some(match happens {
        Press(key) => LineEvent::Key(Key::new(*key)?),
        Ended => LineEvent::PlayEnded(PlayId(1)),
        Later(_) | Quiet(_) => return None,
        Speaks => LineEvent::SpeechStarted,
        Hears(heard) => LineEvent::Heard(Hypothesis {
            candidates: heard
                .iter()
                .map(|(choice, sure)| Candidate {
                    choice: (*choice).to_owned(),
                    words: (*choice).to_owned(),
                    sure: *sure,
                })
                .collect(),
        }),
        HangsUp => LineEvent::HungUp(HangUpCause::Caller),
    })
}

#[test]
fn help_reads_all_options_or_those_of_what_plays() {
    let now = Instant::from(tokio::time::Instant::now());
    let help = OpenChoice {
        name: "help",
        request: Request::Help,
        keys: "5".parse().ok(),
        when: When::Always,
        steers: false,
    };
    let press = |turn: &mut Turn<&'static str>| {
        let key = Key::new('5').map(LineEvent::Key);
        key.map(|key| turn.on(now, &key))
    };
    let choices: Vec<_> = open().into_iter().chain([help]).collect();
    let mut plainly = Turn::new(choices.clone(), Patience::default(), 0);
    assert_eq!(press(&mut plainly), Some(Say(OPTIONS)));
    assert_eq!(plainly.announced(), Announced::All);
    let mut over_a_message = Turn::new(choices, Patience::default(), 0).while_playing();
    assert_eq!(press(&mut over_a_message), Some(Say(OPTIONS)));
    assert_eq!(over_a_message.announced(), Announced::WhilePlaying);
}

#[test]
fn every_race_has_one_outcome() {
    type Row = (
        &'static str,
        Asked,
        &'static [(Happens, Step<&'static str>)],
    );
    const ASK: Step<&str> = Say(OPTIONS);
    let rows: &[Row] = &[
        (
            "a key alone is chosen at once",
            Plainly,
            &[(Press('7'), Chosen("delete"))],
        ),
        (
            "after the options silence is waited for",
            Plainly,
            &[(Ended, Wait), (Later(5_000), Say(STILL_THERE))],
        ),
        (
            "silence is forgiven twice",
            Plainly,
            &[
                (Ended, Wait),
                (Later(5_000), Say(STILL_THERE)),
                (Ended, Wait),
                (Later(5_000), Say(STILL_THERE)),
                (Ended, Wait),
                (Later(5_000), GaveUp(Why::Silence)),
            ],
        ),
        (
            "wrong keys are forgiven twice",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Quiet(1_000), Wait),
                (Press('6'), Say(NOT_A_CHOICE_AGAIN)),
                (Quiet(1_000), Wait),
                (Press('5'), GaveUp(Why::InvalidInput)),
            ],
        ),
        (
            "a two-key command that is not open is one wrong input",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Press('5'), Wait),
                (Quiet(1_000), Wait),
                (Press('6'), Say(NOT_A_CHOICE_AGAIN)),
                (Press('6'), Wait),
                (Ended, Wait),
                (Press('7'), Chosen("delete")),
            ],
        ),
        (
            "a number that was meant for another question is one wrong input",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Press('5'), Wait),
                (Press('6'), Wait),
                (Quiet(900), Wait),
                (Press('5'), Wait),
                (Quiet(1_000), Wait),
                (Press('5'), Say(NOT_A_CHOICE_AGAIN)),
            ],
        ),
        (
            "what is right counts at once, also behind a mistake",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Press('7'), Chosen("delete")),
            ],
        ),
        (
            "a wrong key over a message is told, and the message goes on to its end",
            OverAMessage,
            &[(Press('5'), Say(NOT_A_CHOICE)), (Ended, ASK)],
        ),
        (
            "silence is still waited for after the second half of a wrong command",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Press('5'), Wait),
                (Ended, Wait),
                (Later(5_000), Say(STILL_THERE)),
            ],
        ),
        (
            "a wrong command over a message is none of what comes after it",
            OverAMessage,
            &[
                (Press('4'), Say(NOT_A_CHOICE)),
                (Press('4'), Wait),
                (Press('7'), Chosen("delete")),
            ],
        ),
        (
            "wrong keys and silence count together",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Ended, Wait),
                (Later(5_000), Say(STILL_THERE)),
                (Press('5'), GaveUp(Why::InvalidInput)),
            ],
        ),
        (
            "a request that is understood forgives wrong keys",
            Plainly,
            &[
                (Press('5'), Say(NOT_A_CHOICE)),
                (Quiet(1_000), Wait),
                (Press('6'), Say(NOT_A_CHOICE_AGAIN)),
                (Press('0'), StopTalking),
                (Later(1_000), ASK),
                (Press('5'), Say(NOT_A_CHOICE)),
            ],
        ),
        (
            "silence once is an answer where it is asked for",
            Once,
            &[(Ended, Wait), (Later(5_000), GaveUp(Why::Silence))],
        ),
        (
            "the first key of two silences the options",
            Plainly,
            &[(Press('1'), StopTalking), (Later(1_000), Chosen("replay"))],
        ),
        (
            "the second key in time makes the longer sequence",
            Plainly,
            &[(Press('1'), StopTalking), (Press('1'), Chosen("previous"))],
        ),
        (
            "another key completes the shorter one",
            Plainly,
            &[(Press('1'), StopTalking), (Press('7'), Chosen("replay"))],
        ),
        (
            "half of a sequence is wrong when nothing follows",
            Plainly,
            &[(Press('4'), StopTalking), (Later(1_000), Say(NOT_A_CHOICE))],
        ),
        (
            "half of a sequence is wrong with another key behind it",
            Plainly,
            &[(Press('4'), StopTalking), (Press('7'), Say(NOT_A_CHOICE))],
        ),
        (
            "the end of the options does not shorten the wait between keys",
            Plainly,
            &[
                (Press('1'), StopTalking),
                (Ended, Wait),
                (Later(1_000), Chosen("replay")),
            ],
        ),
        (
            "0 repeats after a moment, 00 tells more at once",
            Plainly,
            &[
                (Press('0'), StopTalking),
                (Later(1_000), ASK),
                (Press('0'), StopTalking),
                (Press('0'), ASK),
                (Ended, Wait),
                (Press('*'), Chosen("main-menu")),
            ],
        ),
        (
            "keys that steer a message do not stop it",
            OverAMessage,
            &[(Press('3'), Wait), (Later(1_000), Chosen("forward"))],
        ),
        (
            "two keys that steer it do not stop it either",
            OverAMessage,
            &[(Press('3'), Wait), (Press('3'), Chosen("end"))],
        ),
        (
            "1 rewinds while it plays",
            OverAMessage,
            &[(Press('1'), Chosen("rewind"))],
        ),
        (
            "1 replays after it has ended",
            OverAMessage,
            &[
                (Ended, ASK),
                (Press('1'), StopTalking),
                (Later(1_000), Chosen("replay")),
            ],
        ),
        (
            "1 replays after 00",
            OverAMessage,
            &[
                (Press('0'), Wait),
                (Press('0'), ASK),
                (Press('1'), StopTalking),
                (Later(1_000), Chosen("replay")),
            ],
        ),
        (
            "0 tells what steers it, and it still plays",
            OverAMessage,
            &[
                (Press('0'), Wait),
                (Later(1_000), ASK),
                (Press('1'), Chosen("rewind")),
            ],
        ),
        (
            "0 while it plays tells the other options when it has ended meanwhile",
            OverAMessage,
            &[
                (Press('0'), Wait),
                (Ended, Wait),
                (Later(1_000), ASK),
                (Press('1'), StopTalking),
            ],
        ),
        (
            "a key keeps its meaning of the moment it was pressed",
            OverAMessage,
            &[
                (Press('3'), Wait),
                (Ended, Wait),
                (Later(1_000), Chosen("forward")),
            ],
        ),
        (
            "a key that does not steer stops the message",
            OverAMessage,
            &[(Press('8'), StopTalking), (Later(1_000), Chosen("reply"))],
        ),
        (
            "a sequence of what comes after is wrong while it plays",
            OverAMessage,
            &[(Press('4'), Say(NOT_A_CHOICE))],
        ),
        (
            "a greeting ends without an answer",
            DuringAGreeting,
            &[(Ended, GaveUp(Why::PlayingEnded))],
        ),
        (
            "keys that mean nothing leave a greeting alone",
            DuringAGreeting,
            &[
                (Press('5'), Wait),
                (Press('9'), Wait),
                (Ended, GaveUp(Why::PlayingEnded)),
            ],
        ),
        (
            "keys that mean something end a greeting",
            DuringAGreeting,
            &[(Press('5'), Wait), (Press('#'), Chosen("next"))],
        ),
        (
            "hanging up in the middle of a sequence answers with what it was",
            Plainly,
            &[(Press('1'), StopTalking), (HangsUp, Chosen("replay"))],
        ),
        (
            "hanging up otherwise answers nothing",
            Plainly,
            &[(Press('4'), StopTalking), (HangsUp, GaveUp(Why::HungUp))],
        ),
        (
            "certain words are an answer",
            Plainly,
            &[
                (Speaks, StopTalking),
                (Hears(&[("delete", Sure::Accept)]), Chosen("delete")),
            ],
        ),
        (
            "doubtful words are confirmed, by key",
            Plainly,
            &[
                (Speaks, StopTalking),
                (Hears(&[("delete", Sure::Confirm)]), Say(DID_YOU_SAY)),
                (Press('1'), Chosen("delete")),
            ],
        ),
        (
            "doubtful words are confirmed, by voice",
            Plainly,
            &[
                (Hears(&[("delete", Sure::Confirm)]), Say(DID_YOU_SAY)),
                (Hears(&[("yes", Sure::Confirm)]), Chosen("delete")),
            ],
        ),
        (
            "no offers the second best, once",
            Plainly,
            &[
                (
                    Hears(&[("delete", Sure::Confirm), ("reply", Sure::Confirm)]),
                    Say(DID_YOU_SAY),
                ),
                (Press('2'), Say(DID_YOU_SAY)),
                (Hears(&[("no", Sure::Accept)]), ASK),
                (Hears(&[("delete", Sure::Accept)]), Say(NOT_UNDERSTOOD)),
            ],
        ),
        (
            "another key than yes and no is an answer of its own",
            Plainly,
            &[
                (Hears(&[("delete", Sure::Confirm)]), Say(DID_YOU_SAY)),
                (Press('#'), Chosen("next")),
            ],
        ),
        (
            "a doubt that nobody answers is forgotten",
            Plainly,
            &[
                (Hears(&[("delete", Sure::Confirm)]), Say(DID_YOU_SAY)),
                (Ended, Wait),
                (Later(5_000), Say(STILL_THERE)),
                (Press('1'), StopTalking),
                (Later(1_000), Chosen("replay")),
            ],
        ),
        (
            "misunderstanding ends with keys only, and the call goes on",
            Plainly,
            &[
                (Hears(&[]), Say(NOT_UNDERSTOOD)),
                (Hears(&[]), Say(NOT_UNDERSTOOD_AGAIN)),
                (Hears(&[]), Say(KEYS_ONLY)),
                (Hears(&[("delete", Sure::Accept)]), Wait),
                (Press('7'), Chosen("delete")),
            ],
        ),
        (
            "an utterance that never ends is not understood",
            Plainly,
            &[(Speaks, StopTalking), (Later(12_000), Say(NOT_UNDERSTOOD))],
        ),
        (
            "keys are quicker than words",
            Plainly,
            &[
                (Speaks, StopTalking),
                (Press('1'), Wait),
                (Hears(&[("delete", Sure::Accept)]), Wait),
                (Later(1_000), Chosen("replay")),
            ],
        ),
        (
            "talk and coughs do not disturb a message",
            OverAMessage,
            &[
                (Speaks, Wait),
                (Hears(&[]), Wait),
                (Speaks, Wait),
                (Later(12_000), Wait),
                (Hears(&[("rewind", Sure::Confirm)]), Wait),
                (Hears(&[("pause", Sure::Accept)]), Chosen("pause")),
            ],
        ),
        (
            "what steers a message cannot be said after it",
            OverAMessage,
            &[
                (Ended, ASK),
                (Hears(&[("pause", Sure::Accept)]), Say(NOT_UNDERSTOOD)),
            ],
        ),
        (
            "a message that ends while somebody speaks is followed by the answer",
            OverAMessage,
            &[
                (Speaks, Wait),
                (Ended, Wait),
                (Hears(&[("delete", Sure::Accept)]), Chosen("delete")),
            ],
        ),
    ];
    for (name, asked, happenings) in rows {
        let mut now = Instant::from(tokio::time::Instant::now());
        let mut turn = Turn::new(open(), Patience::default(), 0)
            .confirmed_by("1".parse().ok(), "2".parse().ok());
        match asked {
            Plainly => {}
            OverAMessage => turn = turn.while_playing(),
            Once => turn = turn.persisting(Persistence::Once),
            DuringAGreeting => {
                turn = turn.while_playing().persisting(Persistence::WhilePlaying);
            }
        }
        let begun = turn.begin();
        let expected = match asked {
            Plainly | Once => ASK,
            _ => Wait,
        };
        assert_eq!(begun, expected, "{name}");
        for (number, (happens, expected)) in happenings.iter().enumerate() {
            let step = match (happens, event(happens)) {
                (_, Some(event)) => {
                    now += Duration::from_millis(10);
                    turn.on(now, &event)
                }
                (Later(ms), None) => {
                    let deadline = turn.deadline();
                    let deadline = deadline.unwrap_or_else(|| panic!("{name}, {number}: forever"));
                    let wait = deadline - now;
                    let bound = Duration::from_millis(*ms);
                    assert!(wait <= bound, "{name}, {number}: {wait:?}");
                    assert!(
                        wait + Duration::from_millis(50) > bound,
                        "{name}, {number}: {wait:?}"
                    );
                    now = deadline;
                    turn.on_deadline(now)
                }
                (Quiet(ms), None) => {
                    now += Duration::from_millis(*ms);
                    Wait
                }
                _ => unreachable!(),
            };
            assert_eq!(step, *expected, "{name}, number {number}");
        }
    }
}

#[test]
fn keys_behind_the_answer_are_left_for_the_next_question() {
    let now = Instant::from(tokio::time::Instant::now());
    let mut turn =
        Turn::new(open(), Patience::default(), 0).confirmed_by("1".parse().ok(), "2".parse().ok());
    turn.on(now, &LineEvent::Key(Key::new('1').unwrap()));
    let step = turn.on(now, &LineEvent::Key(Key::new('7').unwrap()));
    assert_eq!(step, Chosen("replay"));
    assert_eq!((turn.taken(), turn.unread()), (1, 1));
}

mod properties {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn some_key() -> impl Strategy<Value = char> {
        prop::sample::select("0123456789*#".chars().collect::<Vec<_>>())
    }

    fn some_menu() -> impl Strategy<Value = Vec<KeySequence>> {
        let few = prop::sample::select(vec!['1', '2', '0', '#']);
        prop::collection::btree_set(prop::collection::vec(few, 1..=4), 1..12).prop_map(
            |sequences: BTreeSet<Vec<char>>| {
                sequences
                    .into_iter()
                    .filter_map(|keys| keys.iter().collect::<String>().parse().ok())
                    .collect()
            },
        )
    }

    fn turn_of(menu: &[KeySequence]) -> Turn<usize> {
        let choices = menu
            .iter()
            .enumerate()
            .map(|(index, keys)| OpenChoice {
                name: "",
                request: Request::Answer(index),
                keys: Some(*keys),
                when: When::Always,
                steers: false,
            })
            .collect();
        let patience = Patience {
            failures_max: 200,
            ..Patience::default()
        };
        Turn::new(choices, patience, 0)
    }

    /// Within this a wrong key belongs to the one before it.
    const MISTAKE: Duration = Duration::from_secs(1);

    proptest! {
        /// Whatever is pressed at whatever speed: an answer is a sequence of the menu, it is what
        /// was pressed last before the keys left over, and all keys are accounted for.
        #[test]
        fn an_answer_is_always_what_was_pressed(
            menu in some_menu(),
            presses in prop::collection::vec((some_key(), 0u64..2_000), 1..40),
        ) {
            let mut now = Instant::from(tokio::time::Instant::now());
            let mut turn = turn_of(&menu);
            let mut typed: Vec<Key> = Vec::new();
            let mut refused = None;
            for (character, gap_ms) in presses {
                let next = now + Duration::from_millis(gap_ms);
                let mut step = Step::Wait;
                if let Some(deadline) = turn.deadline() && deadline <= next {
                    step = turn.on_deadline(deadline);
                }
                now = next;
                let key = Key::new(character).unwrap();
                if !matches!(step, Step::Chosen(_)) {
                    if matches!(step, Step::Say(_)) {
                        typed.clear();
                        refused = None;
                    }
                    typed.push(key);
                    step = turn.on(now, &LineEvent::Key(key));
                }
                match step {
                    Step::Chosen(index) => {
                        let used = typed.len() - turn.unread();
                        prop_assert_eq!(&typed[..used], menu[index].keys());
                        return Ok(());
                    }
                    Step::Say(_) => {
                        refused = (typed.len() == 1).then(|| (typed[0], now + MISTAKE));
                        typed.clear();
                    }
                    Step::GaveUp(_) => prop_assert!(false, "gave up too early"),
                    // Wrong keys in a row without a pause are one wrong input.
                    Step::Wait if refused.take().is_some_and(|(wrong, until)| {
                        let begins = menu.iter().any(|keys| keys.starts_with(&typed));
                        now <= until && typed.len() == 1 && (typed[0] == wrong || !begins)
                    }) => {
                        refused = Some((typed[0], now + MISTAKE));
                        typed.clear();
                    }
                    Step::Wait | Step::StopTalking => {
                        prop_assert!(turn.deadline().is_some());
                        prop_assert!(menu.iter().any(|keys| keys.starts_with(&typed)));
                    }
                }
            }
        }

        /// A sequence pressed without a pause is that choice, however many others begin alike.
        #[test]
        fn a_sequence_pressed_quickly_is_that_choice(menu in some_menu(), which in 0usize..12) {
            let which = which % menu.len();
            let now = Instant::from(tokio::time::Instant::now());
            let mut turn = turn_of(&menu);
            let mut answer = None;
            for key in menu[which].keys() {
                if let Step::Chosen(index) = turn.on(now, &LineEvent::Key(*key)) {
                    answer = Some(index);
                }
            }
            if answer.is_none() {
                let deadline = turn.deadline().unwrap();
                if let Step::Chosen(index) = turn.on_deadline(deadline) {
                    answer = Some(index);
                }
            }
            prop_assert_eq!(answer, Some(which));
        }
    }
}

mod digits {
    use super::*;

    /// What is typed (`.` is a second of silence, `|` the end of our words), and what comes of it.
    fn entered(rules: DigitRules, typed: &str) -> (Option<Step<Entered>>, String) {
        let mut now = Instant::from(tokio::time::Instant::now());
        let mut entry = DigitEntry::new(rules, Patience::default(), 0);
        assert_eq!(entry.begin(), Step::Say(OPTIONS));
        for character in typed.chars() {
            let mut steps = Vec::new();
            match character {
                '.' => {
                    now += Duration::from_millis(1_001);
                    if let Some(deadline) = entry.deadline()
                        && deadline <= now
                    {
                        steps.push(entry.on_deadline(deadline));
                    }
                }
                '|' => steps.push(entry.on(now, &LineEvent::PlayEnded(PlayId(1)))),
                key => steps.push(entry.on(now, &LineEvent::Key(Key::new(key).unwrap()))),
            }
            for step in steps {
                if matches!(step, Step::Chosen(_) | Step::GaveUp(_)) {
                    return (Some(step), entry.into_digits().expose().to_owned());
                }
            }
        }
        (None, entry.into_digits().expose().to_owned())
    }

    #[test]
    fn digits_end_by_count_pound_or_time() {
        const PLAIN: DigitRules = DigitRules {
            longest: 6,
            complete_at: Some(4),
            lone_keys: &[],
            at_once: &[],
        };
        const LONE: DigitRules = DigitRules {
            longest: 24,
            complete_at: None,
            lone_keys: &[Key::STAR, Key::POUND, Key::digit(0).unwrap()],
            at_once: &["00"],
        };
        let by_count = Some(Step::Chosen(Entered::Digits { by_count: true }));
        let ended = Some(Step::Chosen(Entered::Digits { by_count: false }));
        let lone = |key| Some(Step::Chosen(Entered::Lone(Key::new(key).unwrap())));
        for (rules, typed, step, digits) in [
            (PLAIN, "1042", by_count, "1042"),
            (PLAIN, "10#", ended, "10"),
            (PLAIN, "10...", ended, "10"),
            (PLAIN, "10..4...", ended, "104"),
            (PLAIN, "10..", None, "10"),
            (LONE, "147258#", ended, "147258"),
            (LONE, "#", lone('#'), ""),
            (LONE, "*", lone('*'), ""),
            (LONE, "0#", lone('0'), "0"),
            (LONE, "0...", lone('0'), "0"),
            (LONE, "01#", ended, "01"),
            (LONE, "00", ended, "00"),
            (LONE, "100#", ended, "100"),
            (LONE, "12*", None, ""),
            (LONE, "12*34#", ended, "34"),
            (PLAIN, "#*#", Some(Step::GaveUp(Why::InvalidInput)), ""),
            (
                PLAIN,
                "|.....|.....|.....",
                Some(Step::GaveUp(Why::Silence)),
                "",
            ),
            (PLAIN, "|.....|....1042", by_count, "1042"),
        ] {
            assert_eq!(
                entered(rules, typed),
                (step, digits.to_owned()),
                "{typed} under {rules:?}"
            );
        }
    }

    #[test]
    fn the_first_digit_silences_the_question() {
        let now = Instant::from(tokio::time::Instant::now());
        let rules = DigitRules {
            longest: 24,
            complete_at: None,
            lone_keys: &[],
            at_once: &[],
        };
        let mut entry = DigitEntry::new(rules, Patience::default(), 0);
        entry.begin();
        let one = LineEvent::Key(Key::new('1').unwrap());
        assert_eq!(entry.on(now, &one), Step::StopTalking);
        assert_eq!(entry.on(now, &one), Step::Wait);
    }

    #[test]
    fn secret_digits_are_never_printed() {
        let mut entry = DigitEntry::new(
            DigitRules {
                longest: 24,
                complete_at: None,
                lone_keys: &[],
                at_once: &[],
            },
            Patience::default(),
            0,
        );
        let now = Instant::from(tokio::time::Instant::now());
        for key in "482915".chars() {
            entry.on(now, &LineEvent::Key(Key::new(key).unwrap()));
        }
        let printed = format!("{entry:?}");
        assert!(!printed.contains("482915"), "{printed}");
    }
}
