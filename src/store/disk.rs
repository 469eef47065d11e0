//! What lies between SQLite and the files: every page of the main file carries a checksum.
//!
//! SQLite trusts what it reads; a flipped bit in a b-tree could make an acknowledged event look as
//! if it had never been. So pages keep their last 8 bytes free (a mark and a CRC-32 over the page
//! and its place), filled when a page is written and compared when it is read. The write-ahead log
//! has checksums of its own. Everything else passes through to SQLite's own file system layer
//! (<https://sqlite.org/vfs.html>).

use std::cell::Cell;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs};

#[cfg(test)]
use super::disk_faults as faults;

/// Only tests have disks that fail as told.
#[cfg(not(test))]
mod faults {
    use super::{c_char, c_int, sqlite3_file};

    pub unsafe fn opened(_: *mut sqlite3_file, _: *const c_char) {}
    pub fn closed(_: *mut sqlite3_file) {}
    pub fn written(_: *mut sqlite3_file, _: &[u8], _: u64) -> Option<c_int> {
        None
    }
    pub fn truncated(_: *mut sqlite3_file) -> Option<c_int> {
        None
    }
    pub fn synced(_: *mut sqlite3_file, sync: impl FnOnce() -> c_int) -> c_int {
        sync()
    }
}

/// Name under which connections ask for it.
pub const DISK: &CStr = c"crest";
/// Size of every page, in bytes; set before the file is created.
pub const PAGE_BYTES: usize = 4_096;
/// Bytes at the end of each page that SQLite leaves alone.
pub const RESERVED_BYTES: c_int = 8;

const MARK: [u8; 4] = *b"CRC1";
const CHECKED_BYTES: usize = PAGE_BYTES - RESERVED_BYTES as usize;

thread_local! {
    static BAD_PAGE: Cell<Option<u64>> = const { Cell::new(None) };
}

/// Offset of the page that last failed its checksum on this thread; asking forgets it.
pub fn take_bad_page() -> Option<u64> {
    BAD_PAGE.take()
}

/// Makes [`DISK`] known to SQLite; again and again does no harm.
pub fn register() -> Result<(), c_int> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    // SAFETY: the default layer lives as long as the process, and ours is leaked to do so too.
    let code = *REGISTERED.get_or_init(|| unsafe {
        let below = ffi::sqlite3_vfs_find(std::ptr::null());
        if below.is_null() {
            return ffi::SQLITE_ERROR;
        }
        let mut own = *below;
        own.szOsFile += FILE_BYTES;
        own.pNext = std::ptr::null_mut();
        own.zName = DISK.as_ptr();
        own.pAppData = below.cast();
        own.xOpen = Some(open);
        own.xDelete = Some(delete);
        own.xAccess = Some(access);
        own.xFullPathname = Some(full_path_name);
        ffi::sqlite3_vfs_register(Box::into_raw(Box::new(own)), 0)
    });
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(code)
    }
}

/// A file of ours, followed in memory by the file of the layer below.
#[repr(C)]
struct DiskFile {
    base: sqlite3_file,
    /// Pages are checked in the main file only.
    is_main: bool,
}

/// Multiple of 16, so that the file below is aligned as it was promised.
const FILE_BYTES: c_int = 16;
const _: () = assert!(size_of::<DiskFile>() <= FILE_BYTES as usize);

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    // Absent in version 2: pages mapped into memory would escape the checksum.
    xFetch: None,
    xUnfetch: None,
};

fn seal(page: &mut [u8; PAGE_BYTES], offset: u64) {
    let sum = checksum(page, offset);
    page[CHECKED_BYTES..CHECKED_BYTES + 4].copy_from_slice(&MARK);
    page[CHECKED_BYTES + 4..].copy_from_slice(&sum.to_le_bytes());
}

fn is_whole(page: &[u8], offset: u64) -> bool {
    page[CHECKED_BYTES..CHECKED_BYTES + 4] == MARK
        && page[CHECKED_BYTES + 4..] == checksum(page, offset).to_le_bytes()
}

fn checksum(page: &[u8], offset: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&offset.to_le_bytes());
    hasher.update(&page[..CHECKED_BYTES]);
    hasher.finalize()
}

