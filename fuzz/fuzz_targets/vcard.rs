//! Address cards of others.
#![no_main]

#[path = "../checks/vcard.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
