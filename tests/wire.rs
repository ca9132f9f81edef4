//! Calls over real sockets to the whole server: the binary serves its demo, a small telephone calls.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails where it stands, waits by the machine's clock, and tells its figures"
)]

#[path = "wire/phone.rs"]
mod phone;

#[path = "wire/server/mod.rs"]
mod server;
