//! What the telephones of the benchmark dial and do.

use super::server::SUBSCRIBERS;
use super::signalling::Script;

/// Until the tone that follows a greeting of five seconds has sounded, in milliseconds.
pub(super) const GREETING: u64 = 6_000;

/// Hears the long welcome.
pub(super) fn listens(_: usize) -> Script {
    Script {
        called: "7001".to_owned(),
        calling: "9000".to_owned(),
        ..Script::default()
    }
}

/// An extension of the demo that takes messages.
fn extension(number: usize) -> String {
    (2_010 + number % 20).to_string()
}

/// Leaves a message, if nothing else, of this many milliseconds.
pub(super) fn leaves_message(number: usize, from: u64, length: u64) -> Script {
    Script {
        called: "7000".to_owned(),
        calling: "9000".to_owned(),
        diverted_from: Some(extension(number)),
        speaks_from: Some(from),
        hangs_up_at: Some(from + length),
        ..Script::default()
    }
}

/// Signs in, hears the first message, hangs up after so long.
pub(super) fn hears_message(number: usize, length: u64) -> Script {
    let (extension, pin) = SUBSCRIBERS[number % SUBSCRIBERS.len()];
    let mut keys = Vec::new();
    let mut at = 1_000;
    for digit in extension.chars().chain(pin.chars()).chain("#".chars()) {
        keys.push((at, digit));
        at += 200;
    }
    keys.push((at + 3_000, '1'));
    Script {
        called: "7000".to_owned(),
        calling: "9000".to_owned(),
        keys,
        hangs_up_at: Some(length),
        ..Script::default()
    }
}
