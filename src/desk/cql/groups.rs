//! Skill groups.

use super::kind::{Kind, scope_of};
use super::sheet::{Sheet, Stop};
use super::staff::Hired;
use super::{canned, tenants};
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{CannedReply, CannedScope, Group, Overflow};

/// Several that may overflow into each other.
pub fn create_all(sheet: &mut Sheet, groups: &[Group]) -> Result<(), Stop> {
    for group in groups {
        group.check()?;
        tenants::must_exist(sheet)?;
        if sheet.has(Kind::Group, &group.id)? {
            return Err(DeskRefusal::Exists.into());
        }
        sheet.put(Kind::Group, &group.id, group);
    }
    groups
        .iter()
        .try_for_each(|group| check_overflow(sheet, group))
}

pub fn update(sheet: &mut Sheet, group: &Group) -> Result<(), Stop> {
    group.check()?;
    check_overflow(sheet, group)?;
    if !sheet.has(Kind::Group, &group.id)? {
        return Err(DeskRefusal::NotFound.into());
    }
    sheet.put(Kind::Group, &group.id, group);
    Ok(())
}

pub fn delete(sheet: &mut Sheet, id: &str) -> Result<(), Stop> {
    if let Some(settings) = tenants::settings(sheet)?
        && settings.default_group == id
    {
        return Err(DeskRefusal::InUse("the tenant's default_group").into());
    }
    let overflow = Overflow::Group(id.to_owned());
    let groups = sheet.all::<Group>(Kind::Group)?;
    if groups.iter().any(|group| group.overflow == overflow) {
        return Err(DeskRefusal::InUse("another group's overflow").into());
    }
    let staff = sheet.all::<Hired>(Kind::Staff)?;
    if staff
        .iter()
        .any(|one| one.member.groups.iter().any(|group| group == id))
    {
        return Err(DeskRefusal::InUse("staff").into());
    }
    if !sheet.has(Kind::Group, id)? {
        return Err(DeskRefusal::NotFound.into());
    }
    sheet.remove(Kind::Group, id);
    let own = scope_of(&CannedScope::Group(id.to_owned()));
    for (place, reply) in sheet.under::<CannedReply>(Kind::Canned, &own)? {
        canned::remove(sheet, &place, &reply.id);
    }
    Ok(())
}

fn check_overflow(sheet: &Sheet, group: &Group) -> Result<(), Stop> {
    match &group.overflow {
        Overflow::Group(to) if !sheet.has(Kind::Group, to)? => {
            Err(DeskRefusal::NoSuch { field: "overflow" }.into())
        }
        Overflow::Group(_) | Overflow::Bot | Overflow::LeaveMessage => Ok(()),
    }
}
