//! Calls over real sockets, as far as signalling goes: the SIP room alone, taken by a small host in this file.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test may panic, and ends with its tasks"
)]

#[path = "wire/phone.rs"]
mod phone;

#[path = "wire/calls/mod.rs"]
mod calls;
