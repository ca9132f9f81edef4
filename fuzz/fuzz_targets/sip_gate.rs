//! The SIP gate and the framing of streams.
#![no_main]

#[path = "../checks/sip_gate.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
