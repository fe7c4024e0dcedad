//! Baskets as the file has them, unpacked once each by the decoders of the reader: libdeflate for ZLIB,
//! the fastest that there is, Zstandard's and XZ's own libraries for ZSTD and LZMA.

use lumimill_rootfile::RootFile;

use crate::part::{Outcome, Part, median, timed};

pub(crate) fn part(file: &str, tree: &str, branches: &str) -> Outcome<Part> {
    let branches: Vec<&str> = branches.split(',').collect();
    let mut baskets = RootFile::open(file)?
        .tree(tree)?
        .stored_baskets(&branches)?;
    let unpacked = baskets.unpack()?;
    let time = median(|| Ok(timed(|| Ok(baskets.unpack()?))?.1))?;
    let of = format!(
        "{} baskets of {} branches, {:.1} MB of {:.1} MB",
        baskets.count(),
        branches.len(),
        unpacked as f64 / 1e6,
        baskets.stored_bytes() as f64 / 1e6,
    );
    Ok(Part {
        name: "unpacking",
        time,
        of,
    })
}
