//! Times reading chosen branches of a tree: `read_speed FILE TREE CHUNK BRANCH…`.
//!
//! Prints entries, bytes of values, wall time, and the rate. With no branches, only opens the
//! file and reads the tree's description.

use std::error::Error;
use std::io::Write;
use std::time::Instant;

use lumimill_rootfile::RootFile;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, tree, chunk, branches @ ..] = arguments.as_slice() else {
        return Err("usage: read_speed FILE TREE CHUNK BRANCH…".into());
    };
    let chunk: u64 = chunk.parse()?;
    let branches: Vec<&str> = branches.iter().map(String::as_str).collect();
    let start = Instant::now();
    let tree = RootFile::open(path)?.tree(tree)?;
    let opened = start.elapsed();
    let mut reader = tree.reader(&branches)?;
    let (mut first, mut bytes) = (0, 0);
    while first < tree.entries() && !branches.is_empty() {
        let last = tree.entries().min(first + chunk.max(1));
        bytes += reader.read(first..last)?.get_array_memory_size();
        first = last;
    }
    let total = start.elapsed();
    writeln!(
        std::io::stdout(),
        "{} branches opened in {:.2} ms; {} entries, {:.1} MB in {:.2} ms ({:.0} kHz)",
        tree.branches().len(),
        opened.as_secs_f64() * 1e3,
        first,
        bytes as f64 / 1e6,
        total.as_secs_f64() * 1e3,
        first as f64 / total.as_secs_f64() / 1e3,
    )?;
    Ok(())
}
