//! A conversation at one end, a telephone and a voice at the others, and nothing but their words between.

use std::io::Write;
use std::sync::Mutex;

use super::*;
use crate::line::{
    HangUpCause, Keep, Key, Line, Locale, PromptName, Sound, SoundSlot, Utterance, line,
};

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// All that stands around what is tested.
struct Around {
    conversation: Line,
    telephone: FarEnd,
    wishes: mpsc::Receiver<Wish>,
    tell: mpsc::Sender<Told>,
    paper: Paper,
}

fn around() -> Around {
    let (conversation, far) = line();
    let (wish, wishes) = mpsc::channel(64);
    let (tell, told) = mpsc::channel(64);
    let voice = DesktopVoice { wishes: wish, told };
    let paper = Paper::default();
    let screen = Arc::new(Screen::new(paper.clone()));
    let (telephone, task) = along(voice, far, screen);
    tokio::spawn(task);
    Around {
        conversation,
        telephone,
        wishes,
        tell,
        paper,
    }
}

impl Around {
    async fn asks(&self, command: LineCommand) {
        self.conversation.commands.send(command).await.unwrap();
    }

    async fn plays(&self, id: u64, segments: Vec<Segment>) {
        self.asks(LineCommand::Play(PlayId(id), segments)).await;
    }

    /// What the telephone is asked next.
    async fn to_telephone(&mut self) -> LineCommand {
        self.telephone.commands.recv().await.unwrap()
    }

    /// What the telephone is asked to play, as kinds of segments.
    async fn telephone_plays(&mut self) -> (PlayId, String) {
        match self.to_telephone().await {
            LineCommand::Play(id, segments) => (id, kinds(&segments)),
            other => panic!("{other:?}"),
        }
    }

    /// The sentences that the voice is asked for next, with the number of the first one.
    async fn voice_says(&mut self, sentences: &[&str]) -> u64 {
        let mut first = None;
        for sentence in sentences {
            match self.wishes.recv().await.unwrap() {
                Wish::Say(number, utterance) => {
                    assert_eq!(utterance.text, *sentence);
                    first.get_or_insert(number);
                }
                other @ Wish::Stop => panic!("{other:?} before {sentence}"),
            }
        }
        first.unwrap()
    }

    async fn tells(&self, told: Told) {
        self.tell.send(told).await.unwrap();
    }

    async fn telephone_tells(&self, event: LineEvent) {
        self.telephone.events.send(event).await.unwrap();
    }

    /// What the conversation learns next.
    async fn learns(&mut self) -> LineEvent {
        self.conversation.events.recv().await.unwrap()
    }
}

fn words(text: &str) -> Segment {
    Segment::Words(Utterance {
        prompt: PromptName("spoken"),
        text: text.to_owned(),
        locale: Locale::new("en-US"),
        has_variables: false,
        keep: Keep::Cached,
    })
}

fn sound() -> Segment {
    Segment::Sound(SoundSlot::ready(Arc::new(Sound::new([0; 8_000]))))
}

fn kinds(segments: &[Segment]) -> String {
    segments
        .iter()
        .map(|segment| match segment {
            Segment::Words(_) => 'w',
            Segment::Sound(_) => 's',
            Segment::Beep => 'b',
            Segment::Silence(_) => '-',
            Segment::ToBeContinued => '…',
        })
        .collect()
}

fn began(id: u64, segment: usize) -> LineEvent {
    LineEvent::Began(PlayId(id), segment)
}

fn ended(id: u64) -> LineEvent {
    LineEvent::PlayEnded(PlayId(id))
}

