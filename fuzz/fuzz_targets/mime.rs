//! Mails: header, parts, text, sound.
#![no_main]

#[path = "../checks/mime.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
