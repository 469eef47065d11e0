//! Further copies of the demonstration shop: tenants that differ in nothing but id and name, for
//! whoever tries out many at once.

use crest_actors::ids::{Millis, TenantId};

use super::port::DeskStore;
use super::seed::{NAME, SeedFailure, Seeded, TENANT, install, seed, signing_key, staff};
use crate::auth::Passwords;

/// What there was to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeededCopies {
    pub installed: u32,
    /// Left as they are.
    pub already_there: u32,
}

/// Id of the copy of this number, from 1: `demo`, then `demo-2`, `demo-3`, …
pub fn copy_id(number: u32) -> TenantId {
    match number {
        1 => TenantId::new(TENANT),
        number => TenantId::new(format!("{TENANT}-{number}")),
    }
}

/// Installs the demo tenant and its copies up to the `count`th, each whole, those that are missing.
///
/// Refused with [`SeedFailure::NotADemo`], and then nothing is installed, where the store holds a
/// tenant that does not take tokens of the demonstration's public key. `articles` and `at` as for
/// [`seed`].
pub async fn seed_copies(
    desk: &dyn DeskStore,
    passwords: &Passwords,
    articles: Vec<(String, serde_json::Value)>,
    count: u32,
    at: Millis,
) -> Result<SeededCopies, SeedFailure> {
    only_demos(desk).await?;
    let mut seeded = SeededCopies::default();
    seeded.add(seed(desk, passwords, articles.clone(), at).await?);
    // The passwords are public, so that one hash of each does for all copies.
    let mut people = None;
    for number in 2..=count {
        let id = copy_id(number);
        if desk.tenant(id.clone()).await?.is_some() {
            seeded.add(Seeded::AlreadyThere);
            continue;
        }
        let people = match &people {
            Some(people) => people,
            None => people.insert(staff(passwords).await?),
        };
        let (name, people) = (format!("{NAME} {number}"), people.clone());
        seeded.add(install(desk, id, name, people, articles.clone(), at).await?);
    }
    Ok(seeded)
}

async fn only_demos(desk: &dyn DeskStore) -> Result<(), SeedFailure> {
    let directory = desk.directory().await?;
    let mut tenants: Vec<TenantId> = directory.tenants.into_keys().collect();
    tenants.sort();
    for tenant in tenants {
        let keys = desk.signing_keys(tenant.clone()).await?;
        if !keys.contains(&signing_key()) {
            return Err(SeedFailure::NotADemo(tenant));
        }
    }
    Ok(())
}

impl SeededCopies {
    fn add(&mut self, seeded: Seeded) {
        match seeded {
            Seeded::Installed => self.installed += 1,
            Seeded::AlreadyThere => self.already_there += 1,
        }
    }
}

#[cfg(test)]
#[path = "seed_copies_tests.rs"]
mod tests;
