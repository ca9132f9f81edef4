//! The browsers of this machine, with a microphone that plays a file.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bidi::Session;
use crate::page::Page;

/// A loaded machine starts a browser slowly.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// How a browser is wanted.
#[derive(Default)]
pub(crate) struct Wanted {
    /// What its microphone hears: a WAV file; none: there is no microphone.
    pub(crate) microphone: Option<PathBuf>,
    /// The microphone is refused by whoever sits there.
    pub(crate) refuses: bool,
    /// A host name that leads to this machine.
    pub(crate) host: Option<&'static str>,
}

/// A browser that runs.
pub(crate) struct Browser {
    child: Child,
    session: Option<Session>,
    port: u16,
    id: Option<String>,
    _folder: TempDir,
}

/// The path of a program, if it is there.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path)
            .map(|folder| folder.join(program))
            .find(|file| file.exists())
    })
}

/// Whether Chromium can be driven here; if not, that is said, and in CI it is a failure.
pub(crate) fn is_chromium_here() -> bool {
    let missing: Vec<&str> = ["chromium", "chromedriver"]
        .into_iter()
        .filter(|program| find(program).is_none())
        .collect();
    if missing.is_empty() {
        return true;
    }
    let said = format!(
        "NOT RUN: {} missing; packaging/set-up test installs it",
        missing.join(" and ")
    );
    assert!(std::env::var_os("CI").is_none(), "{said}");
    println!("{said}");
    false
}

impl Browser {
    /// Starts Chromium.
    pub(crate) async fn chromium(wanted: Wanted) -> Browser {
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut arguments = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--mute-audio".to_owned(),
            "--lang=en-US".to_owned(),
            "--window-size=1200,1100".to_owned(),
            format!(
                "--user-data-dir={}",
                folder.path().join("profile").display()
            ),
        ];
        if let Some(file) = &wanted.microphone {
            arguments.push("--use-fake-device-for-media-stream".to_owned());
            arguments.push(format!(
                "--use-file-for-fake-audio-capture={}",
                file.display()
            ));
            arguments.push(
                if wanted.refuses {
                    "--deny-permission-prompts"
                } else {
                    "--use-fake-ui-for-media-stream"
                }
                .to_owned(),
            );
        }
        if let Some(host) = wanted.host {
            arguments.push(format!("--host-resolver-rules=MAP {host} 127.0.0.1"));
        }
        let mut browser = Browser {
            child,
            session: None,
            port,
            id: None,
            _folder: folder,
        };
        let capabilities = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "webSocketUrl": true,
            "goog:chromeOptions": { "binary": find("chromium"), "args": arguments },
        } } });
        let until = Instant::now() + STARTED_WITHIN;
        let started = loop {
            match http(port, "POST", "/session", &capabilities) {
                Ok(started) if started["value"]["sessionId"].is_string() => break started,
                other => assert!(Instant::now() < until, "chromium did not start: {other:?}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        browser.id = started["value"]["sessionId"].as_str().map(str::to_owned);
        let address = started["value"]["capabilities"]["webSocketUrl"].as_str();
        browser.session = Some(Session::connect(address.unwrap()).await.unwrap());
        browser
    }

    /// Starts Firefox, which speaks BiDi by itself; its microphone hums. Nothing when it is not here.
    pub(crate) async fn firefox() -> Option<Browser> {
        let Some(program) = find("firefox-esr").or_else(|| find("firefox")) else {
            println!("NOT RUN: firefox-esr is missing");
            return None;
        };
        let port = free_port();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("user.js"),
            "user_pref(\"media.navigator.streams.fake\", true);\n\
             user_pref(\"media.navigator.permission.disabled\", true);\n\
             user_pref(\"media.autoplay.default\", 0);\n\
             user_pref(\"media.autoplay.block-webaudio\", false);\n\
             user_pref(\"remote.active-protocols\", 1);\n\
             user_pref(\"datareporting.policy.dataSubmissionEnabled\", false);\n\
             user_pref(\"app.update.enabled\", false);\n",
        )
        .unwrap();
        let child = Command::new(program)
            .args(["--headless", "--no-remote", "--profile"])
            .arg(folder.path())
            .args(["--remote-debugging-port", &port.to_string()])
            .env("HOME", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let until = Instant::now() + STARTED_WITHIN;
        let address = format!("ws://127.0.0.1:{port}/session");
        let mut session = loop {
            match Session::connect(&address).await {
                Ok(session) => break session,
                Err(error) => assert!(Instant::now() < until, "firefox did not start: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        let began = session
            .command("session.new", json!({ "capabilities": {} }))
            .await;
        began.unwrap();
        Some(Browser {
            child,
            session: Some(session),
            port,
            id: None,
            _folder: folder,
        })
    }

    /// Opens a page; it is the browser's only one.
    pub(crate) async fn open(mut self, address: &str) -> Page {
        let mut session = self.session.take().unwrap();
        let tree = session
            .command("browsingContext.getTree", json!({}))
            .await
            .unwrap();
        let mut context = tree["contexts"][0]["context"].as_str().unwrap().to_owned();
        if self.id.is_none() {
            // The window that Firefox begins with is never in front when it has no screen, and Enter
            // presses no button there.
            let opened = session
                .command("browsingContext.create", json!({ "type": "window" }))
                .await
                .unwrap();
            context = opened["context"].as_str().unwrap().to_owned();
        }
        Page::open(self, session, context, address).await
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            // Else chromedriver would leave its Chromium behind.
            let _ = http(self.port, "DELETE", &format!("/session/{id}"), &Value::Null);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request to a program of this machine that answers with JSON.
fn http(port: u16, method: &str, path: &str, body: &Value) -> Result<Value, String> {
    let failed = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(failed)?;
    stream
        .set_read_timeout(Some(STARTED_WITHIN))
        .map_err(failed)?;
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .map_err(failed)?;
    // chromedriver leaves the connection open: the head says how much there is.
    let mut answer = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).map_err(failed)?;
        match line.trim_end().to_ascii_lowercase().split_once(':') {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            Some(_) => {}
            None if line.trim().is_empty() => break,
            None => {}
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body).map_err(failed)?;
    let body = String::from_utf8_lossy(&body);
    serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// The accessibility checker's source, if it is there; if not, that is said, and in CI it is a failure.
pub(crate) fn axe() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("tests/browser/node_modules/axe-core/axe.min.js");
    let source = std::fs::read_to_string(file).ok();
    if source.is_none() {
        let said = "NOT RUN: the accessibility check, axe-core is missing; packaging/set-up test installs it";
        assert!(std::env::var_os("CI").is_none(), "{said}");
        println!("{said}");
    }
    source
}
