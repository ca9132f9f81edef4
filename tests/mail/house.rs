//! A server with alice and bob in it, and the relay that it hands its mail to.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_ringback");

/// How long a server on a loaded machine takes to start, or a mail to come out of it.
const WITHIN: Duration = Duration::from_secs(120);

const ORGANISATION: &str = r#"
[[dial_plan]]
name = "trial"
number_of_digits_in_extension = 4
access_telephone_numbers = ["7000"]

[[mailbox_policy]]
name = "trial"
dial_plan = "trial"
reset_pin_text = "Questions? Call the help desk at 1000."
voice_mail_text = "Example Ltd keeps messages for a year."
um_enabled_text = "Welcome from the whole of Example Ltd."

[[person]]
user = "alice"
given_name = "Alice"
surname = "Archer"
extension = "1042"
mail = "alice@example.test"

[[person]]
user = "bob"
given_name = "Bob"
surname = "Baker"
extension = "1043"
mail = "bob@example.test"

[[mailbox]]
user = "alice"
policy = "trial"
extensions = ["1042"]
"#;

/// A mail that the relay took.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
    pub(crate) message: String,
}

impl Taken {
    /// A header field, unfolded.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let (head, _) = self.message.split_once("\r\n\r\n")?;
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        unfolded.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// A relay that takes everything.
struct Sink {
    port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
}

impl Sink {
    fn start() -> Sink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken: Arc<Mutex<Vec<Taken>>> = Arc::default();
        let keeping = taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A server that is stopped leaves its connection; the next one brings its own.
                let keeping = keeping.clone();
                std::thread::spawn(move || drop(serve(&stream, &keeping)));
            }
        });
        Sink { port, taken }
    }
}

fn serve(stream: &TcpStream, taken: &Mutex<Vec<Taken>>) -> std::io::Result<()> {
    let mut writing = stream;
    let mut reading = BufReader::new(stream);
    writing.write_all(b"220 sink\r\n")?;
    let mut mail = (String::new(), Vec::new());
    let mut line = String::new();
    loop {
        line.clear();
        if reading.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = |line: &str| {
            let path = line
                .split_once('<')
                .and_then(|(_, rest)| rest.split_once('>'));
            path.map(|(path, _)| path.to_owned()).unwrap_or_default()
        };
        let word = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let reply = match &*word {
            "EHLO" => "250-sink\r\n250 8BITMIME",
            "MAIL" => {
                mail = (path(&line), Vec::new());
                "250 ok"
            }
            "RCPT" => {
                mail.1.push(path(&line));
                "250 ok"
            }
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        writing.write_all(format!("{reply}\r\n").as_bytes())?;
        if word == "DATA" {
            let mut message = Vec::new();
            while !message.ends_with(b"\r\n.\r\n") {
                reading.read_until(b'\n', &mut message)?;
            }
            taken.lock().unwrap().push(Taken {
                from: mail.0.clone(),
                to: mail.1.clone(),
                message: String::from_utf8_lossy(&message).into_owned(),
            });
            writing.write_all(b"250 ok\r\n")?;
        }
    }
}

pub(crate) struct House {
    folder: TempDir,
    sink: Sink,
    lmtp: SocketAddr,
    serving: Option<Child>,
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl House {
    /// With `settings` besides what the test needs.
    pub(crate) fn new(settings: &str) -> House {
        let folder = tempfile::tempdir().unwrap();
        let sink = Sink::start();
        let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let lmtp = free.local_addr().unwrap();
        let house = House {
            folder,
            sink,
            lmtp,
            serving: None,
        };
        let config = format!(
            "[sip]\nlisten = [\"127.0.0.1:0\"]\n[http]\nlisten = \"127.0.0.1:0\"\n\
             [lmtp]\nlisten = [\"{lmtp}\"]\n[storage]\ndata = \"{}\"\n\
             [submission]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\n\
             address = \"voicemail@um.example.test\"\n\
             [speech]\nrender_ahead = false\n{settings}",
            house.data().display(),
            house.sink.port,
        );
        std::fs::write(house.config(), config).unwrap();
        let organisation = house.file("organisation.toml");
        std::fs::write(&organisation, ORGANISATION).unwrap();
        house.run(&["org", "apply", organisation.to_str().unwrap()]);
        house
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.file("ringback.toml")
    }

    /// Runs a subcommand, which has to succeed; what it printed.
    pub(crate) fn run(&self, arguments: &[&str]) -> String {
        let output = self.try_to_run(arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn try_to_run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(BINARY);
        command.args(arguments).arg("--config").arg(self.config());
        command.output().unwrap()
    }

    /// Starts the server, and waits until it takes mail.
    pub(crate) fn open(&mut self) {
        let log = std::fs::File::create(self.file("log")).unwrap();
        let child = Command::new(BINARY)
            .arg("serve")
            .arg("--config")
            .arg(self.config())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.serving = Some(child);
        let until = Instant::now() + WITHIN;
        while TcpStream::connect(self.lmtp).is_err() {
            let log = std::fs::read_to_string(self.file("log")).unwrap();
            assert!(Instant::now() < until, "the server does not start: {log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Ends the server as a service manager does.
    pub(crate) fn close(&mut self) {
        let mut child = self.serving.take().unwrap();
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }

    /// Brings a mail by LMTP; the last answer.
    pub(crate) fn bring(&self, from: &str, to: &str, mail: &str) -> String {
        let mut stream = TcpStream::connect(self.lmtp).unwrap();
        let said = format!(
            "LHLO mx.example.org\nMAIL FROM:<{from}>\nRCPT TO:<{to}>\nDATA\n{mail}\n.\nQUIT\n"
        );
        stream
            .write_all(said.replace('\n', "\r\n").as_bytes())
            .unwrap();
        let mut heard = String::new();
        stream.read_to_string(&mut heard).unwrap();
        let stored = heard.lines().rev().nth(1).unwrap_or_default().to_owned();
        assert!(stored.starts_with("250 2.0.0"), "{heard}");
        stored
    }

    /// Waits until there is an e-mail of this subject in a mailbox; its source, with soft line ends
    /// taken out.
    pub(crate) fn stored_when(&self, user: &str, subject: &str) -> String {
        let until = Instant::now() + WITHIN;
        loop {
            let listed = self.run(&["mailbox", "messages", user]);
            if let Some(line) = listed.lines().find(|line| line.contains(subject)) {
                let id = line.split(' ').next().unwrap();
                let mail = self.run(&["mailbox", "export", user, id]);
                return mail.replace("=\r\n", "").replace("\r\n", "\n");
            }
            assert!(Instant::now() < until, "{listed}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// What the relay has taken.
    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.sink.taken.lock().unwrap().clone()
    }

    /// Waits until the relay has taken so many mails.
    pub(crate) fn taken_when(&self, count: usize) -> Vec<Taken> {
        let until = Instant::now() + WITHIN;
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            let log = std::fs::read_to_string(self.file("log")).unwrap_or_default();
            assert!(Instant::now() < until, "{taken:#?}\n{log}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
