//! What administrators look at: health, metrics, call records and transcripts.

pub mod call_log;
pub mod health;
pub mod http;
mod json_lines;
pub mod metrics;
pub mod quality;
pub mod transcript_file;

pub use call_log::{CallLog, CallRecord};
pub use health::Health;
pub use json_lines::JsonLines;
pub use metrics::{Metrics, Page};
pub use transcript_file::TranscriptFile;
