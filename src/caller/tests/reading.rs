//! Long text is given to the line as it is heard.

use super::*;
use crate::caller::Reading;

const TEXT: PromptName = PromptName("email-text");

/// A far end that plays a sentence in a second, until told to stop or the line is dropped. Gives the
/// sentences that sounded, and how many the line ever had that had not sounded yet.
async fn reader(far: FarEnd, presses: &[(u64, char)]) -> (Vec<String>, usize) {
    let FarEnd {
        mut commands,
        events,
    } = far;
    let began = now();
    let mut presses = presses.iter();
    let mut next_press = presses.next();
    let mut playing = PlayId(0);
    let mut segments: VecDeque<Segment> = VecDeque::new();
    let mut number = 0;
    let mut due = None;
    let (mut heard, mut most) = (Vec::new(), 0);
    loop {
        most = most.max(segments.len());
        let press_at = next_press.map(|(ms, _)| began + Duration::from_millis(*ms));
        tokio::select! {
            biased;
            command = commands.recv() => match command {
                None => return (heard, most),
                Some(LineCommand::Play(id, new)) => {
                    (playing, segments, number) = (id, new.into(), 0);
                    due = Some(now());
                }
                Some(LineCommand::Continue(id, new)) if id == playing => {
                    assert!(matches!(segments.pop_back(), Some(Segment::ToBeContinued)));
                    if segments.is_empty() {
                        due = Some(now());
                    }
                    segments.extend(new);
                }
                Some(LineCommand::Skip(Skip::ToEnd)) => {
                    segments.clear();
                    due = Some(now());
                }
                Some(LineCommand::StopPlaying) => {
                    segments.clear();
                    due = None;
                }
                Some(_) => {}
            },
            () = sleep_until(press_at), if press_at.is_some() => {
                if let Some((_, key)) = next_press {
                    let event = match key {
                        'H' => LineEvent::HungUp(HangUpCause::Caller),
                        key => LineEvent::Key(Key::new(*key).unwrap()),
                    };
                    let _ = events.send(event).await;
                }
                next_press = presses.next();
            },
            () = sleep_until(due), if due.is_some() => {
                let event = match segments.front() {
                    Some(Segment::ToBeContinued) => {
                        due = None;
                        continue;
                    }
                    Some(_) => LineEvent::Began(playing, number),
                    None => LineEvent::PlayEnded(playing),
                };
                due = segments.front().map(|_| now() + Duration::from_secs(1));
                if let Some(Segment::Words(utterance)) = segments.pop_front() {
                    heard.push(utterance.text);
                }
                number += 1;
                let _ = events.send(event).await;
            },
        }
    }
}

fn letter(sentences: usize) -> Reading {
    let text: String = (0..sentences)
        .map(|number| format!("here is sentence number {number} of a letter\n"))
        .collect();
    Reading::new(TEXT, text, Locale::default())
}

fn heard_numbers(heard: &[String]) -> Vec<usize> {
    let number = |text: &String| text.split(' ').nth(4).and_then(|word| word.parse().ok());
    heard.iter().filter_map(number).collect()
}

#[tokio::test(start_paused = true)]
async fn a_text_is_read_to_its_end_and_never_far_ahead() {
    let (mut caller, far, written) = caller();
    let ((heard, most), ()) = tokio::join!(reader(far, &[]), async move {
        let saying = Saying::new(PromptName("end-of-message")).read(letter(500));
        let saying = saying.then(PromptName("goodbye"));
        caller.start(saying).await.unwrap();
        assert!(caller.played_share() < 0.01);
        let nothing = caller.choose_while_playing(&DEEDS).await.unwrap();
        assert_eq!(nothing, None);
        let share = caller.played_share();
        assert!(share > 0.99, "{share}");
    });
    assert_eq!(heard_numbers(&heard), (0..500).collect::<Vec<_>>());
    assert_eq!(heard.last().unwrap(), "Goodbye.");
    assert!(most <= 12, "{most} sentences waited");
    let written = written.all();
    assert_eq!(written.matches("email-text").count(), 500);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_is_left_stops_where_it_is() {
    let (mut caller, far, written) = caller();
    let ((heard, _), ()) = tokio::join!(reader(far, &[(3_500, '7')]), async move {
        let saying = Saying::nothing().read(letter(10));
        caller.start(saying).await.unwrap();
        assert_eq!(caller.choose(&DEEDS).await.unwrap(), Deed::Delete);
        let share = caller.played_share();
        assert!((0.29..0.31).contains(&share), "{share}");
    });
    assert_eq!(heard_numbers(&heard), [0, 1, 2, 3]);
    assert_eq!(written.all().matches("email-text").count(), 4);
}

#[tokio::test(start_paused = true)]
async fn words_in_between_end_where_the_text_goes_on() {
    let (mut caller, far, _) = caller();
    let ((heard, _), ()) = tokio::join!(reader(far, &[(2_500, '2'), (8_500, '2')]), async move {
        let saying = Saying::new(PromptName("end-of-message")).read(letter(6));
        caller.start(saying).await.unwrap();
        for _ in 0..2 {
            assert_eq!(caller.choose(&DEEDS).await.unwrap(), Deed::Pause);
            caller.interject(PromptName("fastest")).await.unwrap();
        }
        let over = caller.choose_while_playing(&DEEDS).await.unwrap();
        assert_eq!(over, None);
        let share = caller.played_share();
        assert!(share > 0.99, "{share}");
    });
    // Cut off in the second sentence, and again after it and three others.
    assert_eq!(heard_numbers(&heard), [0, 1, 1, 2, 3, 4, 5, 5]);
}

#[tokio::test(start_paused = true)]
async fn who_jumps_to_the_end_has_not_heard_it() {
    let (mut caller, far, _) = caller();
    let ((heard, _), ()) = tokio::join!(reader(far, &[(2_500, '2')]), async move {
        caller
            .start(Saying::nothing().read(letter(100)))
            .await
            .unwrap();
        assert_eq!(caller.choose(&DEEDS).await.unwrap(), Deed::Pause);
        caller.skip(Skip::ToEnd).await.unwrap();
        assert_eq!(caller.choose_while_playing(&DEEDS).await.unwrap(), None);
        assert!(caller.played_share() < 0.05);
    });
    assert_eq!(heard_numbers(&heard), [0, 1, 2]);
}
