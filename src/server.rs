//! Builds the rooms, admits calls, drains them on shutdown. The only place that wires rooms
//! together.

pub mod admission;
pub mod clock;
pub mod demo;
pub mod descriptors;
