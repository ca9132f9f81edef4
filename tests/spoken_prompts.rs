//! Our prompts in a real voice: each is spoken, at one level, and for about as long as it takes to
//! say it. Every twentieth prompt; all of them with `ALL_PROMPTS=1`.

use std::time::Duration;

use ringback::language::{KeyLayout, Prompts};
use ringback::line::{Locale, Sound};
use ringback::speech::{Priority, SpeechConfig, SpeechRoom};
use tokio::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_are_spoken_at_one_level() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = Prompts::embedded().unwrap();
    let mut config = SpeechConfig::new(folder.path());
    config.unreadable = prompts.unreadable();
    let room = match SpeechRoom::start(config.clone()).await {
        Ok(room) => room,
        Err(fault) => {
            eprintln!("SKIPPED: {fault}");
            return;
        }
    };
    let every = if std::env::var_os("ALL_PROMPTS").is_some() {
        1
    } else {
        20
    };
    let layout = KeyLayout::embedded().unwrap();
    let fixed = prompts.fixed(&Locale::default(), &layout);
    let some: Vec<_> = fixed.into_iter().step_by(every).collect();
    let mut slowest = Duration::ZERO;
    for utterance in &some {
        let asked = Instant::now();
        let slot = room.slot(utterance, Priority::First);
        let sound = loop {
            if let Some(sound) = slot.get() {
                break sound.clone();
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(asked.elapsed() < Duration::from_secs(20), "{utterance:?}");
        };
        slowest = slowest.max(asked.elapsed());
        is_speech(&utterance.text, &sound);
    }
    eprintln!("{} prompts, the slowest after {slowest:?}", some.len());
    room.close().await;
    // The same folder after a restart: all of it is there.
    let room = SpeechRoom::start(config).await.unwrap();
    room.render_ahead(some.clone());
    let asked = Instant::now();
    while !some
        .iter()
        .all(|one| room.slot(one, Priority::First).get().is_some())
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
        assert!(asked.elapsed() < Duration::from_secs(10));
    }
}

fn is_speech(text: &str, sound: &Sound) {
    let characters = text.chars().count() as f64;
    let seconds = sound.length().as_secs_f64();
    assert!(
        (0.03..0.20).contains(&((seconds - 0.3).max(0.3) / characters)) || characters < 12.0,
        "{seconds:.1} s for \"{text}\""
    );
    let peak = sound
        .samples()
        .iter()
        .map(|s| s.unsigned_abs())
        .max()
        .unwrap_or_default();
    assert!(peak <= 16_423, "peak {peak} in \"{text}\"");
    let frames: Vec<f64> = sound
        .samples()
        .chunks(160)
        .map(|frame| frame.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / frame.len() as f64)
        .collect();
    let loudest = frames.iter().copied().fold(0.0, f64::max);
    let active: Vec<f64> = frames
        .into_iter()
        .filter(|power| *power > loudest * 0.001)
        .collect();
    let level =
        10.0 * (active.iter().sum::<f64>() / active.len() as f64 / 32_768_f64.powi(2)).log10();
    assert!(
        (-22.5..-19.0).contains(&level),
        "{level:.1} dBFS for \"{text}\""
    );
}
