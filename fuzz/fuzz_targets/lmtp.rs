//! What is said on an LMTP connection.
#![no_main]

#[path = "../checks/lmtp.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
