//! The rules of an organisation: what each setting means, as plain data and pure functions.
//!
//! Setting names, ranges and defaults are those of the reference (`docs/configuration.md`).

pub mod areas;
pub mod clock;
pub mod dial_plan;
pub mod lockout;
pub mod mailbox;
pub mod mailbox_policy;
pub mod party;
pub mod pin;
pub mod problem;
pub mod routing;
