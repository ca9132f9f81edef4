//! What must hold for anything that a page sends over its WebSocket.

use ringback::web_phone::message::{MESSAGE_MOST, read};

/// Either it is understood, or refused with words that are short enough to send back.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(problem) = read(&text) {
        assert!(!problem.is_empty());
        assert!(problem.len() < 2 * MESSAGE_MOST, "{problem}");
    } else {
        assert!(text.len() <= MESSAGE_MOST);
    }
}
