//! How many shards a command processes at a time.

use std::num::NonZeroUsize;

use clap::Args;

#[derive(Debug, Args)]
pub(super) struct SlotsArg {
    /// Shards that are processed at a time [default: number of cores].
    #[arg(long, value_name = "N")]
    pub(super) slots: Option<NonZeroUsize>,
}

impl SlotsArg {
    pub(super) fn get(&self) -> NonZeroUsize {
        self.slots
            .or_else(|| std::thread::available_parallelism().ok())
            .unwrap_or(NonZeroUsize::MIN)
    }
}
