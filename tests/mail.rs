//! Mail as it leaves the house: the whole server as a process of its own, mail brought to it by LMTP or
//! the command line, and an SMTP server that takes what it sends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(
    clippy::disallowed_methods,
    reason = "it waits for a process of its own, in real time"
)]

#[path = "mail/deleted.rs"]
mod deleted;
#[path = "mail/exports.rs"]
mod exports;
#[path = "mail/house.rs"]
mod house;
#[path = "mail/pins.rs"]
mod pins;
#[path = "mail/replies.rs"]
mod replies;
