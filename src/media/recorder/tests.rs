use std::sync::{Arc, Mutex};

use super::*;
use crate::line::{TapeId, TapeWriter};

#[derive(Clone, Default)]
struct Memory(Arc<Mutex<Vec<i16>>>);

impl TapeWriter for Memory {
    fn write(&mut self, samples: &[i16]) {
        self.0.lock().unwrap().extend_from_slice(samples);
    }
}

const LIMITS: RecordingLimits = RecordingLimits {
    longest: Duration::from_secs(120),
    idle: Duration::from_secs(5),
    warn_before_end: Duration::from_secs(60),
};

struct Desk {
    recorder: Recorder,
    edges: SpeechEdges,
    memory: Memory,
    wishes: Vec<(u64, Wish)>,
}

impl Desk {
    fn new(limits: RecordingLimits) -> Desk {
        let memory = Memory::default();
        let tape = Tape {
            id: TapeId("tape".into()),
            writer: Box::new(memory.clone()),
        };
        Desk {
            recorder: Recorder::new(tape, limits),
            edges: SpeechEdges::default(),
            memory,
            wishes: Vec::new(),
        }
    }

    /// Records until an end is wished; true when it is.
    fn hear(&mut self, samples: &[i16]) -> bool {
        for frame in samples.as_chunks::<FRAME>().0 {
            let wish = self.recorder.frame(frame, &mut self.edges);
            if wish != Wish::More {
                self.wishes.push((self.recorder.position(), wish));
            }
            if matches!(wish, Wish::End(_)) {
                return true;
            }
        }
        false
    }

    fn finish(mut self, end: TakeEnd) -> (Take, Vec<i16>) {
        let take = self.recorder.finish(end, &mut self.edges);
        let recorded = self.memory.0.lock().unwrap().clone();
        (take, recorded)
    }
}

fn seconds(seconds: f64) -> usize {
    (seconds * 8_000.0) as usize
}

fn silence(length: f64) -> Vec<i16> {
    vec![0; seconds(length)]
}

/// A voice with a gliding pitch: a pulse train through two resonances.
fn voice(length: f64) -> Vec<i16> {
    let (mut a, mut b) = ([0.0_f64; 2], [0.0_f64; 2]);
    let mut phase = 0.0_f64;
    (0..seconds(length))
        .map(|index| {
            phase += (120.0 + 30.0 * (index as f64 / 2_000.0).sin()) / 8_000.0;
            let pulse = if phase >= 1.0 { 1.0 } else { 0.0 };
            phase = phase.fract();
            let first = pulse + 1.62 * a[0] - 0.94 * a[1];
            a = [first, a[0]];
            let second = first + b[0] - 0.9 * b[1];
            b = [second, b[0]];
            (second * 1_500.0).clamp(-20_000.0, 20_000.0) as i16
        })
        .collect()
}

fn busy(length: f64) -> Vec<i16> {
    (0..seconds(length))
        .map(|index| {
            let turn = index as f64 / 8_000.0 * 425.0 * std::f64::consts::TAU;
            let on = index % seconds(0.96) < seconds(0.48);
            if on { (5_000.0 * turn.sin()) as i16 } else { 0 }
        })
        .collect()
}

#[test]
fn everything_is_written_and_silence_at_the_end_is_cut_to_300_ms() {
    let mut desk = Desk::new(LIMITS);
    assert!(!desk.hear(&voice(2.0)));
    assert!(!desk.hear(&silence(3.0)));
    let (take, recorded) = desk.finish(TakeEnd::Stopped);
    assert_eq!(recorded.len(), seconds(5.0));
    let kept = take.keep_samples as usize;
    // The detector holds on for 120 ms.
    assert!((seconds(2.2)..=seconds(2.5)).contains(&kept), "{kept}");
    let voiced = take.voiced.as_secs_f64();
    assert!((1.6..=2.2).contains(&voiced), "{voiced}");
}

#[test]
fn silence_ends_the_recording_from_the_start_and_after_speech() {
    let mut desk = Desk::new(LIMITS);
    assert!(desk.hear(&silence(10.0)));
    let (at, wish) = desk.wishes[0];
    assert_eq!(wish, Wish::End(TakeEnd::Silence));
    assert!(
        (seconds(5.0)..=seconds(5.3)).contains(&(at as usize)),
        "{at}"
    );
    let (take, _) = desk.finish(TakeEnd::Silence);
    assert_eq!(take.voiced, Duration::ZERO);
    assert!(take.keep_samples <= KEPT_SILENCE);

    let mut desk = Desk::new(LIMITS);
    let mut talk = voice(3.0);
    talk.extend(silence(4.0));
    talk.extend(voice(3.0));
    assert!(!desk.hear(&talk), "{:?}", desk.wishes);
    assert!(desk.hear(&silence(10.0)));
    let at = desk.wishes[0].0 as usize;
    assert!((seconds(15.0)..=seconds(15.5)).contains(&at), "{at}");
}