/// The file below.
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` promises the memory behind ours to the file below.
    unsafe { file.cast::<u8>().add(FILE_BYTES as usize).cast() }
}

/// Passes a call on to the same method of the file below.
macro_rules! pass_on {
    ($($name:ident => $method:ident($($argument:ident: $kind:ty),*) $(-> $result:ty)?;)+) => {
        $(unsafe extern "C" fn $name(file: *mut sqlite3_file, $($argument: $kind),*) $(-> $result)? {
            // SAFETY: SQLite calls with a file that `open` opened, whose layer below has the method.
            unsafe {
                let file = below(file);
                let method = (*(*file).pMethods).$method.expect("a method of the layer below");
                method(file, $($argument),*)
            }
        })+
    };
}

pass_on! {
    file_size => xFileSize(size: *mut sqlite3_int64) -> c_int;
    lock => xLock(level: c_int) -> c_int;
    unlock => xUnlock(level: c_int) -> c_int;
    check_reserved_lock => xCheckReservedLock(result: *mut c_int) -> c_int;
    file_control => xFileControl(operation: c_int, argument: *mut c_void) -> c_int;
    sector_size => xSectorSize() -> c_int;
    device_characteristics => xDeviceCharacteristics() -> c_int;
    shm_map => xShmMap(page: c_int, size: c_int, extend: c_int, mapped: *mut *mut c_void) -> c_int;
    shm_lock => xShmLock(offset: c_int, count: c_int, flags: c_int) -> c_int;
    shm_barrier => xShmBarrier();
    shm_unmap => xShmUnmap(delete: c_int) -> c_int;
    close_below => xClose() -> c_int;
    read_below => xRead(buffer: *mut c_void, amount: c_int, offset: sqlite3_int64) -> c_int;
    write_below => xWrite(buffer: *const c_void, amount: c_int, offset: sqlite3_int64) -> c_int;
    truncate_below => xTruncate(size: sqlite3_int64) -> c_int;
    sync_below => xSync(flags: c_int) -> c_int;
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives `szOsFile` bytes: ours and those of the layer below.
    unsafe {
        let own = file.cast::<DiskFile>();
        (*own).base.pMethods = std::ptr::null();
        let layer = layer(vfs);
        let open = (*layer).xOpen.expect("a method of the layer below");
        let code = open(layer, name, below(file), flags, flags_out);
        if !(*below(file)).pMethods.is_null() {
            (*own).is_main = flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
            (*own).base.pMethods = &METHODS;
            faults::opened(file, name);
        }
        code
    }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    faults::closed(file);
    // SAFETY: SQLite calls with a file that `open` opened.
    unsafe { close_below(file) }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    buffer: *mut c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: `buffer` holds `amount` bytes.
    unsafe {
        let code = read_below(file, buffer, amount, offset);
        if code != ffi::SQLITE_OK || !is_page(file, amount, offset) {
            return code;
        }
        let page = std::slice::from_raw_parts(buffer.cast::<u8>(), PAGE_BYTES);
        if is_whole(page, offset as u64) {
            return code;
        }
        BAD_PAGE.set(Some(offset as u64));
        ffi::SQLITE_IOERR_DATA
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    buffer: *const c_void,
    amount: c_int,
    offset: sqlite3_int64,
) -> c_int {
    // SAFETY: `buffer` holds `amount` bytes, which are SQLite's and stay as they are.
    unsafe {
        let mut bytes = std::slice::from_raw_parts(buffer.cast::<u8>(), amount as usize);
        let mut page = [0; PAGE_BYTES];
        if is_page(file, amount, offset) {
            page.copy_from_slice(bytes);
            seal(&mut page, offset as u64);
            bytes = &page;
        }
        if let Some(fault) = faults::written(file, bytes, offset as u64) {
            return fault;
        }
        write_below(file, bytes.as_ptr().cast(), amount, offset)
    }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    if let Some(fault) = faults::truncated(file) {
        return fault;
    }
    // SAFETY: SQLite calls with a file that `open` opened.
    unsafe { truncate_below(file, size) }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: SQLite calls with a file that `open` opened.
    faults::synced(file, || unsafe { sync_below(file, flags) })
}

/// Is it a whole page of the main file?
///
/// # Safety
/// `file` was opened by [`open`].
unsafe fn is_page(file: *mut sqlite3_file, amount: c_int, offset: sqlite3_int64) -> bool {
    // SAFETY: the caller's promise.
    let is_main = unsafe { (*file.cast::<DiskFile>()).is_main };
    is_main && amount as usize == PAGE_BYTES && offset % PAGE_BYTES as i64 == 0
}

/// # Safety
/// `vfs` is the one [`register`] made.
unsafe fn layer(vfs: *mut sqlite3_vfs) -> *mut sqlite3_vfs {
    // SAFETY: the caller's promise.
    unsafe { (*vfs).pAppData.cast() }
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync: c_int) -> c_int {
    // SAFETY: the arguments are SQLite's.
    unsafe {
        let layer = layer(vfs);
        (*layer).xDelete.expect("a method of the layer below")(layer, name, sync)
    }
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    result: *mut c_int,
) -> c_int {
    // SAFETY: the arguments are SQLite's.
    unsafe {
        let layer = layer(vfs);
        (*layer).xAccess.expect("a method of the layer below")(layer, name, flags, result)
    }
}

unsafe extern "C" fn full_path_name(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: the arguments are SQLite's.
    unsafe {
        let layer = layer(vfs);
        (*layer).xFullPathname.expect("a method of the layer below")(layer, name, size, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_a_page_and_every_wrong_place_is_noticed() {
        let mut page = [0x5a; PAGE_BYTES];
        seal(&mut page, 8_192);
        assert!(is_whole(&page, 8_192));
        assert!(!is_whole(&page, 4_096));
        for bit in (0..PAGE_BYTES * 8).step_by(7) {
            page[bit / 8] ^= 1 << (bit % 8);
            assert!(!is_whole(&page, 8_192), "bit {bit}");
            page[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
