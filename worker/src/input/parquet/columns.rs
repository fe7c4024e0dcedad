//! The columns that a Parquet file's schema stands for: one for each leaf, and one for the length of each
//! list of structs.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields};
use parquet::basic::Compression;
use parquet::file::metadata::ParquetMetaData;

use super::column::{ParquetColumn, Step};

/// Fields that are deeper in one another than this are not decoded.
const DEEPEST: usize = 32;
/// What a page has, about.
const PAGE_BYTES: u64 = 1 << 20;

/// The columns, in the order of the file.
pub(super) fn columns_of(fields: &Fields, metadata: &ParquetMetaData) -> Vec<ParquetColumn> {
    let mut walk = Walk {
        metadata,
        top: fields.iter().map(|field| field.name().clone()).collect(),
        given: BTreeSet::new(),
        leaf: 0,
        found: Vec::new(),
    };
    for field in fields {
        let twice = is_twice(fields, field);
        walk.field(field, &At::top(field, twice));
    }
    walk.found
}

/// Where a field is.
struct At {
    /// With the names above it: `Muon_pt`, and, where that is taken, `Muon.pt`.
    short: String,
    path: String,
    steps: Vec<Step>,
    /// How many lists it is in.
    lists: usize,
    /// Whether a field beside it, or beside one above it, has the same name.
    is_twice: bool,
}

impl At {
    fn top(field: &Field, is_twice: bool) -> Self {
        Self {
            short: field.name().clone(),
            path: field.name().clone(),
            steps: vec![Step::Member(field.name().clone())],
            lists: 0,
            is_twice,
        }
    }

    fn member(&self, field: &Field, is_twice: bool) -> Self {
        let mut steps = self.steps.clone();
        steps.push(Step::Member(field.name().clone()));
        Self {
            short: format!("{}_{}", self.short, field.name()),
            path: format!("{}.{}", self.path, field.name()),
            steps,
            lists: self.lists,
            is_twice: self.is_twice || is_twice,
        }
    }

    fn then(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self {
            short: self.short.clone(),
            path: self.path.clone(),
            steps,
            lists: self.lists + 1,
            is_twice: self.is_twice,
        }
    }
}

struct Walk<'a> {
    metadata: &'a ParquetMetaData,
    /// The names of the fields that are in no other.
    top: BTreeSet<String>,
    given: BTreeSet<String>,
    /// The leaf that comes next.
    leaf: usize,
    found: Vec<ParquetColumn>,
}

impl Walk<'_> {
    fn field(&mut self, field: &Field, at: &At) {
        let (data_type, deep) = (field.data_type(), at.steps.len() > DEEPEST);
        match data_type {
            DataType::Struct(members) if !deep => {
                for member in members {
                    let is_twice = is_twice(members, member);
                    self.field(member, &at.member(member, is_twice));
                }
            }
            DataType::List(items) if !deep => {
                let within = at.then(Step::Items);
                if let DataType::Struct(_) = items.data_type() {
                    self.length(at);
                }
                self.field(items, &within);
            }
            _ => {
                let read_as = match deep {
                    true => Err(String::from("it is too deep in other fields")),
                    false => read_as(data_type),
                };
                self.push(at, data_type.to_string(), read_as);
                self.leaf += leaves(data_type);
            }
        }
    }

    /// The length of a list of structs that no field tells.
    fn length(&mut self, at: &At) {
        let name = format!("n{}", at.short);
        if at.lists > 0 || self.top.contains(&name) {
            return;
        }
        let mut length = at.then(Step::Length);
        length.lists = 0;
        (length.short, length.path) = (name.clone(), name);
        self.push(&length, String::from("list length"), Ok(DataType::UInt32));
    }

    fn push(&mut self, at: &At, type_name: String, read_as: Result<DataType, String>) {
        let is_free = at.short == at.path || !self.top.contains(&at.short);
        let name = match is_free && !self.given.contains(&at.short) {
            true => &at.short,
            false => &at.path,
        };
        let is_new = self.given.insert(name.clone());
        let read_as = match at.is_twice || !is_new {
            true => Err(String::from("the file has several columns of this name")),
            false => read_as,
        };
        let (codecs, compressed_bytes, uncompressed_bytes) = self.sizes();
        let whole = match at.lists {
            0 => type_name,
            lists => format!("{}{type_name}{}", "list<".repeat(lists), ">".repeat(lists)),
        };
        let in_lists = |values| {
            (0..at.lists).fold(values, |inner, _| {
                DataType::List(Arc::new(Field::new("item", inner, false)))
            })
        };
        let groups = self.metadata.num_row_groups();
        let pages = usize::try_from(uncompressed_bytes / PAGE_BYTES).unwrap_or(usize::MAX);
        self.found.push(ParquetColumn {
            name: name.clone(),
            type_name: whole,
            leaf: self.leaf,
            steps: at.steps.clone(),
            data_type: read_as.map(in_lists),
            compression: codecs,
            compressed_bytes,
            uncompressed_bytes,
            pages: pages.max(groups),
        });
    }

    /// The codecs of the next leaf, and its bytes in the file and unpacked.
    fn sizes(&self) -> (String, u64, u64) {
        let groups = self.metadata.row_groups().iter();
        let chunks = groups.filter_map(|group| group.columns().get(self.leaf));
        let (mut codecs, mut packed, mut unpacked) = (BTreeSet::new(), 0u64, 0u64);
        for chunk in chunks {
            codecs.insert(codec(chunk.compression()));
            packed = packed.saturating_add(chunk.compressed_size().unsigned_abs());
            unpacked = unpacked.saturating_add(chunk.uncompressed_size().unsigned_abs());
        }
        let codecs: Vec<&str> = codecs.into_iter().collect();
        (codecs.join(" and "), packed, unpacked)
    }
}

fn codec(compression: Compression) -> &'static str {
    match compression {
        Compression::UNCOMPRESSED => "none",
        Compression::SNAPPY => "Snappy",
        Compression::GZIP(_) => "GZIP",
        Compression::LZO => "LZO",
        Compression::BROTLI(_) => "Brotli",
        Compression::LZ4 | Compression::LZ4_RAW => "LZ4",
        Compression::ZSTD(_) => "ZSTD",
    }
}

fn is_twice(fields: &Fields, field: &Field) -> bool {
    fields
        .iter()
        .filter(|other| other.name() == field.name())
        .count()
        > 1
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
