//! Every branch of a file of events, a few thousand entries at a time.

use anyhow::Result;
use std::hint::black_box;
use std::path::Path;

use crate::{Pass, input};

const AT_A_TIME: u64 = 4_096;

pub(crate) fn ready(folder: &Path) -> Result<Pass> {
    let tree = input::events(folder)?;
    Ok(Box::new(move || {
        let names: Vec<&str> = tree.branches().iter().map(|branch| branch.name()).collect();
        let mut reader = tree.reader(&names)?;
        for first in (0..tree.entries()).step_by(AT_A_TIME as usize) {
            let entries = first..tree.entries().min(first + AT_A_TIME);
            black_box(reader.read(entries)?);
        }
        Ok(())
    }))
}