#[tokio::test(start_paused = true)]
async fn words_go_to_the_voice_and_sound_to_the_telephone_in_their_order() {
    let mut here = around();
    let all = vec![
        words("From Bob."),
        words("At nine."),
        sound(),
        words("End."),
    ];
    here.plays(7, all).await;
    // The telephone knows that something is said, and plays nothing.
    assert_eq!(here.telephone_plays().await, (PlayId(1), "…".to_owned()));
    let first = here.voice_says(&["From Bob.", "At nine."]).await;
    here.tells(Told::Began(first)).await;
    assert_eq!(here.learns().await, began(7, 0));
    here.tells(Told::Ended(first)).await;
    here.tells(Told::Began(first + 1)).await;
    assert_eq!(here.learns().await, began(7, 1));
    here.tells(Told::Ended(first + 1)).await;
    // Only when they were said does the message begin.
    assert_eq!(here.telephone_plays().await, (PlayId(2), "s".to_owned()));
    here.telephone_tells(began(2, 0)).await;
    assert_eq!(here.learns().await, began(7, 2));
    here.telephone_tells(ended(2)).await;
    assert_eq!(here.telephone_plays().await, (PlayId(3), "…".to_owned()));
    let last = here.voice_says(&["End."]).await;
    // A voice that tells only of the end began before.
    here.tells(Told::Ended(last)).await;
    assert_eq!(here.learns().await, began(7, 3));
    assert_eq!(here.learns().await, ended(7));
    assert!(matches!(
        here.to_telephone().await,
        LineCommand::StopPlaying
    ));
    // All else passes, both ways.
    here.asks(LineCommand::StopListening).await;
    let passed = here.to_telephone().await;
    assert!(matches!(passed, LineCommand::StopListening));
    here.telephone_tells(LineEvent::Key(Key::POUND)).await;
    assert_eq!(here.learns().await, LineEvent::Key(Key::POUND));
}

#[tokio::test(start_paused = true)]
async fn the_voice_is_silent_at_once_and_what_it_still_tells_is_nobodys() {
    let mut here = around();
    here.plays(1, vec![words("One."), words("Two.")]).await;
    let first = here.voice_says(&["One.", "Two."]).await;
    here.tells(Told::Began(first)).await;
    assert_eq!(here.learns().await, began(1, 0));
    here.asks(LineCommand::StopPlaying).await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    // The next question is asked before the voice has told of its end.
    here.plays(2, vec![words("Three.")]).await;
    let third = here.voice_says(&["Three."]).await;
    here.tells(Told::Ended(first)).await;
    here.tells(Told::Ended(first + 1)).await;
    here.tells(Told::Began(third)).await;
    assert_eq!(here.learns().await, began(2, 0));
    // One playing takes the place of another without a stop, too.
    here.plays(3, vec![sound()]).await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    here.telephone_tells(LineEvent::HungUp(HangUpCause::Caller))
        .await;
    let over = LineEvent::HungUp(HangUpCause::Caller);
    assert_eq!(here.learns().await, over);
}

#[tokio::test(start_paused = true)]
async fn long_text_goes_on_where_it_was_to_be_continued() {
    let mut here = around();
    here.plays(1, vec![words("One."), Segment::ToBeContinued])
        .await;
    assert_eq!(here.telephone_plays().await.1, "…");
    let one = here.voice_says(&["One."]).await;
    // More comes while it is said, and again when all was said.
    let more = vec![words("Two."), Segment::ToBeContinued];
    here.asks(LineCommand::Continue(PlayId(1), more)).await;
    here.tells(Told::Ended(one)).await;
    assert_eq!(here.learns().await, began(1, 0));
    assert_eq!(here.telephone_plays().await.1, "…");
    let two = here.voice_says(&["Two."]).await;
    here.tells(Told::Ended(two)).await;
    assert_eq!(here.learns().await, began(1, 1));
    // Silence, until there is more.
    let (inner, kinds_now) = here.telephone_plays().await;
    assert_eq!(kinds_now, "…");
    let more = vec![Segment::Silence(Duration::from_secs(1)), words("Three.")];
    here.asks(LineCommand::Continue(PlayId(1), more)).await;
    match here.to_telephone().await {
        LineCommand::Continue(id, more) => assert_eq!((id, kinds(&more)), (inner, "-".to_owned())),
        other => panic!("{other:?}"),
    }
    here.telephone_tells(LineEvent::Began(inner, 0)).await;
    assert_eq!(here.learns().await, began(1, 2));
    here.telephone_tells(LineEvent::PlayEnded(inner)).await;
    let three = here.voice_says(&["Three."]).await;
    here.tells(Told::Ended(three)).await;
    assert_eq!(here.learns().await, began(1, 3));
    assert_eq!(here.learns().await, ended(1));
}

#[tokio::test(start_paused = true)]
async fn more_sentences_than_the_voice_is_given_at_once_are_all_said() {
    let mut here = around();
    let texts: Vec<String> = (0..40)
        .map(|number| format!("Sentence {number}."))
        .collect();
    here.plays(1, texts.iter().map(|text| words(text)).collect())
        .await;
    for (at, text) in texts.iter().enumerate() {
        let number = here.voice_says(&[text]).await;
        here.tells(Told::Ended(number)).await;
        assert_eq!(here.learns().await, began(1, at));
    }
    assert_eq!(here.learns().await, ended(1));
}

