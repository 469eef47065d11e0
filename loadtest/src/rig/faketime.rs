//! A process whose wall clock may jump: libfaketime, of Debian's package `faketime`.

use std::path::{Path, PathBuf};

const LIBRARY: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";

/// The clock of one process, right at first.
pub struct Faketime {
    file: PathBuf,
}

impl Faketime {
    /// `file` is what the process looks at for its clock.
    pub fn at(file: PathBuf) -> anyhow::Result<Self> {
        let clock = Self { file };
        clock.off_by_s(0)?;
        Ok(clock)
    }

    pub fn is_possible() -> bool {
        Path::new(LIBRARY).exists()
    }

    pub fn environment(&self) -> Vec<(String, String)> {
        let file = self.file.display().to_string();
        // Only the wall clock jumps on a real machine; the others count on.
        let all = [
            ("LD_PRELOAD", LIBRARY),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ];
        let all = all.map(|(name, value)| (name.to_owned(), value.to_owned()));
        all.to_vec()
    }

    /// From now on, and at once.
    pub fn off_by_s(&self, seconds: i64) -> anyhow::Result<()> {
        // Moved whole: a clock read half-written would jump elsewhere.
        let fresh = self.file.with_extension("fresh");
        std::fs::write(&fresh, format!("{seconds:+}\n"))?;
        std::fs::rename(fresh, &self.file)?;
        Ok(())
    }
}
