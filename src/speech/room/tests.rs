//! The room with a voice that hums.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::*;
use crate::line::{Grammar, LineCommand, LineEvent, PlayId, Segment, Sure, line};
use crate::speech::ScriptedRecognizer;

/// A voice that hums for as long as the text is, and counts.
struct Humming {
    voices: Vec<VoiceInfo>,
    spoken: Arc<AtomicUsize>,
}

#[async_trait]
impl Synthesizer for Humming {
    fn voices(&self) -> &[VoiceInfo] {
        &self.voices
    }

    async fn speak(
        &self,
        _voice: &VoiceInfo,
        text: &str,
        _rate: u16,
        _priority: Priority,
    ) -> Result<(Vec<i16>, u32), SpeechFault> {
        self.spoken.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        match text {
            "fail" => Err(SpeechFault::Child {
                program: "humming".into(),
                what: "broke".into(),
            }),
            "panic" => panic!("the engine panics"),
            _ => {
                let length = text.len() * 800;
                Ok(((0..length).map(|n| (n % 20 * 500) as i16).collect(), 8_000))
            }
        }
    }
}

struct Furnished {
    room: SpeechRoom,
    spoken: Arc<AtomicUsize>,
    folder: tempfile::TempDir,
}

impl Furnished {
    fn spoken(&self) -> usize {
        self.spoken.load(Ordering::SeqCst)
    }
}

fn furnished_in(folder: tempfile::TempDir, recognizer: Option<Arc<dyn Recognizer>>) -> Furnished {
    let spoken = Arc::new(AtomicUsize::new(0));
    let voice = |name: &str, language: &str| VoiceInfo {
        engine: "humming",
        version: "1".into(),
        name: name.into(),
        language: language.into(),
    };
    let engine = Humming {
        voices: vec![voice("anna", "en"), voice("benno", "de")],
        spoken: spoken.clone(),
    };
    let mut config = SpeechConfig::new(folder.path().join("cache"));
    config.unreadable = vec![utterance("unreadable-text", "This cannot be read.")];
    let room = SpeechRoom::furnish(config, vec![Box::new(engine)], Vec::new(), recognizer).unwrap();
    Furnished {
        room,
        spoken,
        folder,
    }
}

fn furnished() -> Furnished {
    furnished_in(tempfile::tempdir().unwrap(), None)
}

fn utterance(prompt: &'static str, text: &str) -> Utterance {
    Utterance {
        prompt: PromptName(prompt),
        text: text.into(),
        locale: Locale::default(),
        has_variables: false,
        keep: Keep::Cached,
    }
}

