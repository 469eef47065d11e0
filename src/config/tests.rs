use std::fs;
use std::path::PathBuf;

use super::*;

fn inputs(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Inputs {
    let owned = |pairs: &[(&str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    };
    Inputs {
        file: Some((PathBuf::from("crest.toml"), file.to_owned())),
        environment: owned(environment),
        flags: owned(flags),
    }
}

fn problems(file: &str, environment: &[(&str, &str)], flags: &[(&str, &str)]) -> Vec<String> {
    match load(&inputs(file, environment, flags)) {
        Ok(_) => Vec::new(),
        Err(failure) => failure.0.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn later_layers_win_and_name_themselves() {
    let file = "[limits]\nping_ms = 2000\nframes_per_s = 7\nframes_burst = 8";
    let environment = [
        ("CREST__LIMITS__PING_MS", "3000"),
        ("CREST__LIMITS__FRAMES_PER_S", "9"),
        ("PATH", "/bin"),
    ];
    let effective = load(&inputs(file, &environment, &[("limits.ping_ms", "4000")])).unwrap();
    let limits = &effective.config.limits;
    assert_eq!(
        (limits.ping_ms, limits.frames_per_s, limits.frames_burst),
        (4000, 9, 8)
    );
    let from = |key: &str| effective.source(key).unwrap().to_string();
    assert_eq!(from("limits.ping_ms"), "flag limits.ping_ms");
    assert_eq!(from("limits.frames_per_s"), "CREST__LIMITS__FRAMES_PER_S");
    assert_eq!(
        from("limits.frames_burst"),
        "crest.toml: limits.frames_burst"
    );
    assert_eq!(from("limits.outbox_bytes"), "default");
}

#[test]
fn what_cannot_be_meant_is_refused_by_name() {
    type Pairs = &'static [(&'static str, &'static str)];
    let cases: &[(&str, Pairs, Pairs, &str)] = &[
        (
            "[server]\nlisen = \"127.0.0.1:1\"",
            &[],
            &[],
            "crest.toml: server.lisen: no such key; did you mean server.listen?",
        ),
        (
            "",
            &[("CREST__SERVER__LISTN", "127.0.0.1:1")],
            &[],
            "CREST__SERVER__LISTN: no such key; did you mean CREST__SERVER__LISTEN?",
        ),
        (
            "",
            &[],
            &[("zebra.crossing_lights", "on")],
            "zebra.crossing_lights: no such key; `crest config print` lists every key",
        ),
        (
            "listen = 1",
            &[],
            &[],
            "crest.toml: listen: no such key; `crest config print` lists every key",
        ),
        (
            "[limits]\nping_ms = \"soon\"",
            &[],
            &[],
            "crest.toml: limits.ping_ms: \"soon\" is not a whole number",
        ),
        (
            "[limits]\nping_ms = 3",
            &[],
            &[],
            "crest.toml: limits.ping_ms: 3 is not within 1000 to 600000",
        ),
        (
            "",
            &[("CREST__STORE__DURABILITY", "maybe")],
            &[],
            "CREST__STORE__DURABILITY: maybe is not full or relaxed",
        ),
        (
            "",
            &[("CREST__AUTH__HASH_PASSES", "1")],
            &[],
            "auth.hash_memory_kib and auth.hash_passes are below what protects passwords (19456, 2); raise them, or set auth.dev on a test machine",
        ),
        (
            "",
            &[],
            &[("server.listen", "0.0.0.0:80")],
            "auth.demo has public passwords and server.listen is not a loopback address; set auth.demo = false, or auth.dev = true on a closed network",
        ),
        (
            "",
            &[("CREST__AUTH__VISITOR_KEY", "short")],
            &[],
            "auth.visitor_key is shorter than 32 bytes; make one with `openssl rand -hex 32`",
        ),
        (
            "[store]\nengine = \"cql\"\ncql_nodes = []",
            &[],
            &[],
            "store.engine is cql and store.cql_nodes names no node; name one as host:port",
        ),
        (
            "[store]\nengine = \"cql\"\ncql_keyspace = \"Crest; drop\"",
            &[],
            &[],
            "store.cql_keyspace is no name of a keyspace; take a small letter and up to 39 more of a to z, 0 to 9 and _",
        ),
        (
            "[store]\nengine = \"cql\"\ncql_user = \"crest\"",
            &[],
            &[],
            "store.cql_user and store.cql_password go together; set both or neither",
        ),
        (
            "[cluster]\nnats_url = \"nats://127.0.0.1:4222, nats://10.0.0.7:4222\"",
            &[],
            &[],
            "cluster.nats_url leads off this machine unencrypted: write tls://, name the servers' authority in cluster.nats_ca, or set cluster.allow_plaintext_bus = true on a closed network",
        ),
        (
            "[cluster]\nnats_url = \"tls://crest:secret@nats.internal\"",
            &[],
            &[],
            "cluster.nats_url holds a password and would be shown; use cluster.nats_user and cluster.nats_password",
        ),
        (
            "[cluster]\nnats_url = \"http://nats.internal\"",
            &[],
            &[],
            "cluster.nats_url is not a list of NATS servers, such as tls://nats.internal:4222",
        ),
        (
            "[cluster]\nnats_url = \"tls://nats.internal\"\nname = \"a.b\"",
            &[],
            &[],
            "cluster.name must be 1 to 32 small letters, digits, - and _: it is part of every subject",
        ),
        (
            "[cluster]\nnats_url = \"tls://nats.internal\"\nnats_user = \"crest\"",
            &[],
            &[],
            "cluster.nats_user and cluster.nats_password go together: give both or neither",
        ),
    ];
    for (file, environment, flags, words) in cases {
        assert_eq!(problems(file, environment, flags), [*words]);
    }
}

#[test]
fn a_bus_that_stays_on_the_machine_or_is_encrypted_is_let_be() {
    for cluster in [
        "nats_url = \"\"",
        "nats_url = \"nats://127.0.0.1:4222,nats://[::1]:4223\"",
        "nats_url = \"localhost\"",
        "nats_url = \"tls://nats.internal\"",
        "nats_url = \"nats.internal:4222\"\nnats_ca = \"/etc/nats/ca.pem\"",
        "nats_url = \"nats://10.0.0.7\"\nallow_plaintext_bus = true",
    ] {
        let found = problems(&format!("[cluster]\n{cluster}"), &[], &[]);
        assert!(found.is_empty(), "{cluster}: {found:?}");
    }
}

#[test]
fn every_problem_is_told_at_once() {
    let found = problems(
        "[limits]\nping_ms = 3\npong_timeout_ms = true\n[lg]\nlevel = \"info\"",
        &[("CREST__AUTH__DEMO", "perhaps")],
        &[],
    );
    assert_eq!(found.len(), 4, "{found:#?}");
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let path = std::env::temp_dir().join(format!("crest-secret-{}", std::process::id()));
    fs::write(&path, "a-secret-of-more-than-thirty-two-bytes\n").unwrap();
    let file = path.to_str().unwrap();
    let effective = load(&inputs("", &[("CREST__AUTH__VISITOR_KEY_FILE", file)], &[])).unwrap();
    let key = effective.config.auth.visitor_key.clone();
    let both = problems(
        "",
        &[
            (
                "CREST__AUTH__VISITOR_KEY",
                "another-secret-of-thirty-two-bytes!",
            ),
            ("CREST__AUTH__VISITOR_KEY_FILE", file),
        ],
        &[],
    );
    let in_toml = load(&inputs(
        &format!("[auth]\nvisitor_key_file = {file:?}"),
        &[],
        &[],
    ))
    .unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(key.expose(), Some("a-secret-of-more-than-thirty-two-bytes"));
    assert_eq!(in_toml.config.auth.visitor_key, key);
    assert_eq!(
        both,
        ["CREST__AUTH__VISITOR_KEY_FILE and CREST__AUTH__VISITOR_KEY are both given; keep one"]
    );
    let shown = format!("{}{:?}", print(&effective), effective.config);
    assert!(!shown.contains("a-secret-of"), "{shown}");
    assert!(
        shown.contains("visitor_key = \"(masked)\" # CREST__AUTH__VISITOR_KEY_FILE"),
        "{shown}"
    );
    let missing = problems(
        "",
        &[("CREST__AUTH__VISITOR_KEY_FILE", "/nowhere/key")],
        &[],
    );
    assert!(missing[0].starts_with("CREST__AUTH__VISITOR_KEY_FILE: /nowhere/key: "));
}

#[test]
fn only_secrets_may_come_from_files() {
    assert_eq!(
        problems("[log]\nlevel_file = \"x\"", &[], &[]),
        ["crest.toml: log.level_file: no such key; did you mean log.level?"]
    );
}

#[test]
fn the_sample_is_every_key_at_its_default() {
    let shipped = include_str!("../../ops/crest.toml");
    assert_eq!(
        shipped,
        sample(),
        "write the text of config::sample() to ops/crest.toml"
    );
    let effective = load(&inputs(shipped, &[], &[])).unwrap();
    assert_eq!(effective.config, Config::defaults());
    for key in KEYS {
        let layer = effective.source(&key.path()).unwrap().layer;
        assert_eq!(layer, Layer::File, "{}", key.path());
    }
}

#[test]
fn the_table_says_everything_about_every_key() {
    let table = markdown();
    assert_eq!(table.lines().count(), KEYS.len() + 2);
    for key in KEYS {
        assert!(
            !key.reason.is_empty() && !key.unit.is_empty(),
            "{}",
            key.path()
        );
        let takes_zero = key
            .bounds
            .as_ref()
            .is_some_and(|bounds| bounds.contains(&0));
        assert!(
            !takes_zero || !key.zero.is_empty(),
            "{} lacks its 0",
            key.path()
        );
        assert!(table.contains(&format!("| `{}` |", key.path())));
    }
}
