//! Running a voice program: no shell, no text in its arguments, bounds on everything it may use.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit, setpriority_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use super::{Priority, SpeechFault};

const CPU_SECONDS: u64 = 10;
const MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// What is read of a program's output: six minutes of sound at 22 kHz.
const OUTPUT_BYTES: u64 = 16 * 1024 * 1024;
/// How large a file may become. More than the sound: an espeak-ng that is linked against
/// PulseAudio's library begins with a shared memory file of 64 MiB, and is killed where it may not.
const FILE_BYTES: u64 = 128 * 1024 * 1024;
/// A program that uses no CPU but does not end either.
const WALL: Duration = Duration::from_secs(30);

/// Runs `program` with `text` on its standard input and returns what it wrote to its standard
/// output. Dropping the future kills it.
pub(super) async fn run(
    program: &Path,
    arguments: &[&str],
    text: &str,
    priority: Priority,
) -> Result<Vec<u8>, SpeechFault> {
    match tokio::time::timeout(WALL, run_to_end(program, arguments, text, priority)).await {
        Ok(result) => result,
        Err(_) => Err(failed(program, "did not end")),
    }
}

async fn run_to_end(
    program: &Path,
    arguments: &[&str],
    text: &str,
    priority: Priority,
) -> Result<Vec<u8>, SpeechFault> {
    let mut child = Command::new(on_search_path(program))
        .args(arguments)
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|fault| match fault.kind() {
            std::io::ErrorKind::NotFound => SpeechFault::NotInstalled {
                program: program.display().to_string(),
            },
            _ => failed(program, &fault.to_string()),
        })?;
    // It waits for its text, so the bounds hold before it does any work.
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(id as i32)) {
        bound(pid, priority);
    }
    let mut input = child.stdin.take();
    let mut output = child.stdout.take();
    let write = async {
        if let Some(input) = input.as_mut() {
            // A program that ended early closes its input; its status tells more than this error.
            let _ = input.write_all(text.as_bytes()).await;
            let _ = input.write_all(b"\n").await;
            let _ = input.shutdown().await;
        }
        drop(input);
    };
    let read = async move {
        let mut bytes = Vec::new();
        if let Some(output) = output.as_mut() {
            output.take(OUTPUT_BYTES).read_to_end(&mut bytes).await?;
        }
        // Who writes on after this many bytes finds nobody reading, and ends.
        drop(output);
        Ok::<_, std::io::Error>(bytes)
    };
    let ((), bytes) = tokio::join!(write, read);
    let bytes = bytes.map_err(|fault| failed(program, &fault.to_string()))?;
    let status = child
        .wait()
        .await
        .map_err(|fault| failed(program, &fault.to_string()))?;
    if status.success() {
        Ok(bytes)
    } else {
        Err(failed(program, &status.to_string()))
    }
}

/// Where a program lies that is named without a folder. Only when it is told where does the system
/// library start it without copying this process first, and a copy of a server with thousands of
/// calls holds their sound up.
pub(super) fn on_search_path(program: &Path) -> PathBuf {
    if program.components().count() > 1 {
        return program.to_path_buf();
    }
    let search = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&search)
        .map(|folder| folder.join(program))
        .find(|file| {
            rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
        })
        .unwrap_or_else(|| program.to_path_buf())
}

/// Limits the child and lets sound on the line go before it. A limit that the system refuses is
/// one that it has set lower already.
fn bound(pid: Pid, priority: Priority) {
    let at_most = |most: u64| Rlimit {
        current: Some(most),
        maximum: Some(most),
    };
    for (resource, most) in [
        (Resource::Cpu, CPU_SECONDS),
        (Resource::As, MEMORY_BYTES),
        (Resource::Fsize, FILE_BYTES),
        (Resource::Core, 0),
    ] {
        let _ = prlimit(Some(pid), resource, at_most(most));
    }
    let nice = match priority {
        Priority::First | Priority::Following => 5,
        Priority::AheadOfTime => 19,
    };
    let _ = setpriority_process(Some(pid), nice);
}

fn failed(program: &Path, what: &str) -> SpeechFault {
    SpeechFault::Child {
        program: program.display().to_string(),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn text_goes_in_and_output_comes_out() {
        let out = run(Path::new("cat"), &[], "$(id) `id` ; -x", Priority::First).await;
        assert_eq!(out.unwrap(), b"$(id) `id` ; -x\n");
    }

    #[tokio::test]
    async fn failures_are_told() {
        for program in ["false", "/nonexistent/voice"] {
            let fault = run(Path::new(program), &[], "x", Priority::First).await;
            assert!(fault.unwrap_err().to_string().starts_with(program));
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_told_from_one_that_fails() {
        let nowhere = run(Path::new("/nonexistent/voice"), &[], "x", Priority::First).await;
        assert!(matches!(nowhere, Err(SpeechFault::NotInstalled { .. })));
        let fails = run(Path::new("false"), &[], "x", Priority::First).await;
        assert!(matches!(fails, Err(SpeechFault::Child { .. })));
    }

    #[test]
    fn a_program_without_a_folder_is_looked_for_once() {
        let found = on_search_path(Path::new("sh"));
        assert!(found.is_absolute() && found.ends_with("sh"), "{found:?}");
        for as_named in ["./sh", "/nonexistent/voice", "no-such-voice-program"] {
            assert_eq!(on_search_path(Path::new(as_named)), Path::new(as_named));
        }
    }

    #[tokio::test]
    async fn a_child_that_never_stops_writing_is_stopped() {
        let out = run(Path::new("yes"), &[], "", Priority::First).await;
        assert!(out.is_err());
    }

    #[tokio::test]
    async fn the_limits_hold_once_text_arrives() {
        // The program looks at its limits only after it has read its text.
        let script = "read text; grep -E 'cpu time|address space|file size' /proc/self/limits";
        let limits = run(Path::new("sh"), &["-c", script], "go", Priority::First).await;
        let limits = String::from_utf8(limits.unwrap()).unwrap();
        assert!(limits.contains(" 10 "), "{limits}");
        assert!(limits.contains(&MEMORY_BYTES.to_string()), "{limits}");
        assert!(limits.contains(&FILE_BYTES.to_string()), "{limits}");
    }
}
