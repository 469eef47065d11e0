//! Tenants and their signing keys.

use serde::{Deserialize, Serialize};

use super::kind::{Kind, SETTINGS};
use super::sheet::{Sheet, Stop};
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{Algorithm, SigningKey};
use crate::desk::settings::TenantSettings;

/// A signing key's record. [`SigningKey`] itself is never serialised, lest it be shown.
#[derive(Serialize, Deserialize)]
pub struct KeyRecord {
    kid: String,
    algorithm: Algorithm,
    key: String,
}

pub fn settings(sheet: &Sheet) -> Result<Option<TenantSettings>, Stop> {
    sheet.get(Kind::Settings, SETTINGS)
}

/// `NotFound` where there is no such tenant.
pub fn must_exist(sheet: &Sheet) -> Result<(), Stop> {
    if sheet.has(Kind::Settings, SETTINGS)? {
        Ok(())
    } else {
        Err(DeskRefusal::NotFound.into())
    }
}

pub fn update(sheet: &mut Sheet, settings: &TenantSettings) -> Result<(), Stop> {
    settings.check()?;
    if !sheet.has(Kind::Group, &settings.default_group)? {
        return Err(DeskRefusal::NoSuch {
            field: "default_group",
        }
        .into());
    }
    must_exist(sheet)?;
    sheet.put(Kind::Settings, SETTINGS, settings);
    Ok(())
}

pub fn set_key(sheet: &mut Sheet, key: &SigningKey) -> Result<(), Stop> {
    key.check()?;
    must_exist(sheet)?;
    sheet.put(Kind::SigningKey, &key.kid, &KeyRecord::from(key.clone()));
    Ok(())
}

pub fn delete_key(sheet: &mut Sheet, kid: &str) -> Result<(), Stop> {
    if !sheet.has(Kind::SigningKey, kid)? {
        return Err(DeskRefusal::NotFound.into());
    }
    sheet.remove(Kind::SigningKey, kid);
    Ok(())
}

impl From<SigningKey> for KeyRecord {
    fn from(
        SigningKey {
            kid,
            algorithm,
            key,
        }: SigningKey,
    ) -> Self {
        Self {
            kid,
            algorithm,
            key,
        }
    }
}

impl From<KeyRecord> for SigningKey {
    fn from(
        KeyRecord {
            kid,
            algorithm,
            key,
        }: KeyRecord,
    ) -> Self {
        Self {
            kid,
            algorithm,
            key,
        }
    }
}