#[test]
fn the_longest_recording_has_exactly_its_length_and_is_warned_of() {
    let limits = RecordingLimits {
        longest: Duration::from_millis(7_010),
        idle: Duration::from_secs(100),
        warn_before_end: Duration::from_secs(2),
    };
    let mut desk = Desk::new(limits);
    assert!(desk.hear(&voice(10.0)));
    let warned = desk.wishes[0];
    assert_eq!(warned.1, Wish::Warning);
    assert!(warned.0.abs_diff(seconds(5.01) as u64) <= 160, "{warned:?}");
    assert_eq!(desk.wishes.len(), 2);
    assert_eq!(desk.wishes[1].1, Wish::End(TakeEnd::Limit));
    let (take, recorded) = desk.finish(TakeEnd::Limit);
    assert_eq!(recorded.len(), seconds(7.01));
    assert_eq!(take.keep_samples as usize, recorded.len());
}

#[test]
fn no_warning_when_the_limit_is_shorter() {
    let limits = RecordingLimits {
        longest: Duration::from_secs(3),
        ..LIMITS
    };
    let mut desk = Desk::new(limits);
    assert!(desk.hear(&voice(10.0)));
    assert_eq!(desk.wishes.len(), 1);
}

#[test]
fn a_key_is_taken_out_back_to_before_its_start_and_keeps_the_pace() {
    let mut desk = Desk::new(LIMITS);
    let steady = vec![5_000; seconds(1.0)];
    desk.hear(&steady);
    // A key that began 100 ms ago and lasts 80 ms is heard of now.
    let from = desk.recorder.position() as i64 - 800;
    desk.recorder.cut_out(from, from + 160);
    desk.recorder.cut_out(from, from + 640);
    desk.hear(&steady);
    let (_, recorded) = desk.finish(TakeEnd::Stopped);
    assert_eq!(recorded.len(), seconds(2.0));
    let from = from as usize;
    let cut = from - BEFORE_KEY as usize..from + 640 + AFTER_KEY as usize;
    assert!(recorded[cut.clone()].iter().all(|&sample| sample == 0));
    assert!(recorded[..cut.start].iter().all(|&sample| sample == 5_000));
    assert!(recorded[cut.end..].iter().all(|&sample| sample == 5_000));
}

#[test]
fn a_key_before_the_beginning_or_in_the_future_is_taken_out_too() {
    let mut desk = Desk::new(LIMITS);
    desk.recorder.cut_out(-4_000, 80);
    desk.recorder.cut_out(8_000, 8_800);
    desk.hear(&vec![5_000; seconds(2.0)]);
    let (_, recorded) = desk.finish(TakeEnd::Stopped);
    let quiet = recorded.iter().filter(|&&sample| sample == 0).count();
    assert_eq!(quiet, 400 + 480 + 800 + 320);
}

#[test]
fn the_tone_of_the_key_that_stops_it_is_no_voice() {
    let mut desk = Desk::new(LIMITS);
    desk.hear(&silence(2.0));
    let tone: Vec<i16> = (0..1_600)
        .map(|index| {
            let time = f64::from(index) / 8_000.0 * std::f64::consts::TAU;
            (6_000.0 * ((941.0 * time).sin() + (1_477.0 * time).sin())) as i16
        })
        .collect();
    let from = desk.recorder.position() as i64;
    desk.hear(&tone[..480]);
    desk.recorder.cut_out(from, from + 1_600);
    desk.hear(&tone[480..]);
    let (take, _) = desk.finish(TakeEnd::Stopped);
    assert_eq!(take.voiced, Duration::ZERO);
}

#[test]
fn a_line_that_only_sounds_busy_is_told_apart() {
    let mut desk = Desk::new(LIMITS);
    assert!(desk.hear(&busy(10.0)));
    assert_eq!(desk.wishes[0].1, Wish::End(TakeEnd::SteadyTone));
    let (take, _) = desk.finish(TakeEnd::SteadyTone);
    assert!(take.voiced < Duration::from_secs(1), "{:?}", take.voiced);
}

#[test]
fn a_message_before_a_busy_tone_is_kept_without_the_tone() {
    let mut desk = Desk::new(LIMITS);
    assert!(!desk.hear(&voice(4.0)));
    assert!(desk.hear(&busy(10.0)));
    assert_eq!(desk.wishes[0].1, Wish::End(TakeEnd::Silence));
    let (take, _) = desk.finish(TakeEnd::Silence);
    let kept = take.keep_samples as usize;
    assert!((seconds(4.0)..=seconds(4.6)).contains(&kept), "{kept}");
}
