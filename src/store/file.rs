//! The file of the store: its lock, its connections, its schema.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, ffi};

use super::disk::{DISK, PAGE_BYTES, RESERVED_BYTES, register};
use super::failure::OpenFailure;
use super::limits::{READER_CACHE_KIB, WRITER_CACHE_KIB};

/// "CREL": whoever finds the file knows whose it is.
const APPLICATION_ID: u32 = 0x4352_454c;
/// One more for each released change of the schema; never edited.
const MIGRATIONS: [&str; 1] = [include_str!("../../schema/sql/log/0001_log.sql")];
/// The log, within the store's folder.
pub const FILE_NAME: &str = "log.sqlite3";
const LOCK_NAME: &str = "log.lock";

/// When an append counts as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// Once it is synced to the disk: survives kill -9 and power loss.
    #[default]
    Synced,
    /// As soon as the writer has taken it: **a crash loses acknowledged events**. For benches only.
    Memory,
}

/// Where the store lies, held exclusively until dropped.
pub struct Place {
    file: PathBuf,
    /// Released when dropped, and by the system when the process ends, however it ends.
    lock: File,
}

impl Place {
    /// Creates the directory where it is missing, and locks it against every other process.
    pub fn lock(directory: &Path) -> Result<Self, OpenFailure> {
        let io = |path: &Path, source| OpenFailure::Io {
            path: path.to_path_buf(),
            source,
        };
        std::fs::create_dir_all(directory).map_err(|source| io(directory, source))?;
        let path = directory.join(LOCK_NAME);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|source| io(&path, source))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                file: directory.join(FILE_NAME),
                lock,
            }),
            Err(TryLockError::WouldBlock) => Err(OpenFailure::InUse {
                path: directory.to_path_buf(),
            }),
            Err(TryLockError::Error(source)) => Err(io(&path, source)),
        }
    }

    pub fn file(&self) -> &Path {
        &self.file
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // Closing is not enough: a process being started holds a copy of the descriptor until it
        // executes its program, and the lock with it.
        let _ = self.lock.unlock();
    }
}

/// The one connection that writes, with the schema brought up to date.
pub fn open_writer(file: &Path, durability: Durability) -> Result<Connection, OpenFailure> {
    let failed = |source| OpenFailure::sqlite(file, source);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    check_header(file)?;
    let mut writer = open(file, flags).map_err(failed)?;
    check_owner(&writer, file)?;
    reserve_checksums(&writer).map_err(failed)?;
    prepare(&writer, durability).map_err(failed)?;
    migrate(&mut writer, file)?;
    Ok(writer)
}

/// A connection that only reads.
pub fn open_reader(file: &Path) -> Result<Connection, OpenFailure> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let prepare = || {
        let reader = open(file, flags)?;
        reader.busy_timeout(Duration::from_secs(5))?;
        reader.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        reader.pragma_update(None, "cell_size_check", true)?;
        Ok(reader)
    };
    prepare().map_err(|source| OpenFailure::sqlite(file, source))
}

/// Through the layer that checks every page.
fn open(file: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let refused = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
    register().map_err(refused)?;
    Connection::open_with_flags_and_vfs(file, flags, DISK)
}

/// In a new file, keeps room for the checksum on every page; an existing one has it.
fn reserve_checksums(writer: &Connection) -> rusqlite::Result<()> {
    writer.pragma_update(None, "page_size", PAGE_BYTES as i64)?;
    let mut bytes = RESERVED_BYTES;
    // SAFETY: the connection is open, and the operation reads and writes one integer.
    let code = unsafe {
        let bytes = (&raw mut bytes).cast();
        let operation = ffi::SQLITE_FCNTL_RESERVE_BYTES;
        ffi::sqlite3_file_control(writer.handle(), c"main".as_ptr(), operation, bytes)
    };
    if code == ffi::SQLITE_OK {
        return Ok(());
    }
    Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
}

/// Before SQLite looks at it: the file is empty, or a database with room for our checksums.
fn check_header(file: &Path) -> Result<(), OpenFailure> {
    const MAGIC: &[u8] = b"SQLite format 3\0";
    const RESERVED_AT: usize = 20;
    let path = || file.to_path_buf();
    let mut header = Vec::new();
    match File::open(file).and_then(|file| file.take(100).read_to_end(&mut header)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(source) => {
            return Err(OpenFailure::Io {
                path: path(),
                source,
            });
        }
        Ok(_) => {}
    }
    let reserved = header.get(RESERVED_AT).copied().map(i32::from);
    if header.is_empty() || (header.starts_with(MAGIC) && reserved == Some(RESERVED_BYTES)) {
        return Ok(());
    }
    Err(OpenFailure::Foreign { path: path() })
}

/// Before anything is written: it carries our mark, or nothing yet.
fn check_owner(connection: &Connection, file: &Path) -> Result<(), OpenFailure> {
    let failed = |source| OpenFailure::sqlite(file, source);
    let owner: i64 = connection
        .pragma_query_value(None, "application_id", |row| row.get(0))
        .map_err(failed)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if owner != i64::from(APPLICATION_ID) && (owner != 0 || tables != 0) {
        return Err(OpenFailure::Foreign {
            path: file.to_path_buf(),
        });
    }
    Ok(())
}

fn prepare(writer: &Connection, durability: Durability) -> rusqlite::Result<()> {
    writer.busy_timeout(Duration::from_secs(5))?;
    writer.pragma_update(None, "journal_mode", "WAL")?;
    let synchronous = match durability {
        Durability::Synced => "FULL",
        Durability::Memory => "OFF",
    };
    writer.pragma_update(None, "synchronous", synchronous)?;
    // The writer checkpoints by itself, after it has answered and not before.
    writer.pragma_update(None, "wal_autocheckpoint", 0)?;
    writer.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
    writer.pragma_update(None, "temp_store", "MEMORY")?;
    writer.pragma_update(None, "cell_size_check", true)?;
    writer.set_prepared_statement_cache_capacity(32);
    Ok(())
}

fn migrate(writer: &mut Connection, file: &Path) -> Result<(), OpenFailure> {
    let failed = |source| OpenFailure::sqlite(file, source);
    let known = MIGRATIONS.len() as u32;
    let found: u32 = writer
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    if found > known {
        return Err(OpenFailure::Newer {
            path: file.to_path_buf(),
            found,
            known,
        });
    }
    for (version, migration) in (1..).zip(MIGRATIONS).skip(found as usize) {
        let step = |writer: &mut Connection| {
            let transaction = writer.transaction()?;
            transaction.execute_batch(migration)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()
        };
        step(writer).map_err(failed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_descriptor_does_not_keep_the_place_locked() {
        let directory = std::env::temp_dir().join(format!("crest-place-{}", std::process::id()));
        let place = Place::lock(&directory).expect("free");
        assert!(matches!(
            Place::lock(&directory),
            Err(OpenFailure::InUse { .. })
        ));
        let _inherited = place.lock.try_clone().expect("descriptor");
        drop(place);
        Place::lock(&directory).expect("free again");
        std::fs::remove_dir_all(&directory).expect("removed");
    }
}
