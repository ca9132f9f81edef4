//! `ringback console --text`: calls from a script on standard input, with the real binary.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a test fails where it cannot go on, says what is missing, and waits for programs by the clock"
)]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

const BINARY: &str = env!("CARGO_BIN_EXE_ringback");

/// A demo's data for one test, and what was called from there.
struct Desk {
    folder: tempfile::TempDir,
}

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        copy_folder(template(), &folder.path().join("data"));
        Desk { folder }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Calls with these options and lets the script type.
    fn call(&self, options: &[&str], script: &str) -> Output {
        call(&self.data(), options, script)
    }

    /// The same for a call that must go well; gives what the terminal showed.
    fn calls(&self, options: &[&str], script: &str) -> String {
        let output = self.call(options, script);
        let shown = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}\n{complaint}");
        shown
    }

    /// The same for one that must fail; gives what was shown and the complaint.
    fn fails(&self, options: &[&str], script: &str) -> (String, String) {
        let output = self.call(options, script);
        let shown = String::from_utf8(output.stdout).unwrap();
        assert!(!output.status.success(), "{shown}");
        (shown, String::from_utf8(output.stderr).unwrap())
    }

    fn messages(&self, user: &str) -> String {
        let output = Command::new(BINARY)
            .args(["mailbox", "messages", user, "--data"])
            .arg(self.data())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

fn call(data: &Path, options: &[&str], script: &str) -> Output {
    let mut child = start(data, options);
    // A program that has given up already does not read its script.
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    child.wait_with_output().unwrap()
}

fn start(data: &Path, options: &[&str]) -> Child {
    Command::new(BINARY)
        .args(["console", "--text", "--data"])
        .arg(data)
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A demo's data, made once by a call in which nothing happens: hashing its PINs takes a while.
fn template() -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        // A static is never dropped: the folder, a megabyte, stays for the system to clean.
        let data = tempfile::tempdir().unwrap().keep();
        let output = call(&data, &["--hurry"], "");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaint}");
        data
    })
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_subscriber_signs_in_hears_a_message_and_deletes_it() {
    let desk = Desk::new();
    let shown = desk.calls(
        &["--hurry"],
        "// sign in\n2001\n482915#\n// voice mail\n1\n7\nhang up\n",
    );
    for line in [
        "call      to 7000\n",
        "ringback  Welcome to voice access.\n",
        "you       2001\n",
        "you       •••••••\n",
        "signed in alice\n",
        "          → main-menu: voice-mail\n",
        "plays     message, ",
        // What it says stands there for who cannot hear it; lines are broken.
        "          “Good morning, this is Grace",
        "          → voice-message: delete\n",
        "ringback  Message deleted.\n",
        "over      caller-hung-up\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    assert!(!shown.contains("482915"), "{shown}");
    let messages = desk.messages("2001");
    let deleted = messages.lines().filter(|line| line.contains(" deleted "));
    assert_eq!(deleted.count(), 1, "{messages}");
}

#[test]
fn a_subscriber_hears_the_language_of_the_mailbox_where_it_is_installed() {
    let desk = Desk::new();
    let words = desk.folder.path().join("words");
    let french = words.join("prompts/fr-FR");
    copy_folder(
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/prompts/en-US")),
        &french,
    );
    let file = french.join("voice-mail.ftl");
    let spoken = std::fs::read_to_string(&file).unwrap();
    let changed = spoken.replace("Message deleted.", "Message effacé.");
    assert_ne!(spoken, changed);
    std::fs::write(&file, changed).unwrap();
    let settings = desk.folder.path().join("ringback.toml");
    std::fs::write(&settings, format!("[conversation]\nwords = {words:?}\n")).unwrap();
    let settings = settings.to_str().unwrap();
    let set_language = |arguments: &[&str]| {
        let output = Command::new(BINARY)
            .args(["mailbox", "set-language", "alice"])
            .args(arguments)
            .arg("--data")
            .arg(desk.data())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        String::from_utf8(said).unwrap()
    };
    let script = "2001\n482915#\n1\n7\nhang up\n";
    let said = set_language(&["fr-FR", "--config", settings]);
    assert_eq!(said, "alice: hears fr-FR after signing in\n");
    let shown = desk.calls(&["--hurry", "--config", settings], script);
    assert!(shown.contains("Message effacé.\n"), "{shown}");
    // Not installed any more: the dial plan's.
    let shown = desk.calls(&["--hurry"], script);
    assert!(shown.contains("Message deleted.\n"), "{shown}");
    // Another region of an installed language does.
    let said = set_language(&["fr-CA", "--config", settings]);
    assert!(said.contains("those of fr-FR are heard"), "{said}");
    let shown = desk.calls(&["--hurry", "--config", settings], script);
    assert!(shown.contains("Message effacé.\n"), "{shown}");
    let said = set_language(&["Klingon, please"]);
    assert!(said.contains("this is no language"), "{said}");
    let said = set_language(&[]);
    assert_eq!(said, "alice: hears the language of the dial plan\n");
}

#[test]
fn a_caller_leaves_a_message_that_lasts_as_long_as_he_spoke() {
    let desk = Desk::new();
    let options = ["--hurry", "--dial", "2002", "--from", "2001"];
    let shown = desk.calls(&options, "speak 4\n#\n1\n#\n");
    assert!(shown.contains("call      to 2002 from 2001\n"), "{shown}");
    assert!(shown.contains("records   what you say"), "{shown}");
    assert!(shown.contains("recorded  4.0 seconds\n"), "{shown}");
    assert!(
        shown.contains("ringback  Your message has been sent."),
        "{shown}"
    );
    assert!(shown.contains("over      goodbye\n"), "{shown}");
    let messages = desk.messages("2002");
    let left = messages.lines().find(|line| line.contains("Alice Archer"));
    assert!(left.unwrap().contains(" 4.0s "), "{messages}");
    // Hanging up sends as well, and a diverted call reaches the same mailbox.
    let options = ["--hurry", "--diverted-from", "2002", "--because", "busy"];
    let wav = desk.data().join("audio/demo-1.wav");
    let script = format!("speak {}\nhang up\n", wav.display());
    let shown = desk.calls(&options, &script);
    assert!(
        shown.contains("diverted from 2002 (DivertBusy)\n"),
        "{shown}"
    );
    assert_eq!(
        desk.messages("2002").lines().count(),
        3,
        "a heading and two"
    );
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "it is the time of the machine that passes"
)]
fn words_take_their_time_and_keys_can_barge_in() {
    let desk = Desk::new();
    let began = std::time::Instant::now();
    // Signing in takes no time when every key barges in; the message is heard for two seconds.
    let shown = desk.calls(
        &[],
        "!2001\n!wait 1\n!482915#\n!wait 2\n!1\n!wait 2\n!7\n!wait 1\n!hang up\n",
    );
    assert!(shown.contains("→ voice-message: delete"), "{shown}");
    assert!(began.elapsed() > std::time::Duration::from_secs(5));
    assert!(
        !shown.contains("End of message"),
        "the first message was cut short, and who hangs up waits for no end:\n{shown}"
    );
}

