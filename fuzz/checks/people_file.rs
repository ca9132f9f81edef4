//! What must hold for any bytes that are offered as a CSV file of people.

use ringback::organisation::people_file;

/// Rows are read, or every problem names a line and says what to do.
pub(crate) fn check(data: &[u8]) {
    if let Err(problems) = people_file::check(data) {
        for problem in problems.to_string().lines() {
            assert!(!problem.is_empty(), "{problems}");
        }
    }
}
