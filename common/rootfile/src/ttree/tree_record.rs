//! A tree as the file describes it. Members that are not needed, and newer ones, are passed over.

use std::collections::HashMap;
use std::sync::Arc;

use crate::cursor::{Cursor, Malformed};
use crate::file::RootFile;
use crate::object::{
    Framing, Header, Here, MOST_SLOTS_AHEAD, Pointer, read_named, read_object_array, skip_object,
};
use crate::ttree::branch_record::{
    BasketArrays, BranchClass, BranchNumbers, BranchRecord, ElementMembers, names_of_unknown,
};
use crate::ttree::leaf_record::{LeafBase, LeafRecord};
use crate::ttree::tree_numbers::TreeNumbers;

/// Branches and counters nested deeper than this are taken for damage.
const DEEPEST: usize = 64;
/// A tree with more branches and leaves than this is taken for damage: NanoAOD has some 3,400.
pub(crate) const MOST_BRANCHES: usize = 1 << 18;

/// A tree: its numbers, branches and leaves.
#[derive(Debug)]
pub(crate) struct TreeRecord {
    /// The decompressed record, in which the arrays of the branches are.
    pub(crate) payload: Vec<u8>,
    pub(crate) entries: u64,
    pub(crate) numbers: TreeNumbers,
    /// Every branch; children and the top level are indices into it.
    pub(crate) branches: Vec<BranchRecord>,
    pub(crate) top: Vec<usize>,
    pub(crate) leaves: Vec<LeafRecord>,
    leaf_references: HashMap<u32, usize>,
}

impl TreeRecord {
    /// Reads the object of a tree's key, whose header has `header_length` bytes.
    pub(crate) fn read(
        class: &str,
        payload: Vec<u8>,
        header_length: u16,
        file: &RootFile,
    ) -> Result<Self, Malformed> {
        let mut parser = Parser {
            cursor: Cursor::new(&payload),
            framing: Framing::new(header_length),
            depth: 0,
            branches: Vec::new(),
            leaves: Vec::new(),
            leaf_references: HashMap::new(),
            branch_references: HashMap::new(),
            classes: HashMap::new(),
        };
        if class != "TTree" {
            Header::read(&mut parser.cursor)?;
        }
        let (numbers, top) = parser.tree(file)?;
        let entries = u64::try_from(numbers.entries)
            .map_err(|_| Malformed::new(format!("it has {} entries", numbers.entries)))?;
        let Parser {
            branches,
            leaves,
            leaf_references,
            ..
        } = parser;
        Ok(TreeRecord {
            entries,
            numbers,
            branches,
            top,
            leaves,
            leaf_references,
            payload,
        })
    }

    /// The leaf with a reference number.
    pub(crate) fn leaf_at(&self, reference: u32) -> Option<usize> {
        self.leaf_references.get(&reference).copied()
    }
}

/// The state of reading one tree's record.
struct Parser<'a> {
    cursor: Cursor<'a>,
    framing: Framing,
    depth: usize,
    branches: Vec<BranchRecord>,
    leaves: Vec<LeafRecord>,
    leaf_references: HashMap<u32, usize>,
    branch_references: HashMap<u32, usize>,
    classes: HashMap<&'a str, Arc<str>>,
}

impl<'a> Parser<'a> {
    fn tree(&mut self, file: &RootFile) -> Result<(TreeNumbers, Vec<usize>), Malformed> {
        let header = Header::read(&mut self.cursor)?;
        read_named(&mut self.cursor)?;
        for class in ["TAttLine", "TAttFill", "TAttMarker"] {
            skip_object(&mut self.cursor, class)?;
        }
        let numbers = TreeNumbers::read(&mut self.cursor, header.version, file)?;
        let top = self.branch_array()?;
        Ok((numbers, top))
    }

