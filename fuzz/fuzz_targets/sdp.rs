//! Session descriptions, alone and in multipart bodies.
#![no_main]

#[path = "../checks/sdp.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
