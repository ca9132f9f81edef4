//! What is said at each place of the menu tree: one `async fn` per place, in the order it is spoken.
//!
//! [`reception`](reception()) is the only entry: it leads a call to its entry point and ends it.
//! Hang-up and fault travel as [`Leave`](crate::caller::Leave) by `?`; what was recorded is safe
//! before anybody passes them on.

mod absence;
mod addressee;
mod advanced;
mod answers;
pub mod arrival;
mod calendar;
mod call_answering;
mod change_pin;
mod choosing;
mod comfort;
mod compose;
mod contacts;
mod desk;
mod directory_search;
mod email;
mod email_header;
mod email_meeting;
mod email_menu;
mod email_opened;
mod faults;
mod find_by_name;
mod find_recipient;
mod first_time_setup;
mod folders;
mod greetings;
mod leading_silence;
mod mailbox_options;
mod main_menu;
mod manner;
mod meeting_answers;
mod meeting_mail;
pub mod menus;
mod message_header;
mod message_recording;
mod missed_call;
mod people_list;
mod personal_options;
mod pile;
mod playback;
mod prompts;
mod reading_language;
mod reception;
mod recipients;
mod recording;
mod sender;
mod setup_options;
mod sign_in;
mod system_prompts;
mod take_message;
mod undo;
mod voice_access;
mod voice_mail;
mod voice_message_menu;
mod zones;

pub use arrival::{Arrival, CallType, CustomPrompts, EntryPoint, Outcome, ReasonForCall};
pub use desk::Desk;
pub use reception::reception;