async fn filled(slot: &SoundSlot) -> Arc<Sound> {
    for _ in 0..1_000 {
        if let Some(sound) = slot.get() {
            return sound.clone();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the slot stayed empty");
}

async fn idle(room: &SpeechRoom) {
    for _ in 0..1_000 {
        if room.tasks() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} tasks are left", room.tasks());
}

#[tokio::test]
async fn a_sentence_is_spoken_once_for_all_who_wait_and_for_later() {
    let here = furnished();
    let sentence = utterance("welcome", "Hello there.");
    let slots: Vec<SoundSlot> = (0..20)
        .map(|_| here.room.slot(&sentence, Priority::First))
        .collect();
    for slot in &slots {
        assert!(!filled(slot).await.samples().is_empty());
    }
    assert!(here.room.slot(&sentence, Priority::First).get().is_some());
    assert_eq!(here.spoken(), 1);
    idle(&here.room).await;
    // After a restart it comes from disk.
    let again = furnished_in(here.folder, None);
    let slot = again.room.slot(&sentence, Priority::First);
    assert!(!filled(&slot).await.samples().is_empty());
    assert_eq!(again.spoken(), 0);
}

#[tokio::test]
async fn private_words_are_spoken_anew_and_leave_nothing_on_disk() {
    let here = furnished();
    let mail = Utterance {
        keep: Keep::Never,
        ..utterance("subject", "Top secret.")
    };
    for _ in 0..2 {
        filled(&here.room.slot(&mail, Priority::First)).await;
    }
    idle(&here.room).await;
    assert_eq!(here.spoken(), 2);
    let cache = here.folder.path().join("cache");
    assert_eq!(std::fs::read_dir(cache).unwrap().count(), 0);
}

#[tokio::test]
async fn what_cannot_be_spoken_is_excused_and_not_kept() {
    let here = furnished();
    let excuse = filled(&here.room.slot(
        &utterance("unreadable-text", "This cannot be read."),
        Priority::First,
    ))
    .await;
    let before = here.spoken();
    let slot = here.room.slot(&utterance("x", "fail"), Priority::First);
    assert_eq!(filled(&slot).await.samples(), excuse.samples());
    assert_eq!(here.spoken() - before, 2, "tried twice");
    idle(&here.room).await;
    assert!(
        here.room
            .slot(&utterance("x", "fail"), Priority::First)
            .get()
            .is_none()
    );
}

#[tokio::test]
async fn an_engine_that_panics_leaves_no_caller_waiting() {
    let here = furnished();
    let slot = here.room.slot(&utterance("x", "panic"), Priority::First);
    assert!(filled(&slot).await.samples().is_empty());
    idle(&here.room).await;
    assert!(lock(&here.room.0.under_way).is_empty());
}

#[tokio::test]
async fn studio_recordings_win_unless_there_are_variables() {
    let folder = tempfile::tempdir().unwrap();
    let mut wav = std::io::Cursor::new(Vec::new());
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::new(&mut wav, spec).unwrap();
    (0..32_000).for_each(|n| writer.write_sample((n % 30 * 300) as i16).unwrap());
    writer.finalize().unwrap();
    let mut config = SpeechConfig::new(folder.path());
    config.recordings = vec![
        (Locale::default(), "welcome".into(), wav.into_inner()),
        (Locale::default(), "broken".into(), b"RIFF".to_vec()),
    ];
    let engine = Humming {
        voices: vec![VoiceInfo {
            engine: "humming",
            version: "1".into(),
            name: "anna".into(),
            language: "en".into(),
        }],
        spoken: Arc::default(),
    };
    let room = SpeechRoom::furnish(config, vec![Box::new(engine)], Vec::new(), None).unwrap();
    let recorded = room.slot(&utterance("welcome", "Hi."), Priority::First);
    assert_eq!(recorded.get().unwrap().length().as_millis() / 100, 20);
    let mut varied = utterance("welcome", "Hi.");
    varied.has_variables = true;
    assert!(room.slot(&varied, Priority::First).get().is_none());
}

#[tokio::test]
async fn locales_find_their_voice_or_a_fault_that_names_the_cure() {
    let here = furnished();
    for (tag, voice) in [("en-GB", "anna"), ("de-AT", "benno"), ("de", "benno")] {
        assert_eq!(here.room.0.voice(&Locale::new(tag)).unwrap().name, voice);
    }
    let fault = here
        .room
        .0
        .voice(&Locale::new("fr-FR"))
        .unwrap_err()
        .to_string();
    assert!(fault.contains("espeak-ng"), "{fault}");
    let fault = here
        .room
        .render("Hi.", Some("humming/carla"), &Locale::default())
        .await;
    let fault = fault.unwrap_err().to_string();
    assert!(fault.contains("humming/anna, humming/benno"), "{fault}");
    for (voice, cure) in [
        ("flite/rms", "install the Debian package flite"),
        ("rms", "name a voice of: humming"),
    ] {
        let fault = here
            .room
            .render("Hi.", Some(voice), &Locale::default())
            .await;
        let fault = fault.unwrap_err().to_string();
        assert!(fault.contains(cure), "{fault}");
    }
}

#[tokio::test]
async fn nothing_installed_names_the_package() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SpeechConfig::new(folder.path());
    config.flite = "/nonexistent/flite".into();
    config.espeak = "/nonexistent/espeak-ng".into();
    let fault = SpeechRoom::start(config).await.err().unwrap().to_string();
    assert!(fault.contains("apt-get install flite"), "{fault}");
    assert!(
        fault.contains("/nonexistent/espeak-ng is not installed"),
        "{fault}"
    );
}

/// A program that is run for its voices and does what the shell `script` says. Another process writes
/// it: a file that is open for writing, if only in a child of another test, cannot be run.
fn program(folder: &std::path::Path, name: &str, script: &str) -> std::path::PathBuf {
    let file = folder.join(name);
    let write = r#"printf '%s\n' "$1" "$2" > "$0" && chmod 755 "$0""#;
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", write])
        .arg(&file)
        .args(["#!/bin/sh", script]);
    assert!(shell.status().unwrap().success());
    file
}

#[tokio::test]
async fn a_program_that_is_installed_but_fails_is_named_and_the_other_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = SpeechConfig::new(folder.path());
    config.flite = program(folder.path(), "flite", "echo 'Voices available: kal rms'");
    config.espeak = program(folder.path(), "espeak-ng", "kill -XFSZ $$");
    let room = SpeechRoom::start(config.clone()).await.unwrap();
    assert_eq!(room.voices().count(), 2);
    let broken = room.broken().iter().map(ToString::to_string);
    let broken: Vec<String> = broken.collect();
    assert!(
        broken.len() == 1 && broken[0].contains("espeak-ng: signal: 25"),
        "{broken:?}"
    );
    config.espeak = program(folder.path(), "mute", "true");
    let room = SpeechRoom::start(config.clone()).await.unwrap();
    assert!(room.broken()[0].to_string().ends_with("mute has no voices"));
    config.espeak = "/nonexistent/espeak-ng".into();
    let room = SpeechRoom::start(config).await.unwrap();
    assert!(room.broken().is_empty(), "who wants one has one");
}

