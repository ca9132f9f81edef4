//! Telephone events.
#![no_main]

#[path = "../checks/telephone_event.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
