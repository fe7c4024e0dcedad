//! The columns that a Parquet file's schema stands for: one for each leaf, and one for the length of each
//! list of structs.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

use super::column::{ParquetColumn, Step};

/// Fields that are deeper in one another than this are not decoded.
const DEEPEST: usize = 32;
/// What a page has, about.
const PAGE_BYTES: u64 = 1 << 20;

/// The columns, in the order of the file, of fields as they are stored, and as the program that wrote them
/// says what they are.
pub(super) fn columns_of(
    (stored, told): (&Fields, &Fields),
    metadata: &ParquetMetaData,
) -> Vec<ParquetColumn> {
    let mut walk = Walk {
        metadata,
        leaf: 0,
        found: Vec::new(),
    };
    for (number, field) in stored.iter().enumerate() {
        let first = walk.found.len();
        walk.field(field, &At::top(field));
        let told = told.get(number).map(|field| field.data_type());
        if told.is_some_and(has_duration) {
            let reason = "durations are not read, as nothing says their unit: write numbers";
            for draft in walk.found.iter_mut().skip(first) {
                draft.read_as = Err(reason.to_owned());
            }
        }
    }
    named(walk.found)
}

/// A column without a name yet.
struct Draft {
    at: At,
    what: What,
    column: ParquetColumn,
    read_as: Result<DataType, String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    /// A field that is in no other.
    Top,
    Member,
    Length,
}

/// Where a field is.
#[derive(Clone)]
struct At {
    /// With the names above it: `Muon_pt`, and, where that is taken, `Muon.pt`.
    short: String,
    path: String,
    steps: Vec<Step>,
    /// How many lists it is in.
    lists: usize,
}

impl At {
    fn top(field: &Field) -> Self {
        Self {
            short: field.name().clone(),
            path: field.name().clone(),
            steps: vec![Step::Member(field.name().clone())],
            lists: 0,
        }
    }

    fn member(&self, field: &Field) -> Self {
        let mut member = self.clone();
        member.steps.push(Step::Member(field.name().clone()));
        member.short = format!("{}_{}", self.short, field.name());
        member.path = format!("{}.{}", self.path, field.name());
        member
    }

    fn items(&self) -> Self {
        let mut items = self.clone();
        items.steps.push(Step::Items);
        items.lists += 1;
        items
    }

    fn length(&self) -> Self {
        let mut length = self.clone();
        length.steps.push(Step::Length);
        length.short = format!("n{}", self.short);
        length.path = length.short.clone();
        length
    }

    fn what(&self) -> What {
        match self.short == self.path {
            true => What::Top,
            false => What::Member,
        }
    }
}

struct Walk<'a> {
    metadata: &'a ParquetMetaData,
    /// The leaf that comes next.
    leaf: usize,
    found: Vec<Draft>,
}

impl Walk<'_> {
    fn field(&mut self, field: &Field, at: &At) {
        let (data_type, deep) = (field.data_type(), at.steps.len() > DEEPEST);
        match data_type {
            DataType::Struct(members) if !deep => {
                for member in members {
                    self.field(member, &at.member(member));
                }
            }
            DataType::List(items) if !deep => {
                if matches!(items.data_type(), DataType::Struct(_)) && at.lists == 0 {
                    let length = Ok(DataType::UInt32);
                    self.push(
                        at.length(),
                        What::Length,
                        String::from("list length"),
                        length,
                    );
                }
                self.field(items, &at.items());
            }
            _ if deep => {
                let reason = Err(String::from("it is too deep in other fields"));
                self.push(at.clone(), at.what(), String::from("nested"), reason);
                self.leaf += leaves(data_type);
            }
            _ => {
                self.push(
                    at.clone(),
                    at.what(),
                    data_type.to_string(),
                    read_as(data_type),
                );
                self.leaf += leaves(data_type);
            }
        }
    }

    fn push(&mut self, at: At, what: What, type_name: String, read_as: Result<DataType, String>) {
        let (codecs, compressed_bytes, uncompressed_bytes) = self.sizes();
        let unknown = codecs.iter().find(|codec| !codec.is_read);
        let read_as = match unknown {
            Some(codec) => Err(format!("it is packed by {}, which is not read", codec.name)),
            None => read_as,
        };
        let codecs: Vec<&str> = codecs.iter().map(|codec| codec.name).collect();
        let pages = usize::try_from(uncompressed_bytes / PAGE_BYTES).unwrap_or(usize::MAX);
        let column = ParquetColumn {
            name: String::new(),
            type_name: format!(
                "{}{type_name}{}",
                "list<".repeat(at.lists),
                ">".repeat(at.lists)
            ),
            leaf: self.leaf,
            steps: at.steps.clone(),
            data_type: Err(String::new()),
            compression: codecs.join(" and "),
            compressed_bytes,
            uncompressed_bytes,
            pages: pages.max(self.metadata.num_row_groups()),
        };
        self.found.push(Draft {
            at,
            what,
            column,
            read_as,
        });
    }

    /// The codecs of the next leaf, and its bytes in the file and unpacked.
    fn sizes(&self) -> (BTreeSet<Codec>, u64, u64) {
        let groups = self.metadata.row_groups().iter();
        let chunks = groups.filter_map(|group| group.columns().get(self.leaf));
        let (mut codecs, mut packed, mut unpacked) = (BTreeSet::new(), 0u64, 0u64);
        for chunk in chunks {
            codecs.insert(Codec::of(chunk.compression()));
            packed = packed.saturating_add(chunk.compressed_size().unsigned_abs());
            unpacked = unpacked.saturating_add(chunk.uncompressed_size().unsigned_abs());
        }
        (codecs, packed, unpacked)
    }
}

