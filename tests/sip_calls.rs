//! Calls over real sockets, as far as signalling goes: the SIP room alone, taken by a small host in this file.

#[path = "wire/phone.rs"]
mod phone;

#[path = "wire/calls/mod.rs"]
mod calls;
