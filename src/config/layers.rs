//! Layers over the defaults: file, then environment, then flags; the last one that names a key wins.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::keys::{Config, KEYS, Key};
use super::nearest::nearest;
use super::problem::{ConfigFailure, Problem};
use super::value::{Engine, Value};

const PREFIX: &str = "CREST__";

/// What the process was started with. Nothing is read from the process itself, so tests need none.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// Name and content of the TOML file, where there is one.
    pub file: Option<(PathBuf, String)>,
    /// Every variable of the environment; those without the prefix `CREST__` are passed over.
    pub environment: Vec<(String, String)>,
    /// `section.key` with its value, in the order given; a later one wins.
    pub flags: Vec<(String, String)>,
}

/// Which layer a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    Default,
    File,
    Environment,
    Flag,
}

/// Layer and place a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub layer: Layer,
    /// The file, variable or flag as it was written.
    pub place: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.layer {
            Layer::Default => f.write_str("default"),
            Layer::File | Layer::Environment => f.write_str(&self.place),
            Layer::Flag => write!(f, "flag {}", self.place),
        }
    }
}

/// Typed values, with each one's source.
#[derive(Clone, Debug)]
pub struct Effective {
    pub config: Config,
    pub(super) shown: BTreeMap<String, (toml::Value, Source)>,
}

impl Effective {
    /// Where the value of `section.key` came from; `None` for a key that does not exist.
    pub fn source(&self, path: &str) -> Option<&Source> {
        self.shown.get(path).map(|(_, source)| source)
    }
}

/// Reads all layers. Refuses unknown keys, unreadable values, values out of bounds and
/// contradictions, all of them at once.
pub fn load(inputs: &Inputs) -> Result<Effective, ConfigFailure> {
    let mut problems = Vec::new();
    let mut given = BTreeMap::new();
    read_file(inputs, &mut given, &mut problems);
    read_environment(inputs, &mut given, &mut problems);
    read_flags(inputs, &mut given, &mut problems);
    let mut readings = Readings {
        given: &given,
        problems: &mut problems,
        shown: BTreeMap::new(),
    };
    let config = Config::read(&mut readings);
    let shown = readings.shown;
    if let Some(config) = &config {
        problems.extend(contradictions(config).map(Problem::Contradiction));
    }
    match config {
        Some(config) if problems.is_empty() => Ok(Effective { config, shown }),
        _ => Err(ConfigFailure(problems)),
    }
}

/// As [`load`], for a file on disk and a process's environment. A `file` that was named must exist.
pub fn check(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: Vec<(String, String)>,
) -> Result<Effective, ConfigFailure> {
    let file = match file {
        None => None,
        Some(path) => match fs::read_to_string(path) {
            Ok(content) => Some((path.to_owned(), content)),
            Err(why) => {
                return Err(ConfigFailure(vec![Problem::File {
                    place: path.display().to_string(),
                    why: why.to_string(),
                }]));
            }
        },
    };
    load(&Inputs {
        file,
        environment: environment.collect(),
        flags,
    })
}

impl Config {
    /// Every default.
    pub fn defaults() -> Self {
        load(&Inputs::default())
            .expect("the defaults are valid, as a test shows")
            .config
    }
}

