//! RTP and RTCP packets that reach a leg.
#![no_main]

#[path = "../checks/rtp.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
