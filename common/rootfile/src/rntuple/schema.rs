//! The schema: fields, which are a forest, and the columns that hold their values.

use std::collections::HashMap;
use std::sync::Arc;

use super::bytes::Bytes;
use super::encoding::Encoding;
use super::fault::Fault;
use crate::cursor::Malformed;

/// Bytes of the shortest records of a field, a column and an alias.
const LEAST_FIELD: usize = 40;
const LEAST_COLUMN: usize = 20;
const LEAST_ALIAS: usize = 16;
/// Flags of fields.
const REPEATED: u16 = 1;
const PROJECTED: u16 = 2;
/// Flags of columns.
const DEFERRED: u16 = 1;
const RANGED: u16 = 2;

/// All fields and columns.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
    pub(super) columns: Vec<Column>,
    /// The fields that are in no other.
    pub(super) top: Vec<usize>,
}

/// What a field is to the fields in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Leaf,
    Collection,
    Record,
    Variant,
    Streamed,
    Other(u16),
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: Arc<str>,
    pub(super) type_name: Arc<str>,
    pub(super) title: Arc<str>,
    pub(super) role: Role,
    /// How often what is in it is there in each entry, where it is an array.
    pub(super) repeated: Option<u64>,
    /// Whether it shows the columns of another field.
    pub(super) is_projected: bool,
    pub(super) children: Vec<usize>,
    /// Its columns, or those of the field that it shows: of each representation as many.
    pub(super) columns: Vec<usize>,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    /// `None` where it is of a type that is not known.
    pub(super) encoding: Option<Encoding>,
    pub(super) kind: u16,
    pub(super) bits: u16,
    pub(super) representation: u16,
    /// The first element that is stored, where it was added later: those before are zeros.
    pub(super) deferred: Option<u64>,
}

impl Schema {
    /// Adds what a header, or the extension in a footer, describes.
    pub(super) fn extend(&mut self, bytes: &mut Bytes<'_>) -> Result<(), Fault> {
        let (mut fields, count) = bytes.list(LEAST_FIELD)?;
        for _ in 0..count {
            self.add_field(&mut fields.record()?)?;
        }
        let (mut columns, count) = bytes.list(LEAST_COLUMN)?;
        for _ in 0..count {
            self.add_column(&mut columns.record()?)?;
        }
        let (mut aliases, count) = bytes.list(LEAST_ALIAS)?;
        for _ in 0..count {
            let mut alias = aliases.record()?;
            let (column, field) = (alias.u32()? as usize, alias.u32()? as usize);
            if column >= self.columns.len() {
                return Err(Malformed::new(format!("an alias of column {column}")).into());
            }
            self.field_mut(field)?.columns.push(column);
        }
        Ok(())
    }

    fn add_field(&mut self, record: &mut Bytes<'_>) -> Result<(), Fault> {
        let id = self.fields.len();
        record.u32()?; // the version of the field
        record.u32()?; // the version of its type
        let parent = record.u32()? as usize;
        let role = match record.u16()? {
            0 => Role::Leaf,
            1 => Role::Collection,
            2 => Role::Record,
            3 => Role::Variant,
            4 => Role::Streamed,
            other => Role::Other(other),
        };
        let flags = record.u16()?;
        let (name, type_name) = (record.text()?, record.text()?);
        record.text()?; // the type's alias
        let title = record.text()?;
        let is_repeated = flags & REPEATED != 0;
        let repeated = is_repeated.then(|| record.u64()).transpose()?;
        let is_projected = flags & PROJECTED != 0;
        self.fields.push(Field {
            name,
            type_name,
            title,
            role,
            repeated,
            is_projected,
            children: Vec::new(),
            columns: Vec::new(),
        });
        match parent {
            own if own == id => self.top.push(id),
            earlier if earlier < id => self.field_mut(earlier)?.children.push(id),
            later => {
                let what = format!("field {id} is in field {later}, which comes after it");
                return Err(Malformed::new(what).into());
            }
        }
        Ok(())
    }

    fn add_column(&mut self, record: &mut Bytes<'_>) -> Result<(), Fault> {
        let id = self.columns.len();
        let (kind, bits) = (record.u16()?, record.u16()?);
        let field = record.u32()? as usize;
        let flags = record.u16()?;
        let representation = record.u16()?;
        // Negative where another representation has the values at that place.
        let deferred = match flags & DEFERRED != 0 {
            true => Some(record.i64()?.unsigned_abs()),
            false => None,
        };
        let range = match flags & RANGED != 0 {
            true => Some((record.f64()?, record.f64()?)),
            false => None,
        };
        self.columns.push(Column {
            encoding: Encoding::of(kind, bits, range),
            kind,
            bits,
            representation,
            deferred,
        });
        self.field_mut(field)?.columns.push(id);
        Ok(())
    }

    fn field_mut(&mut self, id: usize) -> Result<&mut Field, Malformed> {
        let unknown = || Malformed::new(format!("field {id} is named, and there is none"));
        self.fields.get_mut(id).ok_or_else(unknown)
    }

    /// The columns of a field that hold the same in each of its representations: the first ones, the
    /// second ones and so on.
    pub(super) fn alternatives(&self, field: &Field) -> Vec<Vec<usize>> {
        let mut places: Vec<Vec<usize>> = Vec::new();
        let mut seen: HashMap<u16, usize> = HashMap::new();
        for &id in &field.columns {
            let Some(column) = self.columns.get(id) else {
                continue;
            };
            let place = seen.entry(column.representation).or_default();
            match places.get_mut(*place) {
                Some(known) => known.push(id),
                None => places.push(vec![id]),
            }
            *place += 1;
        }
        places
    }
}