/// Names columns, whatever their order: what is at the top has its own; what is within others has the short
/// one where nothing else has it.
fn named(drafts: Vec<Draft>) -> Vec<ParquetColumn> {
    let (mut tops, mut shorts) = (HashMap::new(), HashMap::new());
    for draft in &drafts {
        let counts = match draft.what {
            What::Top => &mut tops,
            What::Member | What::Length => &mut shorts,
        };
        *counts.entry(draft.at.short.clone()).or_insert(0_usize) += 1;
    }
    let is_free = |short: &str| !tops.contains_key(short) && shorts.get(short) == Some(&1);
    let names = drafts.iter().map(|draft| match draft.what {
        What::Top => draft.at.short.clone(),
        What::Member | What::Length if is_free(&draft.at.short) => draft.at.short.clone(),
        What::Member | What::Length => draft.at.path.clone(),
    });
    let names: Vec<String> = names.collect();
    let mut uses: HashMap<&str, usize> = HashMap::new();
    for name in &names {
        *uses.entry(name).or_default() += 1;
    }
    let is_alone = |draft: &Draft, name: &str| match draft.what {
        What::Top => tops.get(name) == Some(&1),
        What::Member | What::Length => uses.get(name) == Some(&1),
    };
    let drafts = drafts.into_iter().zip(&names);
    // A length that something else tells is no column of its own.
    let drafts = drafts.filter(|(draft, name)| draft.what != What::Length || is_alone(draft, name));
    let columns = drafts.map(|(draft, name)| {
        let read_as = match is_alone(&draft, name) {
            true => draft.read_as,
            false => Err(String::from("the file has several columns of this name")),
        };
        let lists = match draft.what {
            What::Length => 0,
            What::Top | What::Member => draft.at.lists,
        };
        let in_lists = |values| {
            (0..lists).fold(values, |inner, _| {
                DataType::List(Arc::new(Field::new("item", inner, false)))
            })
        };
        ParquetColumn {
            name: name.clone(),
            data_type: read_as.map(in_lists),
            ..draft.column
        }
    });
    columns.collect()
}

/// How a column is packed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Codec {
    name: &'static str,
    is_read: bool,
}

impl Codec {
    fn of(compression: Compression) -> Self {
        let (name, is_read) = match compression {
            Compression::UNCOMPRESSED => ("none", true),
            Compression::SNAPPY => ("Snappy", true),
            Compression::GZIP(_) => ("GZIP", true),
            Compression::LZO => ("LZO", false),
            Compression::BROTLI(_) => ("Brotli", false),
            Compression::LZ4 | Compression::LZ4_RAW => ("LZ4", true),
            Compression::ZSTD(_) => ("ZSTD", true),
        };
        Self { name, is_read }
    }
}

/// What values of a type are read as, or why they are not.
fn read_as(stored: &DataType) -> Result<DataType, String> {
    match stored {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float32
        | DataType::Float64
        | DataType::Utf8 => Ok(stored.clone()),
        DataType::Float16 => Ok(DataType::Float32),
        other => Err(format!("values of type {other} are not read")),
    }
}

/// Whether values are durations, which are stored as numbers of a unit that only their writer says.
fn has_duration(told: &DataType) -> bool {
    match told {
        DataType::Duration(_) | DataType::Interval(_) => true,
        DataType::Struct(members) => members.iter().any(|it| has_duration(it.data_type())),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::Map(item, _) => has_duration(item.data_type()),
        DataType::Dictionary(_, values) => has_duration(values),
        _ => false,
    }
}

/// How many leaves of the file a type takes.
fn leaves(stored: &DataType) -> usize {
    match stored {
        DataType::Struct(members) => members
            .iter()
            .map(|member| leaves(member.data_type()))
            .sum(),
        DataType::List(item) | DataType::Map(item, _) => leaves(item.data_type()),
        _ => 1,
    }
}
