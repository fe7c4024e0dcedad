//! What a branch's leaves say about its values: the layout, the type's name, or why not.

use crate::layout::Layout;
use crate::primitive::Primitive;
use crate::ttree::branch_record::{BranchClass, BranchRecord};
use crate::ttree::leaf_record::LeafRecord;
use crate::ttree::tree_record::TreeRecord;

/// How a branch is decoded, and what its type is called.
#[derive(Debug)]
pub(crate) struct Interpretation {
    pub(crate) layout: Result<Layout, String>,
    pub(crate) type_name: String,
    /// The leaf that counts, when there is one: its index in the tree.
    pub(crate) counter: Option<usize>,
}

/// Decides how a branch is decoded.
pub(crate) fn interpret(tree: &TreeRecord, branch: &BranchRecord) -> Interpretation {
    let unsupported = |reason: String, type_name: String| Interpretation {
        layout: Err(reason),
        type_name,
        counter: None,
    };
    if let BranchClass::Other(class) = &branch.class {
        return unsupported(format!("it is a {class}"), class.clone());
    }
    if !branch.other_file.is_empty() {
        let reason = format!("its baskets are in another file, {:?}", branch.other_file);
        return unsupported(reason, String::new());
    }
    let leaf = match branch.leaves.as_slice() {
        [only] => tree.leaves.get(*only),
        _ => None,
    };
    let Some(leaf) = leaf else {
        let reason = format!("it has {} leaves", branch.leaves.len());
        return unsupported(reason, String::new());
    };
    let Some(primitive) = primitive_of(leaf) else {
        return unsupported(format!("its leaf is a {}", leaf.class), leaf.class.clone());
    };
    let dimensions = fixed_dimensions(leaf);
    let name = |counter: Option<&str>| {
        let mut name = primitive.name().to_owned();
        if let Some(counter) = counter {
            name.push_str(&format!("[{counter}]"));
        }
        for length in &dimensions {
            name.push_str(&format!("[{length}]"));
        }
        name
    };
    let Some(reference) = leaf.counter else {
        return Interpretation {
            type_name: name(None),
            layout: Ok(Layout::Fixed {
                primitive,
                dimensions,
            }),
            counter: None,
        };
    };
    let counter = tree.leaf_at(reference);
    let counter_name = counter
        .and_then(|index| tree.leaves.get(index))
        .map(|leaf| &leaf.name);
    Interpretation {
        type_name: name(Some(counter_name.map(String::as_str).unwrap_or_default())),
        layout: Ok(Layout::Counted {
            primitive,
            dimensions,
        }),
        counter,
    }
}

fn primitive_of(leaf: &LeafRecord) -> Option<Primitive> {
    let signed = |signed, unsigned| Some(if leaf.unsigned { unsigned } else { signed });
    match leaf.class.as_str() {
        "TLeafO" => Some(Primitive::Bool),
        "TLeafB" => signed(Primitive::I8, Primitive::U8),
        "TLeafS" => signed(Primitive::I16, Primitive::U16),
        "TLeafI" => signed(Primitive::I32, Primitive::U32),
        "TLeafL" | "TLeafG" => signed(Primitive::I64, Primitive::U64),
        "TLeafF" => Some(Primitive::F32),
        "TLeafD" => Some(Primitive::F64),
        "TLeafElement" => element_primitive(leaf.element_type?),
        _ => None,
    }
}

/// ROOT's numbers for types, with 20 added for arrays of fixed length and 40 for counted ones.
fn element_primitive(number: i32) -> Option<Primitive> {
    let base = match number {
        21..=39 => number - 20,
        41..=59 => number - 40,
        other => other,
    };
    Some(match base {
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
fn fixed_dimensions(leaf: &LeafRecord) -> Vec<usize> {
    let bracketed = leaf
        .title
        .split('[')
        .skip(1)
        .filter_map(|part| part.split(']').next());
    let dimensions: Vec<usize> = bracketed.filter_map(|part| part.parse().ok()).collect();
    let length = leaf.length as usize;
    let product = dimensions
        .iter()
        .try_fold(1_usize, |product, &next| product.checked_mul(next));
    if product == Some(length) {
        dimensions
    } else if length > 1 {
        vec![length]
    } else {
        Vec::new()
    }
}
