//! Baskets: where a branch's data is, and what one holds when it is decompressed.

use std::ops::Range;

use crate::codec::Codecs;
use crate::cursor::{Cursor, Malformed};
use crate::key::{Key, KeySizes};
use crate::object::skip_object;
use crate::ttree::branch_record::BranchRecord;

/// Set in an offset of old embedded baskets; the rest is the offset.
const DISPLACEMENT_MASK: u32 = 0xFF00_0000;

/// The feature of a basket whose entry offsets are left out, or written as sizes.
const GENERATED_OFFSETS: u8 = 1;

/// Where one basket is, and which entries it holds.
#[derive(Debug, Clone)]
pub(crate) struct BasketSpan {
    pub(crate) entries: Range<u64>,
    pub(crate) site: Site,
}

/// Where the bytes of a basket are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Site {
    /// A record of its own in the file.
    OnDisk { offset: u64, length: u32 },
    /// Within the tree's record.
    Embedded { start: usize, end: usize },
}

/// All baskets of a branch, in the order of their entries.
#[derive(Debug, Clone, Default)]
pub(crate) struct BasketIndex {
    pub(crate) spans: Vec<BasketSpan>,
}

impl BasketIndex {
    /// Reads the branch's arrays, which are in the tree's record.
    pub(crate) fn read(branch: &BranchRecord, payload: &[u8]) -> Result<Self, Malformed> {
        let mut spans = Vec::new();
        let mut next = on_disk(branch, payload, &mut spans)?;
        for &(start, end) in &branch.embedded {
            let held = u64::from(EmbeddedHeader::read(payload, start, end)?.entries);
            if held > 0 {
                let site = Site::Embedded { start, end };
                spans.push(BasketSpan {
                    entries: next..next.saturating_add(held),
                    site,
                });
            }
            next = next.saturating_add(held);
        }
        Ok(BasketIndex { spans })
    }

    /// Checks that the baskets fit in a file of this size, as they do when none is used twice.
    pub(crate) fn check_size(&self, size: u64) -> Result<(), Malformed> {
        let lengths = self.spans.iter().map(|span| match span.site {
            Site::OnDisk { length, .. } => u64::from(length),
            Site::Embedded { .. } => 0,
        });
        let total: u64 = lengths.sum();
        if total <= size {
            return Ok(());
        }
        Err(Malformed::new(format!(
            "its baskets take {total} bytes of a file of {size}"
        )))
    }

    /// The baskets, by index, that hold any of these entries.
    pub(crate) fn overlapping(&self, entries: &Range<u64>) -> Range<usize> {
        if entries.is_empty() {
            return 0..0;
        }
        let first = self
            .spans
            .partition_point(|span| span.entries.end <= entries.start);
        let last = self
            .spans
            .partition_point(|span| span.entries.start < entries.end);
        first..last.max(first)
    }
}

/// Collects the baskets with records of their own, and gives the entry after them.
fn on_disk(
    branch: &BranchRecord,
    payload: &[u8],
    spans: &mut Vec<BasketSpan>,
) -> Result<u64, Malformed> {
    let arrays = &branch.arrays;
    let (Some(bytes), Some(firsts), Some(seeks)) = (arrays.bytes, arrays.entries, arrays.seeks)
    else {
        return Ok(0);
    };
    let first_entry = |index: usize| -> Result<u64, Malformed> {
        let width = if arrays.entries_wide { 8 } else { 4 };
        Cursor::starting_at(payload, firsts + index * width)?.seek_pointer(arrays.entries_wide)
    };
    // The arrays are there, so that their length is bounded by the record's.
    spans.reserve(branch.write_basket.min(arrays.slots));
    let mut next = 0;
    for index in 0..branch.write_basket.min(arrays.slots) {
        let width = if arrays.seeks_wide { 8 } else { 4 };
        let offset =
            Cursor::starting_at(payload, seeks + index * width)?.seek_pointer(arrays.seeks_wide)?;
        if offset == 0 {
            break;
        }
        let length = Cursor::starting_at(payload, bytes + index * 4)?.u32()?;
        let start = first_entry(index)?;
        let mut end = if index + 1 < arrays.slots {
            first_entry(index + 1)?
        } else {
            0
        };
        if end <= start && index + 1 == branch.write_basket {
            end = u64::try_from(branch.entries).unwrap_or(0);
        }
        if start != next || end < start {
            return Err(Malformed::new(format!(
                "basket {index} holds entries {start}..{end} where {next} is next"
            )));
        }
        next = end;
        if start < end {
            let site = Site::OnDisk { offset, length };
            spans.push(BasketSpan {
                entries: start..end,
                site,
            });
        }
    }
    Ok(next)
}

