//! People in CSV files of others.
#![no_main]

#[path = "../checks/people_file.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
