//! What C++ calls the types that a value may be cast to, and which function of ours does that.

/// Words of types, and the function that gives a value of such a type, or of the nearest.
const TYPES: [(&str, &str); 27] = [
    ("int", "int"),
    ("short", "int"),
    ("char", "int"),
    ("bool", "int"),
    ("signed", "int"),
    ("unsigned", "int"),
    ("size_t", "int"),
    ("int8_t", "int"),
    ("uint8_t", "int"),
    ("int16_t", "int"),
    ("uint16_t", "int"),
    ("int32_t", "int"),
    ("uint32_t", "int"),
    ("Char_t", "int"),
    ("Short_t", "int"),
    ("Int_t", "int"),
    ("UInt_t", "int"),
    ("Bool_t", "int"),
    ("float", "float"),
    ("Float_t", "float"),
    ("double", "double"),
    ("Double_t", "double"),
    // There is no function for these: a double has all whole numbers up to 53 bits.
    ("long", "double"),
    ("int64_t", "double"),
    ("uint64_t", "double"),
    ("Long64_t", "double"),
    ("ULong64_t", "double"),
];

/// Casts of C++ with their type in angle brackets.
const NAMED: [&str; 4] = [
    "static_cast",
    "const_cast",
    "dynamic_cast",
    "reinterpret_cast",
];

/// Whether a word begins a cast as in `static_cast<int>(x)`.
pub(super) fn is_named_cast(word: &str) -> bool {
    NAMED.contains(&word.trim_start_matches("std::"))
}

/// The function for a type, by one of the words of its name; `None` of what is no type.
pub(super) fn function_for(word: &str) -> Option<&'static str> {
    let word = word.trim_start_matches("std::");
    let found = TYPES.iter().find(|(known, _)| *known == word);
    found.map(|(_, function)| *function)
}
