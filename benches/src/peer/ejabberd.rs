//! ejabberd: XMPP over WebSocket (RFC 7395), an Erlang process for each session. Debian's package.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::drive::{Scratch, Server, Started};
use crate::wire::{Opcode, frames, join_with, masked};

const SCHEMA: &str = "/usr/share/ejabberd/sql/lite.sql";
const LIBRARIES: &str = "/usr/lib/x86_64-linux-gnu";
const PASSWORD: &str = "of-a-bench";

/// Whether what is said is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    None,
    /// `mod_mam` for everybody, in SQLite.
    Sqlite,
}

/// Starts it on fresh `data` with so many accounts, or says what is missing.
pub fn start(
    data: PathBuf,
    archive: Archive,
    accounts: usize,
) -> anyhow::Result<Result<Started, String>> {
    if !Path::new(SCHEMA).exists() {
        let word = "ejabberd is skipped: apt-get install ejabberd erlang-p1-sqlite3";
        return Ok(Err(word.to_owned()));
    }
    let data = Scratch::new(data)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let settings = data.path().join("ejabberd.yml");
    fs::write(&settings, configuration(port, archive, data.path()))?;
    if archive == Archive::Sqlite {
        rusqlite::Connection::open(archive_file(data.path()))?
            .execute_batch(&fs::read_to_string(SCHEMA)?)?;
    }
    // It tells of its start as the other peers do, once everybody is registered.
    let ready = format!(
        "[ok = ejabberd_auth:try_register(<<\"u\", (integer_to_binary(N))/binary>>, <<\"localhost\">>, \
         <<\"{PASSWORD}\">>) || N <- lists:seq(0, {})], io:format(\"listening {port}~n\").",
        accounts - 1
    );
    let log = fs::File::create(data.path().join("out"))?;
    let mut command = Command::new("erl");
    command
        .args([
            "-noinput",
            "+S",
            "1:1",
            "+K",
            "true",
            "-kernel",
            "logger_level",
            "error",
        ])
        .args([
            "-mnesia",
            "dir",
            &format!("{:?}", data.path().join("mnesia")),
        ])
        .args(["-s", "ejabberd", "-eval", &ready])
        .env("HOME", data.path())
        .env("ERL_LIBS", LIBRARIES)
        .env("EJABBERD_CONFIG_PATH", &settings)
        .env("EJABBERD_LOG_PATH", data.path().join("log"))
        .stderr(Stdio::from(log));
    let started = Server::start(&mut command)?;
    Ok(Ok(Started {
        server: started.server.with_data(data),
        ..started
    }))
}

fn configuration(port: u16, archive: Archive, data: &Path) -> String {
    let archive = match archive {
        Archive::None => String::new(),
        Archive::Sqlite => format!(
            "  mod_mam:\n    default: always\n    db_type: sql\n\
             sql_type: sqlite\nsql_database: {:?}\n",
            archive_file(data)
        ),
    };
    format!(
        "hosts: [localhost]\nloglevel: none\nauth_method: internal\nwebsocket_ping_interval: 3600\n\
         websocket_timeout: 7200\nlisten:\n  - port: {port}\n    ip: 127.0.0.1\n    \
         module: ejabberd_http\n    request_handlers:\n      /ws: ejabberd_http_ws\nmodules:\n  \
         mod_ping: {{}}\n{archive}"
    )
}

fn archive_file(data: &Path) -> PathBuf {
    data.join("archive.db")
}

/// Logs account `number` in and says that it is there.
pub fn enter(server: SocketAddr, number: usize) -> anyhow::Result<TcpStream> {
    let mut stream = join_with(server, "/ws", Some("xmpp"))?;
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='localhost' version='1.0'/>";
    let identity = BASE64_STANDARD.encode(format!("\0u{number}\0{PASSWORD}"));
    let steps = [
        (open.to_owned(), "</stream:features>"),
        (
            format!("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{identity}</auth>"),
            "<success",
        ),
        (open.to_owned(), "</stream:features>"),
        (
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource>\
             </bind></iq>"
                .to_owned(),
            "type='result'",
        ),
        ("<presence/>".to_owned(), "<presence"),
    ];
    for (say, wanted) in steps {
        stream.write_all(&masked(true, say.as_bytes()))?;
        until(&mut stream, wanted).with_context(|| format!("after {say}"))?;
    }
    Ok(stream)
}

/// A chat message of so many bytes of text to another account.
pub fn message(to: usize, text_bytes: usize) -> Vec<u8> {
    let text = "x".repeat(text_bytes);
    format!("<message to='u{to}@localhost/r' type='chat'><body>{text}</body></message>")
        .into_bytes()
}

fn until(stream: &mut TcpStream, wanted: &str) -> anyhow::Result<()> {
    let mut came = Vec::new();
    loop {
        let mut buffer = [0; 4_096];
        match stream.read(&mut buffer) {
            Ok(0) => bail!("ejabberd closed the connection"),
            Ok(read) => came.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
        let mut found = false;
        frames(&came, |opcode, payload| {
            found |= opcode == Opcode::Data && String::from_utf8_lossy(payload).contains(wanted);
        });
        if found {
            return Ok(());
        }
    }
}
