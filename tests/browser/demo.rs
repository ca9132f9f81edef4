//! A demo that serves, for browsers to look at.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tempfile::TempDir;

/// A demo of its own, with its clock at 8:30 on a Monday.
pub(crate) struct Demo {
    child: Child,
    pub(crate) http: SocketAddr,
    sip: SocketAddr,
    rtp: u16,
    folder: TempDir,
}

impl Demo {
    /// Makes and starts one.
    pub(crate) fn start() -> Demo {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let folder = tempfile::tempdir().unwrap();
        let config = "[speech]\nrender_ahead = false\n[http]\nhost_names = [\"ringback.test\"]\n";
        std::fs::write(folder.path().join("ringback.toml"), config).unwrap();
        let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap();
        let sip = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap();
        let rtp = 45_000
            + (std::process::id() % 8) as u16 * 1_600
            + NEXT.fetch_add(1, Ordering::Relaxed) * 400;
        let child = spawn(&folder, sip, http, rtp);
        Demo {
            child,
            http,
            sip,
            rtp,
            folder,
        }
        .ready()
    }

    fn ready(mut self) -> Demo {
        let out = self.child.stdout.take().unwrap();
        let ready = BufReader::new(out)
            .lines()
            .map_while(Result::ok)
            .any(|line| line == "ready");
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(ready, "the demo did not become ready\n{log}");
        self
    }

    /// The address of a page, under a name of this machine.
    pub(crate) fn page(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.http.port())
    }

    /// Speech as a WAV file: one of the messages.
    pub(crate) fn speech(&self) -> PathBuf {
        self.folder.path().join("data/audio/demo-1.wav")
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again.
    pub(crate) fn start_again(mut self) -> Demo {
        self.child = spawn(&self.folder, self.sip, self.http, self.rtp);
        self.ready()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(folder: &TempDir, sip: SocketAddr, http: SocketAddr, rtp: u16) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))
        .unwrap();
    Command::new(env!("CARGO_BIN_EXE_ringback"))
        .args(["demo", "--clock", "2026-11-23T08:30:00"])
        .arg("--data")
        .arg(folder.path().join("data"))
        .arg("--config")
        .arg(folder.path().join("ringback.toml"))
        .args(["--sip", &sip.to_string(), "--http", &http.to_string()])
        .args(["--rtp", &format!("{rtp}-{}", rtp + 399)])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap()
}

/// How long the sound of something may take to be spoken by the voice of a loaded machine.
pub(crate) const SPOKEN_WITHIN: Duration = Duration::from_secs(40);
