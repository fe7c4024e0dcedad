//! Prints the checksums of every branch of every tree in the given files, as JSON.

use std::error::Error;

use lumimill_rootfile::{RootFile, checksum};
use serde_json::{Map, Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let mut files = Map::new();
    for path in std::env::args().skip(1) {
        files.insert(
            path.clone(),
            describe(&path).unwrap_or_else(|error| json!({"error": error.to_string()})),
        );
    }
    serde_json::to_writer(std::io::stdout(), &Value::Object(files))?;
    Ok(())
}

fn describe(path: &str) -> Result<Value, Box<dyn Error>> {
    let file = RootFile::open(path)?;
    let mut trees = Map::new();
    for name in file.tree_names()? {
        let tree = match file.tree(&name) {
            Ok(tree) => tree,
            Err(error) => {
                trees.insert(name, json!({"error": error.to_string()}));
                continue;
            }
        };
        let mut branches = Map::new();
        for branch in tree.branches() {
            let found = match checksum(&tree, branch.name()) {
                Ok(sum) => json!([sum.count, sum.crc32, sum.counts_crc32, branch.type_name()]),
                Err(error) => json!(error.to_string()),
            };
            branches.insert(branch.name().to_owned(), found);
        }
        trees.insert(
            name,
            json!({"entries": tree.entries(), "branches": branches}),
        );
    }
    Ok(Value::Object(trees))
}