/// The members of a basket, after its key.
#[derive(Debug, Clone, Copy)]
struct BasketNumbers {
    version: u16,
    /// Whether entry offsets are left out, or are written as sizes.
    generated: bool,
    entries: u32,
    /// Where its data ends, counted from the start of the record.
    last: u32,
    flag: u8,
}

impl BasketNumbers {
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, Malformed> {
        let version = cursor.u16()?;
        cursor.skip(4)?; // the size of its buffer
        // A negative size says that a byte of features follows.
        let features = if cursor.i32()? < 0 { cursor.u8()? } else { 0 };
        let generated = features & GENERATED_OFFSETS != 0;
        let at = cursor.position();
        let (entries, last, flag) = (cursor.i32()?, cursor.i32()?, cursor.u8()?);
        match (u32::try_from(entries), u32::try_from(last)) {
            (Ok(entries), Ok(last)) => Ok(BasketNumbers {
                version,
                generated,
                entries,
                last,
                flag,
            }),
            _ => {
                let what = format!("a basket of {entries} entries that ends at byte {last}");
                Err(Malformed::at(what, at))
            }
        }
    }
}

/// The header of a basket in the tree's record, and where its contents begin.
#[derive(Debug)]
struct EmbeddedHeader<'a> {
    cursor: Cursor<'a>,
    header_length: u16,
    numbers: BasketNumbers,
    entries: u32,
}

impl<'a> EmbeddedHeader<'a> {
    fn read(payload: &'a [u8], start: usize, end: usize) -> Result<Self, Malformed> {
        let mut cursor = Cursor::starting_at(payload.get(..end).unwrap_or_default(), start)?;
        let sizes = KeySizes::read(&mut cursor)?;
        cursor.seek_pointer(sizes.wide)?;
        cursor.seek_pointer(sizes.wide)?;
        for _ in 0..3 {
            cursor.text_bytes()?; // class, name, title
        }
        let numbers = BasketNumbers::read(&mut cursor)?;
        let header_length = sizes.header_length;
        Ok(EmbeddedHeader {
            cursor,
            header_length,
            entries: numbers.entries,
            numbers,
        })
    }
}

/// A basket's contents: its values, and where each entry's begin when that varies.
#[derive(Debug, Default)]
pub(crate) struct Basket {
    /// The values up to `data_end`, then, when there are any, the entry offsets.
    payload: Vec<u8>,
    data_end: usize,
    /// Where the entry offsets are in `payload`; each has `header_length` added.
    offsets: Option<Range<usize>>,
    /// Whether these are the sizes of the entries before, not offsets.
    sizes: bool,
    header_length: u32,
}

