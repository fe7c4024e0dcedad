//! The fields of an RNTuple as branches: every field that holds values is one, and none twice under one
//! name. What shows another field under a name of its own is one as well, and that one, too.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::footer::Description;
use super::names::{Names, counter, member};
use super::schema::{Field, Role, Schema};
use super::shape::{Level, Shape, Values, index, leaf};
use super::sizes::{Size, column_sizes};
use crate::branch::{Branch, Column};
use crate::cursor::Malformed;
use crate::primitive::Primitive;

/// Fields that are deeper in one another than this are not decoded.
const DEEPEST: usize = 32;
/// What entries that are arrays may hold, in values.
const LONGEST_ARRAY: u64 = i32::MAX as u64;

/// Makes the branches, and how each is read, in the order of the fields.
pub(super) fn list_fields(
    description: &Description,
    largest_record: u64,
) -> Result<(Vec<Branch>, Vec<Shape>), Malformed> {
    let schema = &description.schema;
    let mut walk = Walk {
        schema,
        names: Names::of(schema),
        shown: HashSet::new(),
        found: Vec::new(),
    };
    for &id in &schema.top {
        walk.show(id);
    }
    for &id in &schema.top {
        if let Some(field) = schema.fields.get(id) {
            let name = field.name.to_string();
            let at = Position {
                short: name.clone(),
                path: name,
                levels: Vec::new(),
                depth: 0,
            };
            walk.field(field, at)?;
        }
    }
    Ok(branches(description, walk.found, largest_record))
}

struct Walk<'a> {
    schema: &'a Schema,
    names: Names,
    /// The columns with values that fields at the top show of others, each with the name of who shows it.
    shown: HashSet<(&'a str, usize)>,
    found: Vec<Found<'a>>,
}

/// A field with values.
struct Found<'a> {
    name: String,
    field: &'a Field,
    shape: Result<Shape, String>,
    type_name: Option<&'static str>,
}

/// Where a field is.
struct Position {
    short: String,
    path: String,
    levels: Vec<Level>,
    depth: usize,
}

impl Position {
    fn within(&self, level: Level) -> Self {
        let mut levels = self.levels.clone();
        levels.push(level);
        Self {
            short: self.short.clone(),
            path: self.path.clone(),
            levels,
            depth: self.depth + 1,
        }
    }

    fn member(&self, name: &str) -> Self {
        Self {
            short: member(&self.short, name),
            path: format!("{}.{name}", self.path),
            levels: self.levels.clone(),
            depth: self.depth + 1,
        }
    }
}

impl<'a> Walk<'a> {
    /// Remembers the columns with values that a field shows of another.
    fn show(&mut self, id: usize) {
        let Some(top) = self.schema.fields.get(id) else {
            return;
        };
        let mut next = vec![id];
        while let Some(field) = next.pop().and_then(|id| self.schema.fields.get(id)) {
            if !field.is_projected {
                return;
            }
            if field.role == Role::Leaf && !field.type_name.starts_with("ROOT::RNTupleCardinality")
            {
                let columns = field.columns.iter();
                self.shown
                    .extend(columns.map(|column| (&*top.name, *column)));
            }
            next.extend(&field.children);
        }
    }

    fn field(&mut self, field: &'a Field, at: Position) -> Result<(), Malformed> {
        if at.depth > DEEPEST {
            return self.refuse(field, &at, "it is too deep in other fields");
        }
        match field.role {
            Role::Leaf => self.leaf(field, at),
            Role::Collection => self.collection(field, &at),
            Role::Record => match field.children.as_slice() {
                [] => self.refuse(field, &at, "a record without members"),
                members => {
                    for id in members {
                        if let Some(inner) = self.schema.fields.get(*id) {
                            self.field(inner, at.member(&inner.name))?;
                        }
                    }
                    Ok(())
                }
            },
            Role::Variant => self.refuse(field, &at, "variants are not decoded"),
            Role::Streamed => {
                self.refuse(field, &at, "objects of ROOT's streamers are not decoded")
            }
            Role::Other(role) => {
                let reason = format!("fields of kind {role} are not decoded");
                self.refuse(field, &at, &reason)
            }
        }
    }

    fn leaf(&mut self, field: &'a Field, at: Position) -> Result<(), Malformed> {
        let at = match field.repeated {
            None => at,
            Some(length) => {
                let inner = at.levels.iter().map(|level| match level {
                    Level::Array(length) => *length as u64,
                    Level::List(_) => 1,
                });
                let whole = inner.fold(length, u64::saturating_mul);
                match usize::try_from(length) {
                    Ok(length) if whole <= LONGEST_ARRAY && length > 0 => {
                        at.within(Level::Array(length))
                    }
                    _ => {
                        let reason = format!("an array of {length} values");
                        return self.refuse(field, &at, &reason);
                    }
                }
            }
        };
        match field.children.as_slice() {
            [only] if field.columns.is_empty() => match self.schema.fields.get(*only) {
                Some(inner) => self.field(
                    inner,
                    Position {
                        depth: at.depth + 1,
                        ..at
                    },
                ),
                None => Ok(()),
            },
            _ => {
                let shape = leaf(self.schema, field, &at.levels);
                self.add(field, &at, shape)
            }
        }
    }

    fn collection(&mut self, field: &'a Field, at: &Position) -> Result<(), Malformed> {
        let columns = match index(self.schema, field) {
            Ok(columns) => columns,
            Err(reason) => return self.refuse(field, at, &reason),
        };
        let item = match field.children.as_slice() {
            [only] => self.schema.fields.get(*only),
            _ => None,
        };
        let Some(item) = item else {
            return self.refuse(field, at, "a collection without items");
        };
        if item.role == Role::Record && field.type_name.is_empty() {
            self.count(field, at, columns.clone())?;
        }
        self.field(item, at.within(Level::List(columns)))
    }

