//! Input files: opened where the campaign says they are, and seen as an Arrow schema.

mod error;
mod event_column;
mod event_file;
mod event_table;
mod location;
mod parquet;
mod remote;
mod short_names;
#[cfg(any(feature = "s3", test))]
mod tail;

use std::collections::BTreeSet;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrayRef, UInt32Array, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use lumimill_common::expression::collection_of;
use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::own_length::with_own_lengths;
use lumimill_common::unread::with_unread;

use crate::memory::ADVICE;
use short_names::ShortNames;

pub use error::Error;
pub use event_column::EventColumn;
pub use event_file::EventFile;
pub use event_table::{EventReader, EventTable};
pub use location::Location;
pub use parquet::{ParquetColumn, ParquetFault, ParquetFile, ParquetReader, ParquetTable};
#[cfg(feature = "s3")]
pub use remote::storage;

/// Branches that say which lumi section an event is of.
pub const RUN: &str = "run";
/// See [`RUN`].
pub const LUMI: &str = "luminosityBlock";
/// Branch that tells events of one lumi section apart.
pub const EVENT: &str = "event";

/// Opens an input file by its URL or path; see [`Location`].
pub fn open(base: &Path, url: &str) -> Result<EventFile, Error> {
    Location::of(base, url).open()
}

/// All bytes of an object of S3-compatible storage, by its `s3://` URL, with settings from the
/// environment.
///
/// # Errors
/// When it cannot be read, or has more bytes than `most`.
pub fn whole(url: &str, most: u64) -> Result<Vec<u8>, String> {
    let object = remote::open(url).map_err(|error| error.to_string())?;
    let size = object.size();
    if size > most {
        return Err(format!(
            "{url}: has {size} bytes, more than the {most} that are read"
        ));
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    let read = object.read_at(0, &mut bytes);
    read.map_err(|error| format!("{url}: {error}"))?;
    Ok(bytes)
}

/// A reader's error as a shard's failure. A file that one machine does not see, or may not read,
/// may well be there for another.
#[must_use]
pub(crate) fn input_failure(url: &str, error: &Error) -> Failure {
    use std::io::ErrorKind::{NotFound, PermissionDenied};
    match error.io_kind() {
        None if error.is_too_much_memory() => {
            Failure::retry(FailureKind::Memory, url, format!("{error}: {ADVICE}"))
        }
        Some(NotFound | PermissionDenied) => Failure::retry(FailureKind::Missing, url, error),
        _ if error.is_transient() => Failure::retry(FailureKind::Input, url, error),
        _ => Failure::reject(FailureKind::Input, url, error),
    }
}

/// The readable columns of a table as an Arrow schema, in the order of the file; it knows why
/// the others are not read. Branches within others are there by their own names, too, and with
/// dots, as ROOT's RDataFrame has them: `event/track.pt`, `event.track.pt` and `track.pt`.
#[must_use]
pub fn schema_of(tree: &EventTable) -> Schema {
    let names = ShortNames::of(tree);
    let mut fields = Vec::new();
    let mut unread = Vec::new();
    for branch in tree.columns() {
        let names = names.of_branch(branch.name());
        match branch.data_type() {
            Ok(data_type) => {
                let named = |name| Field::new(name, data_type.clone(), false);
                fields.extend(names.into_iter().map(named));
            }
            Err(reason) => unread.extend(names.into_iter().map(|name| (name, reason))),
        }
    }
    let unread = unread.iter().map(|(name, reason)| (name.as_str(), *reason));
    let schema = with_unread(Schema::new(fields), unread);
    let own = of_own_length(tree, &names, &schema);
    with_own_lengths(schema, own)
}

/// List columns that are not counted by what, by its name, counts their collection.
fn of_own_length(tree: &EventTable, names: &ShortNames<'_>, schema: &Schema) -> Vec<String> {
    let fields = schema.fields().iter();
    let columns: BTreeSet<&str> = fields.map(|field| field.name().as_str()).collect();
    let mut own = Vec::new();
    for branch in tree.columns() {
        if !matches!(branch.data_type(), Ok(DataType::List(_))) {
            continue;
        }
        let has_own = |name: &String| {
            let counter = format!("n{}", collection_of(name, &columns));
            columns.contains(counter.as_str()) && branch.counter() != Some(counter.as_str())
        };
        own.extend(names.of_branch(branch.name()).into_iter().filter(has_own));
    }
    own
}

/// A run or lumi column as u32, whatever integer it was written as.
pub(crate) fn as_u32(name: &str, column: &ArrayRef) -> Result<UInt32Array, String> {
    let whole = column.as_primitive_opt::<UInt32Type>();
    if let Some(values) = whole.filter(|values| values.null_count() == 0) {
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
    let whole = column.as_primitive_opt::<UInt64Type>();
    if let Some(values) = whole.filter(|values| values.null_count() == 0) {
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
    fn wide<T: ArrowPrimitiveType>(column: &ArrayRef) -> Option<Vec<i64>>
    where
        i64: TryFrom<T::Native>,
    {
        let values = column.as_primitive::<T>().values().iter();
        values.map(|value| i64::try_from(*value).ok()).collect()
    }
    if column.null_count() > 0 {
        return Err(format!(
            "branch {name} holds a value that is missing (null)"
        ));
    }
    let found = match column.data_type() {
        DataType::UInt64 => wide::<UInt64Type>(column),
        DataType::Int64 => wide::<Int64Type>(column),
        DataType::UInt32 => wide::<UInt32Type>(column),
        DataType::Int32 => wide::<Int32Type>(column),
        DataType::UInt16 => wide::<UInt16Type>(column),
        DataType::Int16 => wide::<Int16Type>(column),
        DataType::UInt8 => wide::<UInt8Type>(column),
        DataType::Int8 => wide::<Int8Type>(column),
        other => return Err(format!("branch {name} is {other}, expected whole numbers")),
    };
    found.ok_or_else(|| format!("branch {name} holds a value over 63 bits"))
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::path::Path;

    use super::{Error, input_failure, open};
    use crate::memory::claim_limit;
    use lumimill_common::failure::{Disposition, FailureKind};

    #[test]
    fn what_claims_more_memory_than_a_job_may_use_is_refused_before_it_is_read() {
        let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../common/rootfile/tests");
        let file = open(&tests, "data/bombs/baskets.root").unwrap();
        // Its baskets claim 60 MiB each.
        let file = file.with_memory_limit(claim_limit(Some(100 << 20)));
        let mut reader = file.table("Events").unwrap().reader(&["a"]).unwrap();
        let failure = input_failure("a.root", &reader.read(0..1).unwrap_err());
        assert_eq!(
            (failure.disposition, failure.kind),
            (Disposition::Retry, FailureKind::Memory)
        );
        assert!(failure.message.contains("--memory-limit"), "{failure}");
    }

    #[test]
    fn what_a_machine_does_not_see_is_told_from_what_is_corrupt() {
        use io::ErrorKind::{InvalidData, NotFound, PermissionDenied, TimedOut};
        for (kind, expected) in [
            (NotFound, (Disposition::Retry, FailureKind::Missing)),
            (PermissionDenied, (Disposition::Retry, FailureKind::Missing)),
            (TimedOut, (Disposition::Retry, FailureKind::Input)),
            (InvalidData, (Disposition::Reject, FailureKind::Input)),
        ] {
            let error = Error::Root(lumimill_rootfile::Error::Open {
                file: String::from("a.root"),
                source: kind.into(),
            });
            let failure = input_failure("a.root", &error);
            assert_eq!((failure.disposition, failure.kind), expected);
        }
    }
}
