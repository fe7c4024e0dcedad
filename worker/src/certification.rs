//! Which events of a batch are certified.

use arrow_array::{BooleanArray, RecordBatch};
use lumimill_common::failure::Failure;
use lumimill_common::lumi_mask::LumiMask;

use crate::input::{LUMI, RUN, as_u32};

/// For every event of a batch that holds `run` and `luminosityBlock`, whether its lumi section
/// is in the mask.
pub fn certify(url: &str, batch: &RecordBatch, mask: &LumiMask) -> Result<BooleanArray, Failure> {
    let column = |name: &str| {
        let column = batch
            .column_by_name(name)
            .ok_or_else(|| Failure::reject("column", url, format!("{url}: no branch {name}")))?;
        as_u32(name, column)
            .map_err(|message| Failure::reject("column", url, format!("{url}: {message}")))
    };
    let (runs, lumis) = (column(RUN)?, column(LUMI)?);
    Ok(mask.certified(runs.values(), lumis.values()))
}
