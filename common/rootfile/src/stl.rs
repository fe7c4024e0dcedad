//! C++ type names of values that are streamed one after another: numbers, strings, sequences.

use crate::packed::Packing;
use crate::primitive::Primitive;

/// Types nested deeper than this are not decoded.
const DEEPEST: usize = 8;

/// A value whose bytes say themselves how long they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Item {
    Value(Primitive),
    Text,
    /// A count, then as many items.
    Sequence(Box<Item>),
}

/// What a type name says, when it is one that is decoded.
pub(crate) fn parse_type(name: &str) -> Option<Item> {
    parse(name, DEEPEST)
}

fn parse(name: &str, depth: usize) -> Option<Item> {
    let name = name.trim();
    let name = name.strip_prefix("const ").unwrap_or(name);
    let name = name.strip_prefix("std::").unwrap_or(name).trim();
    if let Some((outer, arguments)) = name.strip_suffix('>').and_then(|name| name.split_once('<')) {
        let sequence = matches!(
            outer.trim(),
            "vector"
                | "list"
                | "deque"
                | "forward_list"
                | "set"
                | "multiset"
                | "unordered_set"
                | "unordered_multiset"
                | "RVec"
                | "VecOps::RVec"
                | "ROOT::VecOps::RVec"
        );
        let inner = first_argument(arguments);
        if !sequence || depth == 0 {
            return None;
        }
        return Some(Item::Sequence(Box::new(parse(inner, depth - 1)?)));
    }
    if matches!(name, "string" | "TString") {
        return Some(Item::Text);
    }
    primitive(name).map(Item::Value)
}

/// The first template argument: allocators and comparisons follow it.
fn first_argument(arguments: &str) -> &str {
    let mut depth = 0_usize;
    for (at, letter) in arguments.char_indices() {
        match letter {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return arguments.get(..at).unwrap_or(arguments),
            _ => {}
        }
    }
    arguments
}

fn primitive(name: &str) -> Option<Primitive> {
    Some(match name {
        "bool" | "Bool_t" => Primitive::Bool,
        "char" | "Char_t" | "signed char" | "int8_t" => Primitive::I8,
        "unsigned char" | "UChar_t" | "uint8_t" | "Byte_t" => Primitive::U8,
        "short" | "Short_t" | "int16_t" => Primitive::I16,
        "unsigned short" | "UShort_t" | "uint16_t" => Primitive::U16,
        "int" | "Int_t" | "int32_t" => Primitive::I32,
        "unsigned int" | "UInt_t" | "uint32_t" | "unsigned" => Primitive::U32,
        "long" | "long long" | "Long_t" | "Long64_t" | "int64_t" => Primitive::I64,
        "unsigned long" | "unsigned long long" | "ULong_t" | "ULong64_t" | "uint64_t"
        | "size_t" => Primitive::U64,
        "float" | "Float_t" => Primitive::F32,
        "double" | "Double_t" => Primitive::F64,
        // Items of a sequence have no title that could give them a range.
        "Double32_t" => Primitive::Double32(Packing::Float),
        "Float16_t" => Primitive::Float16(Packing::float16("")),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Item, parse_type};
    use crate::primitive::Primitive;

    #[test]
    fn reads_nested_sequences_and_ignores_allocators() {
        let sequence = |item| Item::Sequence(Box::new(item));
        let float = Item::Value(Primitive::F32);
        assert_eq!(parse_type("vector<Float_t>"), Some(sequence(float.clone())));
        assert_eq!(
            parse_type("std::vector<std::vector<float, A<B,C> >, D>"),
            Some(sequence(sequence(float)))
        );
        assert_eq!(parse_type("vector<string>"), Some(sequence(Item::Text)));
        assert_eq!(parse_type("map<int,float>"), None);
        assert_eq!(parse_type("vector<TLorentzVector>"), None);
    }
}
