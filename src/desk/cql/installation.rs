//! A whole tenant at once.

use super::kind::{Kind, SETTINGS};
use super::sheet::{Sheet, Stop};
use super::{articles, canned, groups, staff, tenants};
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{ArticleVersion, Installation, check_id};

pub fn install(sheet: &mut Sheet, installation: &Installation) -> Result<(), Stop> {
    let tenant = &installation.tenant;
    check_id("tenant", tenant.id.as_str())?;
    if sheet.has(Kind::Settings, SETTINGS)? {
        return Err(DeskRefusal::Exists.into());
    }
    sheet.put(Kind::Settings, SETTINGS, &tenant.settings);
    for key in &installation.keys {
        tenants::set_key(sheet, key)?;
    }
    groups::create_all(sheet, &installation.groups)?;
    tenants::update(sheet, &tenant.settings)?;
    for member in &installation.staff {
        staff::create(sheet, member)?;
    }
    for (key, body) in &installation.articles {
        let version = ArticleVersion {
            version: 1,
            body: body.clone(),
            saved_at: installation.at,
            saved_by: "installation".to_owned(),
        };
        articles::save(sheet, key, &version, None)?;
        articles::publish(sheet, key, Some(1))?;
    }
    for reply in &installation.canned {
        canned::create(sheet, reply)?;
    }
    Ok(())
}
