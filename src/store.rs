//! The database: connections, schema versions, migrations, backup.
//!
//! One SQLite file in WAL mode with one writing connection and a few reading ones, used on
//! blocking threads so that no runtime thread ever waits for a disk. What lies in the tables is
//! the business of the rooms above; the schema and its versions are kept here, in one place, so
//! that an upgrade is one row of transactions and an older program can tell that it is too old.

mod backup;
mod schema;
pub mod wav;

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use tokio::sync::Semaphore;

/// How long a statement waits for another process that is writing.
const BUSY_WAIT: Duration = Duration::from_millis(1_500);

/// How long somebody on the telephone waits for the database before it counts as gone.
const DEADLINE: Duration = Duration::from_secs(2);

/// How long, once somebody has waited so long for an answer and until one comes: a caller who needs
/// several of them hears nothing meanwhile.
const DEADLINE_WHILE_STALLED: Duration = Duration::from_millis(250);

/// Reading connections.
const READERS: usize = 4;

/// Why the database did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// Written by a newer program.
    #[error(
        "{path} has schema version {found}, but this program knows only up to {known}; \
         run the newer ringback that wrote it, or restore a backup made before the upgrade"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its version.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// Not one of our databases.
    #[error("{0} is a database of another program; name another data directory")]
    Foreign(String),
    /// Somebody else is writing, or the disk is stalled.
    #[error("the database does not answer in time")]
    Busy,
    /// The disk is full.
    #[error("the disk of the database is full")]
    Full,
    /// Anything else that SQLite said.
    #[error("database: {0}")]
    Database(String),
    /// A file or folder could not be used.
    #[error("{path}: {what}")]
    File {
        /// Which.
        path: String,
        /// What the system said.
        what: String,
    },
}

impl From<rusqlite::Error> for StoreFault {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreFault::Busy,
            Some(ErrorCode::DiskFull) => StoreFault::Full,
            _ => StoreFault::Database(error.to_string()),
        }
    }
}

impl StoreFault {
    /// A fault of this file.
    pub fn file(path: &Path, error: &io::Error) -> StoreFault {
        if error.kind() == io::ErrorKind::StorageFull {
            return StoreFault::Full;
        }
        StoreFault::File {
            path: path.display().to_string(),
            what: error.to_string(),
        }
    }
}

/// The database of one data directory. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
    writing: Arc<Semaphore>,
    reading: Arc<Semaphore>,
    /// The last reader whose time had come got no answer, and nobody has got one since.
    reading_is_stalled: AtomicBool,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Store({})", self.0.folder.display())
    }
}

impl Store {
    /// Opens the database in `folder`, which is made if it does not exist, and brings it up to the
    /// present schema. Blocks.
    pub fn open(folder: &Path) -> Result<Store, StoreFault> {
        make_private_folder(folder)?;
        make_private_folder(&folder.join(AUDIO_FOLDER))?;
        make_private_folder(&folder.join(MAIL_FOLDER))?;
        let mut writer = connect(&folder.join(DATABASE_FILE))?;
        schema::migrate(&mut writer, &folder.join(DATABASE_FILE))?;
        Ok(Store(Arc::new(Inner {
            folder: folder.to_owned(),
            writer: Mutex::new(writer),
            readers: Mutex::new(Vec::new()),
            writing: Arc::new(Semaphore::new(1)),
            reading: Arc::new(Semaphore::new(READERS)),
            reading_is_stalled: AtomicBool::new(false),
        })))
    }

    /// The data directory.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Where stored audio lies, in files named by us.
    pub fn audio_folder(&self) -> PathBuf {
        self.0.folder.join(AUDIO_FOLDER)
    }

    /// Where mails lie as they were delivered, in files named by us.
    pub fn mail_folder(&self) -> PathBuf {
        self.0.folder.join(MAIL_FOLDER)
    }

    /// Where the outbox belongs: backups take it along from there.
    pub fn outbox_folder(&self) -> PathBuf {
        self.0.folder.join(OUTBOX_FOLDER)
    }

