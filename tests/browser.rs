//! The pages in real browsers: somebody calls by keyboard, hears, reads, speaks and hangs up.
//!
//! Chromium is driven over WebDriver BiDi by its chromedriver, Firefox by itself. A browser that is
//! missing is said aloud; with `CI` set, Chromium must be there (`packaging/set-up test` brings it,
//! and axe-core). The pictures of the README are made here with `UPDATE_PICTURES=1`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails where it stands, waits by the machine's clock, and tells what it left out"
)]

#[path = "browser/bidi.rs"]
mod bidi;
#[path = "browser/demo.rs"]
mod demo;
#[path = "browser/page.rs"]
mod page;
#[path = "browser/programs.rs"]
mod programs;

#[path = "browser/live_view.rs"]
mod live_view;
#[path = "browser/web_phone.rs"]
mod web_phone;
