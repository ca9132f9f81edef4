//! What one question costs, from the first key to the choice: this is all the thinking a call needs
//! between two prompts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use ringback::line::{Key, LineEvent, PlayId};
use ringback::turn::{DigitEntry, DigitRules, OpenChoice, Patience, Request, Step, Turn, When};

/// The keys of a voice message, `1` against `11` and `3` against `33` among them.
const KEYS: [&str; 12] = [
    "1", "2", "3", "33", "4", "6", "#", "7", "9", "11", "0", "00",
];

fn choices() -> Vec<OpenChoice<usize>> {
    KEYS.iter()
        .enumerate()
        .map(|(index, keys)| OpenChoice {
            name: keys,
            request: Request::Answer(index),
            keys: keys.parse().ok(),
            when: When::Always,
            steers: false,
        })
        .collect()
}

fn key(character: char) -> LineEvent {
    Key::new(character).map_or(LineEvent::PlayEnded(PlayId(0)), LineEvent::Key)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a benchmark counts from one moment"
)]
fn turns(criterion: &mut Criterion) {
    let begun = Instant::now();
    let patience = Patience::default();
    let mut group = criterion.benchmark_group("turn");
    group.bench_function("a key that is a choice", |bencher| {
        bencher.iter(|| {
            let mut turn = Turn::new(choices(), patience, 0).while_playing();
            let step = turn.on(begun, black_box(&key('7')));
            assert!(matches!(step, Step::Chosen(7)));
        });
    });
    group.bench_function("a key that waits for a second one", |bencher| {
        bencher.iter(|| {
            let mut turn = Turn::new(choices(), patience, 0).while_playing();
            let _ = turn.on(begun, black_box(&key('1')));
            let later = begun + Duration::from_secs(1);
            assert!(matches!(turn.on_deadline(later), Step::Chosen(0)));
        });
    });
    group.bench_function("a PIN of six digits", |bencher| {
        let rules = DigitRules {
            longest: 24,
            complete_at: None,
            lone_keys: &[],
            at_once: &[],
        };
        bencher.iter(|| {
            let mut entry = DigitEntry::new(rules, patience, 0);
            for character in "482915".chars() {
                let _ = entry.on(begun, black_box(&key(character)));
            }
            assert!(matches!(entry.on(begun, &key('#')), Step::Chosen(_)));
        });
    });
    group.finish();
}

criterion_group!(benches, turns);
criterion_main!(benches);
