//! What must hold for any text that is offered as process settings or as an organisation.

use ringback::config::Config;
use ringback::organisation::check_text;

/// Whatever is wrong with a file is said in words that name it.
pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Err(problems) = Config::parse("ringback.toml", &text) {
        assert!(problems.to_string().contains("ringback.toml"), "{problems}");
    }
    if let Err(problem) = check_text(&text) {
        assert!(!problem.to_string().is_empty());
    }
}