#[test]
fn a_wrong_line_ends_the_call_and_is_named() {
    let desk = Desk::new();
    let (shown, said) = desk.fails(&["--hurry"], "2001\npress one\n");
    assert!(shown.contains("over      caller-hung-up"), "{shown}");
    assert!(
        said.contains("line 2: `press one` is no line of keys"),
        "{said}"
    );
    let options = ["--hurry", "--dial", "2002"];
    let (_, said) = desk.fails(&options, "speak nowhere.wav\n");
    assert!(said.contains("nowhere.wav: No such file"), "{said}");
    // A caller who left nothing is told of by mail; nothing was said.
    let messages = desk.messages("2002");
    assert!(!messages.contains(" voice "), "{messages}");
    assert!(messages.contains(" missed"), "{messages}");
}

#[test]
fn a_script_that_goes_on_after_the_call_is_told_so() {
    let desk = Desk::new();
    let (shown, said) = desk.fails(
        &["--hurry", "--dial", "2002"],
        "speak 2\n#\n1\n#\n1\n// here it ends\n",
    );
    assert!(shown.contains("over      goodbye"), "{shown}");
    assert!(said.contains("the call was over before line 5"), "{said}");
}

#[test]
fn what_keeps_a_call_from_being_made_is_said_with_the_cure() {
    let desk = Desk::new();
    let (_, said) = desk.fails(&["--dial", "9999"], "");
    assert!(said.contains("--dial 9999: no gateway's calls"), "{said}");
    let (_, said) = desk.fails(&["--from", "nobody"], "");
    assert!(
        said.contains("--from `nobody` is no telephone number"),
        "{said}"
    );
    let (_, said) = desk.fails(&["--clock", "2026-11-24T08:30:00"], "");
    assert!(said.contains("--fresh"), "{said}");
}

#[test]
fn one_call_at_a_time_has_the_data() {
    let desk = Desk::new();
    let mut first = start(&desk.data(), &["--hurry"]);
    let mut input = first.stdin.take().unwrap();
    input.write_all(b"!wait 60\n").unwrap();
    // Its first words are shown: it has the data.
    let mut shown = [0; 4];
    std::io::Read::read_exact(first.stdout.as_mut().unwrap(), &mut shown).unwrap();
    assert_eq!(&shown, b"call");
    let (_, said) = desk.fails(&[], "");
    // Ctrl-C hangs up.
    let process = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(process, rustix::process::Signal::INT).unwrap();
    assert!(first.wait().unwrap().success());
    assert!(said.contains("another ringback serves from"), "{said}");
    desk.calls(&["--hurry"], "");
}

