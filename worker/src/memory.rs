//! Memory: what this process uses, and what a job would need, against a limit; a job is refused
//! in words before the system kills the process without any.

use lumimill_common::failure::Failure;
use lumimill_common::shard::Shard;
use lumimill_rootfile::Tree;

use crate::prepared_stage::CompiledStage;
use crate::process::BATCH_ENTRIES;

/// Copies of a batch that are alive at once, at most: baskets, columns, rows, the writer's.
const COPIES: u64 = 4;

/// The limit that a job is held against.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<'a> {
    limit: Option<u64>,
    shard: &'a Shard,
}

impl<'a> Memory<'a> {
    pub(crate) fn of(limit: Option<u64>, shard: &'a Shard) -> Self {
        Self { limit, shard }
    }

    /// Refuses a job whose batches would not fit. The estimate is from the sizes that the file
    /// gives of its branches: bytes of a batch of entries and of a basket, some copies of each.
    pub(crate) fn check_need(&self, tree: &Tree, stage: &CompiledStage) -> Result<(), Failure> {
        let Some(limit) = self.limit else {
            return Ok(());
        };
        let names = stage.branches(self.shard.lumis.is_some());
        let branches = names.iter().filter_map(|name| tree.branch(name));
        let need = branches.fold(0u64, |sum, branch| {
            let bytes = branch.uncompressed_bytes();
            let baskets = u64::try_from(branch.baskets()).unwrap_or(1).max(1);
            let of_batch = bytes / tree.entries().max(1) * BATCH_ENTRIES.min(tree.entries());
            sum.saturating_add(of_batch.saturating_add(bytes / baskets))
        });
        let need = need.saturating_mul(COPIES);
        match need <= limit {
            true => Ok(()),
            false => Err(self.refused(&format!("its batches need about {}", mib(need)), limit)),
        }
    }

    /// Refuses a job in the middle, when this process has come to use more than it may.
    pub(crate) fn check_use(&self) -> Result<(), Failure> {
        match self.limit {
            Some(limit) if in_use() > limit => {
                let used = format!("the worker came to use {}", mib(in_use()));
                Err(self.refused(&used, limit))
            }
            _ => Ok(()),
        }
    }

    fn refused(&self, why: &str, limit: u64) -> Failure {
        let file = &self.shard.file;
        let message = format!(
            "{}: {why}, the limit is {}: use fewer slots or a higher --memory-limit, \
             or resubmit it with --split or to a pool with more memory",
            file.url,
            mib(limit)
        );
        Failure::retry("memory", &file.url, message)
    }
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

/// Memory that this process has resident, in bytes; 0 where the system does not say.
#[must_use]
pub fn in_use() -> u64 {
    const PAGE: u64 = 4096;
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = text.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * PAGE
}

#[cfg(test)]
mod tests {
    use super::in_use;

    #[test]
    fn this_process_uses_memory() {
        let used = in_use();
        assert!((1 << 20..1 << 40).contains(&used), "{used} bytes");
    }
}
