//! What a branch's leaves and class say about its values: the layout, the type's name, or why
//! they are not decoded.

use std::sync::Arc;

use crate::file::RootFile;
use crate::layout::{Cell, Layout, Slot};
use crate::packed::Packing;
use crate::primitive::Primitive;
use crate::stl::{Item, parse_type};
use crate::streamer::Member;
use crate::ttree::branch_record::{BranchClass, BranchRecord, ElementMembers};
use crate::ttree::leaf_record::LeafRecord;
use crate::ttree::tree_record::TreeRecord;

/// ROOT's kinds of branch: a `TClonesArray`, and members of objects in collections.
const CLONES: i32 = 3;
const CLONES_MEMBER: i32 = 31;
const COLLECTION_MEMBER: i32 = 41;
/// ROOT's number for the type `TString`.
const TSTRING: i32 = 65;
/// Leaves that are named where a branch has many.
const LEAVES_NAMED: usize = 8;
/// Arrays of more dimensions are read as having one.
const MOST_DIMENSIONS: usize = 16;

/// How a branch is decoded, and what its type is called.
#[derive(Debug)]
pub(crate) struct Interpretation {
    pub(crate) layout: Result<Layout, String>,
    pub(crate) type_name: String,
    /// The leaf that counts, when there is one: its index in the tree.
    pub(crate) counter: Option<usize>,
}

impl Interpretation {
    fn refused(type_name: impl Into<String>, reason: impl Into<String>) -> Self {
        Interpretation {
            layout: Err(reason.into()),
            type_name: type_name.into(),
            counter: None,
        }
    }
}

/// Decides how a branch is decoded; `top` says that it is in no other branch.
pub(crate) fn interpret(
    tree: &TreeRecord,
    branch: &BranchRecord,
    top: bool,
    file: &RootFile,
) -> Interpretation {
    if let BranchClass::Other(class) = &branch.class {
        return Interpretation::refused(&**class, format!("a {class} is not decoded"));
    }
    if !branch.other_file.is_empty() {
        let reason = format!("its baskets are in another file, {:?}", branch.other_file);
        return Interpretation::refused("", reason);
    }
    if !branch.children.is_empty() {
        return group(branch);
    }
    if branch.entries == 0 && tree.entries > 0 {
        return Interpretation::refused("", "it was never filled");
    }
    let leaf = match branch.leaves.as_slice() {
        [] => return Interpretation::refused("", "it has no values of its own"),
        [only] => tree.leaves.get(*only),
        several => {
            let names = several.iter().filter_map(|&leaf| tree.leaves.get(leaf));
            let more = several.len().saturating_sub(LEAVES_NAMED);
            let mut names: Vec<String> = names
                .take(LEAVES_NAMED)
                .map(|leaf| format!("{}.{}", branch.name, leaf.name))
                .collect();
            names.extend((more > 0).then(|| format!("and {more} more")));
            return Interpretation::refused(
                "",
                format!("several leaves: read {}", names.join(", ")),
            );
        }
    };
    let Some(leaf) = leaf else {
        return Interpretation::refused("", "its leaf is missing");
    };
    match (&branch.class, &*leaf.class) {
        (_, "TLeafC") => streamed("char*", Item::Text, false),
        (BranchClass::Element(element), "TLeafElement") => {
            element_values(tree, branch, element, leaf, top, file)
        }
        _ => match leaf_primitive(leaf) {
            Some(primitive) => numbers(tree, leaf, primitive, 0),
            None => {
                Interpretation::refused(&*leaf.class, format!("a {} is not decoded", leaf.class))
            }
        },
    }
}

/// The leaves of a branch that has several, each as a column of its own, with its name.
pub(crate) fn interpret_leaves(
    tree: &TreeRecord,
    branch: &BranchRecord,
) -> Vec<(Arc<str>, Interpretation)> {
    if branch.leaves.len() < 2 || !matches!(branch.class, BranchClass::Plain) {
        return Vec::new();
    }
    let leaves: Vec<&LeafRecord> = branch
        .leaves
        .iter()
        .filter_map(|&leaf| tree.leaves.get(leaf))
        .collect();
    let mut cells = Vec::with_capacity(leaves.len());
    for leaf in &leaves {
        let Some((primitive, dimensions)) = leaf_primitive(leaf)
            .zip(fixed_dimensions(leaf))
            .filter(|_| leaf.counter.is_none())
        else {
            return Vec::new();
        };
        cells.push(Cell {
            primitive,
            dimensions,
        });
    }
    let structure = cells.iter().map(Cell::size).sum();
    let mut offset = 0;
    let mut found = Vec::with_capacity(cells.len());
    for (leaf, cell) in leaves.into_iter().zip(cells) {
        let place = Some(Slot { offset, structure });
        offset += cell.size();
        let type_name = type_name(cell.primitive, None, &cell.dimensions);
        let layout = Ok(Layout::Fixed { cell, place });
        let interpretation = Interpretation {
            layout,
            type_name,
            counter: None,
        };
        found.push((Arc::clone(&leaf.name), interpretation));
    }
    found
}

