//! The one table of keys. Types, defaults, bounds, the README's table and the sample come from it.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::layers::Readings;
use super::value::{Durability, Engine, LogLevel, Secret, Value};

/// One line of the table.
#[derive(Debug)]
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    /// As one would write it in an environment variable.
    pub default: &'static str,
    /// Unit of the value, or its kind where it has no unit.
    pub unit: &'static str,
    /// What a number must lie in; `None` for anything else.
    pub bounds: Option<RangeInclusive<u64>>,
    /// What 0 or an empty value means; empty where it means nothing special.
    pub zero: &'static str,
    pub reason: &'static str,
    pub secret: bool,
    pub(super) default_toml: fn() -> toml::Value,
}

impl Key {
    /// `section.name`
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `CREST__SECTION__NAME`
    pub fn variable(&self) -> String {
        format!("CREST__{}__{}", self.section, self.name).to_uppercase()
    }
}

fn default_toml<T: Value>(text: &str) -> toml::Value {
    T::from_text(text)
        .expect("every default is readable as its own type")
        .to_toml()
}

macro_rules! settings {
    ($($section:ident: $Section:ident = $about:literal {
        $($key:ident: $type:ty = $default:literal, $unit:literal, $bounds:expr, $zero:literal, $reason:literal;)*
    })*) => {
        /// Every section with what it is about, in the order shown.
        pub static SECTIONS: &[(&str, &str)] = &[$((stringify!($section), $about),)*];

        /// Every key, in the order shown.
        pub static KEYS: &[Key] = &[$($(Key {
            section: stringify!($section),
            name: stringify!($key),
            default: $default,
            unit: $unit,
            bounds: $bounds,
            zero: $zero,
            reason: $reason,
            secret: <$type as Value>::SECRET,
            default_toml: || default_toml::<$type>($default),
        },)*)*];

        $(
            #[doc = $about]
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $Section {
                $(#[doc = $reason] pub $key: $type,)*
            }
        )*

        /// The effective values, typed.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Config {
            $(pub $section: $Section,)*
        }

        impl Config {
            pub(super) fn read(readings: &mut Readings<'_>) -> Option<Self> {
                // Every key is read before any is given up, so that all problems are told at once.
                $(let $section = ($(readings.take::<$type>(stringify!($section), stringify!($key)),)*);)*
                $(
                    let ($($key,)*) = $section;
                    let $section = (|| Some($Section { $($key: $key?,)* }))();
                )*
                Some(Self { $($section: $section?,)* })
            }
        }
    };
}

