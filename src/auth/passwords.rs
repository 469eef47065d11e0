//! Passwords: argon2id (RFC 9106) on threads of their own, a bounded number at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::{BUSY_RETRY_MS, PASSWORD_MAX_BYTES, PASSWORD_MIN_BYTES};
use super::refusal::AuthRefusal;

/// What one hash costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub memory_kib: u32,
    pub passes: u32,
}

/// Hashes and checks passwords. At most `parallel` at once and `waiting` more in line; beyond that
/// a caller is told to come back.
pub struct Passwords {
    argon: Argon2<'static>,
    permits: Arc<Semaphore>,
    in_line: Arc<AtomicUsize>,
    most_in_line: usize,
    /// Checked where there is no account, so that both cases take the same time.
    nobody: String,
}

impl Passwords {
    /// `None` where argon2 does not take the cost.
    pub fn new(cost: Cost, parallel: usize, waiting: usize) -> Option<Self> {
        let params = Params::new(cost.memory_kib, cost.passes, 1, None).ok()?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = hash_now(&argon, "a password nobody has");
        Some(Self {
            argon,
            permits: Arc::new(Semaphore::new(parallel)),
            in_line: Arc::new(AtomicUsize::new(0)),
            most_in_line: parallel + waiting,
            nobody,
        })
    }

    /// The PHC string of a new password of 10 to 256 bytes.
    pub async fn hash(&self, password: String) -> Result<String, AuthRefusal> {
        if !(PASSWORD_MIN_BYTES..=PASSWORD_MAX_BYTES).contains(&password.len()) {
            return Err(AuthRefusal::WeakPassword);
        }
        let argon = self.argon.clone();
        self.apart(move || hash_now(&argon, &password)).await
    }

    /// Is it the password of this hash? Without a hash as much work is done, and the answer is no.
    pub async fn verify(
        &self,
        hash: Option<String>,
        password: String,
    ) -> Result<bool, AuthRefusal> {
        if password.len() > PASSWORD_MAX_BYTES {
            return Ok(false);
        }
        let known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.nobody.clone());
        let argon = self.argon.clone();
        let matches = move || {
            PasswordHash::new(&hash)
                .is_ok_and(|hash| argon.verify_password(password.as_bytes(), &hash).is_ok())
        };
        Ok(self.apart(matches).await? && known)
    }

    /// Off the asynchronous threads. The permit moves with the work: a caller who goes away does
    /// not make room for another hash before this one is done.
    async fn apart<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AuthRefusal> {
        let busy = AuthRefusal::Busy {
            retry_after_ms: BUSY_RETRY_MS,
        };
        let place = Place::take(&self.in_line, self.most_in_line).ok_or(busy)?;
        let permit: OwnedSemaphorePermit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((permit, place));
            done
        });
        Ok(done
            .await
            .expect("hashing does not panic, and is not cancelled"))
    }
}

fn hash_now(argon: &Argon2<'_>, password: &str) -> String {
    let salt = SaltString::encode_b64(&rand::random::<[u8; 16]>())
        .expect("16 bytes are a salt's recommended length");
    argon
        .hash_password(password.as_bytes(), &salt)
        .expect("parameters and lengths were checked")
        .to_string()
}

/// One place in line, given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(in_line: &Arc<AtomicUsize>, most: usize) -> Option<Self> {
        let place = Self(in_line.clone());
        let before = in_line.fetch_add(1, Ordering::AcqRel);
        (before < most).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}
