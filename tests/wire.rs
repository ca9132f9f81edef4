//! Calls over real sockets to the whole server: the binary serves its demo, a small telephone calls.

#[path = "wire/phone.rs"]
mod phone;

#[path = "wire/server/mod.rs"]
mod server;
