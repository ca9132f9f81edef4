//! The caller's side of the line, against a far end that does what each test says.

use std::sync::{Mutex, OnceLock};

use super::*;
use crate::line::{
    FarEnd, RecordingLimits, Segment, Sound, TakeEnd, Tape, TapeId, TapeWriter, line,
};
use crate::transcript::Event;
use crate::transcript::Witness;
use crate::turn::menu::{Menu, always, more, while_playing};

mod reading;

/// What plays takes so long.
const PLAYING: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Deed {
    Play,
    Pause,
    Delete,
    Next,
}

static DEEDS: Menu<Deed> = Menu::new(
    "voice-message",
    &[
        always("next", Deed::Next),
        always("delete", Deed::Delete),
        while_playing("pause", Deed::Pause),
        more("replay", Deed::Play),
    ],
);

fn language() -> Arc<Language> {
    static LANGUAGE: OnceLock<Arc<Language>> = OnceLock::new();
    LANGUAGE
        .get_or_init(|| Arc::new(Language::embedded().unwrap()))
        .clone()
}

#[derive(Default)]
struct Written(Mutex<Vec<String>>);

impl Witness for Written {
    fn note(&self, _call: &str, event: Event) {
        let text = serde_json::to_string(&event).unwrap();
        self.0.lock().unwrap().push(text);
    }
}

impl Written {
    fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

fn caller() -> (Caller, FarEnd, Arc<Written>) {
    let (near, far) = line();
    let written = Arc::new(Written::default());
    let transcript = Transcript::new("call", Arc::new([written.clone() as Arc<dyn Witness>]));
    let caller = Caller::new(
        near,
        language(),
        Locale::default(),
        transcript,
        Patience::default(),
    );
    (caller, far, written)
}

/// A far end that plays, and presses these keys at these milliseconds; `H` hangs up. Gives the
/// commands it got.
async fn far_end(far: FarEnd, presses: &[(u64, char)]) -> Vec<String> {
    let FarEnd {
        mut commands,
        events,
    } = far;
    let began = now();
    let mut presses = presses.iter();
    let mut next_press = presses.next();
    let mut playing: Option<(PlayId, Instant)> = None;
    // Segments take equal shares of the time; these have not begun.
    let mut beginnings: VecDeque<(usize, Instant)> = VecDeque::new();
    let mut recording: Option<Tape> = None;
    let mut got = Vec::new();
    loop {
        let press_at = next_press.map(|(ms, _)| began + Duration::from_millis(*ms));
        let ends_at = playing.map(|(_, at)| at);
        let begins_at = beginnings
            .front()
            .map(|(_, at)| *at)
            .filter(|_| playing.is_some());
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None => return got,
                Some(LineCommand::Play(id, segments)) => {
                    let words: Vec<&str> = segments.iter().map(|segment| match segment {
                        Segment::Words(utterance) => utterance.prompt.0,
                        Segment::Beep => "beep",
                        _ => "sound",
                    }).collect();
                    got.push(format!("play {}", words.join(" ")));
                    playing = Some((id, now() + PLAYING));
                    let share = PLAYING / segments.len().max(1) as u32;
                    beginnings = (0..segments.len())
                        .map(|segment| (segment, now() + share * segment as u32))
                        .collect();
                }
                Some(LineCommand::StopPlaying) => {
                    got.push("stop".to_owned());
                    playing = None;
                }
                Some(LineCommand::Record(tape, _)) => {
                    got.push("record".to_owned());
                    recording = Some(tape);
                }
                Some(LineCommand::StopRecording) => {
                    got.push("stop recording".to_owned());
                    if let Some(tape) = recording.take() {
                        let take = crate::line::Take {
                            tape: tape.id.clone(),
                            keep_samples: 16_000,
                            voiced: Duration::from_secs(2),
                            end: TakeEnd::Stopped,
                        };
                        let _ = events.send(LineEvent::RecordEnded(Box::new(take))).await;
                    }
                }
                Some(LineCommand::HangUp) => {
                    got.push("hang up".to_owned());
                    let _ = events.send(LineEvent::HungUp(HangUpCause::Ringback)).await;
                    return got;
                }
                Some(other) => got.push(format!("{other:?}")),
            },
            () = sleep_until(begins_at), if begins_at.is_some() => {
                if let (Some((segment, _)), Some((id, _))) = (beginnings.pop_front(), playing) {
                    let _ = events.send(LineEvent::Began(id, segment)).await;
                }
            }
            () = sleep_until(press_at), if press_at.is_some() => {
                let Some((_, key)) = next_press else { continue };
                next_press = presses.next();
                match Key::new(*key) {
                    Some(key) => { let _ = events.send(LineEvent::Key(key)).await; }
                    None => {
                        let _ = events.send(LineEvent::HungUp(HangUpCause::Caller)).await;
                        return got;
                    }
                }
            }
            () = sleep_until(ends_at), if ends_at.is_some() => {
                if let Some((id, _)) = playing.take() {
                    let _ = events.send(LineEvent::PlayEnded(id)).await;
                }
            }
        }
    }
}