#[tokio::test(start_paused = true)]
async fn jumps_go_from_sentence_to_sentence_and_a_pause_begins_it_again() {
    let mut here = around();
    let all = vec![words("One."), words("Two."), words("Three.")];
    here.plays(1, all).await;
    let one = here.voice_says(&["One.", "Two.", "Three."]).await;
    here.tells(Told::Began(one)).await;
    assert_eq!(here.learns().await, began(1, 0));
    here.asks(LineCommand::Skip(Skip::Ahead(Duration::from_secs(5))))
        .await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    let two = here.voice_says(&["Two.", "Three."]).await;
    here.tells(Told::Began(two)).await;
    assert_eq!(here.learns().await, began(1, 1));
    // Shortly after its beginning, the one before is meant; later, itself. It is heard again, and so told.
    let back = LineCommand::Skip(Skip::Back(Duration::from_secs(5)));
    here.asks(back).await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    let one = here.voice_says(&["One.", "Two.", "Three."]).await;
    here.tells(Told::Began(one)).await;
    assert_eq!(here.learns().await, began(1, 0));
    tokio::time::sleep(Duration::from_secs(7)).await;
    here.asks(LineCommand::Skip(Skip::Back(Duration::from_secs(5))))
        .await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    let one = here.voice_says(&["One.", "Two.", "Three."]).await;
    here.tells(Told::Began(one)).await;
    assert_eq!(here.learns().await, began(1, 0));
    here.asks(LineCommand::PauseOrResume).await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert!(here.wishes.try_recv().is_err(), "nothing is said meanwhile");
    here.asks(LineCommand::PauseOrResume).await;
    let one = here.voice_says(&["One.", "Two.", "Three."]).await;
    here.tells(Told::Ended(one)).await;
    here.asks(LineCommand::Skip(Skip::ToEnd)).await;
    assert_eq!(here.wishes.recv().await, Some(Wish::Stop));
    assert_eq!(here.learns().await, ended(1));
}

#[tokio::test(start_paused = true)]
async fn the_call_ends_when_the_last_words_were_said() {
    let mut here = around();
    here.plays(1, vec![words("Goodbye.")]).await;
    assert_eq!(here.telephone_plays().await.1, "…");
    let goodbye = here.voice_says(&["Goodbye."]).await;
    here.asks(LineCommand::HangUp).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(here.telephone.commands.try_recv().is_err(), "not yet");
    here.tells(Told::Ended(goodbye)).await;
    assert!(matches!(
        here.to_telephone().await,
        LineCommand::StopPlaying
    ));
    assert!(matches!(here.to_telephone().await, LineCommand::HangUp));
    // With nothing to say it ends at once.
    here.asks(LineCommand::HangUp).await;
    assert!(matches!(here.to_telephone().await, LineCommand::HangUp));
}

#[tokio::test(start_paused = true)]
async fn a_voice_that_falls_mute_is_named_and_the_call_goes_on_at_reading_pace() {
    for says_so in [true, false] {
        let mut here = around();
        let long = "x".repeat(100);
        here.plays(1, vec![words(&long), words(&long)]).await;
        let first = here.voice_says(&[&long, &long]).await;
        let since = Instant::now();
        here.tells(Told::Began(first)).await;
        assert_eq!(here.learns().await, began(1, 0));
        if says_so {
            here.tells(Told::Gone("operation failed".to_owned())).await;
        }
        assert_eq!(here.learns().await, began(1, 1));
        assert_eq!(here.learns().await, ended(1));
        // 100 characters take 6.6 seconds to read; a voice that only stays silent is waited for longer.
        let took = since.elapsed().as_secs();
        assert_eq!(took, if says_so { 13 } else { 48 });
        let shown = String::from_utf8(here.paper.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            shown.matches("desktop's voice has gone").count(),
            1,
            "{shown}"
        );
        here.plays(2, vec![words("Next.")]).await;
        assert_eq!(here.learns().await, began(2, 0));
        assert_eq!(here.learns().await, ended(2));
        assert!(here.wishes.try_recv().is_err(), "nobody is asked any more");
    }
}
