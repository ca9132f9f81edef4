//! Logs to standard error.

use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::Log;

/// Writes logs to standard error from now on, as configured.
///
/// # Errors
/// When the level cannot be read, or logs go somewhere already.
pub fn start(settings: &Log) -> Result<(), String> {
    let configured = settings.targets()?;
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_filter(configured);
    Registry::default()
        .with(layer.with_filter(filter_fn(is_allowed)))
        .try_init()
        .map_err(|error| error.to_string())
}

/// The SIP stack writes whole messages at `info`, and so the digits that come by INFO: PINs. No
/// setting lets it.
fn is_allowed(metadata: &tracing::Metadata<'_>) -> bool {
    let is_stack = metadata.target() == "rsipstack" || metadata.target().starts_with("rsipstack::");
    !is_stack || *metadata.level() <= Level::WARN
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_stack_is_never_let_above_warn_whatever_is_set() {
        let written = Written::default();
        let writer = written.clone();
        let settings = Log {
            level: "trace,rsipstack=trace,rsipstack::dialog=debug".to_owned(),
            ..Log::default()
        };
        let layer = fmt::layer()
            .with_writer(move || writer.clone())
            .with_filter(settings.targets().unwrap())
            .with_filter(filter_fn(is_allowed));
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::info!(target: "rsipstack::dialog", "Signal=4");
            tracing::debug!(target: "rsipstack", "Signal=8");
            tracing::warn!(target: "rsipstack::transport", "a connection closed");
            tracing::debug!(target: "ringback::sip", "ours");
            tracing::info!(target: "rsipstackish", "another crate");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(!text.contains("Signal="), "{text}");
        assert!(
            text.contains("a connection closed") && text.contains("ours"),
            "{text}"
        );
        assert!(text.contains("another crate"), "{text}");
    }
}
