//! What C++ calls the types that a value may be cast to, and what to write here for that.

/// Words of types, and what gives a value of such a type, or of the nearest.
const TYPES: [(&str, &str); 27] = [
    ("int", "int(…)"),
    ("short", "int(…)"),
    ("char", "int(…)"),
    ("bool", "… != 0"),
    ("signed", "int(…)"),
    ("unsigned", "int(…)"),
    ("size_t", "int(…)"),
    ("int8_t", "int(…)"),
    ("uint8_t", "int(…)"),
    ("int16_t", "int(…)"),
    ("uint16_t", "int(…)"),
    ("int32_t", "int(…)"),
    ("uint32_t", "int(…)"),
    ("Char_t", "int(…)"),
    ("Short_t", "int(…)"),
    ("Int_t", "int(…)"),
    ("UInt_t", "int(…)"),
    ("Bool_t", "… != 0"),
    ("float", "float(…)"),
    ("Float_t", "float(…)"),
    ("double", "double(…)"),
    ("Double_t", "double(…)"),
    // Whole numbers as a double, which has all of them up to 53 bits.
    ("long", "trunc(…)"),
    ("int64_t", "trunc(…)"),
    ("uint64_t", "trunc(…)"),
    ("Long64_t", "trunc(…)"),
    ("ULong64_t", "trunc(…)"),
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

/// What to write for a cast to a type, by one of the words of its name; `None` of what is no type.
pub(super) fn written_for(word: &str) -> Option<&'static str> {
    let word = word.trim_start_matches("std::");
    let found = TYPES.iter().find(|(known, _)| *known == word);
    found.map(|(_, written)| *written)
}