fn contradictions(config: &Config) -> impl Iterator<Item = &'static str> {
    let auth = &config.auth;
    let cheap = auth.hash_memory_kib < 19_456 || auth.hash_passes < 2;
    let public = !config.server.listen.ip().is_loopback();
    let store = &config.store;
    let cql = store.engine == Engine::Cql;
    let half_login = store.cql_user.is_empty() != store.cql_password.expose().is_none();
    let short_key = auth.visitor_key.expose().is_some_and(|key| key.len() < 32);
    [
        (cheap && !auth.dev).then_some(
            "auth.hash_memory_kib and auth.hash_passes are below what protects passwords (19456, 2); raise them, or set auth.dev on a test machine",
        ),
        (auth.demo && public && !auth.dev).then_some(
            "auth.demo has public passwords and server.listen is not a loopback address; set auth.demo = false, or auth.dev = true on a closed network",
        ),
        short_key.then_some("auth.visitor_key is shorter than 32 bytes; make one with `openssl rand -hex 32`"),
        (auth.login_backoff_max_ms < auth.login_backoff_ms || auth.address_backoff_max_ms < auth.login_backoff_ms)
            .then_some("auth.login_backoff_ms is above the longest wait; lower it"),
        (cql && store.cql_nodes.is_empty())
            .then_some("store.engine is cql and store.cql_nodes names no node; name one as host:port"),
        (cql && !is_keyspace(&store.cql_keyspace)).then_some(
            "store.cql_keyspace is no name of a keyspace; take a small letter and up to 39 more of a to z, 0 to 9 and _",
        ),
        (cql && half_login).then_some("store.cql_user and store.cql_password go together; set both or neither"),
        config.cluster.servers().err(),
    ]
    .into_iter()
    .flatten()
}

/// A name that is the same quoted and unquoted, and leaves room for what is put behind it: CQL takes 48.
fn is_keyspace(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 40
        && name.starts_with(|it: char| it.is_ascii_lowercase())
        && name.bytes().all(plain)
}

/// A value as it was written, before its type is known.
enum Raw {
    Toml(toml::Value),
    Text(String),
}

type Given = BTreeMap<String, (Raw, Source)>;

/// Hands each key its winning value, and notes what it became.
pub(super) struct Readings<'a> {
    given: &'a Given,
    problems: &'a mut Vec<Problem>,
    shown: BTreeMap<String, (toml::Value, Source)>,
}

impl Readings<'_> {
    pub(super) fn take<T: Value>(&mut self, section: &str, name: &str) -> Option<T> {
        let key = find(section, name).expect("the table made this call");
        let path = key.path();
        let (read, text, source) = match self.given.get(&path) {
            None => (
                T::from_text(key.default),
                key.default.to_owned(),
                Source {
                    layer: Layer::Default,
                    place: path.clone(),
                },
            ),
            Some((Raw::Toml(value), source)) => {
                (T::from_toml(value), value.to_string(), source.clone())
            }
            Some((Raw::Text(text), source)) => (T::from_text(text), text.clone(), source.clone()),
        };
        let Some(value) = read else {
            self.problems.push(Problem::Unreadable {
                place: source.place,
                value: (!T::SECRET).then_some(text),
                wanted: T::KIND,
            });
            return None;
        };
        if let (Some(bounds), Some(number)) = (&key.bounds, value.number())
            && !bounds.contains(&number)
        {
            self.problems.push(Problem::OutOfBounds {
                place: source.place,
                value: number,
                least: *bounds.start(),
                most: *bounds.end(),
            });
            return None;
        }
        self.shown.insert(path, (value.to_toml(), source));
        Some(value)
    }
}

fn find(section: &str, name: &str) -> Option<&'static Key> {
    KEYS.iter()
        .find(|key| key.section == section && key.name == name)
}

fn read_file(inputs: &Inputs, given: &mut Given, problems: &mut Vec<Problem>) {
    let Some((file, content)) = &inputs.file else {
        return;
    };
    let table: toml::Table = match content.parse() {
        Ok(table) => table,
        Err(why) => {
            problems.push(Problem::NotToml {
                file: file.display().to_string(),
                why: why.to_string(),
            });
            return;
        }
    };
    let mut layer = LayerInputs::new(Layer::File);
    for (section, content) in table {
        let toml::Value::Table(content) = content else {
            layer.add(
                section.clone(),
                format!("{}: {section}", file.display()),
                Raw::Toml(content),
            );
            continue;
        };
        for (name, value) in content {
            let path = format!("{section}.{name}");
            let place = format!("{}: {path}", file.display());
            layer.add(path, place, Raw::Toml(value));
        }
    }
    layer.settle(given, problems);
}

