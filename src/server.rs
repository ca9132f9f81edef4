//! Builds the rooms, admits calls, drains them on shutdown. The only place that wires rooms
//! together.

mod call;
mod call_record;
mod calls;
mod cards;
pub mod clock;
pub mod commands;
pub mod console_call;
mod counting_pins;
pub mod data_folder;
pub mod demo;
mod demo_calendar;
mod demo_data;
mod demo_introduction;
pub mod demo_server;
pub mod descriptors;
mod gauges;
mod house;
mod housekeeping;
mod lifecycle;
pub mod logging;
mod mail_owners;
mod offer;
mod pin_mails;
mod post;
mod signalling;
mod translate;
mod web;
mod web_call;
mod wiring;

pub use lifecycle::run;
pub use wiring::{Server, Setup, StartFault};
