//! Input files: opened where the campaign says they are, and seen as an Arrow schema.

mod location;
mod remote;
#[cfg(any(feature = "s3", test))]
mod tail;

use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type, UInt64Type};
use arrow_array::{Array, ArrayRef, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::failure::Failure;
use lumimill_common::retry_policy::MISSING;
use lumimill_rootfile::{Error, RootFile, Tree};

pub use location::Location;
#[cfg(feature = "s3")]
pub use remote::storage;

/// Branches that say which lumi section an event is of.
pub const RUN: &str = "run";
/// See [`RUN`].
pub const LUMI: &str = "luminosityBlock";
/// Branch that tells events of one lumi section apart.
pub const EVENT: &str = "event";

/// Opens an input file by its URL or path; see [`Location`].
pub fn open(base: &Path, url: &str) -> Result<RootFile, Error> {
    Location::of(base, url).open()
}

/// Opens an input file and its tree.
pub fn open_tree(base: &Path, url: &str, tree: &str) -> Result<(RootFile, Tree), Failure> {
    let file = open(base, url).map_err(|error| input_failure(url, &error))?;
    let tree = file
        .tree(tree)
        .map_err(|error| input_failure(url, &error))?;
    Ok((file, tree))
}

/// A reader's error as a shard's failure. A file that one machine does not see, or may not read,
/// may well be there for another.
#[must_use]
pub fn input_failure(url: &str, error: &Error) -> Failure {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    let source = match error {
        Error::Open { source, .. } | Error::Io { source, .. } => Some(source.kind()),
        _ => None,
    };
    match source {
        Some(NotFound | PermissionDenied) => Failure::retry(MISSING, url, error),
        _ if error.is_transient() => Failure::retry("input", url, error),
        _ => Failure::reject("input", url, error),
    }
}

/// The readable branches of a tree as an Arrow schema, in the order of the file.
#[must_use]
pub fn schema_of(tree: &Tree) -> Schema {
    let fields = tree.branches().iter().filter_map(|branch| {
        let data_type = branch.data_type().ok()?;
        Some(Field::new(branch.name(), data_type.clone(), false))
    });
    Schema::new(fields.collect::<Vec<_>>())
}

/// A run or lumi column as u32, whatever integer it was written as.
pub fn as_u32(name: &str, column: &ArrayRef) -> Result<UInt32Array, String> {
    if let Some(values) = column.as_primitive_opt::<UInt32Type>() {
        return Ok(values.clone());
    }
    let wide = whole_numbers(name, column)?;
    let narrow: Option<Vec<u32>> = wide
        .iter()
        .map(|value| u32::try_from(*value).ok())
        .collect();
    let narrow = narrow
        .ok_or_else(|| format!("branch {name} holds a value that is negative or over 32 bits"))?;
    Ok(UInt32Array::from(narrow))
}

/// An event column as u64; negative numbers keep their bits.
pub fn as_u64(name: &str, column: &ArrayRef) -> Result<UInt64Array, String> {
    if let Some(values) = column.as_primitive_opt::<UInt64Type>() {
        return Ok(values.clone());
    }
    let wide = whole_numbers(name, column)?;
    Ok(wide
        .iter()
        .map(|value| value.cast_unsigned())
        .collect::<Vec<_>>()
        .into())
}

fn whole_numbers(name: &str, column: &ArrayRef) -> Result<Vec<i64>, String> {
    let wide = |values: &mut dyn Iterator<Item = Option<i64>>| values.collect::<Option<Vec<_>>>();
    let found = match column.data_type() {
        DataType::UInt64 => {
            let values = column.as_primitive::<UInt64Type>().values();
            wide(&mut values.iter().map(|value| i64::try_from(*value).ok()))
        }
        DataType::Int64 => wide(
            &mut column
                .as_primitive::<Int64Type>()
                .values()
                .iter()
                .map(|value| Some(*value)),
        ),
        DataType::UInt32 => {
            let values = column.as_primitive::<UInt32Type>().values();
            wide(&mut values.iter().map(|value| Some(i64::from(*value))))
        }
        DataType::Int32 => {
            let values = column.as_primitive::<Int32Type>().values();
            wide(&mut values.iter().map(|value| Some(i64::from(*value))))
        }
        other => return Err(format!("branch {name} is {other}, expected whole numbers")),
    };
    found.ok_or_else(|| format!("branch {name} holds a value over 63 bits"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use lumimill_common::failure::Disposition;
    use lumimill_rootfile::Error;

    use super::input_failure;

    #[test]
    fn what_a_machine_does_not_see_is_told_from_what_is_corrupt() {
        use io::ErrorKind::{InvalidData, NotFound, PermissionDenied, TimedOut};
        for (kind, expected) in [
            (NotFound, (Disposition::Retry, "missing")),
            (PermissionDenied, (Disposition::Retry, "missing")),
            (TimedOut, (Disposition::Retry, "input")),
            (InvalidData, (Disposition::Reject, "input")),
        ] {
            let error = Error::Open {
                file: String::from("a.root"),
                source: kind.into(),
            };
            let failure = input_failure("a.root", &error);
            assert_eq!((failure.disposition, failure.kind.as_str()), expected);
        }
    }
}
