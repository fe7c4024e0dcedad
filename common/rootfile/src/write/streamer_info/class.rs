//! The classes that a written file holds: name, version, checksum and members.

use Member::{Any, Base, Counted, Object, Pointer, Text, Value};
use Number::{Bool, Char, Double, Float, Int, Long64, Short, UChar, UInt};

/// One class.
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) version: i32,
    pub(super) checksum: u32,
    pub(super) members: &'static [Member],
}

/// One member of a class.
#[derive(Clone, Copy)]
pub(super) enum Member {
    /// A base class.
    Base(&'static str),
    /// A number.
    Value(&'static str, Number),
    /// A pointer to numbers, as many as another member says.
    Counted(&'static str, Number, &'static str),
    /// A `TString`.
    Text(&'static str),
    /// An object by value.
    Object(&'static str, &'static str),
    /// An object by value of a class that is no `TObject`, and its size in memory.
    Any(&'static str, &'static str, i32),
    /// A pointer to an object.
    Pointer(&'static str, &'static str),
}

/// A number's type.
#[derive(Clone, Copy)]
pub(super) enum Number {
    Char,
    Short,
    Int,
    Counter,
    Float,
    Double,
    UChar,
    UInt,
    Bits,
    Long64,
    Bool,
}

impl Number {
    /// Code in a streamer element, bytes in memory, name.
    fn form(self) -> (i32, i32, &'static str) {
        match self {
            Self::Char => (1, 1, "char"),
            Self::Short => (2, 2, "short"),
            Self::Int => (3, 4, "int"),
            Self::Counter => (6, 4, "int"),
            Self::Float => (5, 4, "float"),
            Self::Double => (8, 8, "double"),
            Self::UChar => (11, 1, "unsigned char"),
            Self::UInt => (13, 4, "unsigned int"),
            Self::Bits => (15, 4, "unsigned int"),
            Self::Long64 => (16, 8, "Long64_t"),
            Self::Bool => (18, 1, "bool"),
        }
    }

    pub(super) fn code(self) -> i32 {
        self.form().0
    }

    pub(super) fn size(self) -> i32 {
        self.form().1
    }

    pub(super) fn name(self) -> &'static str {
        self.form().2
    }
}

const fn class(
    name: &'static str,
    version: i32,
    checksum: u32,
    members: &'static [Member],
) -> Class {
    Class {
        name,
        version,
        checksum,
        members,
    }
}

/// Every class in a written file.
pub(super) const CLASSES: &[Class] = &[
    class(
        "TObject",
        1,
        0x901B_C02D,
        &[Value("fUniqueID", UInt), Value("fBits", Number::Bits)],
    ),
    class(
        "TNamed",
        1,
        0xDFB7_4A3C,
        &[Base("TObject"), Text("fName"), Text("fTitle")],
    ),
    class(
        "TAttLine",
        2,
        0x9407_4549,
        &[
            Value("fLineColor", Short),
            Value("fLineStyle", Short),
            Value("fLineWidth", Short),
        ],
    ),
    class(
        "TAttFill",
        2,
        0xFFD9_2A92,
        &[Value("fFillColor", Short), Value("fFillStyle", Short)],
    ),
    class(
        // Version 3 has the same members; ROOT before 6.36, and oxyroot, know version 2.
        "TAttMarker",
        2,
        0x291D_8BEC,
        &[
            Value("fMarkerColor", Short),
            Value("fMarkerStyle", Short),
            Value("fMarkerSize", Float),
        ],
    ),
    class("TString", 2, 0x0001_7419, &[]),
    class(
        "TCollection",
        3,
        0x57E3_CB9C,
        &[Base("TObject"), Text("fName"), Value("fSize", Int)],
    ),
    class("TSeqCollection", 0, 0xFC6C_3BC6, &[Base("TCollection")]),
    class("TList", 5, 0x69C5_C3BB, &[Base("TSeqCollection")]),
    class(
        "TObjArray",
        3,
        0xA99E_6552,
        &[
            Base("TSeqCollection"),
            Value("fLowerBound", Int),
            Value("fLast", Int),
        ],
    ),
    class(
        "ROOT::TIOFeatures",
        1,
        0x1AA1_2F10,
        &[Value("fIOBits", UChar)],
    ),
    class("TTree", 20, 0x7264_E07F, TREE),
    class("TBranch", 13, 0x1097_8AAC, BRANCH),
    class(
        "TLeaf",
        2,
        0x6D1E_8152,
        &[
            Base("TNamed"),
            Value("fLen", Int),
            Value("fLenType", Int),
            Value("fOffset", Int),
            Value("fIsRange", Bool),
            Value("fIsUnsigned", Bool),
            Pointer("fLeafCount", "TLeaf*"),
        ],
    ),
    class(
        "TLeafO",
        1,
        0x02AE_48D3,
        &[
            Base("TLeaf"),
            Value("fMinimum", Bool),
            Value("fMaximum", Bool),
        ],
    ),
    class(
        "TLeafB",
        1,
        0x0F1E_4B5E,
        &[
            Base("TLeaf"),
            Value("fMinimum", Char),
            Value("fMaximum", Char),
        ],
    ),
    class(
        "TLeafS",
        1,
        0x150C_EECF,
        &[
            Base("TLeaf"),
            Value("fMinimum", Short),
            Value("fMaximum", Short),
        ],
    ),
    class(
        "TLeafI",
        1,
        0x7E6A_AE19,
        &[
            Base("TLeaf"),
            Value("fMinimum", Int),
            Value("fMaximum", Int),
        ],
    ),
    class(
        "TLeafL",
        1,
        0xDE32_0862,
        &[
            Base("TLeaf"),
            Value("fMinimum", Long64),
            Value("fMaximum", Long64),
        ],
    ),
    class(
        "TLeafF",
        1,
        0x3ADD_9D72,
        &[
            Base("TLeaf"),
            Value("fMinimum", Float),
            Value("fMaximum", Float),
        ],
    ),
    class(
        "TLeafD",
        1,
        0x118E_8776,
        &[
            Base("TLeaf"),
            Value("fMinimum", Double),
            Value("fMaximum", Double),
        ],
    ),
];

const TREE: &[Member] = &[
    Base("TNamed"),
    Base("TAttLine"),
    Base("TAttFill"),
    Base("TAttMarker"),
    Value("fEntries", Long64),
    Value("fTotBytes", Long64),
    Value("fZipBytes", Long64),
    Value("fSavedBytes", Long64),
    Value("fFlushedBytes", Long64),
    Value("fWeight", Double),
    Value("fTimerInterval", Int),
    Value("fScanField", Int),
    Value("fUpdate", Int),
    Value("fDefaultEntryOffsetLen", Int),
    Value("fNClusterRange", Number::Counter),
    Value("fMaxEntries", Long64),
    Value("fMaxEntryLoop", Long64),
    Value("fMaxVirtualSize", Long64),
    Value("fAutoSave", Long64),
    Value("fAutoFlush", Long64),
    Value("fEstimate", Long64),
    Counted("fClusterRangeEnd", Long64, "fNClusterRange"),
    Counted("fClusterSize", Long64, "fNClusterRange"),
    Any("fIOFeatures", "ROOT::TIOFeatures", 1),
    Object("fBranches", "TObjArray"),
    Object("fLeaves", "TObjArray"),
    Pointer("fAliases", "TList*"),
    Any("fIndexValues", "TArrayD", 24),
    Any("fIndex", "TArrayI", 24),
    Pointer("fTreeIndex", "TVirtualIndex*"),
    Pointer("fFriends", "TList*"),
    Pointer("fUserInfo", "TList*"),
    Pointer("fBranchRef", "TBranchRef*"),
];

const BRANCH: &[Member] = &[
    Base("TNamed"),
    Base("TAttFill"),
    Value("fCompress", Int),
    Value("fBasketSize", Int),
    Value("fEntryOffsetLen", Int),
    Value("fWriteBasket", Int),
    Value("fEntryNumber", Long64),
    Any("fIOFeatures", "ROOT::TIOFeatures", 1),
    Value("fOffset", Int),
    Value("fMaxBaskets", Number::Counter),
    Value("fSplitLevel", Int),
    Value("fEntries", Long64),
    Value("fFirstEntry", Long64),
    Value("fTotBytes", Long64),
    Value("fZipBytes", Long64),
    Object("fBranches", "TObjArray"),
    Object("fLeaves", "TObjArray"),
    Object("fBaskets", "TObjArray"),
    Counted("fBasketBytes", Int, "fMaxBaskets"),
    Counted("fBasketEntry", Long64, "fMaxBaskets"),
    Counted("fBasketSeek", Long64, "fMaxBaskets"),
    Text("fFileName"),
];