impl Basket {
    /// Decodes the record of a basket on disk, reusing this basket's memory.
    pub(crate) fn load_record(
        &mut self,
        record: &[u8],
        entries: u64,
        codecs: &mut Codecs,
    ) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(record);
        let key = Key::read(&mut cursor)?;
        let numbers = BasketNumbers::read(&mut cursor)?;
        if key.total_length as usize != record.len() {
            return Err(Malformed::new(format!(
                "its record says {} bytes and its branch {}",
                key.total_length,
                record.len()
            )));
        }
        let stored = record
            .get(usize::from(key.header_length)..)
            .unwrap_or_default();
        codecs.decompress(stored, key.object_length as usize, &mut self.payload)?;
        self.header_length = u32::from(key.header_length);
        self.sizes = numbers.generated;
        self.data_end = data_end(numbers, self.header_length, self.payload.len())?;
        let after = Cursor::starting_at(&self.payload, self.data_end)?;
        self.offsets = trailing_offsets(after, entries);
        Ok(())
    }

    /// Takes the contents of a basket in the tree's record, which are not compressed.
    pub(crate) fn load_embedded(
        &mut self,
        payload: &[u8],
        start: usize,
        end: usize,
    ) -> Result<(), Malformed> {
        let EmbeddedHeader {
            mut cursor,
            header_length,
            numbers,
            ..
        } = EmbeddedHeader::read(payload, start, end)?;
        let flag = numbers.flag;
        let mut offsets: &[u8] = &[];
        if flag < 80 && flag != 0 && flag % 10 != 2 && numbers.entries > 0 {
            let count = cursor.u32()? as usize;
            offsets = cursor.take(count.saturating_mul(4))?;
            if flag > 40 {
                let displaced = cursor.u32()? as usize;
                cursor.skip(displaced.saturating_mul(4))?;
            }
        }
        if flag != 1 && flag <= 10 && flag < 80 {
            return Err(Malformed::new("the basket in the tree has no contents"));
        }
        if numbers.version < 2 {
            cursor.skip(4)?;
        }
        let buffer = cursor.take(numbers.last as usize)?;
        let data = buffer.get(usize::from(header_length)..).unwrap_or_default();
        self.payload.clear();
        self.payload.extend_from_slice(data);
        self.data_end = data.len();
        self.header_length = u32::from(header_length);
        self.sizes = false;
        let masked = (21..40).contains(&flag);
        for &chunk in offsets.as_chunks::<4>().0 {
            let offset = u32::from_be_bytes(chunk);
            let offset = if masked {
                offset & !DISPLACEMENT_MASK
            } else {
                offset
            };
            self.payload.extend_from_slice(&offset.to_be_bytes());
        }
        self.offsets = (!offsets.is_empty()).then_some(self.data_end..self.payload.len());
        Ok(())
    }

    /// The values' bytes, as they are in the file.
    pub(crate) fn data(&self) -> &[u8] {
        self.payload.get(..self.data_end).unwrap_or_default()
    }

    /// Whether the basket says where each entry begins.
    pub(crate) fn has_offsets(&self) -> bool {
        self.offsets.is_some()
    }

    /// As [`Basket::boundaries`], found by walking over entries that say how long they are: by
    /// a byte count when they have a header, otherwise as strings.
    pub(crate) fn walk(
        &self,
        entries: usize,
        header: bool,
        out: &mut Vec<u32>,
    ) -> Result<(), Malformed> {
        let mut cursor = Cursor::new(self.data());
        out.clear();
        out.push(0);
        for _ in 0..entries {
            if header {
                skip_object(&mut cursor, "an entry")?;
            } else {
                cursor.text_bytes()?;
            }
            out.push(u32::try_from(cursor.position()).unwrap_or(u32::MAX));
        }
        Ok(())
    }

    /// Where each of `entries` entries begins in [`Basket::data`], then where the last ends.
    pub(crate) fn boundaries(&self, entries: usize, out: &mut Vec<u32>) -> Result<(), Malformed> {
        out.clear();
        let bytes = self
            .offsets
            .clone()
            .and_then(|range| self.payload.get(range));
        let offsets = bytes.unwrap_or_default().as_chunks::<4>().0;
        let Some(offsets) = offsets.get(..entries) else {
            return Err(Malformed::new(format!(
                "{} entry offsets for {entries} entries",
                offsets.len()
            )));
        };
        out.reserve(entries + 1);
        let numbers = offsets.iter().map(|&chunk| u32::from_be_bytes(chunk));
        if self.sizes {
            out.push(0);
            out.extend(numbers.skip(1).scan(0_u32, |end, size| {
                *end = end.saturating_add(size);
                Some(*end)
            }));
            out.truncate(entries);
        } else {
            let from = self.header_length;
            out.extend(numbers.map(|offset| offset.wrapping_sub(from)));
        }
        out.push(u32::try_from(self.data_end).unwrap_or(u32::MAX));
        if out
            .windows(2)
            .all(|pair| matches!(pair, [from, to] if from <= to))
        {
            Ok(())
        } else {
            Err(Malformed::new("its entry offsets are not in order"))
        }
    }
}

fn data_end(
    numbers: BasketNumbers,
    header_length: u32,
    payload: usize,
) -> Result<usize, Malformed> {
    let end = numbers
        .last
        .checked_sub(header_length)
        .map(|end| end as usize);
    end.filter(|&end| end <= payload).ok_or_else(|| {
        Malformed::new(format!(
            "its data ends at byte {} of a record with {header_length} + {payload} bytes",
            numbers.last
        ))
    })
}

/// The counted array of offsets after the data, when there is a whole one.
fn trailing_offsets(mut cursor: Cursor<'_>, entries: u64) -> Option<Range<usize>> {
    let count = cursor.u32().ok()? as usize;
    let start = cursor.position();
    cursor.skip(count.checked_mul(4)?).ok()?;
    (count as u64 >= entries).then_some(start..cursor.position())
}
