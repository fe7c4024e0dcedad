//! A tree as the file describes it. Members that are not needed, and newer ones, are passed over.

use std::collections::HashMap;

use crate::cursor::{Cursor, Malformed};
use crate::object::{Framing, Header, Here, Pointer, read_named, read_object_array, skip_object};
use crate::ttree::branch_record::{
    BasketArrays, BranchClass, BranchNumbers, BranchRecord, ElementMembers, names_of_unknown,
};
use crate::ttree::leaf_record::{LeafBase, LeafRecord};

/// Branches and counters nested deeper than this are taken for damage.
const DEEPEST: usize = 64;

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

/// The numbers of a tree that matter for reading it.
#[derive(Debug, Default)]
pub(crate) struct TreeNumbers {
    pub(crate) entries: i64,
    /// Entries in a cluster when positive.
    pub(crate) auto_flush: i64,
    /// The last entry and the cluster size of each range of clusters of one size.
    pub(crate) cluster_ranges: Vec<(i64, i64)>,
}

impl TreeRecord {
    /// Reads the object of a tree's key, whose header has `header_length` bytes.
    pub(crate) fn read(
        class: &str,
        payload: Vec<u8>,
        header_length: u16,
    ) -> Result<Self, Malformed> {
        let mut parser = Parser {
            cursor: Cursor::new(&payload),
            framing: Framing::new(header_length),
            depth: 0,
            branches: Vec::new(),
            leaves: Vec::new(),
            leaf_references: HashMap::new(),
            branch_references: HashMap::new(),
        };
        if class != "TTree" {
            Header::read(&mut parser.cursor)?;
        }
        let (numbers, top) = parser.tree()?;
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

impl TreeNumbers {
    fn read(cursor: &mut Cursor<'_>, version: u16) -> Result<Self, Malformed> {
        if version < 16 {
            return Err(Malformed::new(format!(
                "TTree version {version} is not known"
            )));
        }
        let mut numbers = TreeNumbers {
            entries: cursor.i64()?,
            ..TreeNumbers::default()
        };
        cursor.skip(24)?; // sizes: total, stored, saved
        if version > 17 {
            cursor.skip(8)?; // flushed
        }
        cursor.skip(8 + 12)?; // weight, timer, scan field, update
        if version > 16 {
            cursor.skip(4)?; // the size of entry offsets
        }
        let ranges = if version > 18 { cursor.i32()? } else { 0 };
        cursor.skip(32)?; // limits of entries, loop and memory; auto-save
        if version > 17 {
            numbers.auto_flush = cursor.i64()?;
        }
        cursor.skip(8)?; // the estimate
        if version > 18 {
            numbers.cluster_ranges = read_cluster_ranges(cursor, ranges)?;
        }
        if version > 19 {
            skip_object(cursor, "TIOFeatures")?;
        }
        Ok(numbers)
    }
}

fn read_cluster_ranges(cursor: &mut Cursor<'_>, count: i32) -> Result<Vec<(i64, i64)>, Malformed> {
    let at = cursor.position();
    let count = usize::try_from(count)
        .map_err(|_| Malformed::at(format!("{count} ranges of clusters"), at))?;
    let mut array = || -> Result<Vec<i64>, Malformed> {
        if cursor.u8()? == 0 {
            return Ok(Vec::new());
        }
        let bytes = cursor.take(count.saturating_mul(8))?;
        Ok(bytes
            .as_chunks::<8>()
            .0
            .iter()
            .map(|&chunk| i64::from_be_bytes(chunk))
            .collect())
    };
    let (ends, sizes) = (array()?, array()?);
    Ok(ends.into_iter().zip(sizes).collect())
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
}

impl<'a> Parser<'a> {
    fn tree(&mut self) -> Result<(TreeNumbers, Vec<usize>), Malformed> {
        let header = Header::read(&mut self.cursor)?;
        read_named(&mut self.cursor)?;
        for class in ["TAttLine", "TAttFill", "TAttMarker"] {
            skip_object(&mut self.cursor, class)?;
        }
        let numbers = TreeNumbers::read(&mut self.cursor, header.version)?;
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

    fn branch_array(&mut self) -> Result<Vec<usize>, Malformed> {
        let (header, slots) = read_object_array(&mut self.cursor)?;
        let mut found = Vec::with_capacity(slots);
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
        let mut branch = match here.class {
            "TBranch" => self.plain_branch()?,
            "TBranchElement" => self.element_branch()?,
            other => self.other_branch(other)?,
        };
        if let Some(end) = here.end {
            self.cursor.seek(end)?;
        }
        // The titles of branches repeat the leaves'; spare capacity adds up over many branches.
        branch.title.shrink_to_fit();
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
            String::new()
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
        let mut clones_name = String::new();
        if header.version > 7 {
            self.cursor.text_bytes()?; // the class it is a member of
            clones_name = self.cursor.text()?;
            self.cursor.skip(4)?; // the checksum
        }
        self.cursor.skip(if header.version > 9 { 2 } else { 4 })?; // the version of the class
        let (id, kind) = (self.cursor.i32()?, self.cursor.i32()?);
        let streamer_type = self.cursor.i32()?;
        let mut counter = None;
        if header.version > 7 {
            self.cursor.skip(4)?; // the most elements
            let before = self.framing;
            let mut peek = self.cursor;
            counter = match before.read_pointer(&mut peek)? {
                Pointer::Null => None,
                Pointer::Earlier(reference) => Some(reference),
                Pointer::Here(here) => Some(here.reference),
            };
            self.branch_pointer()?;
            self.branch_pointer()?;
        }
        header.finish(&mut self.cursor, "TBranchElement")?;
        let members = ElementMembers {
            class_name,
            clones_name,
            id,
            kind,
            streamer_type,
            counter,
        };
        branch.class = BranchClass::Element(members);
        Ok(branch)
    }

    fn other_branch(&mut self, class: &str) -> Result<BranchRecord, Malformed> {
        let (name, title) = names_of_unknown(self.cursor).unwrap_or_default();
        if matches!(class, "TBranchObject" | "TBranchRef") {
            Header::read(&mut self.cursor)?;
            let mut branch = self.plain_branch()?;
            branch.class = BranchClass::Other(class.to_owned());
            return Ok(branch);
        }
        Ok(BranchRecord {
            class: BranchClass::Other(class.to_owned()),
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
            other_file: String::new(),
        })
    }

    fn leaf_array(&mut self) -> Result<Vec<usize>, Malformed> {
        let (header, slots) = read_object_array(&mut self.cursor)?;
        let mut found = Vec::with_capacity(slots);
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
        self.leaves.push(LeafRecord {
            class: here.class.to_owned(),
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
