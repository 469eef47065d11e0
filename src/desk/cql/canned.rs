//! Canned replies by scope.

use super::kind::{Kind, place_of};
use super::sheet::{Sheet, Stop};
use super::staff::Hired;
use super::tenants;
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{CannedReply, CannedScope};

pub fn create(sheet: &mut Sheet, reply: &CannedReply) -> Result<(), Stop> {
    check(sheet, reply)?;
    let place = place_of(&reply.scope, &reply.shortcut);
    if sheet.has(Kind::Canned, &place)? || sheet.has(Kind::CannedId, &reply.id)? {
        return Err(DeskRefusal::Exists.into());
    }
    sheet.put(Kind::Canned, &place, reply);
    sheet.put(Kind::CannedId, &reply.id, &place);
    Ok(())
}

pub fn update(sheet: &mut Sheet, reply: &CannedReply) -> Result<(), Stop> {
    delete(sheet, &reply.id)?;
    create(sheet, reply)
}

pub fn delete(sheet: &mut Sheet, id: &str) -> Result<(), Stop> {
    let place: String = sheet
        .get(Kind::CannedId, id)?
        .ok_or(DeskRefusal::NotFound)?;
    remove(sheet, &place, id);
    Ok(())
}

pub fn remove(sheet: &mut Sheet, place: &str, id: &str) {
    sheet.remove(Kind::Canned, place);
    sheet.remove(Kind::CannedId, id);
}

fn check(sheet: &Sheet, reply: &CannedReply) -> Result<(), Stop> {
    reply.check()?;
    tenants::must_exist(sheet)?;
    let known = match &reply.scope {
        CannedScope::Personal(agent) => sheet
            .get::<Hired>(Kind::Staff, agent)?
            .is_some_and(|hired| hired.member.active),
        CannedScope::Group(group) => sheet.has(Kind::Group, group)?,
        CannedScope::Tenant => true,
    };
    if known {
        Ok(())
    } else {
        Err(DeskRefusal::NoSuch { field: "scope" }.into())
    }
}
