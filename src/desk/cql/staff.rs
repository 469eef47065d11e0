//! Staff and what they log in with.

use crest_actors::ids::AgentId;
use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::sheet::{Sheet, Stop};
use super::tenants;
use crate::desk::failure::DeskRefusal;
use crate::desk::records::{NewStaff, StaffMember};

/// A member's record.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hired {
    pub member: StaffMember,
    pub hash: String,
    /// Sessions opened under another number have ended.
    pub login: i64,
}

pub fn create(sheet: &mut Sheet, new: &NewStaff) -> Result<(), Stop> {
    new.member.check()?;
    tenants::must_exist(sheet)?;
    if sheet.has(Kind::Staff, &new.member.id)? {
        return Err(DeskRefusal::Exists.into());
    }
    check_groups(sheet, &new.member)?;
    let hired = Hired {
        member: new.member.clone(),
        hash: new.hash.clone(),
        login: fresh_login(sheet),
    };
    sheet.put(Kind::Staff, &new.member.id, &hired);
    Ok(())
}

pub fn update(sheet: &mut Sheet, member: &StaffMember) -> Result<(), Stop> {
    member.check()?;
    let hired = find(sheet, &member.id)?;
    check_groups(sheet, member)?;
    let login = if member.active {
        hired.login
    } else {
        fresh_login(sheet)
    };
    let hired = Hired {
        member: member.clone(),
        login,
        ..hired
    };
    sheet.put(Kind::Staff, &member.id, &hired);
    Ok(())
}

pub fn set_password(sheet: &mut Sheet, agent: &AgentId, hash: &str) -> Result<(), Stop> {
    let hired = Hired {
        hash: hash.to_owned(),
        login: fresh_login(sheet),
        ..find(sheet, agent.as_str())?
    };
    sheet.put(Kind::Staff, agent.as_str(), &hired);
    Ok(())
}

fn find(sheet: &Sheet, id: &str) -> Result<Hired, Stop> {
    sheet
        .get(Kind::Staff, id)?
        .ok_or_else(|| DeskRefusal::NotFound.into())
}

fn check_groups(sheet: &Sheet, member: &StaffMember) -> Result<(), Stop> {
    for group in &member.groups {
        if !sheet.has(Kind::Group, group)? {
            return Err(DeskRefusal::NoSuch { field: "groups" }.into());
        }
    }
    Ok(())
}

/// As random as the writer, so never one that a session was opened under.
fn fresh_login(sheet: &Sheet) -> i64 {
    let writer = sheet.writer();
    i64::from_be_bytes(std::array::from_fn(|at| writer[at]))
}
