//! What may be opened, and what is refused with the reason named.

use crest::store::{Durability, EmbeddedStore, Engine, OpenFailure};

use crate::harness::*;

fn refusal(directory: &Directory) -> OpenFailure {
    let opened = EmbeddedStore::open(directory.path(), Durability::Synced);
    opened.err().expect("refused")
}

#[test]
fn a_store_in_use_is_refused() {
    let directory = Directory::new();
    let store = EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens");
    assert!(matches!(refusal(&directory), OpenFailure::InUse { .. }));
    drop(store);
    EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens again");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let directory = Directory::new();
    drop(EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens"));
    let file = directory.path().join(MAIN_FILE);
    let mut bytes = std::fs::read(&file).expect("read");
    // Without its checksum the page would be refused for the wrong reason.
    bytes[60..64].copy_from_slice(&99u32.to_be_bytes());
    let mut sum = crc32fast::Hasher::new();
    sum.update(&0u64.to_le_bytes());
    sum.update(&bytes[..4_088]);
    bytes[4_092..4_096].copy_from_slice(&sum.finalize().to_le_bytes());
    std::fs::write(&file, &bytes).expect("written");
    let newer = matches!(
        refusal(&directory),
        OpenFailure::Newer {
            found: 99,
            known: 1,
            ..
        }
    );
    assert!(newer);
    assert_eq!(std::fs::read(&file).expect("read"), bytes);
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let other_database = {
        let directory = Directory::new();
        let path = directory.path().join("other");
        let other = rusqlite::Connection::open(&path).expect("opens");
        other.execute_batch("CREATE TABLE t (x)").expect("created");
        drop(other);
        std::fs::read(path).expect("read")
    };
    for bytes in [b"a letter to a friend".to_vec(), other_database] {
        let directory = Directory::new();
        let file = directory.path().join(MAIN_FILE);
        std::fs::write(&file, &bytes).expect("written");
        assert!(matches!(refusal(&directory), OpenFailure::Foreign { .. }));
        assert_eq!(std::fs::read(&file).expect("read"), bytes);
    }
}

#[test]
fn a_closed_store_answers_that_it_is_closed() {
    let directory = Directory::new();
    let store = EmbeddedStore::open(directory.path(), Durability::Synced).expect("opens");
    write(&store, &conversation(1), &["a"]);
    store.close();
    store.close();
    assert!(activate(&store, &conversation(1)).is_err());
    assert!(read(&store, &conversation(1), 0, 1).is_err());
    assert!(submit(&store, vec![]).is_err());
    let wal = std::fs::metadata(directory.path().join(WAL_FILE));
    assert_eq!(wal.map_or(0, |wal| wal.len()), 0, "all is in the main file");
}
