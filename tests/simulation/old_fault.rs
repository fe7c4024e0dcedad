//! Faults that commands once had, put back where they show: in what they write to the control record.
//! The simulation is worth its time as long as it finds them.

use lumimill_common::control::{Control, ControlState};

use crate::control_log::Kind;

/// A fault that was there once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OldFault {
    /// Of two submissions at one moment the later one undid the other, and nobody was told.
    BlindSubmission,
    /// A resubmission ran a campaign again that was cancelled while it looked.
    Revival,
    /// A resubmission to another pool moved all of the campaign there.
    Move,
}

impl OldFault {
    /// Whether a command with the fault asks what is there before it writes, and what it writes.
    pub(crate) fn asks(self, kind: Kind, before: Option<&Control>, control: &mut Control) -> bool {
        let is_cancelled = before.is_some_and(|before| before.state == ControlState::Cancelled);
        match (self, kind) {
            (Self::BlindSubmission, Kind::Submit) => false,
            (Self::Revival, Kind::Resubmit) => !is_cancelled,
            (Self::Move, Kind::Resubmit) => {
                if let Some(pool) = control.more_pools.pop_first() {
                    control.pool = pool;
                }
                true
            }
            _ => true,
        }
    }
}
