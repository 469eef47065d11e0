//! What only the file does.

use crest::desk::SqliteDesk;

use crate::harness::Directory;

#[test]
fn a_newer_schema_is_refused() {
    let directory = Directory::new();
    drop(SqliteDesk::open(&directory.0).unwrap());
    let file = rusqlite::Connection::open(directory.0.join("desk.db")).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    let Err(failure) = SqliteDesk::open(&directory.0) else {
        panic!("opened a newer schema");
    };
    assert!(
        failure.to_string().contains("schema 99, this one knows 1"),
        "{failure}"
    );
}