/// Runs `talk` with a caller against a far end that presses these keys.
async fn against<T>(
    presses: &[(u64, char)],
    talk: impl AsyncFnOnce(&mut Caller) -> T,
) -> (T, Vec<String>, String) {
    let (mut caller, far, written) = caller();
    let conversation = async {
        let result = talk(&mut caller).await;
        drop(caller);
        result
    };
    let (result, commands) = tokio::join!(conversation, far_end(far, presses));
    (result, commands, written.all())
}

const WELCOME: PromptName = PromptName("goodbye");

#[tokio::test(start_paused = true)]
async fn the_first_key_stops_the_words_and_answers_the_next_question() {
    let (choice, commands, _) = against(&[(500, '7')], async |caller: &mut Caller| {
        caller.say(WELCOME).await?;
        caller.say(WELCOME).await?;
        caller.choose(&DEEDS).await
    })
    .await;
    assert_eq!(choice, Ok(Deed::Delete));
    assert_eq!(commands, ["play goodbye", "stop"], "nothing else is said");
}

#[tokio::test(start_paused = true)]
async fn keys_pressed_before_a_hang_up_still_count() {
    let presses = [(500, '7'), (600, '#'), (700, 'H')];
    let (result, ..) = against(&presses, async |caller: &mut Caller| {
        caller.say(WELCOME).await?;
        tokio::time::sleep(Duration::from_secs(2)).await;
        let first = caller.choose(&DEEDS).await?;
        caller.say(WELCOME).await?;
        let second = caller.choose(&DEEDS).await?;
        let third = caller.choose(&DEEDS).await;
        Ok::<_, Leave>((first, second, third, caller.has_hung_up()))
    })
    .await;
    let expected = (Deed::Delete, Deed::Next, Err(Leave::HungUp), true);
    assert_eq!(result, Ok(expected));
}

#[tokio::test(start_paused = true)]
async fn what_a_key_or_a_hang_up_cuts_off_is_not_in_the_transcript() {
    let message = Arc::new(Sound::new([1; 8_000]));
    let said = |presses: &'static [(u64, char)]| {
        let saying = Saying::new(WELCOME)
            .then(FAULT_APOLOGY)
            .play("message", message.clone())
            .then(CALL_TOO_LONG);
        async move {
            let (_, _, written) = against(presses, async |caller: &mut Caller| {
                caller.say(saying).await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
                caller.say(NO_ANSWER_GOODBYE).await
            })
            .await;
            let names = [
                WELCOME.0,
                FAULT_APOLOGY.0,
                r#""what":"message""#,
                CALL_TOO_LONG.0,
                NO_ANSWER_GOODBYE.0,
            ];
            let at: Vec<Option<usize>> = names.iter().map(|name| written.find(name)).collect();
            assert!(at.iter().flatten().is_sorted(), "{written}");
            let count = at.iter().flatten().count();
            assert!(at[..count].iter().all(Option::is_some), "{written}");
            count
        }
    };
    // The first three begin at 0, 2.5 and 5 seconds, whatever the number of their sentences.
    assert_eq!(said(&[]).await, 5);
    assert_eq!(said(&[(100, '7')]).await, 1);
    assert_eq!(said(&[(100, 'H')]).await, 1);
    assert_eq!(said(&[(9_900, 'H')]).await, 4);
    let in_between = said(&[(4_000, '7')]).await;
    assert!((2..4).contains(&in_between), "{in_between}");
}