    /// Runs `work` on a reading connection: one consistent view of the database. While the disk
    /// stands still the answer is `Busy` sooner than otherwise.
    pub async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let deadline = match self.0.reading_is_stalled.load(Ordering::Relaxed) {
            true => DEADLINE_WHILE_STALLED,
            false => DEADLINE,
        };
        let store = self.clone();
        let read = move || {
            let answer = store.read_now(work);
            let stalled = &store.0.reading_is_stalled;
            stalled.store(false, Ordering::Relaxed);
            answer
        };
        match on_blocking_thread(self.0.reading.clone(), deadline, read).await {
            Some(answer) => answer,
            None => {
                self.0.reading_is_stalled.store(true, Ordering::Relaxed);
                Err(StoreFault::Busy)
            }
        }
    }

    /// Runs `work` in a writing transaction, committed and synced when it returns `Ok`, undone
    /// otherwise. When the deadline passes the answer is `Busy`; whether the change was made is
    /// then unknown, so what is written must bear to be written twice.
    pub async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault> + Send + 'static,
    ) -> Result<T, StoreFault> {
        let store = self.clone();
        let write = move || store.write_now(work);
        on_blocking_thread(self.0.writing.clone(), DEADLINE, write)
            .await
            .unwrap_or(Err(StoreFault::Busy))
    }

    /// [`Store::read`] for the command line and start-up: blocks.
    pub fn read_now<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let idle = lock(&self.0.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => connect(&self.0.folder.join(DATABASE_FILE))?,
        };
        let view = reader.transaction()?;
        let answer = work(&view);
        drop(view);
        let mut idle = lock(&self.0.readers);
        if idle.len() < READERS {
            idle.push(reader);
        }
        answer
    }

    /// [`Store::write`] for the command line and start-up: blocks.
    pub fn write_now<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreFault>,
    ) -> Result<T, StoreFault> {
        let mut writer = lock(&self.0.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let answer = work(&transaction)?;
        transaction.commit()?;
        Ok(answer)
    }

    /// How often the organisation has been changed, by whatever process. Asking is cheap.
    pub async fn organisation_version(&self) -> Result<i64, StoreFault> {
        self.read(organisation_version).await
    }

    /// Copies the database, the audio, the mails and the messages not yet delivered to `target`, which must
    /// not exist or be empty, while calls go on. Blocks.
    pub fn backup(&self, target: &Path) -> Result<(), StoreFault> {
        backup::copy(self, target)
    }
}

/// How often the organisation has been changed. Everybody who keeps a copy of it compares this.
pub fn organisation_version(connection: &Connection) -> Result<i64, StoreFault> {
    Ok(
        connection.query_row("SELECT organisation_version FROM meta", [], |row| {
            row.get(0)
        })?,
    )
}

/// Tells everybody who keeps a copy of the organisation that it has changed.
pub fn count_organisation_change(transaction: &Transaction<'_>) -> Result<(), StoreFault> {
    transaction.execute(
        "UPDATE meta SET organisation_version = organisation_version + 1",
        [],
    )?;
    Ok(())
}

/// Makes sure that what was done to the entries of `folder` survives a loss of power.
pub fn sync_folder(folder: &Path) -> Result<(), StoreFault> {
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| StoreFault::file(folder, &error))
}

/// Makes a folder that only its owner may read, unless it is there.
pub fn make_private_folder(folder: &Path) -> Result<(), StoreFault> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| StoreFault::file(folder, &error))
}

/// The database, within the data folder.
pub(crate) const DATABASE_FILE: &str = "ringback.db";
const AUDIO_FOLDER: &str = "audio";
const MAIL_FOLDER: &str = "mail";
const OUTBOX_FOLDER: &str = "outbox";

fn connect(path: &Path) -> Result<Connection, StoreFault> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    connection.busy_timeout(BUSY_WAIT)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(connection)
}

/// Turns on what is written into the file or must hold for every writer.
fn prepare_for_writing(connection: &Connection) -> Result<(), StoreFault> {
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    // An acknowledged message or a counted PIN failure must survive a loss of power.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A panic under the lock left a rolled-back transaction behind, nothing half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What `work` came to; nothing when that takes longer than `deadline`.
async fn on_blocking_thread<T: Send + 'static>(
    permits: Arc<Semaphore>,
    deadline: Duration,
    work: impl FnOnce() -> Result<T, StoreFault> + Send + 'static,
) -> Option<Result<T, StoreFault>> {
    let asked = async {
        let permit = permits
            .acquire_owned()
            .await
            .map_err(|_| StoreFault::Busy)?;
        tokio::task::spawn_blocking(move || {
            let answer = work();
            drop(permit);
            answer
        })
        .await
        .map_err(|error| StoreFault::Database(error.to_string()))?
    };
    tokio::time::timeout(deadline, asked).await.ok()
}

#[cfg(test)]
mod tests;
