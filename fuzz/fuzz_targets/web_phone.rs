//! Text messages of web phones.
#![no_main]

#[path = "../checks/web_phone.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
