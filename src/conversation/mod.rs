//! What is said at each place of the menu tree: one `async fn` per place, in the order it is spoken.
//!
//! [`arrival`] is what a conversation is told about its call, and what it tells of it afterwards.

pub mod arrival;

pub use arrival::{Arrival, CallType, CustomPrompts, EntryPoint, Outcome, ReasonForCall};