fn group(branch: &BranchRecord) -> Interpretation {
    let BranchClass::Element(element) = &branch.class else {
        return Interpretation::refused("", "a group of branches: read those below it");
    };
    if element.kind != CLONES {
        let reason = "a group of branches: read those below it";
        return Interpretation::refused(&*element.class_name, reason);
    }
    let cell = Cell {
        primitive: Primitive::I32,
        dimensions: Vec::new(),
    };
    Interpretation {
        layout: Ok(Layout::Fixed { cell, place: None }),
        type_name: Primitive::I32.name().to_owned(),
        counter: None,
    }
}

/// The values of an object, or of a member of one.
fn element_values(
    tree: &TreeRecord,
    branch: &BranchRecord,
    element: &ElementMembers,
    leaf: &LeafRecord,
    top: bool,
    file: &RootFile,
) -> Interpretation {
    let number = leaf.element_type.unwrap_or(-1);
    let in_collection = matches!(element.kind, CLONES_MEMBER | COLLECTION_MEMBER);
    match number {
        1..=39 => {
            let base = if number > 20 { number - 20 } else { number };
            let packed = || packed_member(base, branch, element, file);
            if let Some(primitive) = element_primitive(base).or_else(packed) {
                return numbers(tree, leaf, primitive, 0);
            }
        }
        // A pointer to values that another member counts: a byte says whether it is null.
        41..=59 if !in_collection => {
            let packed = || packed_member(number - 40, branch, element, file);
            if let Some(primitive) = element_primitive(number - 40).or_else(packed) {
                return numbers(tree, leaf, primitive, 1);
            }
        }
        _ => {}
    }
    if element.streamer_type == TSTRING && !in_collection {
        return streamed("TString", Item::Text, false);
    }
    let own = top && element.id < 0;
    let name = if own {
        Arc::clone(&element.class_name)
    } else {
        let member = member(branch, element, file).map(|member| Arc::clone(&member.type_name));
        member.unwrap_or_else(|| Arc::clone(&element.class_name))
    };
    let item = parse_type(&name);
    let Some(item) = item.filter(|item| !matches!(item, Item::Value(_))) else {
        let reason = format!("values of type {name:?} are not decoded");
        return Interpretation::refused(&*name, reason);
    };
    if in_collection || leaf.counter.is_some() || leaf.length > 1 {
        let reason = format!("several {name:?} an entry are not decoded");
        return Interpretation::refused(&*name, reason);
    }
    let header = match item {
        Item::Text => !own && *name != *"TString",
        _ => true,
    };
    streamed(&name, item, header)
}

/// How a member of one of ROOT's packed types is stored, which the comment after it says.
fn packed_member(
    number: i32,
    branch: &BranchRecord,
    element: &ElementMembers,
    file: &RootFile,
) -> Option<Primitive> {
    // Without the file's description of the class, nothing says how.
    let title = || member(branch, element, file).map(|member| Arc::clone(&member.title));
    match number {
        9 => Some(Primitive::Double32(Packing::of_title(&title()?))),
        19 => Some(Primitive::Float16(Packing::float16(&title()?))),
        _ => None,
    }
}

/// The member that a branch holds, from the file's description of the class.
fn member<'a>(
    branch: &BranchRecord,
    element: &ElementMembers,
    file: &'a RootFile,
) -> Option<&'a Member> {
    let class = file
        .classes()?
        .class(&element.class_name, element.class_version)?;
    let name = branch.name.trim_end_matches('.');
    let name = name.rsplit('.').next().unwrap_or(name);
    let name = name.split('[').next().unwrap_or(name);
    let numbered = || class.members.get(usize::try_from(element.id).ok()?);
    class.named(name).or_else(numbered)
}

