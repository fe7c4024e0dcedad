//! Files of a demo: entries spread over some of them, each in clusters of one size.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use lumimill_rootfile::write::{Compression, FileWriter, TreeWriter};

use super::random::Random;

/// How many files there are of each kind, at most.
const FILES: u64 = 2;

/// Writes `name_0.root`, `name_1.root` into a folder, which is made if need be: a path, the entries
/// that it has, and its number are for `write`. There is no file without entries.
pub(super) fn several(
    folder: &Path,
    name: &str,
    entries: u64,
    mut write: impl FnMut(&Path, Range<u64>, u64) -> Result<()>,
) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let of_file = entries.div_ceil(FILES);
    let mut files = Vec::new();
    for index in 0..FILES {
        let first = (index * of_file).min(entries);
        let entries = first..(first + of_file).min(entries);
        if entries.is_empty() {
            continue;
        }
        let path = folder.join(format!("{name}_{index}.root"));
        write(&path, entries, index).with_context(|| format!("writing {}", path.display()))?;
        files.push(path);
    }
    Ok(files)
}

/// A file whose identity is the first of the random numbers of a stream, which no entry has.
pub(super) fn created(path: &Path, mut identity: Random) -> Result<FileWriter<BufWriter<File>>> {
    let out = BufWriter::new(File::create(path)?);
    let uuid = (u128::from(identity.next()) << 64 | u128::from(identity.next())).to_be_bytes();
    let name = path.file_name().map(|name| name.to_string_lossy());
    Ok(FileWriter::new(out, &name.unwrap_or_default(), uuid)?)
}

/// Ends a file.
pub(super) fn finished(file: FileWriter<BufWriter<File>>) -> Result<()> {
    Ok(file.finish()?.flush()?)
}

/// A file of one tree, whose clusters are made one after another.
pub(super) fn with_tree(
    path: &Path,
    identity: Random,
    tree: &str,
    (entries, cluster): (Range<u64>, u64),
    batch: impl Fn(Range<u64>) -> Result<RecordBatch>,
) -> Result<()> {
    let mut file = created(path, identity)?;
    let schema = batch(entries.start..entries.start)?.schema();
    let mut tree = TreeWriter::new(tree, schema, Compression::Zstd(5))?;
    let mut start = entries.start;
    while start < entries.end {
        let stop = entries.end.min(start + cluster);
        tree.write_cluster(&mut file, &batch(start..stop)?)?;
        start = stop;
    }
    tree.finish(&mut file)?;
    finished(file)
}