settings! {
    server: Server = "Where the node listens and how it is reached." {
        listen: SocketAddr = "127.0.0.1:8080", "address", None, "",
            "One port for HTTP and WebSocket; loopback until you decide otherwise.";
        public_url: String = "", "URL", None, "made from `listen`",
            "What is printed and put into links when a proxy stands in front.";
        arbiters: usize = "0", "threads", Some(0..=256), "one for each core",
            "Threads that run actors and sockets.";
        max_connections: usize = "50000", "connections", Some(1..=2_000_000), "",
            "Accepted sockets; above it a new one is refused with a hint when to return. Raise the file limit with it.";
        drain_ms: u64 = "25000", "ms", Some(0..=600_000), "stop at once",
            "Time a planned stop takes to answer accepted work and hand clients over; the process is gone within 30 s.";
        allowed_origins: Vec<String> = "", "list of origins", None, "no browser on another origin",
            "Web pages that may call the HTTP interface and open sockets, such as https://shop.example; * for any.";
        trusted_proxies: Vec<IpAddr> = "", "list of addresses", None, "X-Forwarded-For is ignored",
            "Proxies whose X-Forwarded-For names the client for limits by address.";
        metrics_token: Secret = "", "secret", None, "/metrics is open",
            "Bearer token that a scraper of /metrics must show.";
    }
    store: Store = "Where what was said is kept." {
        engine: Engine = "embedded", "embedded, cql", None, "",
            "embedded: one file on this machine. cql: ScyllaDB or Cassandra, after `crest migrate --store cql`.";
        path: PathBuf = "./data", "directory", None, "",
            "Holds the embedded transcript log and the desk's file; created if missing. With engine cql it only keeps two nodes apart.";
        durability: Durability = "full", "full, relaxed", None, "",
            "full: an acknowledged message survives power loss. relaxed: it survives a crash of the process only. Embedded engine only.";
        retention_days: u32 = "0", "days", Some(0..=3650), "for ever",
            "How long a conversation is kept from its first message on; longer than any stays open. Counts for what begins a day after it was set. Engine cql only.";
        cql_nodes: Vec<String> = "127.0.0.1:9042", "list of host:port", None, "refused with engine cql",
            "Some nodes of the CQL cluster; the others are learned from them.";
        cql_keyspace: String = "crest", "keyspace", None, "refused with engine cql",
            "Keyspace of the logs; beside it lie those of ownership and of the desk, with _lease and _desk at their ends.";
        cql_user: String = "", "user", None, "no authentication",
            "Who logs in to the CQL cluster.";
        cql_password: Secret = "", "secret", None, "no authentication",
            "Password of `store.cql_user`.";
        cql_replication: u32 = "1", "copies", Some(1..=9), "",
            "Copies of each row in each datacenter of keyspaces that `crest migrate` makes; 3 wherever there are three nodes.";
    }
    cluster: Cluster = "Other nodes of the same installation, reached over NATS." {
        node: u16 = "0", "number", Some(0..=65_535), "the node of this number, as good as any",
            "This node's number; each node of a cluster has its own.";
        name: String = "main", "name", None, "",
            "The cluster's name in NATS subjects: small letters, digits, - and _, at most 32. Clusters that share a server need different names.";
        nats_url: String = "", "list of URLs", None, "this node is alone",
            "NATS servers that carry what nodes tell each other, such as tls://nats.internal:4222; several with commas between.";
        nats_user: String = "", "name", None, "no user",
            "Whom NATS knows this cluster as; it should let nobody else near the subjects crest.>.";
        nats_password: Secret = "", "secret", None, "no password",
            "Password of `nats_user`.";
        nats_ca: String = "", "file", None, "the authorities of the operating system",
            "Certificates (PEM) of the authority that signed the NATS servers'; given, every connection must be encrypted.";
        allow_plaintext_bus: bool = "false", "true, false", None, "",
            "Lets what customers say leave this machine unencrypted on its way to other nodes; only for a closed network.";
    }
    limits: Limits = "What one connection or request may take." {
        frames_per_s: u32 = "50", "frames/s", Some(1..=100_000), "",
            "Sustained frames of one connection; a person types far less.";
        frames_burst: u32 = "200", "frames", Some(1..=100_000), "",
            "Frames above the rate at once: what a client resends after a reconnect.";
        outbox_bytes: usize = "262144", "bytes", Some(65_536..=16_777_216), "",
            "What is queued for a slow reader before typing is dropped, then events wait in the log, then the socket is closed.";
        slow_reader_ms: u64 = "10000", "ms", Some(1_000..=600_000), "",
            "How long a reader whose outbox is full may take to catch up before the socket is closed.";
        write_bytes: usize = "65536", "bytes", Some(1..=1_048_576), "",
            "Put together for one write to a socket; 1 writes each frame by itself, which shows what putting together is worth.";
        handshake_timeout_ms: u64 = "5000", "ms", Some(100..=60_000), "",
            "From accept to the end of the request head.";
        ping_ms: u64 = "25000", "ms", Some(1_000..=600_000), "",
            "A silent connection is pinged; below the 30 to 60 s after which proxies drop one.";
        body_bytes: usize = "262144", "bytes", Some(1_024..=16_777_216), "",
            "Body of an HTTP request: the longest article with its answers is far below.";
        request_timeout_ms: u64 = "10000", "ms", Some(100..=120_000), "",
            "An HTTP request unanswered for so long is answered with 504.";
    }
    auth: Auth = "Who gets in." {
        session_hours: u32 = "12", "hours", Some(1..=720), "",
            "Life of a staff login: one shift.";
        ticket_ttl_ms: u64 = "30000", "ms", Some(1_000..=300_000), "",
            "Life of the one-use ticket between HTTP and the socket's first frame.";
        tickets_max: usize = "200000", "tickets", Some(16..=10_000_000), "",
            "Unredeemed tickets held in memory; a reconnect storm of 6,000 a second fits.";
        visitor_days: u32 = "180", "days", Some(1..=3_650), "",
            "How long an anonymous visitor who returns is recognised.";
        visitor_key: Secret = "", "secret", None, "made once and kept in the store",
            "Signs visitor tokens, at least 32 bytes; set it where several nodes or stores must agree.";
        visitor_tickets_per_min: u32 = "600", "tickets/min", Some(0..=1_000_000), "no limit",
            "Tickets that one address gets for anonymous visitors, a minute's worth at once: a crowd behind one mobile gateway fits. Addresses of this machine are not counted.";
        login_free_failures: u32 = "5", "attempts", Some(1..=100), "",
            "Failed logins of one account before it has to wait.";
        login_backoff_ms: u64 = "1000", "ms", Some(1..=600_000), "",
            "First wait; doubled by each further failure.";
        login_backoff_max_ms: u64 = "60000", "ms", Some(1..=86_400_000), "",
            "Longest wait of an account: short, so that nobody can lock a colleague out for long.";
        address_free_failures: u32 = "50", "attempts", Some(1..=10_000), "",
            "Failed logins from one address before it has to wait: an office shares one.";
        address_backoff_max_ms: u64 = "900000", "ms", Some(1..=86_400_000), "",
            "Longest wait of an address.";
        hash_memory_kib: u32 = "19456", "KiB", Some(8..=1_048_576), "",
            "argon2id memory (OWASP minimum); less is refused unless `auth.dev`.";
        hash_passes: u32 = "2", "passes", Some(1..=100), "",
            "argon2id passes over the memory; fewer are refused unless `auth.dev`.";
        hash_parallel: usize = "2", "hashes", Some(1..=64), "",
            "Password hashes computed at once; bounds memory and keeps cores for conversations.";
        hash_waiting: usize = "64", "logins", Some(1..=10_000), "",
            "Logins that may wait for a hash; above it one is told to come back.";
        demo: bool = "true", "true, false", None, "",
            "Fills an empty store with the tenant `demo`, whose passwords are public; refused on a public address unless `auth.dev`.";
        dev: bool = "false", "true, false", None, "",
            "Allows what only a test set-up may have: cheap password hashes, the demo tenant on a public address.";
    }
    bot: Bot = "When the bot speaks." {
        knowledge_file: String = "", "file", None, "the articles of the demo shop, compiled in",
            "Articles the demo tenant starts with; afterwards knowledge lives in the store.";
        threads: usize = "1", "threads", Some(1..=64), "",
            "Threads that search the knowledge.";
    }
    log: Log = "What the process says about itself." {
        level: LogLevel = "info", "error, warn, info, debug, trace", None, "",
            "Least severe event that is written to standard error.";
        json: bool = "false", "true, false", None, "",
            "One JSON object a line, for a log collector.";
    }
}
