//! What the gate decides, row by row.

use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "tests of pure code need one moment to count from"
)]
pub(super) fn start() -> Instant {
    Instant::now()
}