fn read_environment(inputs: &Inputs, given: &mut Given, problems: &mut Vec<Problem>) {
    let mut layer = LayerInputs::new(Layer::Environment);
    for (variable, value) in &inputs.environment {
        if let Some(rest) = variable.strip_prefix(PREFIX) {
            let path = rest.to_lowercase().replacen("__", ".", 1);
            layer.add(path, variable.clone(), Raw::Text(value.clone()));
        }
    }
    layer.settle(given, problems);
}

fn read_flags(inputs: &Inputs, given: &mut Given, problems: &mut Vec<Problem>) {
    let mut layer = LayerInputs::new(Layer::Flag);
    for (path, value) in &inputs.flags {
        layer.add(path.clone(), path.clone(), Raw::Text(value.clone()));
    }
    layer.settle(given, problems);
}

/// What one layer names, before it is laid over those below.
struct LayerInputs {
    layer: Layer,
    named: Vec<(String, String, Raw)>,
}

impl LayerInputs {
    fn new(layer: Layer) -> Self {
        Self {
            layer,
            named: Vec::new(),
        }
    }

    fn add(&mut self, path: String, place: String, raw: Raw) {
        self.named.push((path, place, raw));
    }

    fn settle(self, given: &mut Given, problems: &mut Vec<Problem>) {
        let mut own: BTreeMap<String, String> = BTreeMap::new();
        for (path, place, raw) in self.named {
            let key = path
                .split_once('.')
                .and_then(|(section, name)| resolve(section, name));
            let Some((key, is_file)) = key else {
                problems.push(unknown(self.layer, &path, place));
                continue;
            };
            let target = key.path();
            let earlier = own.insert(target.clone(), place.clone());
            if let Some(other) = earlier.filter(|other| *other != place) {
                problems.push(Problem::Both { place, other });
                continue;
            }
            let raw = match if is_file {
                secret_file(&raw, &place)
            } else {
                Ok(raw)
            } {
                Ok(raw) => raw,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let layer = self.layer;
            given.insert(target, (raw, Source { layer, place }));
        }
    }
}

/// The key named, and whether the name is that of its file.
fn resolve(section: &str, name: &str) -> Option<(&'static Key, bool)> {
    find(section, name).map(|key| (key, false)).or_else(|| {
        let key = find(section, name.strip_suffix("_file")?)?;
        key.secret.then_some((key, true))
    })
}

fn secret_file(raw: &Raw, place: &str) -> Result<Raw, Problem> {
    let path = match raw {
        Raw::Toml(toml::Value::String(path)) | Raw::Text(path) => path,
        Raw::Toml(other) => {
            return Err(Problem::Unreadable {
                place: place.to_owned(),
                value: Some(other.to_string()),
                wanted: "a path",
            });
        }
    };
    fs::read_to_string(path)
        // Editors and secret stores end files with a line break that is no part of the secret.
        .map(|secret| Raw::Text(secret.trim_end_matches(['\r', '\n']).to_owned()))
        .map_err(|why| Problem::File {
            place: place.to_owned(),
            why: format!("{path}: {why}"),
        })
}

fn unknown(layer: Layer, path: &str, place: String) -> Problem {
    let known: Vec<(String, String)> = KEYS
        .iter()
        .map(|key| {
            let written = match layer {
                Layer::Environment => key.variable(),
                Layer::Default | Layer::File | Layer::Flag => key.path(),
            };
            (key.path(), written)
        })
        .collect();
    let found = nearest(path, known.iter().map(|(path, _)| path.as_str()));
    let nearest = found.and_then(|found| {
        known
            .iter()
            .find(|(path, _)| path == found)
            .map(|(_, written)| written.clone())
    });
    Problem::Unknown { place, nearest }
}
