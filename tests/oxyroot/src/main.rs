//! What oxyroot reads of a branch, a line an entry with its values as bits; and a file by oxyroot.
//!
//! `second-opinion read FILE TREE BRANCH TYPE`, where TYPE is `i32`, `u32`, `f32`, `f64`, or one
//! of them in brackets for several values an entry; `second-opinion write FILE`.

use std::error::Error;
use std::fmt::Debug;

use oxyroot::{RootFile, Slice, UnmarshalerInto, WriterTree};

/// Entries of the file that it writes.
const ENTRIES: i32 = 5000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["read", file, tree, branch, kind] => read(file, tree, branch, kind),
        ["write", file] => write(file),
        _ => Err("usage: read FILE TREE BRANCH TYPE, or write FILE".into()),
    }
}

fn read(file: &str, tree: &str, branch: &str, kind: &str) -> Result<(), Box<dyn Error>> {
    let place = (file, tree, branch);
    match kind {
        "i32" => flat(place, |value: i32| u64::from(value.cast_unsigned())),
        "u32" => flat(place, |value: u32| u64::from(value)),
        "f32" => flat(place, |value: f32| u64::from(value.to_bits())),
        "f64" => flat(place, f64::to_bits),
        "[f32]" => lists(place, |value: f32| u64::from(value.to_bits())),
        other => Err(format!("unknown type {other}").into()),
    }
}

fn values<T>((file, tree, branch): (&str, &str, &str)) -> Result<Vec<T>, Box<dyn Error>>
where
    T: UnmarshalerInto<Item = T>,
{
    let tree = RootFile::open(file)?.get_tree(tree)?;
    let branch = tree.branch(branch).ok_or("no such branch")?;
    Ok(branch.as_iter::<T>()?.collect())
}

fn flat<T>(place: (&str, &str, &str), bits: impl Fn(T) -> u64) -> Result<(), Box<dyn Error>>
where
    T: UnmarshalerInto<Item = T>,
{
    for value in values::<T>(place)? {
        println!("{}", bits(value));
    }
    Ok(())
}

fn lists<T>(place: (&str, &str, &str), bits: impl Fn(T) -> u64) -> Result<(), Box<dyn Error>>
where
    T: UnmarshalerInto<Item = T> + Debug + Default,
{
    for list in values::<Slice<T>>(place)? {
        let list = list.into_vec().into_iter();
        let list: Vec<String> = list.map(|value| bits(value).to_string()).collect();
        println!("{}", list.join(" "));
    }
    Ok(())
}

/// Branches `whole` (7 n − 3), `real` (n / 3) and `list` (n, n modulo 4 times).
fn write(path: &str) -> Result<(), Box<dyn Error>> {
    let mut file = RootFile::create(path)?;
    let mut tree = WriterTree::new("Events");
    tree.new_branch("whole", (0..ENTRIES).map(|at| at * 7 - 3));
    tree.new_branch("real", (0..ENTRIES).map(|at| f64::from(at) / 3.0));
    let list = |at| vec![at as f32; usize::try_from(at % 4).unwrap_or(0)];
    tree.new_branch("list", (0..ENTRIES).map(list));
    tree.write(&mut file)?;
    file.close()?;
    Ok(())
}