    /// Adds the lengths of a collection without a type, as those that CMS writes are.
    fn count(
        &mut self,
        field: &'a Field,
        at: &Position,
        columns: Arc<[usize]>,
    ) -> Result<(), Malformed> {
        let name = counter(&at.short).filter(|name| !self.names.is_top(name));
        let Some(name) = name else {
            return Ok(());
        };
        let shape = Shape {
            levels: at.levels.clone(),
            values: Values::Lengths,
            primitive: Primitive::U32,
            columns,
        };
        let path = format!("n{}", at.path);
        let name = self.name(&name, &path)?;
        self.found.push(Found {
            name,
            field,
            shape: Ok(shape),
            type_name: Some(Primitive::U32.name()),
        });
        Ok(())
    }

    fn refuse(&mut self, field: &'a Field, at: &Position, reason: &str) -> Result<(), Malformed> {
        self.add(field, at, Err(reason.to_owned()))
    }

    fn add(
        &mut self,
        field: &'a Field,
        at: &Position,
        shape: Result<Shape, String>,
    ) -> Result<(), Malformed> {
        // At the top under the name that it would have.
        let is_shown = |shape: &Shape| {
            let mut columns = shape.columns.iter();
            columns.all(|id| self.shown.contains(&(at.short.as_str(), *id)))
        };
        if !field.is_projected && at.short != at.path && shape.as_ref().is_ok_and(is_shown) {
            return Ok(());
        }
        let name = self.name(&at.short, &at.path)?;
        self.found.push(Found {
            name,
            field,
            shape,
            type_name: None,
        });
        Ok(())
    }

    fn name(&mut self, short: &str, path: &str) -> Result<String, Malformed> {
        let name = self.names.give(short, path);
        name.ok_or_else(|| Malformed::new("its branches are longer than its description"))
    }
}

/// The branches of fields, with their sizes.
fn branches(
    description: &Description,
    found: Vec<Found<'_>>,
    largest_record: u64,
) -> (Vec<Branch>, Vec<Shape>) {
    // The branch that counts the lists whose ends a column holds.
    let mut counters: HashMap<usize, Arc<str>> = HashMap::new();
    for one in &found {
        if let Ok(shape) = &one.shape
            && shape.values == Values::Lengths
            && shape.levels.is_empty()
        {
            for &column in &*shape.columns {
                counters
                    .entry(column)
                    .or_insert_with(|| Arc::from(&*one.name));
            }
        }
    }
    let sizes = column_sizes(description);
    let (mut branches, mut shapes) = (Vec::with_capacity(found.len()), Vec::new());
    for mut one in found {
        let counter = one
            .shape
            .as_ref()
            .ok()
            .and_then(|shape| match shape.levels.first() {
                Some(Level::List(ends)) => counters.get(ends.first()?).map(Arc::clone),
                _ => None,
            });
        let size = match &one.shape {
            Ok(shape) => shape
                .columns
                .iter()
                .filter_map(|id| sizes.get(*id))
                .fold(Size::default(), |sum, size| sum.with(size)),
            Err(_) => Size::default(),
        };
        if size.largest_page > largest_record && one.shape.is_ok() {
            one.shape = Err("one of its pages is in several records of the file".to_owned());
        }
        let shape = one.shape.as_ref().ok();
        let added_at = shape.and_then(|shape| added_at(&description.schema, shape));
        let type_name = one.type_name.map(str::to_owned);
        let type_name = type_name.unwrap_or_else(|| type_name_of(&one, counter.as_deref()));
        let record = shapes.len();
        let column = one.shape.map(|shape| {
            let data_type = shape.data_type();
            shapes.push(shape);
            Column {
                layout: None,
                data_type,
                counter: None,
            }
        });
        branches.push(Branch {
            name: one.name.into(),
            title: Arc::clone(&one.field.title),
            type_name,
            counter,
            column,
            compression: size.compression,
            compressed_bytes: size.stored,
            uncompressed_bytes: size.length,
            baskets: size.pages,
            added_at,
            record,
        });
    }
    (branches, shapes)
}

/// The entry from which on a branch has values, where that is not the first.
fn added_at(schema: &Schema, shape: &Shape) -> Option<u64> {
    let mut scale = 1;
    let mut outermost = &shape.columns;
    for level in &shape.levels {
        match level {
            Level::Array(length) => scale = u64::saturating_mul(scale, *length as u64),
            Level::List(ends) => {
                outermost = ends;
                break;
            }
        }
    }
    let firsts = outermost.iter().map(|id| schema.columns.get(*id)?.deferred);
    let firsts: Option<Vec<u64>> = firsts.collect();
    let first = firsts?.into_iter().min()? / scale.max(1);
    (first > 0).then_some(first)
}

/// The type as it is said of branches of trees, where that is possible.
fn type_name_of(found: &Found<'_>, counter: Option<&str>) -> String {
    let own = || found.field.type_name.to_string();
    let Ok(shape) = &found.shape else {
        return own();
    };
    let (mut name, levels) = match (shape.values, shape.levels.split_last()) {
        (Values::Text, Some((_, []))) => return own(),
        (Values::Text, Some((_, lists))) => ("std::string".to_owned(), lists),
        _ => (shape.primitive.name().to_owned(), &*shape.levels),
    };
    for (number, level) in levels.iter().enumerate() {
        match (level, counter) {
            (Level::Array(length), _) => name.push_str(&format!("[{length}]")),
            (Level::List(_), Some(counter)) if number == 0 => {
                name.push_str(&format!("[{counter}]"));
            }
            (Level::List(_), _) => name.push_str("[]"),
        }
    }
    name
}