#[tokio::test(start_paused = true)]
async fn words_that_must_be_heard_are_not_stopped_by_keys() {
    let presses = [(500, '7'), (900, '#')];
    let (result, commands, written) = against(&presses, async |caller: &mut Caller| {
        caller.say_all(WELCOME).await
    })
    .await;
    assert_eq!(result, Ok(()));
    assert_eq!(commands, ["play goodbye"]);
    assert!(
        written.contains(r#"{"event":"unused-keys","count":2}"#),
        "{written}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_tone_is_heard_even_when_the_words_before_it_are_cut() {
    let (_, commands, _) = against(&[(500, '#')], async |caller: &mut Caller| {
        caller.say(Saying::new(WELCOME).beep()).await
    })
    .await;
    assert_eq!(commands, ["play goodbye beep", "stop", "play beep"]);
}

#[tokio::test(start_paused = true)]
async fn steering_leaves_a_message_playing_and_other_choices_stop_it() {
    let presses = [(500, '2'), (900, '7')];
    let (result, commands, _) = against(&presses, async |caller: &mut Caller| {
        let sound = Arc::new(Sound::new(vec![1; 8_000]));
        caller
            .start(Saying::nothing().play("message", sound))
            .await?;
        let first = caller.choose(&DEEDS).await?;
        caller.pause_or_resume().await?;
        Ok::<_, Leave>((first, caller.choose(&DEEDS).await?))
    })
    .await;
    assert_eq!(result, Ok((Deed::Pause, Deed::Delete)));
    assert_eq!(commands, ["play sound", "PauseOrResume", "stop"]);
}

#[tokio::test(start_paused = true)]
async fn options_are_read_in_order_and_the_rest_after_00() {
    let presses = [(12_000, '0'), (12_100, '0'), (13_000, '7')];
    let (result, commands, _) = against(&presses, async |caller: &mut Caller| {
        let open = DEEDS.open().introduced_by(WELCOME).without(Deed::Next);
        caller.choose(open).await
    })
    .await;
    assert_eq!(result, Ok(Deed::Delete));
    assert_eq!(
        commands,
        [
            "play goodbye voice-message-delete everywhere-more",
            "play voice-message-replay everywhere-main-menu everywhere-repeat",
            "stop"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_left_out_of_a_menu_is_not_understood() {
    let (result, commands, written) =
        against(&[(500, '7'), (900, '#')], async |caller: &mut Caller| {
            caller.choose(DEEDS.open().without(Deed::Delete)).await
        })
        .await;
    assert_eq!(result, Ok(Deed::Next));
    // The options were not heard to their end, so they follow.
    assert_eq!(
        commands[1],
        "play not-a-choice voice-message-next everywhere-more"
    );
    assert!(!written.contains(r#""key":"7""#), "{written}");
}

#[tokio::test(start_paused = true)]
async fn giving_up_says_goodbye() {
    let (result, commands, _) =
        against(&[], async |caller: &mut Caller| caller.choose(&DEEDS).await).await;
    assert_eq!(result, Err(Leave::Goodbye));
    assert_eq!(commands.len(), 4, "asked three times: {commands:?}");
    assert_eq!(commands[3], "play no-answer-goodbye");
}

#[tokio::test(start_paused = true)]
async fn a_pin_is_never_written_down_not_even_typed_ahead() {
    let presses: Vec<(u64, char)> = (100..).step_by(100).zip("482915#739164#".chars()).collect();
    let (result, _, written) = against(&presses, async |caller: &mut Caller| {
        caller.say(WELCOME).await?;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let pin = caller.ask_pin(Saying::new(WELCOME), true, true).await?;
        let PinEntry::Digits(pin) = pin else {
            panic!("{pin:?}");
        };
        Ok::<_, Leave>(pin.expose().to_owned())
    })
    .await;
    assert_eq!(result, Ok("482915".to_owned()));
    for digit in "0123456789#".chars() {
        assert!(
            !written.contains(&format!(r#""key":"{digit}""#)),
            "{written}"
        );
    }
    assert_eq!(written.matches(r#""key":"secret""#).count(), 7);
    // The second PIN answered nothing.
    assert!(
        written.contains(r#"{"event":"unused-keys","count":7}"#),
        "{written}"
    );
}

#[tokio::test(start_paused = true)]
async fn pound_behind_a_complete_extension_belongs_to_it() {
    for gap in [100, 900] {
        let keys = "1042#147258#".chars();
        let presses: Vec<(u64, char)> = (gap..).step_by(gap as usize).zip(keys).collect();
        let (result, ..) = against(&presses, async |caller: &mut Caller| {
            let extension = caller
                .ask_digits(AskDigits {
                    prompt: Saying::new(WELCOME),
                    longest: 4,
                    complete_at: Some(4),
                    lone_keys: &[Key::POUND],
                })
                .await?;
            let pin = caller.ask_pin(Saying::new(WELCOME), true, true).await?;
            let PinEntry::Digits(pin) = pin else {
                panic!("{pin:?} after {gap} ms");
            };
            Ok::<_, Leave>((extension, pin.expose().to_owned()))
        })
        .await;
        let expected = (Digits::Entered("1042".to_owned()), "147258".to_owned());
        assert_eq!(result, Ok(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn digits_answer_a_key_alone_too() {
    let (result, ..) = against(&[(500, '#')], async |caller: &mut Caller| {
        caller
            .ask_digits(AskDigits {
                prompt: Saying::new(WELCOME),
                longest: 4,
                complete_at: Some(4),
                lone_keys: &[Key::POUND],
            })
            .await
    })
    .await;
    assert_eq!(result, Ok(Digits::Lone(Key::POUND)));
}

struct Nowhere;

impl TapeWriter for Nowhere {
    fn write(&mut self, _samples: &[i16]) {}
}

fn tape() -> Tape {
    Tape {
        id: TapeId("tape".into()),
        writer: Box::new(Nowhere),
    }
}

const LIMITS: RecordingLimits = RecordingLimits {
    longest: Duration::from_secs(60),
    idle: Duration::from_secs(5),
    warn_before_end: Duration::from_secs(90),
};

#[tokio::test(start_paused = true)]
async fn only_pound_ends_a_recording() {
    let presses = [(500, '5'), (900, '*'), (2_000, '#')];
    let (take, commands, written) = against(&presses, async |caller: &mut Caller| {
        caller.record(tape(), LIMITS).await
    })
    .await;
    assert_eq!(take.unwrap().end, TakeEnd::Stopped);
    assert_eq!(commands, ["record", "stop recording"]);
    assert!(
        written.contains(r#"{"event":"unused-keys","count":2}"#),
        "{written}"
    );
    assert!(
        written.contains(r#"{"event":"records","seconds":2.0}"#),
        "{written}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_recorder_that_goes_away_leaves_what_was_written() {
    let (mut caller, far, _) = caller();
    let FarEnd {
        mut commands,
        events,
    } = far;
    let far_end = async move {
        if let Some(LineCommand::Record(mut tape, _)) = commands.recv().await {
            tape.writer.write(&[1; 24_000]);
        }
        drop(events);
    };
    let (take, ()) = tokio::join!(caller.record(tape(), LIMITS), far_end);
    let take = take.unwrap();
    assert_eq!((take.keep_samples, take.end), (24_000, TakeEnd::HungUp));
    assert_eq!(caller.say(WELCOME).await, Err(Leave::HungUp));
}

#[tokio::test(start_paused = true)]
async fn the_longest_call_ends_with_words() {
    let (result, commands, _) = against(&[], async |caller: &mut Caller| {
        caller.set_longest_call(Duration::from_secs(12), Duration::ZERO);
        let first = caller.choose(&DEEDS).await;
        let second = caller.say(WELCOME).await;
        (first, second, caller.hang_up().await)
    })
    .await;
    let gone = Err(Leave::HungUp);
    assert_eq!(result, (Err(Leave::HungUp), gone, HangUpCause::CallTooLong));
    assert_eq!(
        commands.last().map(String::as_str),
        Some("play call-too-long")
    );
}

#[tokio::test(start_paused = true)]
async fn a_far_end_that_says_nothing_does_not_hold_a_call() {
    let (mut caller, far, _) = caller();
    // It takes commands and never answers.
    let began = now();
    assert_eq!(caller.say(WELCOME).await, Ok(()));
    assert_eq!(caller.choose(&DEEDS).await, Err(Leave::Goodbye));
    assert!(now() - began < Duration::from_secs(600));
    drop(far);
    assert_eq!(caller.say(WELCOME).await, Err(Leave::HungUp));
}

#[tokio::test(start_paused = true)]
async fn a_far_end_that_takes_nothing_ends_the_call() {
    let (mut caller, far, _) = caller();
    let mut left = 1_000;
    // Two commands each, until the queue is full.
    while caller.set_pace(Pace::NORMAL).await == Ok(()) && !caller.has_hung_up() {
        left -= 1;
        assert!(left > 0, "it waits for ever");
    }
    assert_eq!(caller.say(WELCOME).await, Err(Leave::HungUp));
    drop(far);
}

#[tokio::test(start_paused = true)]
async fn two_full_queues_do_not_hold_each_other() {
    let (mut caller, far, _) = caller();
    let FarEnd {
        mut commands,
        events,
    } = far;
    let far_end = async move {
        // First it only talks, more than the queue holds, and then it listens.
        for _ in 0..150 {
            let key = Key::new('5').unwrap();
            events.send(LineEvent::Key(key)).await.unwrap();
        }
        let mut got = 0;
        while commands.recv().await.is_some() {
            got += 1;
        }
        got
    };
    let conversation = async move {
        for _ in 0..100 {
            caller.set_pace(Pace::NORMAL).await.unwrap();
        }
        let gone = caller.has_hung_up();
        drop(caller);
        gone
    };
    let (gone, got) = tokio::join!(conversation, far_end);
    assert!(!gone);
    assert_eq!(got, 100);
}

#[tokio::test(start_paused = true)]
async fn hanging_up_waits_for_the_last_words() {
    let (cause, commands, written) = against(&[(100, '5')], async |caller: &mut Caller| {
        let leave = caller.farewell(WELCOME).await;
        assert_eq!(leave, Leave::Goodbye);
        caller.hang_up().await
    })
    .await;
    assert_eq!(cause, HangUpCause::Ringback);
    assert_eq!(commands, ["play goodbye", "hang up"]);
    assert!(
        written.contains(r#"{"event":"unused-keys","count":1}"#),
        "{written}"
    );
}

#[tokio::test(start_paused = true)]
async fn questions_have_a_limit() {
    let (mut caller, far, _) = caller();
    caller.set_patience(Patience {
        questions_per_call_max: 3,
        ..Patience::default()
    });
    let conversation = async move {
        let mut answers = Vec::new();
        loop {
            match caller.choose_or_nothing(&DEEDS).await {
                Ok(answer) => answers.push(answer),
                Err(leave) => return (answers.len(), leave),
            }
        }
    };
    let (result, _) = tokio::join!(conversation, far_end(far, &[]));
    assert_eq!(result, (3, Leave::Goodbye));
}
