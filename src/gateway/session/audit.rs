//! What is privileged is written to the audit log before it takes effect.

use std::rc::Rc;

use crest_actors::ids::SessionId;
use crest_schema::frame::ClientFrame;

use super::entry::Session;
use super::sessions::Sessions;
use crate::gateway::socket::Flow;

/// Where the audit record of the frame at hand stands: it is written before the frame takes effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audit {
    #[default]
    None,
    Writing,
    Written,
    Failed,
}

impl Sessions {
    /// Writes a privileged frame to the audit log first. `Err`: not yet, the frame is given again.
    /// `Ok(false)`: it cannot be written, so the frame must not take effect.
    pub(super) fn audit(self: &Rc<Self>, id: SessionId, frame: &ClientFrame) -> Result<bool, Flow> {
        let mut table = self.table.borrow_mut();
        let Some(entry) = table.get_mut(&id) else {
            return Ok(true);
        };
        let Session::Staff(staff) = &entry.session else {
            return Ok(true);
        };
        let Some(operation) = self.doors.audited(staff.role().into(), frame) else {
            return Ok(true);
        };
        match std::mem::take(&mut entry.audit) {
            Audit::Written => return Ok(true),
            Audit::Failed => return Ok(false),
            Audit::None | Audit::Writing => entry.audit = Audit::Writing,
        }
        let writing = self
            .doors
            .write_audit(staff, operation, frame, self.hub.now());
        let sessions = self.clone();
        actix::spawn(async move {
            let audit = if writing.await {
                Audit::Written
            } else {
                Audit::Failed
            };
            if let Some(entry) = sessions.table.borrow_mut().get_mut(&id) {
                entry.audit = audit;
            }
            sessions.gate.resume(id);
        });
        Err(Flow::Again)
    }
}
