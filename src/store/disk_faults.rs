//! A disk that fails as told: full, slow, refusing to sync, or losing power with writes unsynced.

use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard};
use std::time::Duration;

use rusqlite::ffi::{
    SQLITE_FULL, SQLITE_IOERR_FSYNC, SQLITE_IOERR_TRUNCATE, SQLITE_IOERR_WRITE, sqlite3_file,
};

/// A sync that a test waits for begins within this.
const SYNC_MAX: Duration = Duration::from_secs(20);

/// The faults of all files of one directory.
#[derive(Default)]
pub struct Disk {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    full: bool,
    refusing_to_sync: bool,
    holding_syncs: bool,
    syncs_begun: u64,
    /// Syncs that still work before the power goes.
    syncs_left: Option<u64>,
    dead: bool,
    unsynced: Vec<Write>,
}

struct Write {
    path: PathBuf,
    offset: u64,
    length_before: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

static DISKS: LazyLock<Mutex<HashMap<PathBuf, Arc<Disk>>>> = LazyLock::new(Mutex::default);
/// Open files by the address SQLite gave them.
type Files = HashMap<usize, (PathBuf, Arc<Disk>)>;

static FILES: LazyLock<Mutex<Files>> = LazyLock::new(Mutex::default);

impl Disk {
    /// The disk of what is opened in this directory from now on.
    pub fn under(directory: &Path) -> Arc<Self> {
        let directory = directory.canonicalize().expect("exists");
        let mut disks = DISKS.lock().expect("no panic");
        Arc::clone(disks.entry(directory).or_default())
    }

    pub fn set_full(&self, full: bool) {
        self.state().full = full;
    }

    pub fn refuse_to_sync(&self, refusing: bool) {
        self.state().refusing_to_sync = refusing;
    }

    /// Syncs take until they are let go.
    pub fn hold_syncs(&self, holding: bool) {
        self.state().holding_syncs = holding;
        self.changed.notify_all();
    }

    pub fn syncs_begun(&self) -> u64 {
        self.state().syncs_begun
    }

    /// Waits until so many syncs have begun; a sync that never comes fails the test.
    pub fn wait_for_sync(&self, number: u64) {
        let state = self.state();
        let missing = |state: &mut State| state.syncs_begun < number;
        let waited = self.changed.wait_timeout_while(state, SYNC_MAX, missing);
        assert!(
            !waited.expect("no panic").1.timed_out(),
            "nothing is synced"
        );
    }

    /// After so many more syncs nothing reaches the disk any more.
    pub fn cut_power_after(&self, syncs: u64) {
        self.state().syncs_left = Some(syncs);
    }

    /// The power is back, and of what was not synced, only what `survives` says is there.
    pub fn restore_power(&self, mut survives: impl FnMut() -> bool) {
        let mut state = self.state();
        let lost = std::mem::take(&mut *state).unsynced;
        for write in lost.iter().rev() {
            let file = File::options().write(true).open(&write.path).expect("open");
            file.write_all_at(&write.before, write.offset)
                .expect("written");
            file.set_len(write.length_before).expect("cut");
        }
        for write in lost.iter().filter(|_| survives()) {
            let file = File::options().write(true).open(&write.path).expect("open");
            file.write_all_at(&write.after, write.offset)
                .expect("written");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no panic")
    }
}

impl Write {
    fn of(path: &Path, bytes: &[u8], offset: u64) -> Self {
        let file = File::open(path).expect("open");
        let length_before = file.metadata().expect("a file").len();
        let kept = length_before.saturating_sub(offset).min(bytes.len() as u64);
        let mut before = vec![0; kept as usize];
        file.read_exact_at(&mut before, offset).expect("read");
        Self {
            path: path.to_path_buf(),
            offset,
            length_before,
            before,
            after: bytes.to_vec(),
        }
    }
}

/// # Safety
/// `name` is null or a C string.
pub unsafe fn opened(file: *mut sqlite3_file, name: *const c_char) {
    if name.is_null() {
        return;
    }
    // SAFETY: the caller's promise.
    let name = unsafe { CStr::from_ptr(name) };
    let path = PathBuf::from(name.to_str().expect("text"));
    let disks = DISKS.lock().expect("no panic");
    if let Some(disk) = path.parent().and_then(|directory| disks.get(directory)) {
        let mut files = FILES.lock().expect("no panic");
        files.insert(file.addr(), (path, Arc::clone(disk)));
    }
}

pub fn closed(file: *mut sqlite3_file) {
    FILES.lock().expect("no panic").remove(&file.addr());
}

/// The fault this write meets.
pub fn written(file: *mut sqlite3_file, bytes: &[u8], offset: u64) -> Option<c_int> {
    let (path, disk) = disk_of(file)?;
    let mut state = disk.state();
    if state.dead {
        return Some(SQLITE_IOERR_WRITE);
    }
    if state.full {
        return Some(SQLITE_FULL);
    }
    if state.syncs_left.is_some() {
        state.unsynced.push(Write::of(&path, bytes, offset));
    }
    None
}

/// The fault this sync meets, or else what it does.
pub fn synced(file: *mut sqlite3_file, sync: impl FnOnce() -> c_int) -> c_int {
    let Some((path, disk)) = disk_of(file) else {
        return sync();
    };
    let mut state = disk.state();
    state.syncs_begun += 1;
    disk.changed.notify_all();
    let held = |state: &mut State| state.holding_syncs;
    let mut state = disk.changed.wait_while(state, held).expect("no panic");
    if state.syncs_left == Some(0) {
        state.dead = true;
    }
    if state.dead || state.refusing_to_sync {
        return SQLITE_IOERR_FSYNC;
    }
    state.syncs_left = state.syncs_left.map(|left| left - 1);
    state.unsynced.retain(|write| write.path != path);
    sync()
}

pub fn truncated(file: *mut sqlite3_file) -> Option<c_int> {
    let (_, disk) = disk_of(file)?;
    let dead = disk.state().dead;
    dead.then_some(SQLITE_IOERR_TRUNCATE)
}

fn disk_of(file: *mut sqlite3_file) -> Option<(PathBuf, Arc<Disk>)> {
    FILES.lock().expect("no panic").get(&file.addr()).cloned()
}
