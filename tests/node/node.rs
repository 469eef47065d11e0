//! A node of its own for a test: the built binary on a free port with an empty folder.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crest_loadtest::client::{Server, get};

/// A running `crest serve`. Killed and cleaned up when dropped.
pub struct Node {
    child: Child,
    pub url: String,
    folder: PathBuf,
    keep: bool,
}

impl Node {
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(environment: &[(&str, &str)]) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("crest-node-{}-{number}", std::process::id()));
        Self::on(&folder, environment)
    }

    /// On a folder that may hold an earlier life's data.
    pub fn on(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_crest"))
            .args(["serve", "--data"])
            .arg(folder)
            .env("CREST__SERVER__LISTEN", "127.0.0.1:0")
            .env("CREST__LOG__LEVEL", "warn")
            // Cheap hashes: these tests measure something else.
            .args([
                "--set",
                "auth.dev=true",
                "--set",
                "auth.hash_memory_kib=64",
                "--set",
                "auth.hash_passes=1",
            ])
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary is built for this test");
        let output = child.stdout.take().expect("piped");
        let mut lines = BufReader::new(output).lines();
        let first = lines
            .next()
            .expect("it says where it serves")
            .expect("text");
        let url = first
            .split_whitespace()
            .find(|word| word.starts_with("http://"));
        let url = url
            .unwrap_or_else(|| panic!("no address in {first:?}"))
            .to_owned();
        std::thread::spawn(move || lines.for_each(drop)); // it must never block on its own words
        Self {
            child,
            url,
            folder: folder.to_owned(),
            keep: false,
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub async fn metrics(&self) -> Metrics {
        let server = Server::at(&self.url).expect("its own address");
        let reply = get(&server, "/metrics", None).await;
        let body = reply.expect("it answers").body;
        Metrics(body.as_str().expect("text").to_owned())
    }

    pub fn signal(&self, signal: &str) {
        let told = Command::new("kill")
            .args([signal, &self.child.id().to_string()])
            .status();
        assert!(told.expect("kill runs").success());
    }

    /// Waits for its end; `None` where it does not come in time.
    pub fn ended(&mut self, within: Duration) -> Option<std::process::ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return Some(status);
            }
            std::thread::park_timeout(Duration::from_millis(5));
        }
        None
    }

    /// Ends it at once, as a power cut ends a process, and leaves its folder.
    pub fn kill(mut self) -> PathBuf {
        self.keep = true;
        self.child.kill().expect("a child of ours");
        self.child.wait().expect("a child of ours");
        self.folder.clone()
    }

    /// Proves its log whole; the node must have ended.
    pub fn verify(folder: &Path) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_crest"))
            .args(["verify", "--data"])
            .arg(folder)
            .output();
        let output = output.expect("the binary is built for this test");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    }
}

/// What `/metrics` said.
pub struct Metrics(String);

impl Metrics {
    /// Sum of all series whose name with labels begins like this.
    pub fn sum(&self, series: &str) -> f64 {
        let lines = self.0.lines().filter(|line| line.starts_with(series));
        let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        values.sum()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if !self.keep {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}
