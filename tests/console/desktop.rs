//! `--voice desktop`, with a speech-dispatcher of its own: one whose voice writes down what it is asked to
//! say and takes a second for each sentence, or espeak-ng on a made-up sound device.

use std::time::{Duration, Instant};

use super::alsa::{Heard, file_device};
use super::*;

/// A program of this machine.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.exists())
}

const MODULES: &str = "/usr/lib/speech-dispatcher-modules";

/// A speech service that runs.
struct Service {
    child: Child,
    folder: tempfile::TempDir,
}

impl Service {
    /// Starts one whose voice takes so long for each sentence.
    fn reading(seconds: u32) -> Option<Service> {
        Service::start_with("sd_generic", seconds)
    }

    /// Starts one that has only this module.
    fn start(module: &str) -> Option<Service> {
        Service::start_with(module, 1)
    }

    /// None, and said so, where there is no speech-dispatcher.
    fn start_with(module: &str, seconds: u32) -> Option<Service> {
        let binary = Path::new(MODULES).join(module);
        if find("speech-dispatcher").is_none() || !binary.exists() {
            let said = format!(
                "NOT RUN: speech-dispatcher with {module} is missing; packaging/set-up test installs it"
            );
            assert!(std::env::var_os("CI").is_none(), "{said}");
            println!("{said}");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("modules")).unwrap();
        std::fs::create_dir_all(at("log")).unwrap();
        // `exec`, for who is silenced is the process that the module started.
        let paced = format!(
            "GenericExecuteSynth \"printf '%s\\\\n' \\'$DATA\\' >> {}; exec sleep {seconds}\"\n\
             AddVoice \"en\" \"MALE1\" \"reader\"\nDefaultVoice \"reader\"\n\
             GenericLanguage \"en\" \"en\" \"utf-8\"\n",
            at("spoken").display()
        );
        std::fs::write(at("modules/sd_generic.conf"), paced).unwrap();
        std::fs::write(at("modules/sd_espeak-ng.conf"), "").unwrap();
        std::fs::write(at("modules/sd_dummy.conf"), "").unwrap();
        std::fs::write(
            at("speechd.conf"),
            format!(
                "AudioOutputMethod \"alsa\"\nAudioALSADevice \"default\"\n\
                 AddModule \"only\" \"{module}\" \"{module}.conf\"\nDefaultModule \"only\"\n"
            ),
        )
        .unwrap();
        std::fs::write(
            at("asound.conf"),
            file_device(&at("heard"), Path::new("/dev/zero")),
        )
        .unwrap();
        let child = Command::new("speech-dispatcher")
            .args([
                "--run-single",
                "--timeout",
                "0",
                "--communication-method",
                "unix_socket",
            ])
            .arg("--socket-path")
            .arg(at("socket"))
            .arg("--config-dir")
            .arg(folder.path())
            .arg("--log-dir")
            .arg(at("log"))
            .arg("--pid-file")
            .arg(at("pid"))
            .env("ALSA_CONFIG_PATH", at("asound.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let service = Service { child, folder };
        let until = Instant::now() + Duration::from_secs(30);
        while std::os::unix::net::UnixStream::connect(service.at("socket")).is_err() {
            assert!(Instant::now() < until, "speech-dispatcher did not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(service)
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn address(&self) -> String {
        format!("unix_socket:{}", self.at("socket").display())
    }

    /// What the voice was asked to say.
    fn spoken(&self) -> String {
        std::fs::read_to_string(self.at("spoken")).unwrap_or_default()
    }

    /// A call that it speaks.
    fn call(&self, desk: &Desk, options: &[&str], script: &str) -> String {
        let output = call_by(&self.address(), desk, options, script);
        let shown = String::from_utf8(output.stdout).unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shown}\n{complaint}");
        shown
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls on a machine where neither flite nor espeak-ng is found.
fn call_by(address: &str, desk: &Desk, options: &[&str], script: &str) -> Output {
    let config = desk.folder.path().join("ringback.toml");
    std::fs::write(&config, "").unwrap();
    let mut child = Command::new(BINARY)
        .args(["console", "--voice", "desktop", "--data"])
        .arg(desk.data())
        .arg("--config")
        .arg(&config)
        .args(options)
        .env("PATH", desk.folder.path())
        .env("LANG", "C.UTF-8")
        .env("SPEECHD_ADDRESS", address)
        // None is started by whoever misses it.
        .env("SPEECHD_CMD", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    child.wait_with_output().unwrap()
}

#[test]
fn a_machine_without_the_servers_voices_hears_the_menus_from_its_desktop() {
    let Some(service) = Service::reading(1) else {
        return;
    };
    let desk = Desk::new();
    let began = Instant::now();
    let shown = service.call(&desk, &["--text"], "2001\n482915#\nhang up\n");
    for line in [
        "ringback  Welcome to voice access.\n",
        "signed in alice\n",
        "ringback  You have two new voice messages.\n",
        "ringback  For voice mail, press one.\n",
        "over      caller-hung-up\n",
    ] {
        assert!(shown.contains(line), "{line}\n{shown}");
    }
    // All that is shown was spoken, in this order, and the script waited for it.
    let spoken = service.spoken();
    let sentences = [
        "Welcome to voice access.",
        "Please enter your extension.",
        "Please enter your PIN",
        "You have two new voice messages.",
        "For voice mail, press one.",
    ];
    let places: Vec<usize> = sentences
        .iter()
        .map(|sentence| {
            spoken
                .find(sentence)
                .unwrap_or_else(|| panic!("{sentence}\n{spoken}"))
        })
        .collect();
    assert!(places.is_sorted(), "{spoken}");
    assert!(!spoken.contains("482915"), "{spoken}");
    assert!(
        began.elapsed() > Duration::from_secs(5),
        "a second for each"
    );
}

#[test]
fn a_key_silences_the_desktops_voice_at_once() {
    let Some(service) = Service::reading(15) else {
        return;
    };
    let desk = Desk::new();
    // Somebody who knows the way: each key comes while something is said.
    let script = "!wait 1.5\n!2001\n!wait 1.5\n!482915#\n!wait 1.5\n!1\n!wait 1.5\n!hang up\n";
    let began = Instant::now();
    let shown = service.call(&desk, &["--text"], script);
    assert!(shown.contains("→ main-menu: voice-mail"), "{shown}");
    // What lies before the message would take two minutes to its end.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(60), "{took:?}");
    let spoken = service.spoken();
    for said in ["Welcome", "enter your PIN", "Message one of three."] {
        assert!(spoken.contains(said), "{said}\n{spoken}");
    }
    // And what a key cut off before its turn was neither spoken nor shown.
    for never in ["To contact someone", "new e-mails", "press one"] {
        assert!(!spoken.contains(never), "{spoken}");
    }
    assert!(!shown.contains("new e-mails"), "{shown}");
}

#[test]
fn messages_are_played_by_the_loudspeaker_between_words_of_the_desktop() {
    let Some(service) = Service::start("sd_espeak-ng") else {
        return;
    };
    let desk = Desk::new();
    let heard = desk.folder.path().join("heard");
    let alsa = desk.folder.path().join("asound.conf");
    std::fs::write(&alsa, file_device(&heard, Path::new("/dev/zero"))).unwrap();
    let config = desk.folder.path().join("ringback.toml");
    std::fs::write(&config, "").unwrap();
    let mut child = Command::new(BINARY)
        .args(["console", "--voice", "desktop", "--data"])
        .arg(desk.data())
        .arg("--config")
        .arg(&config)
        .env("ALSA_CONFIG_PATH", &alsa)
        .env("SPEECHD_ADDRESS", service.address())
        .env("SPEECHD_CMD", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let script = b"2001\n482915#\n1\n!wait 14\n!hang up\n";
    child.stdin.take().unwrap().write_all(script).unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shown}\n{complaint}");
    assert!(shown.contains("plays     message"), "{shown}");
    // The words came from the desktop's own device, the message from ours.
    let words = Heard::read(&service.at("heard"));
    assert!(words.is_speech(), "{words:?}\n{shown}");
    let message = Heard::read(&heard);
    assert!(message.is_speech(), "{message:?}\n{shown}");
}

#[test]
fn a_desktop_without_a_speech_service_is_told_what_to_install() {
    let desk = Desk::new();
    let nowhere = format!("unix_socket:{}", desk.folder.path().join("none").display());
    let output = call_by(&nowhere, &desk, &["--text"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("no speech service that answers"), "{said}");
    assert!(said.contains("apt-get install speech-dispatcher"), "{said}");
    assert!(output.stdout.is_empty(), "it is said before the call");
}

#[test]
fn a_speech_service_without_a_voice_is_named() {
    let Some(service) = Service::start("sd_dummy") else {
        return;
    };
    let desk = Desk::new();
    let output = call_by(&service.address(), &desk, &["--text"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("its speech service has no voice"), "{said}");
    assert!(said.contains("speech-dispatcher-espeak-ng"), "{said}");
}

#[test]
fn a_voice_that_dies_in_the_call_is_named_and_the_call_goes_on() {
    let Some(mut service) = Service::reading(1) else {
        return;
    };
    let desk = Desk::new();
    let address = service.address();
    let calling = std::thread::spawn(move || {
        call_by(&address, &desk, &["--text"], "2001\n482915#\nhang up\n")
    });
    let until = Instant::now() + Duration::from_secs(60);
    while !service.spoken().contains("Welcome") {
        assert!(Instant::now() < until, "nothing was spoken");
        std::thread::sleep(Duration::from_millis(20));
    }
    service.child.kill().unwrap();
    let output = calling.join().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    assert!(shown.contains("the desktop's voice has gone"), "{shown}");
    assert!(shown.contains("signed in alice"), "{shown}");
}

#[test]
fn hurry_and_a_voice_exclude_each_other() {
    let desk = Desk::new();
    let output = call_by("", &desk, &["--text", "--hurry"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(said.contains("which no voice can"), "{said}");
}
