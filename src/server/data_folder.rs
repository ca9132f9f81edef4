//! The data folder: one server at a time.

use std::fs::{File, OpenOptions};
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

/// The right to serve from a data folder; given up when dropped, or when the process ends.
#[derive(Debug)]
pub struct Held(#[expect(dead_code, reason = "the lock lives as long as the file is open")] File);

/// Takes the data folder, which is made when it does not exist.
///
/// # Errors
/// When another server has it, or it cannot be written: what to do about it.
pub fn hold(folder: &Path) -> Result<Held, String> {
    let named = |error: &dyn std::fmt::Display| {
        format!(
            "the data folder {} cannot be used: {error}; give another with --data",
            folder.display()
        )
    };
    crate::store::make_private_folder(folder).map_err(|error| named(&error))?;
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(|error| named(&error))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|_| {
        format!(
            "another ringback serves from {}; stop it, or give another folder with --data",
            folder.display()
        )
    })?;
    Ok(Held(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_serves_one_server_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        let held = hold(&data).unwrap();
        let said = hold(&data).unwrap_err();
        assert!(said.contains("another ringback serves"), "{said}");
        drop(held);
        assert!(hold(&data).is_ok());
        let said = hold(&data.join("lock/in-a-file")).unwrap_err();
        assert!(said.contains("--data"), "{said}");
    }
}
