//! Phrases looked up by the hashes of their units, abandoned as soon as no phrase
//! begins so: one pass over a message however many phrases there are.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Phrases and what each stands for.
#[derive(Debug)]
pub struct Phrases<T> {
    entries: HashMap<u64, T, Hashed>,
    beginnings: HashSet<u64, Hashed>,
}

impl<T> Default for Phrases<T> {
    fn default() -> Self {
        Self {
            entries: HashMap::default(),
            beginnings: HashSet::default(),
        }
    }
}

impl<T: Default> Phrases<T> {
    /// The value of a phrase, made when it is new. An empty phrase is nobody's.
    pub fn entry(&mut self, phrase: impl IntoIterator<Item = u64>) -> &mut T {
        let mut key = SEED;
        for unit in phrase {
            key = join(key, unit);
            self.beginnings.insert(key);
        }
        self.entries.entry(key).or_default()
    }
}

impl<T> Phrases<T> {
    /// The phrases at the start of `units`, shortest first, with their lengths.
    /// A unit of hash 0 is in no phrase.
    pub fn at(&self, units: impl IntoIterator<Item = u64>) -> impl Iterator<Item = (usize, &T)> {
        let mut key = SEED;
        let mut units = units.into_iter();
        let mut length = 0;
        std::iter::from_fn(move || {
            loop {
                let unit = units.next().filter(|&unit| unit != 0)?;
                key = join(key, unit);
                length += 1;
                if !self.beginnings.contains(&key) {
                    return None;
                }
                if let Some(value) = self.entries.get(&key) {
                    return Some((length, value));
                }
            }
        })
    }
}

/// A stable hash of a text, never 0 (FNV-1a with a final mix).
pub fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(fnv).max(1)
}

/// The hash of a sequence, one item at a time.
pub fn join(so_far: u64, next: u64) -> u64 {
    mix(so_far.rotate_left(23) ^ next).max(1)
}

/// Where a sequence begins.
pub const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut x: u64) -> u64 {
    x ^= x >> 32;
    x = x.wrapping_mul(0xd6e8_feb8_6659_fd93);
    x ^= x >> 32;
    x.wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Maps whose keys are hashes already are not hashed again.
pub type Hashed = BuildHasherDefault<Identity>;

/// Passes a `u64` through.
#[derive(Debug, Default, Clone, Copy)]
pub struct Identity(u64);

impl Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |h, &b| join(h, u64::from(b)));
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }
}
