//! What is in an input file, for a person or a program to read.

use lumimill_common::hex::hex;
use lumimill_rootfile::checksum_of;
use lumimill_worker::input::{Error, EventColumn, EventFile, EventTable, Location};
use serde::Serialize;

/// A file and its trees.
#[derive(Debug, Serialize)]
pub(crate) struct Inspection {
    /// Its path or URL.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// Its UUID, 32 hexadecimal digits.
    pub uuid: String,
    /// Its trees; those in subdirectories are named `DIR/tree`. Of a Parquet file its one table, without a
    /// name.
    pub trees: Vec<TreeInspection>,
}

/// A tree and its branches.
#[derive(Debug, Serialize)]
pub(crate) struct TreeInspection {
    /// Its name.
    pub name: String,
    /// `ttree`, `rntuple` or `parquet`; empty where it cannot be told.
    pub kind: &'static str,
    /// Its entries.
    pub entries: u64,
    /// Cluster boundaries, ascending, from 0 to the number of entries.
    pub clusters: Vec<u64>,
    /// Its branches.
    pub branches: Vec<BranchInspection>,
    /// Why nothing of it can be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A branch.
#[derive(Debug, Serialize)]
pub(crate) struct BranchInspection {
    /// Its name.
    pub name: String,
    /// Its type, as C++ writes it; of a Parquet file as Arrow does.
    #[serde(rename = "type")]
    pub type_name: String,
    /// `ok`, `unsupported`, or, where checksums found damage, `error`.
    pub status: &'static str,
    /// Why it is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Its codec and level.
    pub compression: String,
    /// Its size in the file.
    pub compressed_bytes: u64,
    /// Its size in memory.
    pub uncompressed_bytes: u64,
    /// Its baskets.
    pub baskets: usize,
    /// Values, of all entries together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// CRC-32 of the values as little-endian bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crc32: Option<u32>,
    /// CRC-32 of the counts per entry as little-endian i64, for jagged branches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counts_crc32: Option<u32>,
}

impl Inspection {
    /// Looks into a file; `only` one of its trees, and at every value when `checksums`.
    pub(crate) fn of(
        location: &Location,
        only: Option<&str>,
        checksums: bool,
    ) -> Result<Self, Error> {
        let file = location.open()?;
        let names = match (only, &file) {
            (Some(name), _) => vec![name.to_owned()],
            (None, EventFile::Root(_)) => file.tree_names()?,
            (None, EventFile::Parquet(_)) => vec![String::new()],
        };
        let look_into = |name: &String| match file.table(name) {
            Ok(tree) => Ok(tree_inspection(&tree, checksums)),
            Err(error) if only.is_some() => Err(error),
            Err(error) => Ok(unreadable(name, &error)),
        };
        Ok(Self {
            file: location.to_string(),
            bytes: file.size(),
            uuid: hex(&file.uuid()),
            trees: names.iter().map(look_into).collect::<Result<_, Error>>()?,
        })
    }
}

/// One damaged tree does not hide the others of its file.
fn unreadable(name: &str, error: &Error) -> TreeInspection {
    TreeInspection {
        name: name.to_owned(),
        kind: "",
        entries: 0,
        clusters: Vec::new(),
        branches: Vec::new(),
        error: Some(error.to_string()),
    }
}

fn tree_inspection(tree: &EventTable, checksums: bool) -> TreeInspection {
    TreeInspection {
        name: tree.name().to_owned(),
        kind: tree.kind(),
        entries: tree.entries(),
        clusters: tree.clusters(),
        branches: tree
            .columns()
            .into_iter()
            .map(|branch| look(tree, branch, checksums))
            .collect(),
        error: None,
    }
}

fn look(tree: &EventTable, branch: EventColumn<'_>, checksums: bool) -> BranchInspection {
    let mut found = BranchInspection {
        name: branch.name().to_owned(),
        type_name: branch.type_name().to_owned(),
        status: "ok",
        reason: None,
        compression: branch.compression(),
        compressed_bytes: branch.compressed_bytes(),
        uncompressed_bytes: branch.uncompressed_bytes(),
        baskets: branch.baskets(),
        count: None,
        crc32: None,
        counts_crc32: None,
    };
    if let Err(reason) = branch.data_type() {
        found.status = "unsupported";
        found.reason = Some(reason.to_owned());
    } else if checksums {
        let sum = tree.reader(&[branch.name()]).and_then(|mut reader| {
            let sizes = (tree.entries(), branch.uncompressed_bytes());
            checksum_of(&reader.schema(), sizes, |entries| reader.read(entries))
        });
        match sum {
            Ok(sum) => {
                found.count = Some(sum.count);
                found.crc32 = Some(sum.crc32);
                found.counts_crc32 = sum.counts_crc32;
            }
            Err(error) => {
                found.status = "error";
                found.reason = Some(error.to_string());
            }
        }
    }
    found
}
