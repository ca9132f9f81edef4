//! Counters, and the page that Prometheus reads.
//!
//! What happens is counted where it happens, in [`Metrics`]; what is (calls in progress, depth of
//! the outbox, ports) is asked of its room when the page is read, by [`Source`]s.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::{Arc, Mutex, MutexGuard};

/// Who adds to the page when it is read. Must answer from memory.
pub type Source = Arc<dyn Fn(&mut Page) + Send + Sync>;

/// The counters of the process.
#[derive(Default)]
pub struct Metrics {
    counters: Mutex<BTreeMap<Series, u64>>,
    sources: Mutex<Vec<Source>>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    name: &'static str,
    label: Option<(&'static str, String)>,
}

/// A counter of the page.
struct Counter {
    name: &'static str,
    /// What its kinds are told apart by. A kind that was never seen is not there; what has no kinds is nought.
    label: Option<&'static str>,
    help: &'static str,
}

const fn counter(name: &'static str, label: Option<&'static str>, help: &'static str) -> Counter {
    Counter { name, label, help }
}

/// What each counter means; the name with `ringback_` before it stands on the page.
const COUNTERS: &[Counter] = &[
    counter(
        "calls_total",
        Some("result"),
        "Calls that came, by what became of them.",
    ),
    counter(
        "calls_refused_total",
        Some("status"),
        "Calls that were not taken, by SIP status.",
    ),
    counter(
        "call_faults_total",
        Some("kind"),
        "Calls that a fault of ours ended, by kind.",
    ),
    counter(
        "sign_in_total",
        Some("result"),
        "Attempts to sign in, by what became of them.",
    ),
    counter("messages_left_total", None, "Messages that callers left."),
    counter(
        "reloads_total",
        Some("result"),
        "Reloads by SIGHUP, by result.",
    ),
];

impl Metrics {
    /// Counts one of `name`, one of the names in the table above.
    pub fn count(&self, name: &'static str) {
        self.add(name, None, 1);
    }

    /// Counts one of `name` that is of the kind `value` of `label`. Values are few and ours, never
    /// something that came from the wire.
    pub fn count_kind(&self, name: &'static str, label: &'static str, value: impl Display) {
        self.add(name, Some((label, value.to_string())), 1);
    }

    /// Counts several.
    pub fn count_many(&self, name: &'static str, many: u64) {
        self.add(name, None, many);
    }

    fn add(&self, name: &'static str, label: Option<(&'static str, String)>, many: u64) {
        debug_assert!(
            COUNTERS.iter().any(|known| {
                known.name == name && known.label == label.as_ref().map(|(label, _)| *label)
            }),
            "{name}"
        );
        *lock(&self.counters)
            .entry(Series { name, label })
            .or_default() += many;
    }

    /// Asks `source` whenever the page is read.
    pub fn ask(&self, source: Source) {
        lock(&self.sources).push(source);
    }

    /// The page in Prometheus's text format.
    pub fn page(&self) -> String {
        let mut page = Page::default();
        let counters = lock(&self.counters).clone();
        for Counter { name, label, help } in COUNTERS {
            page.head(name, help, "counter");
            let kinds = counters.iter().filter(|(series, _)| series.name == *name);
            let mut some = false;
            for (series, value) in kinds {
                let kind = series.label.as_ref();
                page.sample(
                    name,
                    kind.map(|(label, value)| (*label, value.as_str())),
                    value,
                );
                some = true;
            }
            if !some && label.is_none() {
                page.sample(name, None, 0);
            }
        }
        let sources = lock(&self.sources).clone();
        for source in sources {
            source(&mut page);
        }
        page.text
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// The page while it is written.
#[derive(Default)]
pub struct Page {
    text: String,
    headed: Vec<String>,
}

impl Page {
    /// A number that only grows.
    pub fn counter(
        &mut self,
        name: &str,
        help: &str,
        label: Option<(&str, &str)>,
        value: impl Display,
    ) {
        self.head(name, help, "counter");
        self.sample(name, label, value);
    }

    /// A number that goes up and down.
    pub fn gauge(
        &mut self,
        name: &str,
        help: &str,
        label: Option<(&str, &str)>,
        value: impl Display,
    ) {
        self.head(name, help, "gauge");
        self.sample(name, label, value);
    }

    fn head(&mut self, name: &str, help: &str, kind: &str) {
        if self.headed.iter().any(|headed| headed == name) {
            return;
        }
        self.headed.push(name.to_owned());
        let _ = writeln!(self.text, "# HELP ringback_{name} {help}");
        let _ = writeln!(self.text, "# TYPE ringback_{name} {kind}");
    }

    fn sample(&mut self, name: &str, label: Option<(&str, &str)>, value: impl Display) {
        let _ = match label {
            None => writeln!(self.text, "ringback_{name} {value}"),
            Some((label, kind)) => {
                let kind = kind.replace('\\', "\\\\").replace('"', "\\\"");
                writeln!(self.text, "ringback_{name}{{{label}=\"{kind}\"}} {value}")
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_counters_with_kinds_and_what_sources_say() {
        let metrics = Metrics::default();
        let page = metrics.page();
        let nought = "ringback_messages_left_total 0";
        assert!(page.lines().any(|found| found == nought), "{page}");
        metrics.count("messages_left_total");
        metrics.count_many("messages_left_total", 2);
        metrics.count_kind("calls_refused_total", "status", 503);
        metrics.count_kind("calls_refused_total", "status", 404);
        metrics.count_kind("calls_refused_total", "status", 503);
        metrics.ask(Arc::new(|page| {
            page.gauge("calls", "Calls in progress.", None, 7)
        }));
        let page = metrics.page();
        for line in [
            "# TYPE ringback_messages_left_total counter",
            "ringback_messages_left_total 3",
            "ringback_calls_refused_total{status=\"404\"} 1",
            "ringback_calls_refused_total{status=\"503\"} 2",
            "# TYPE ringback_calls gauge",
            "ringback_calls 7",
        ] {
            assert!(page.lines().any(|found| found == line), "{line}\n{page}");
        }
        let heads = page
            .lines()
            .filter(|line| line.starts_with("# TYPE ringback_calls_refused_total"))
            .count();
        assert_eq!(heads, 1);
    }
}