    fn descend<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        if self.depth >= DEEPEST {
            let what = format!("branches are nested more than {DEEPEST} deep");
            return Err(Malformed::at(what, self.cursor.position()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Counts a branch or a leaf, before it is read.
    fn count(&self) -> Result<(), Malformed> {
        if self.branches.len() + self.leaves.len() < MOST_BRANCHES {
            return Ok(());
        }
        let what = format!("more than {MOST_BRANCHES} branches and leaves");
        Err(Malformed::at(what, self.cursor.position()))
    }

    /// The name of a class, which many objects share.
    fn class(&mut self, name: &'a str) -> Arc<str> {
        let known = self.classes.entry(name);
        Arc::clone(known.or_insert_with(|| Arc::from(name)))
    }

    fn branch_array(&mut self) -> Result<Vec<usize>, Malformed> {
        let (header, slots) = read_object_array(&mut self.cursor)?;
        let mut found = Vec::with_capacity(slots.min(MOST_SLOTS_AHEAD));
        for _ in 0..slots {
            found.extend(self.branch_pointer()?);
        }
        header.finish(&mut self.cursor, "TObjArray")?;
        Ok(found)
    }

    fn branch_pointer(&mut self) -> Result<Option<usize>, Malformed> {
        match self.framing.read_pointer(&mut self.cursor)? {
            Pointer::Null => Ok(None),
            Pointer::Earlier(reference) => Ok(self.branch_references.get(&reference).copied()),
            Pointer::Here(here) => self.descend(|parser| parser.branch(here)).map(Some),
        }
    }

    fn branch(&mut self, here: Here<'a>) -> Result<usize, Malformed> {
        self.count()?;
        let branch = match here.class {
            "TBranch" => self.plain_branch()?,
            "TBranchElement" => self.element_branch()?,
            other => self.other_branch(other)?,
        };
        if let Some(end) = here.end {
            self.cursor.seek(end)?;
        }
        let index = self.branches.len();
        self.branches.push(branch);
        self.branch_references.insert(here.reference, index);
        Ok(index)
    }

    fn plain_branch(&mut self) -> Result<BranchRecord, Malformed> {
        let header = Header::read(&mut self.cursor)?;
        let (name, title) = read_named(&mut self.cursor)?;
        let numbers = BranchNumbers::read(&mut self.cursor, header.version)?;
        let children = self.branch_array()?;
        let leaves = self.leaf_array()?;
        let embedded = self.basket_array()?;
        let arrays = BasketArrays::read(&mut self.cursor, header.version, numbers.slots)?;
        let other_file = if header.version > 5 {
            self.cursor.text()?
        } else {
            Arc::default()
        };
        header.finish(&mut self.cursor, "TBranch")?;
        Ok(BranchRecord {
            class: BranchClass::Plain,
            name,
            title,
            compression: numbers.compression,
            write_basket: usize::try_from(numbers.write_basket).unwrap_or(0),
            entries: numbers.entries,
            total_bytes: numbers.total_bytes,
            stored_bytes: numbers.stored_bytes,
            arrays,
            embedded,
            leaves,
            children,
            other_file,
        })
    }

    fn element_branch(&mut self) -> Result<BranchRecord, Malformed> {
        let header = Header::read(&mut self.cursor)?;
        let mut branch = self.plain_branch()?;
        let class_name = self.cursor.text()?;
        if header.version > 7 {
            self.cursor.text_bytes()?; // the class it is a member of
            self.cursor.text_bytes()?; // the class of a TClonesArray's objects
            self.cursor.skip(4)?; // the checksum
        }
        let class_version = if header.version > 9 {
            i32::from(self.cursor.u16()?)
        } else {
            self.cursor.i32()?
        };
        let (id, kind) = (self.cursor.i32()?, self.cursor.i32()?);
        let streamer_type = self.cursor.i32()?;
        if header.version > 7 {
            self.cursor.skip(4)?; // the most elements
            // The branches that count may be written here for the first time.
            self.branch_pointer()?;
            self.branch_pointer()?;
        }
        header.finish(&mut self.cursor, "TBranchElement")?;
        branch.class = BranchClass::Element(ElementMembers {
            class_name,
            class_version,
            id,
            kind,
            streamer_type,
        });
        Ok(branch)
    }

    fn other_branch(&mut self, class: &'a str) -> Result<BranchRecord, Malformed> {
        let (name, title) = names_of_unknown(self.cursor).unwrap_or_default();
        if matches!(class, "TBranchObject" | "TBranchRef") {
            Header::read(&mut self.cursor)?;
            let mut branch = self.plain_branch()?;
            branch.class = BranchClass::Other(self.class(class));
            return Ok(branch);
        }
        Ok(BranchRecord {
            class: BranchClass::Other(self.class(class)),
            name,
            title,
            compression: 0,
            write_basket: 0,
            entries: 0,
            total_bytes: 0,
            stored_bytes: 0,
            arrays: BasketArrays::default(),
            embedded: Vec::new(),
            leaves: Vec::new(),
            children: Vec::new(),
            other_file: Arc::default(),
        })
    }

    fn leaf_array(&mut self) -> Result<Vec<usize>, Malformed> {
        let (header, slots) = read_object_array(&mut self.cursor)?;
        let mut found = Vec::with_capacity(slots.min(MOST_SLOTS_AHEAD));
        for _ in 0..slots {
            match self.framing.read_pointer(&mut self.cursor)? {
                Pointer::Null => {}
                Pointer::Earlier(reference) => {
                    found.extend(self.leaf_references.get(&reference).copied());
                }
                Pointer::Here(here) => found.push(self.descend(|parser| parser.leaf(here))?),
            }
        }
        header.finish(&mut self.cursor, "TObjArray")?;
        Ok(found)
    }

    fn leaf(&mut self, here: Here<'a>) -> Result<usize, Malformed> {
        self.count()?;
        let outer = Header::read(&mut self.cursor)?;
        let base = LeafBase::read(&mut self.cursor)?;
        let counter = match self.framing.read_pointer(&mut self.cursor)? {
            Pointer::Null => None,
            Pointer::Earlier(reference) => Some(reference),
            Pointer::Here(counter) => {
                self.descend(|parser| parser.leaf(counter))?;
                Some(counter.reference)
            }
        };
        base.header.finish(&mut self.cursor, "TLeaf")?;
        let mut element_type = None;
        if here.class == "TLeafElement" {
            self.cursor.skip(4)?; // the number of the member
            element_type = Some(self.cursor.i32()?);
        }
        outer.finish(&mut self.cursor, here.class)?;
        if let Some(end) = here.end {
            self.cursor.seek(end)?;
        }
        let index = self.leaves.len();
        let class = self.class(here.class);
        self.leaves.push(LeafRecord {
            class,
            name: base.name,
            title: base.title,
            length: base.length,
            unsigned: base.unsigned,
            counter,
            element_type,
        });
        self.leaf_references.insert(here.reference, index);
        Ok(index)
    }

    /// Passes over baskets in the record, remembering where they are.
    fn basket_array(&mut self) -> Result<Vec<(usize, usize)>, Malformed> {
        let (header, slots) = read_object_array(&mut self.cursor)?;
        let mut found = Vec::new();
        for _ in 0..slots {
            let Pointer::Here(here) = self.framing.read_pointer(&mut self.cursor)? else {
                continue;
            };
            let at = self.cursor.position();
            let end = here
                .end
                .ok_or_else(|| Malformed::at("a basket in the tree has no byte count", at))?;
            found.push((at, end));
            self.cursor.seek(end)?;
        }
        header.finish(&mut self.cursor, "TObjArray")?;
        Ok(found)
    }
}