fn streamed(type_name: &str, item: Item, header: bool) -> Interpretation {
    Interpretation {
        layout: Ok(Layout::Streamed { item, header }),
        type_name: type_name.to_owned(),
        counter: None,
    }
}

/// Numbers, one or an array of them, or as many as a counter says.
fn numbers(
    tree: &TreeRecord,
    leaf: &LeafRecord,
    primitive: Primitive,
    lead: usize,
) -> Interpretation {
    let Some(dimensions) = fixed_dimensions(leaf) else {
        let reason = format!("an array of {} values", leaf.length);
        return Interpretation::refused(primitive.name(), reason);
    };
    let cell = Cell {
        primitive,
        dimensions,
    };
    let Some(reference) = leaf.counter else {
        let layout = if lead == 0 {
            Ok(Layout::Fixed {
                cell: cell.clone(),
                place: None,
            })
        } else {
            Ok(Layout::Counted {
                cell: cell.clone(),
                lead,
            })
        };
        let type_name = type_name(primitive, (lead > 0).then_some(""), &cell.dimensions);
        return Interpretation {
            layout,
            type_name,
            counter: None,
        };
    };
    let counter = tree.leaf_at(reference);
    let counting = counter.and_then(|index| tree.leaves.get(index));
    let counting = counting.map(|leaf| &*leaf.name).unwrap_or_default();
    Interpretation {
        type_name: type_name(primitive, Some(counting), &cell.dimensions),
        layout: Ok(Layout::Counted { cell, lead }),
        counter,
    }
}

fn type_name(primitive: Primitive, counter: Option<&str>, dimensions: &[usize]) -> String {
    let mut name = primitive.name().to_owned();
    if let Some(counter) = counter {
        name.push_str(&format!("[{counter}]"));
    }
    for length in dimensions {
        name.push_str(&format!("[{length}]"));
    }
    name
}

fn leaf_primitive(leaf: &LeafRecord) -> Option<Primitive> {
    let signed = |signed, unsigned| Some(if leaf.unsigned { unsigned } else { signed });
    match &*leaf.class {
        "TLeafO" => Some(Primitive::Bool),
        "TLeafB" => signed(Primitive::I8, Primitive::U8),
        "TLeafS" => signed(Primitive::I16, Primitive::U16),
        "TLeafI" => signed(Primitive::I32, Primitive::U32),
        "TLeafL" | "TLeafG" => signed(Primitive::I64, Primitive::U64),
        "TLeafF" => Some(Primitive::F32),
        "TLeafD" => Some(Primitive::F64),
        "TLeafF16" => Some(Primitive::Float16(Packing::float16(&leaf.title))),
        "TLeafD32" => Some(Primitive::Double32(Packing::of_title(&leaf.title))),
        "TLeafElement" => element_primitive(leaf.element_type?),
        _ => None,
    }
}

/// ROOT's numbers for the basic types.
fn element_primitive(number: i32) -> Option<Primitive> {
    Some(match number {
        1 => Primitive::I8,
        2 => Primitive::I16,
        3 => Primitive::I32,
        4 | 16 => Primitive::I64,
        5 => Primitive::F32,
        8 => Primitive::F64,
        11 => Primitive::U8,
        12 => Primitive::U16,
        6 | 13 | 15 => Primitive::U32,
        14 | 17 => Primitive::U64,
        18 => Primitive::Bool,
        _ => return None,
    })
}

/// The dimensions in the leaf's title that are numbers; its length when they do not agree.
fn fixed_dimensions(leaf: &LeafRecord) -> Option<Vec<usize>> {
    let length = usize::try_from(leaf.length)
        .ok()
        .filter(|&length| length > 0)?;
    // What follows a slash is the type, maybe with a range.
    let title = leaf.title.split('/').next().unwrap_or_default();
    let bracketed = title
        .split('[')
        .skip(1)
        .filter_map(|part| part.split(']').next());
    let numbers = bracketed.filter_map(|part| part.parse().ok());
    let dimensions: Vec<usize> = numbers.take(MOST_DIMENSIONS + 1).collect();
    let product = dimensions
        .iter()
        .try_fold(1_usize, |product, &next| product.checked_mul(next));
    Some(match product {
        Some(product) if product == length && dimensions.len() <= MOST_DIMENSIONS => dimensions,
        _ if length > 1 => vec![length],
        _ => Vec::new(),
    })
}
