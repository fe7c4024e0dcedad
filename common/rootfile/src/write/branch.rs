//! One branch: its entries into baskets, its `TBranch` and `TLeaf` into the tree's record.

use super::{
    Compression, WriteError,
    buffer::{Buffer, ObjectRef},
    column::{Column, Shape, largest_count},
    file::{FileWriter, Placed, Record},
};
use arrow_array::ArrayRef;
use std::io::{Seek, Write};
use std::ops::Range;

/// Version, buffer size, entry size, entries, end of data and flag: what `TBasket` adds to its key.
const BASKET_HEADER: u16 = 19;

/// A branch and the baskets written so far.
#[derive(Debug)]
pub(super) struct Branch {
    pub(super) column: Column,
    compression: Compression,
    basket_bytes: usize,
    /// First entry of each basket, and where it lies.
    baskets: Vec<(u64, Placed)>,
    entries: u64,
    /// Largest value seen, where the branch is a counter; 0 elsewhere.
    largest: u32,
}

impl Branch {
    pub(super) fn new(column: Column, compression: Compression, basket_bytes: usize) -> Self {
        Self {
            column,
            compression,
            basket_bytes,
            baskets: Vec::new(),
            entries: 0,
            largest: 0,
        }
    }

    pub(super) fn set_basket_bytes(&mut self, bytes: usize) {
        self.basket_bytes = bytes;
    }

    /// Plain and stored bytes of all baskets with their keys.
    pub(super) fn bytes(&self) -> (i64, i64) {
        let sum = |of: fn(&Placed) -> u32| self.baskets.iter().map(|(_, p)| i64::from(of(p))).sum();
        (sum(|p| p.plain_bytes), sum(|p| p.stored_bytes))
    }

    /// Writes the entries of a cluster as one basket or more.
    pub(super) fn write_cluster<W: Write + Seek>(
        &mut self,
        file: &mut FileWriter<W>,
        tree: &str,
        array: &ArrayRef,
    ) -> Result<(), WriteError> {
        let offsets = self.column.value_offsets(array);
        if self.column.is_counter {
            self.largest = self.largest.max(largest_count(array));
        }
        let mut start = 0;
        while start < array.len() {
            let stop = self.basket_stop(&offsets, start);
            let slice = offsets.get(start..=stop).unwrap_or_default();
            let placed = self.put_basket(file, tree, array, slice)?;
            self.baskets.push((self.entries, placed));
            self.entries += (stop - start) as u64;
            start = stop;
        }
        Ok(())
    }

    /// One past the last entry of a basket that begins at `start`: as many as fit, at least one.
    fn basket_stop(&self, offsets: &[usize], start: usize) -> usize {
        let room = self.basket_bytes / self.column.leaf.size();
        let from = offsets.get(start).copied().unwrap_or(0);
        let fitting = offsets.partition_point(|&offset| offset <= from + room);
        fitting
            .saturating_sub(1)
            .clamp(start + 1, offsets.len() - 1)
    }

    /// Puts the basket whose entries begin at `offsets` (the last is the end).
    fn put_basket<W: Write + Seek>(
        &self,
        file: &mut FileWriter<W>,
        tree: &str,
        array: &ArrayRef,
        offsets: &[usize],
    ) -> Result<Placed, WriteError> {
        let name = &self.column.name;
        let key_length = FileWriter::<W>::key_length("TBasket", name, tree, BASKET_HEADER);
        let values = Range {
            start: offsets.first().copied().unwrap_or(0),
            end: offsets.last().copied().unwrap_or(0),
        };
        let mut payload = Vec::new();
        self.column.append(array, values.clone(), &mut payload);
        let entries = offsets.len().saturating_sub(1) as u32;
        let last = key_length + payload.len() as u32;
        if matches!(self.column.shape, Shape::Jagged(_)) {
            self.append_offsets(offsets, key_length, &mut payload);
        }
        let mut header = Buffer::new(0);
        header.u16(3);
        header.u32(self.basket_bytes.max(payload.len()) as u32);
        header.u32(
            self.column
                .entry_bytes()
                .map_or(entries + 1, |bytes| bytes as u32),
        );
        header.u32(entries);
        header.u32(last);
        header.u8(0);
        file.put(&Record {
            class: "TBasket",
            name,
            title: tree,
            key_addition: &header.into_bytes(),
            payload: &payload,
            compression: self.compression,
            listed: None,
        })
    }

