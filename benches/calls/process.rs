//! What the kernel knows of a process under measurement.

use std::fs;
use std::process::Child;
use std::time::Duration;

/// A process on core 0, ended with this.
pub(super) struct Measured(pub(super) Child);

impl Measured {
    /// Processor time of all its threads, those that ended included, and of the voice programs that it ran.
    pub(super) fn used(&self) -> Duration {
        used(&self.file("stat"), 4)
    }

    /// Processor time of each thread that has such a name.
    pub(super) fn used_by(&self, name: &str) -> Vec<Duration> {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        threads
            .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("stat")).ok())
            .filter(|stat| stat.contains(&format!("({name}")))
            .map(|stat| used(&stat, 2))
            .collect()
    }

    /// Resident memory, in KiB.
    pub(super) fn resident(&self) -> u64 {
        let status = self.file("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let number = line.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    }

    /// Open descriptors.
    pub(super) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.0.id()))
            .unwrap()
            .count()
    }

    fn file(&self, name: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{name}", self.0.id())).unwrap()
    }
}

/// Of a line of `/proc/PID/stat`: its own time, for itself and in the kernel, is in the first two of these
/// fields, that of its children in the next two.
fn used(stat: &str, fields: usize) -> Duration {
    let (_, after) = stat.rsplit_once(')').unwrap();
    let fields = after.split_whitespace().skip(11).take(fields);
    let ticks: u64 = fields.map(|ticks| ticks.parse::<u64>().unwrap()).sum();
    // A tick is a hundredth of a second on every Linux.
    Duration::from_millis(ticks * 10)
}

impl Drop for Measured {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What machine this is, for those who compare.
pub(super) fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split_whitespace().next().unwrap_or("?").to_owned();
    format!(
        "{model}, {cores} cores, Linux {}, load {load} at the start",
        kernel.trim()
    )
}