#[test]
fn a_machine_without_voices_can_be_called_by_text() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("ringback.toml");
    std::fs::write(&config, "").unwrap();
    let mut child = Command::new(BINARY)
        .args(["console", "--text", "--hurry", "--data"])
        .arg(folder.path().join("data"))
        .arg("--config")
        .arg(&config)
        // No program is found there, and so no voice.
        .env("PATH", folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = b"2001\n482915#\n1\nhang up\n";
    child.stdin.take().unwrap().write_all(script).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("plays     message, "), "{shown}");
}

#[cfg(not(feature = "console"))]
#[test]
fn without_sound_in_the_build_text_is_offered() {
    let desk = Desk::new();
    let output = Command::new(BINARY)
        .args(["console", "--data"])
        .arg(desk.data())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("--text"), "{said}");
    assert!(said.contains("--features console"), "{said}");
}

#[cfg(feature = "console")]
#[path = "console/alsa.rs"]
mod alsa;
#[cfg(feature = "console")]
#[path = "console/desktop.rs"]
mod desktop;

/// The same calls by microphone and loudspeaker, on devices that ALSA makes up.
#[cfg(feature = "console")]
mod sound {
    use super::alsa::{Heard, file_device};
    use super::*;

    fn call_with_alsa(desk: &Desk, configuration: &str, script: &str) -> Output {
        let file = desk.folder.path().join("asound.conf");
        std::fs::write(&file, configuration).unwrap();
        let mut child = Command::new(BINARY)
            .args(["console", "--dial", "2002", "--data"])
            .arg(desk.data())
            .env("ALSA_CONFIG_PATH", &file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
        child.wait_with_output().unwrap()
    }

    #[test]
    fn a_message_is_left_by_a_microphone_that_hears_nothing_but_what_is_typed() {
        let desk = Desk::new();
        let wav = desk.data().join("audio/demo-1.wav");
        let script = format!("speak {}\n#\n1\n#\n", wav.display());
        let output = call_with_alsa(&desk, "pcm.!default { type null }\n", &script);
        let shown = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}\n{complaint}");
        assert!(shown.contains("over      goodbye"), "{shown}");
        assert_eq!(desk.messages("2002").lines().count(), 2, "{shown}");
    }

    #[test]
    fn what_is_said_is_heard_and_what_the_microphone_hears_is_recorded() {
        let desk = Desk::new();
        let (heard, spoken) = (
            desk.folder.path().join("out"),
            desk.folder.path().join("in"),
        );
        // Half a minute of a demo's message again and again, for whoever listens when.
        let wav = std::fs::read(desk.data().join("audio/demo-1.wav")).unwrap();
        let stereo = |pair: &[u8]| [pair[0], pair[1], pair[0], pair[1]];
        let voice: Vec<u8> = wav[44..].chunks_exact(2).flat_map(stereo).collect();
        std::fs::write(&spoken, voice.repeat(8)).unwrap();
        let output = call_with_alsa(&desk, &file_device(&heard, &spoken), "!wait 12\n!#\n1\n#\n");
        let shown = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}\n{complaint}");
        let heard = Heard::read(&heard);
        assert!(heard.is_speech(), "{heard:?}");
        assert_eq!(desk.messages("2002").lines().count(), 2, "{shown}");
    }

    /// What is heard is looked at rightly: silence, a hiss, and samples of another format are no speech.
    #[test]
    fn what_is_no_speech_is_not_taken_for_it() {
        let hiss = |n: i32| (n.wrapping_mul(48_271) % 20_000) as i16;
        let floats: Vec<i16> = (0..40_000)
            .flat_map(|n: i32| ((n as f32 * 0.05).sin() * 0.3).to_le_bytes())
            .collect::<Vec<u8>>()
            .chunks_exact(2)
            .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
            .collect();
        for nothing in [vec![0; 80_000], (0..80_000).map(hiss).collect(), floats] {
            let heard = Heard::of(&nothing);
            assert!(!heard.is_speech(), "{heard:?}");
        }
        assert!(!Heard::of(&[]).is_speech());
    }

    #[test]
    fn a_machine_without_sound_is_told_so_and_offered_text() {
        let desk = Desk::new();
        let output = call_with_alsa(&desk, "# nothing is here\n", "");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(said.contains("the loudspeaker cannot be used"), "{said}");
        assert!(said.contains("call by text with --text"), "{said}");
    }
}