    /// The table after the data of a jagged basket: how many, where each entry begins counted
    /// from the key, and a last slot that readers ignore.
    fn append_offsets(&self, offsets: &[usize], key_length: u32, payload: &mut Vec<u8>) {
        let first = offsets.first().copied().unwrap_or(0);
        let entries = offsets.len().saturating_sub(1);
        payload.extend_from_slice(&(offsets.len() as u32).to_be_bytes());
        for offset in offsets.iter().take(entries) {
            let position = key_length + ((offset - first) * self.column.leaf.size()) as u32;
            payload.extend_from_slice(&position.to_be_bytes());
        }
        payload.extend_from_slice(&0_u32.to_be_bytes());
    }

    /// Streams the branch as an object of the tree and returns its leaf.
    pub(super) fn write(&self, out: &mut Buffer, counter: Option<ObjectRef>) -> Option<ObjectRef> {
        let mut leaf = None;
        out.object("TBranch", |b| {
            b.versioned(13, |b| {
                b.named(&self.column.name, &self.column.branch_title());
                b.versioned(2, |b| {
                    b.u16(0);
                    b.u16(1001);
                });
                self.write_sizes(b);
                b.object_array(0, |_| ());
                b.object_array(1, |b| leaf = Some(self.write_leaf(b, counter)));
                b.object_array(0, |_| ());
                self.write_baskets(b);
                b.string("");
            });
        });
        leaf
    }

    fn write_sizes(&self, b: &mut Buffer) {
        let (plain, stored) = self.bytes();
        b.i32(self.compression.setting());
        b.i32(self.basket_bytes as i32);
        b.i32(if self.column.entry_bytes().is_some() {
            0
        } else {
            1000
        });
        b.i32(self.baskets.len() as i32);
        b.i64(self.entries as i64);
        write_io_features(b);
        b.i32(0);
        b.i32(self.baskets.len() as i32 + 1);
        b.i32(0);
        b.i64(self.entries as i64);
        b.i64(0);
        b.i64(plain);
        b.i64(stored);
    }

    fn write_leaf(&self, b: &mut Buffer, counter: Option<ObjectRef>) -> ObjectRef {
        let column = &self.column;
        b.object(column.leaf.class(), |b| {
            b.versioned(1, |b| {
                b.versioned(2, |b| {
                    b.named(&column.name, &column.leaf_title());
                    b.i32(if let Shape::Fixed(length) = column.shape {
                        length as i32
                    } else {
                        1
                    });
                    b.i32(column.leaf.size() as i32);
                    b.i32(0);
                    b.u8(u8::from(column.is_counter));
                    b.u8(u8::from(column.leaf.is_unsigned()));
                    b.pointer(counter);
                });
                column.leaf.write_range(b, self.largest);
            });
        })
    }

    /// Bytes, first entry and position of every basket; one slot more than there are baskets.
    fn write_baskets(&self, b: &mut Buffer) {
        b.u8(1);
        self.baskets
            .iter()
            .for_each(|(_, placed)| b.u32(placed.stored_bytes));
        b.u32(0);
        b.u8(1);
        self.baskets
            .iter()
            .for_each(|(first, _)| b.i64(*first as i64));
        b.i64(self.entries as i64);
        b.u8(1);
        self.baskets
            .iter()
            .for_each(|(_, placed)| b.i64(i64::from(placed.seek)));
        b.i64(0);
    }
}

/// A `ROOT::TIOFeatures` with no feature on: a class without a version, known by its checksum.
pub(super) fn write_io_features(b: &mut Buffer) {
    b.versioned(0, |b| {
        b.u32(0x1AA1_2F10);
        b.u8(0);
    });
}
