//! The bytes of every frame and stored event are what they were released as.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fmt::Debug;

use crest_schema::codes::Close;
use crest_schema::frame::server::Error;
use crest_schema::node::{Frame, Item, put};
use crest_schema::stored::{Alphabet, Record, conversation, ledger, pointer};
use crest_schema::{ClientFrame, ClientKind, ServerFrame, ServerKind};
use serde_json::{Value, json};

use crate::readable::{self, bytes, hex, readable};
use crate::samples;

/// Vectors by name; a name stands once.
fn load(file: &str) -> BTreeMap<String, Value> {
    let list: Vec<Value> = serde_json::from_str(file).unwrap();
    let count = list.len();
    let by_name: BTreeMap<String, Value> = list
        .into_iter()
        .map(|vector| (vector["name"].as_str().unwrap().to_owned(), vector))
        .collect();
    assert_eq!(by_name.len(), count, "two vectors of one name");
    by_name
}

/// Both directions: the sample writes the vector, and the vector reads as the sample.
fn check<T: PartialEq + Debug>(file: &str, samples: Vec<(Value, T)>, read: impl Fn(&[u8]) -> T) {
    let vectors = load(file);
    let mut missing = String::new();
    let mut names = BTreeSet::new();
    for (written, sample) in samples {
        let name = written["name"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "two samples named {name}");
        let Some(vector) = vectors.get(name) else {
            missing += &format!(",\n{written}");
            continue;
        };
        assert_eq!(
            *vector, written,
            "{name} is written otherwise than released"
        );
        let released = bytes(vector["hex"].as_str().unwrap());
        assert_eq!(read(&released), sample, "{name}");
    }
    assert!(missing.is_empty(), "join to the file:{missing}");
    let known: BTreeSet<String> = vectors.into_keys().collect();
    assert_eq!(known, names, "every vector has its sample");
}

fn frame_vector(name: &str, kind: u8, reference: Option<u32>, encoded: &[u8]) -> Value {
    let envelope = readable(encoded);
    assert_eq!(envelope[0], json!(kind));
    assert_eq!(envelope[1], json!(reference));
    json!({"name": name, "type": kind, "ref": reference, "body": envelope[2], "hex": hex(encoded)})
}

#[test]
fn client_frames() {
    let frames = samples::client::frames();
    let kinds: BTreeSet<ClientKind> = frames.iter().map(|(.., frame)| frame.kind()).collect();
    assert_eq!(kinds, ClientKind::ALL.iter().copied().collect());
    let samples = frames.into_iter().map(|(name, reference, frame)| {
        let encoded = frame.encode(reference);
        let vector = frame_vector(&name, frame.kind().number(), reference, &encoded);
        (vector, (reference, frame))
    });
    check(
        include_str!("../../vectors/client.json"),
        samples.collect(),
        |released| ClientFrame::decode(released).unwrap(),
    );
}

#[test]
fn server_frames() {
    let frames = samples::server::frames();
    let kinds: BTreeSet<ServerKind> = frames.iter().map(|(.., frame)| frame.kind()).collect();
    assert_eq!(kinds, ServerKind::ALL.iter().copied().collect());
    let samples = frames.into_iter().map(|(name, reference, frame)| {
        let encoded = frame.encode(reference);
        let vector = frame_vector(&name, frame.kind().number(), reference, &encoded);
        (vector, (reference, frame))
    });
    check(
        include_str!("../../vectors/server.json"),
        samples.collect(),
        |released| ServerFrame::decode(released).unwrap(),
    );
}

fn stored<E: Alphabet + PartialEq + Debug>(file: &str, records: Vec<(String, Record<E>)>) {
    let kinds: BTreeSet<u8> = records.iter().map(|(_, r)| r.event.kind()).collect();
    assert_eq!(kinds, E::KINDS.iter().map(|(kind, _)| *kind).collect());
    let samples = records.into_iter().map(|(name, record)| {
        let encoded = record.encode();
        let vector = json!({"name": name, "record": readable(&encoded), "hex": hex(&encoded)});
        (vector, record)
    });
    check(file, samples.collect(), |released| {
        Record::decode(released).unwrap()
    });
}

#[test]
fn stored_conversations() {
    stored::<conversation::Event>(
        include_str!("../../vectors/stored_conversation.json"),
        samples::stored::conversation(),
    );
}

#[test]
fn stored_ledgers() {
    stored::<ledger::Event>(
        include_str!("../../vectors/stored_ledger.json"),
        samples::stored::ledger(),
    );
}

#[test]
fn stored_pointers() {
    stored::<pointer::Event>(
        include_str!("../../vectors/stored_pointer.json"),
        samples::stored::pointer(),
    );
}

#[test]
fn node_frames() {
    let whole = samples::node::frames()
        .into_iter()
        .map(|(name, head, items)| {
            let written = items.iter().map(|item| {
                let mut bytes = Vec::new();
                item.encode(&mut bytes);
                assert_eq!(Item::decode(&bytes).as_ref(), Ok(item));
                bytes
            });
            (name, head, written.collect::<Vec<_>>())
        });
    let piece = (
        "piece".to_owned(),
        samples::node::piece(),
        vec![b"a piece".to_vec()],
    );
    let samples = whole.chain([piece]).map(|(name, head, items)| {
        let mut body = Vec::new();
        items.iter().for_each(|item| put(item, &mut body));
        let encoded = Frame::encode(&head, items.len() as u32, &body);
        let inside = match head.part {
            None => items.iter().map(|item| readable(item)).collect(),
            Some(_) => Value::Null,
        };
        let vector = json!({"name": name, "frame": readable(&encoded), "items": inside, "hex": hex(&encoded)});
        (vector, (head, items))
    });
    check(
        include_str!("../../vectors/node.json"),
        samples.collect(),
        |released| {
            let frame = Frame::decode(released).unwrap();
            let items = frame.items.iter().map(|item| item.to_vec());
            (frame.head, items.collect())
        },
    );
}

#[test]
fn malformed_frames() {
    for (name, vector) in load(include_str!("../../vectors/malformed.json")) {
        let input = bytes(vector["hex"].as_str().unwrap());
        let refused = ClientFrame::decode(&input).unwrap_err();
        let code = match Error::of_malformed(&refused) {
            Some(error) => error.code,
            None => Close::BadProtocol.number(),
        };
        assert_eq!(json!(code), vector["code"], "{name}: {refused}");
        let debug = format!("{refused:?}");
        let word = debug.split([' ', '(']).next().unwrap();
        assert_eq!(json!(word), vector["error"], "{name}: {refused}");
    }
}

/// Fields of a body stand in the row of its frame, fields inside it anywhere on the page.
#[test]
fn the_page_names_every_field() {
    let page = include_str!("../../PROTOCOL.md");
    let files = [
        include_str!("../../vectors/client.json"),
        include_str!("../../vectors/server.json"),
    ];
    for (name, vector) in files.into_iter().flat_map(load) {
        let number = format!("| {} | `", vector["type"]);
        let row = page.lines().find(|line| line.starts_with(&number)).unwrap();
        for (field, value) in vector["body"].as_object().unwrap() {
            assert!(row.contains(&format!("`{field}`")), "{name}: {field}");
            for inner in readable::keys(value) {
                assert!(page.contains(&format!("`{inner}`")), "{name}: {inner}");
            }
        }
    }
}
