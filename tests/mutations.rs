//! Every parser of foreign bytes meets its seeds with 20,000 mutations, the same ones in each run.
//!
//! The checks are those of the fuzz targets in `fuzz/`. A failure prints the number of the mutation and its bytes.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

#[path = "../fuzz/checks/sip_gate.rs"]
#[expect(
    clippy::disallowed_methods,
    reason = "a check of pure code needs one moment to count from"
)]
mod sip_gate;

#[path = "../fuzz/checks/configuration.rs"]
mod configuration;
#[path = "../fuzz/checks/lmtp.rs"]
mod lmtp;
#[path = "../fuzz/checks/mime.rs"]
mod mime;
#[path = "../fuzz/checks/people_file.rs"]
mod people_file;
#[path = "../fuzz/checks/rtp.rs"]
#[expect(
    clippy::disallowed_methods,
    reason = "a check of pure code needs one moment to count from"
)]
mod rtp;
#[path = "../fuzz/checks/sdp.rs"]
mod sdp;
#[path = "../fuzz/checks/telephone_event.rs"]
mod telephone_event;
#[path = "../fuzz/checks/vcard.rs"]
mod vcard;
#[path = "../fuzz/checks/wav.rs"]
mod wav;
#[path = "../fuzz/checks/web_phone.rs"]
mod web_phone;

const MUTATIONS: u64 = 20_000;

/// Words that parsers of text protocols stumble over.
const STUMBLING_BLOCKS: &[&[u8]] = &[
    b"\r\n",
    b"\r\n\r\n",
    b"\r\n ",
    b"\n",
    b"\r",
    b"\0",
    b"\"",
    b"\\",
    b"<",
    b">",
    b";",
    b",",
    b":",
    b"=",
    b"%",
    b"%00",
    b"@",
    b"[",
    b"]",
    b"--",
    b"-1",
    b"0",
    b"65535",
    b"65536",
    b"2147483648",
    b"4294967296",
    b"18446744073709551616",
    b"\xff",
    b"\xc3\x28",
    b"\xe2\x80\xae",
    b"Content-Length: ",
    b"Via: SIP/2.0/UDP a",
    b"SIP/2.0",
];

/// The seeds of a target, and the files of the test data that suit it, where they are at hand.
fn seeds(target: &str, test_data: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let shared = std::env::var_os("RINGBACK_TESTDATA")
        .map_or_else(|| root.join("../shared/testdata"), PathBuf::from);
    let mut seeds = files(&root.join("fuzz/seeds").join(target));
    assert!(!seeds.is_empty(), "{target} has no seeds");
    let more = if test_data.is_empty() {
        Vec::new()
    } else {
        files(&shared.join(test_data))
    };
    if more.is_empty() && !test_data.is_empty() {
        eprintln!(
            "{target}: no test data in {}, its own seeds only",
            shared.join(test_data).display()
        );
    }
    seeds.extend(more);
    seeds
}

/// In the order of their names, so that a run can be repeated.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

fn mutate(random: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = seeds[random.random_range(0..seeds.len())].clone();
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=bytes.len());
        let to = (at + random.random_range(0..=32)).min(bytes.len());
        match random.random_range(0..8) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = random.random(),
            2 => drop(bytes.drain(at..to)),
            3 => {
                let again = bytes[at..to].repeat(random.random_range(1..=40));
                bytes.splice(at..at, again);
            }
            4 => bytes.truncate(at),
            5 => {
                let other = &seeds[random.random_range(0..seeds.len())];
                let from = random.random_range(0..=other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => {
                let block = STUMBLING_BLOCKS[random.random_range(0..STUMBLING_BLOCKS.len())];
                bytes.splice(at..to.min(at + block.len()), block.iter().copied());
            }
        }
    }
    bytes
}

fn replay(target: &str, test_data: &str, check: impl Fn(&[u8])) {
    let seeds = seeds(target, test_data);
    let try_one = |name: String, bytes: &[u8]| {
        if catch_unwind(AssertUnwindSafe(|| check(bytes))).is_err() {
            panic!("{target} {name}: {}", bytes.escape_ascii());
        }
    };
    for (number, seed) in seeds.iter().enumerate() {
        try_one(format!("seed {number}"), seed);
    }
    for number in 0..MUTATIONS {
        let mut random = StdRng::seed_from_u64(number);
        try_one(format!("mutation {number}"), &mutate(&mut random, &seeds));
    }
}

#[test]
fn sip_gate() {
    replay("sip_gate", "rfc4475", sip_gate::check);
}

#[test]
fn rtp() {
    replay("rtp", "", rtp::check);
}

#[test]
fn telephone_event() {
    replay("telephone_event", "", telephone_event::check);
}

#[test]
fn sdp() {
    replay("sdp", "sdp", sdp::check);
}

#[test]
fn wav() {
    replay("wav", "", wav::check);
}

#[test]
fn vcard() {
    replay("vcard", "vcard", vcard::check);
}

#[test]
fn people_file() {
    replay("people_file", "", people_file::check);
}

#[test]
fn configuration() {
    replay("configuration", "", configuration::check);
}

#[test]
fn lmtp() {
    replay("lmtp", "", lmtp::check);
}

/// The mails of others are read as they are too: the seeds come first.
#[test]
fn mime() {
    replay("mime", "mime", mime::check);
}

#[test]
fn mails_of_old_programs() {
    replay("mime", "mime/legacy", mime::check);
}

#[test]
fn mails_of_a_parser_that_is_known_for_odd_ones() {
    replay("mime", "mime/rubymail", mime::check);
}

#[test]
fn web_phone() {
    replay("web_phone", "", web_phone::check);
}