#[tokio::test]
async fn along_a_line_words_become_sound_and_all_else_passes() {
    let here = furnished();
    let (mut conversation, far) = line();
    let mut far = here.room.along(far);
    let words = Segment::Words(utterance("welcome", "Hello."));
    let play = LineCommand::Play(PlayId(7), vec![words, Segment::Beep]);
    conversation.commands.send(play).await.unwrap();
    conversation
        .commands
        .send(LineCommand::PauseOrResume)
        .await
        .unwrap();
    let Some(LineCommand::Play(PlayId(7), segments)) = far.commands.recv().await else {
        panic!("no play");
    };
    let [Segment::Sound(slot), Segment::Beep] = &segments[..] else {
        panic!("{segments:?}");
    };
    assert!(!filled(slot).await.samples().is_empty());
    assert!(matches!(
        far.commands.recv().await,
        Some(LineCommand::PauseOrResume)
    ));
    far.events
        .send(LineEvent::PlayEnded(PlayId(7)))
        .await
        .unwrap();
    assert_eq!(
        conversation.events.recv().await,
        Some(LineEvent::PlayEnded(PlayId(7)))
    );
    // The conversation ends: so does the relay, and the sound learns of it.
    drop(conversation);
    assert!(far.commands.recv().await.is_none());
    idle(&here.room).await;
    // The sound ends: so does the relay, and the conversation learns of it.
    let (mut conversation, far) = line();
    drop(here.room.along(far));
    assert!(conversation.events.recv().await.is_none());
    idle(&here.room).await;
}

#[tokio::test]
async fn a_scripted_recogniser_answers_what_is_listened_for() {
    let script = [("Delete it", Sure::Accept), ("sing", Sure::Accept)];
    let ears = ScriptedRecognizer::new(Locale::default(), &script);
    let here = furnished_in(tempfile::tempdir().unwrap(), Some(Arc::new(ears)));
    assert!(here.room.hears(&Locale::default()));
    let (mut conversation, far) = line();
    let (_microphone, sound) = mpsc::channel(1);
    let _far = here.room.along_hearing(far, sound);
    let grammar = Arc::new(Grammar {
        locale: Locale::default(),
        phrases: vec![("delete".into(), vec!["delete".into(), "delete it".into()])],
    });
    let mut heard = Vec::new();
    for _ in 0..2 {
        let listen = LineCommand::Listen(grammar.clone());
        conversation.commands.send(listen).await.unwrap();
        let Some(LineEvent::Heard(hypothesis)) = conversation.events.recv().await else {
            panic!("nothing heard");
        };
        heard.push(
            hypothesis
                .candidates
                .first()
                .map(|best| best.choice.clone()),
        );
    }
    assert_eq!(heard, [Some("delete".to_owned()), None]);
    // Nobody speaks any more; listening anew and stopping must work all the same.
    conversation
        .commands
        .send(LineCommand::Listen(grammar))
        .await
        .unwrap();
    conversation
        .commands
        .send(LineCommand::StopListening)
        .await
        .unwrap();
    drop(conversation);
    idle(&here.room).await;
}

#[tokio::test]
async fn rendering_ahead_fills_the_cache_in_the_background() {
    let here = furnished();
    let sentences: Vec<Utterance> = ["One.", "Two.", "fail", "Three."]
        .iter()
        .map(|text| utterance("p", text))
        .collect();
    here.room.render_ahead(sentences.clone());
    idle(&here.room).await;
    for index in [0, 1, 3] {
        assert!(
            here.room
                .slot(&sentences[index], Priority::First)
                .get()
                .is_some()
        );
    }
    let spoken = here.spoken();
    here.room.render_ahead(sentences.clone());
    here.room.close().await;
    let again = furnished_in(here.folder, None);
    again.room.render_ahead(vec![sentences[0].clone()]);
    idle(&again.room).await;
    assert_eq!(again.spoken(), 0);
    assert!(spoken >= 4);
}

#[tokio::test]
async fn closing_ends_lines_and_sentences_and_leaves_nobody_waiting() {
    let here = furnished();
    let (mut conversation, far) = line();
    let far = here.room.along(far);
    let slot = here
        .room
        .slot(&utterance("welcome", "Hello."), Priority::First);
    let closed = tokio::time::timeout(Duration::from_secs(5), here.room.close());
    assert!(closed.await.is_ok());
    assert_eq!(here.room.tasks(), 0);
    assert!(slot.get().is_some());
    drop(far);
    assert!(conversation.events.recv().await.is_none());
    let late = here
        .room
        .slot(&utterance("goodbye", "Bye."), Priority::First);
    assert!(filled(&late).await.samples().is_empty());
}
