//! Other codecs, more cores, and a disk that stands still.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::scripts::{GREETING, leaves_message, listens};
use super::server::{Server, Wanted};
use super::signalling::{Codec, Script};
use super::{Bench, CALLS_MOST, SETTLED, ms};

/// Calls of each codec.
const TRANSCODED: usize = 200;
/// Calls that are spread over the cores.
const SPREAD: usize = 800;
/// How long the disk stands still. A tape holds 20 s back.
const STILL: Duration = Duration::from_secs(15);

impl Bench {
    /// What a prompt costs that is encoded for each call.
    pub(super) fn codecs(&mut self) {
        let codecs: &[(Codec, &'static str)] = &[
            (Codec::Pcmu, "PCMU, 200 calls hear a prompt"),
            (Codec::G722, "G.722, 200 calls hear a prompt"),
            #[cfg(feature = "opus")]
            (Codec::Opus, "Opus, 200 calls hear a prompt"),
        ];
        let server = Server::start(CALLS_MOST);
        println!("codecs:");
        let mut plain = None;
        for &(codec, what) in codecs {
            let script = |number| Script {
                codec,
                ..listens(number)
            };
            let load = self.load_of(&server, TRANSCODED, script, Duration::ZERO);
            self.telephones.hang_up_all(1_000.0);
            let cost = load.cost_ms();
            let plain = *plain.get_or_insert(cost);
            self.row(
                what,
                format!(
                    "{cost:.3} ms a call-second, {:.1} of PCMU; gaps 99.9 % {}",
                    cost / plain,
                    ms(load.found.gaps.share(0.999))
                ),
                "none lost",
                load.all_taken && load.found.lost == 0,
            );
        }
    }

    /// The same calls on one core with one pump, and on two with two.
    pub(super) fn pumps(&mut self) {
        println!("pumps:");
        let mut costs = Vec::new();
        let mut shares = Vec::new();
        for (pumps, cores) in [(1, "0"), (2, "0,1")] {
            let server = Server::start_as(Wanted {
                calls_max: CALLS_MOST,
                pumps,
                cores,
                disk: None,
            });
            let load = self.load_of(&server, SPREAD, listens, Duration::ZERO);
            costs.push(load.cost_ms());
            shares = server.process.used_by("media-pump");
            self.telephones.hang_up_all(1_000.0);
        }
        let ratio = costs[1] / costs[0];
        let all: f64 = shares.iter().map(Duration::as_secs_f64).sum();
        let most = shares.iter().max().map_or(1.0, Duration::as_secs_f64) / all;
        self.row(
            "800 calls on two pumps and cores, processor time of a call against one pump's",
            format!(
                "{ratio:.2} ({:.3} ms against {:.3} ms a call-second); the busier pump has {:.0} % of the sound",
                costs[1],
                costs[0],
                most * 100.0
            ),
            "≤ 1.1, ≤ 55 %",
            ratio <= 1.1 && most <= 0.55,
        );
    }

    /// Calls hear prompts and leave messages while the disk under the data stands still.
    pub(super) fn disk(&mut self) {
        println!("disk:");
        let Some(disk) = Disk::new() else {
            println!("disk: NOT MEASURED, a disk of its own needs root and loop devices");
            return;
        };
        let server = Server::start_as(Wanted {
            calls_max: CALLS_MOST,
            pumps: 1,
            cores: "0",
            disk: Some(&disk.place),
        });
        // What is said comes out of the cache from the second time on.
        self.recorded(&server, 20);
        let left = || server.gauge("ringback_messages_left_total");
        let before = left();
        let (hearing, speaking, late) = (400, 100, 50);
        let leaves = |number| Script {
            hangs_up_at: None,
            ..leaves_message(number, 0, 0)
        };
        self.telephones.begin(server.sip);
        self.telephones.ramp(hearing + speaking, 200.0, |number| {
            if number < hearing {
                listens(number)
            } else {
                leaves(number)
            }
        });
        let mut all_taken = self.telephones.until_talking(hearing + speaking);
        // All are being recorded by then: greeting, what to do, tone.
        self.telephones
            .run_for(2 * Duration::from_millis(GREETING) + SETTLED);
        self.telephones.look_anew();
        disk.freeze(true);
        let end = Instant::now() + STILL;
        // Some call only now: they hear the greeting and the tone while it stands still.
        self.telephones.ramp(late, 100.0, leaves);
        all_taken &= self.telephones.until_talking(hearing + speaking + late);
        self.telephones
            .run_for(end.saturating_duration_since(Instant::now()));
        let found = self.telephones.look_anew();
        disk.freeze(false);
        self.telephones.hang_up_all(200.0);
        self.telephones.run_for(Duration::from_secs(5));
        let kept = left() - before;
        let speaking = speaking + late;
        let gap = found.gaps.share(0.999);
        self.row(
            "a disk that stands still for 15 s: gaps of 400 calls that hear, 100 that are recorded and 50 that come meanwhile to be recorded, 99.9 %",
            format!(
                "{}, {} at most, {} lost; {kept} of {speaking} messages kept",
                ms(gap),
                ms(found.gaps.longest()),
                found.lost
            ),
            "≤ 30 ms, all kept",
            all_taken
                && gap <= Duration::from_millis(30)
                && found.lost == 0
                && kept as usize == speaking,
        );
    }
}

/// A file system of its own, in a file, which can be made to stand still.
struct Disk {
    place: PathBuf,
    folder: tempfile::TempDir,
}

impl Disk {
    fn new() -> Option<Disk> {
        let folder = tempfile::tempdir().unwrap();
        let (image, place) = (folder.path().join("image"), folder.path().join("disk"));
        std::fs::create_dir(&place).unwrap();
        std::fs::File::create(&image)
            .and_then(|image| image.set_len(1 << 30))
            .unwrap();
        let done = run("mkfs.ext4", &["-q".as_ref(), &image])
            && run("mount", &["-o".as_ref(), "loop".as_ref(), &image, &place]);
        done.then_some(Disk { place, folder })
    }

    fn freeze(&self, still: bool) {
        let option = if still { "--freeze" } else { "--unfreeze" };
        assert!(run("fsfreeze", &[option.as_ref(), &self.place]));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = run("fsfreeze", &["--unfreeze".as_ref(), &self.place]);
        // Lazily: the server that wrote there may not be gone yet.
        let _ = run("umount", &["--lazy".as_ref(), &self.place]);
        let _ = std::fs::remove_file(self.folder.path().join("image"));
    }
}

fn run(program: &str, arguments: &[&Path]) -> bool {
    let done = Command::new(program).args(arguments).output();
    done.is_ok_and(|done| done.status.success())
}
