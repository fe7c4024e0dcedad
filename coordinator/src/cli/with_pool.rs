//! Whether a campaign is with a pool, whose workers may be writing its output.

use lumimill_common::control::ControlState;
use lumimill_common::store::{Place, StoreError};

use crate::output::{Output, can_be_written};

/// What `run` says of a campaign that workers of a pool may be writing.
pub(super) const WITH_POOL: &str =
    "the campaign is with a pool: lumimill cancel it first, or submit it again";

/// Whether workers of a pool may be writing.
pub(super) async fn is_with_pool(output: &Output, place: &Place) -> anyhow::Result<bool> {
    let control = match (output.control().await, place) {
        (Err(error), Place::Folder(folder)) if error.is::<StoreError>() => {
            // When it is the folder, taking it says best what is wrong.
            can_be_written(folder)?;
            return Err(error);
        }
        (control, _) => control?,
    };
    Ok(control.is_some_and(|control| control.state != ControlState::Cancelled))
}
