//! One column of a reader: its pages, those that are decoded, and the elements in them.

use std::ops::Range;
use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::ntuple::Ntuple;
use super::page::decode;
use super::page_list::{Cluster, ColumnPages, Page};
use super::values::Values;
use crate::codec::Codecs;
use crate::cursor::Malformed;
use crate::error::{Error, Place};
use crate::limit::Claims;
use crate::wanted::Wanted;

/// Bytes of the checksum after a page.
const CHECKSUM_BYTES: u32 = 8;

/// A column, in whichever of its representations a cluster has it.
#[derive(Debug)]
pub(super) struct PageColumn {
    /// A branch that it is of, for errors.
    place: Place,
    ids: Arc<[usize]>,
    loaded: Vec<Loaded>,
    /// Elements of the cluster in hand that come before the first one stored, which are zero.
    zeros: u64,
}

/// A decoded page.
#[derive(Debug)]
struct Loaded {
    cluster: usize,
    number: usize,
    start: u64,
    values: Values,
}

/// A cluster, with its number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbered<'a> {
    pub(super) number: usize,
    pub(super) cluster: &'a Cluster,
}

impl PageColumn {
    pub(super) fn new(ids: Arc<[usize]>, place: Place) -> Self {
        Self {
            place,
            ids,
            loaded: Vec::new(),
            zeros: 0,
        }
    }

    pub(super) fn is_of(&self, ids: &[usize]) -> bool {
        *self.ids == *ids
    }

    /// The branch, for errors.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The representation that a cluster has, and its pages; `None` where it has none.
    pub(super) fn pages<'a>(&self, cluster: &'a Cluster) -> Option<(usize, &'a ColumnPages)> {
        let pages = |&id: &usize| Some((id, cluster.column(id)?));
        self.ids.iter().find_map(pages)
    }

    /// Lists the pages with some elements of a cluster that are missing; `scale` is how many elements
    /// each entry has, where it is in no list.
    pub(super) fn want(
        &mut self,
        ntuple: &Ntuple,
        (column, at): (usize, Numbered<'_>),
        (elements, scale): (&Range<u64>, Option<u64>),
        wanted: &mut Vec<Wanted>,
    ) -> Result<(), Error> {
        if elements.is_empty() {
            return Ok(());
        }
        let found = self.pages(at.cluster);
        let stored = found.map_or(0, |(_, pages)| pages.elements);
        self.zeros = self.zeros_before(ntuple, at.cluster, scale, stored);
        let needed = self.stored(elements);
        // Of what is in no list, all are known by the entries.
        let all = scale.map(|scale| at.cluster.entries.saturating_mul(scale));
        if let Some(all) = all.filter(|all| self.zeros.saturating_add(stored) != *all) {
            return Err(self.place.corrupt(format!(
                "its pages in cluster {} hold {stored} elements, and its entries have {}",
                at.number,
                all.saturating_sub(self.zeros)
            )));
        }
        if needed.end > stored {
            return Err(self.place.corrupt(format!(
                "its pages in cluster {} hold {stored} elements, and {} are there by the entries",
                at.number, needed.end
            )));
        }
        let Some((_, pages)) = found else {
            return Ok(());
        };
        for number in overlapping(&pages.pages, &needed) {
            if let Some(page) = pages.pages.get(number)
                && !self.has(at.number, number)
            {
                let page = page.wanted(column, number);
                if u64::from(page.length) > ntuple.largest_record() {
                    let reason = "one of its pages is in several records of the file";
                    return Err(self.place.unsupported(reason));
                }
                wanted.push(page);
            }
        }
        Ok(())
    }

    /// How many elements of a cluster are zeros that are stored nowhere, as the column was added later.
    fn zeros_before(
        &self,
        ntuple: &Ntuple,
        cluster: &Cluster,
        scale: Option<u64>,
        stored: u64,
    ) -> u64 {
        let first = |id: &usize| ntuple.column(*id).and_then(|column| column.deferred);
        let firsts: Option<Vec<u64>> = self.ids.iter().map(first).collect();
        let Some(first) = firsts.and_then(|firsts| firsts.into_iter().min()) else {
            return 0;
        };
        match scale {
            Some(scale) => {
                let before = first.saturating_sub(cluster.first.saturating_mul(scale));
                let missing = cluster.entries.saturating_mul(scale).saturating_sub(stored);
                before.min(missing)
            }
            None if stored == 0 => u64::MAX,
            None => 0,
        }
    }

    /// All its pages, each with the entry that it begins with: of what is in lists, about.
    pub(super) fn on_disk(&self, ntuple: &Ntuple) -> Vec<(u64, Wanted)> {
        let mut found = Vec::new();
        for cluster in ntuple.clusters() {
            let Some((_, pages)) = self.pages(cluster) else {
                continue;
            };
            for (number, page) in pages.pages.iter().enumerate() {
                let ahead = u128::from(page.start) * u128::from(cluster.entries)
                    / u128::from(pages.elements.max(1));
                let ahead = u64::try_from(ahead).unwrap_or(cluster.entries);
                found.push((cluster.first.saturating_add(ahead), page.wanted(0, number)));
            }
        }
        found
    }

    /// The elements that are stored of these.
    fn stored(&self, elements: &Range<u64>) -> Range<u64> {
        elements.start.saturating_sub(self.zeros)..elements.end.saturating_sub(self.zeros)
    }

    fn has(&self, cluster: usize, number: usize) -> bool {
        let same = |loaded: &Loaded| loaded.cluster == cluster && loaded.number == number;
        self.loaded.iter().any(same)
    }

    /// Decodes a page from its bytes in the file.
    pub(super) fn load(
        &mut self,
        ntuple: &Ntuple,
        (number, at): (usize, Numbered<'_>),
        record: &[u8],
        (claims, codecs, scratch): (&mut Claims, &mut Codecs, &mut Vec<u8>),
    ) -> Result<(), Error> {
        if self.has(at.number, number) {
            return Ok(());
        }
        let Some((id, pages)) = self.pages(at.cluster) else {
            return Ok(());
        };
        let encoding = ntuple.column(id).and_then(|column| column.encoding);
        let Some((page, encoding)) = pages.pages.get(number).zip(encoding) else {
            return Ok(());
        };
        let elements = u64::from(page.elements);
        let length = encoding.page_bytes(elements);
        let width = encoding.primitive().width() as u64;
        let decoded = elements.saturating_mul(width);
        claims.add(page.stored.into(), length.max(decoded), &self.place)?;
        let decoded = page.checked(record).and_then(|stored| {
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            codecs.decompress(stored, length, scratch)?;
            decode(&encoding, scratch, page.elements as usize)
        });
        let values = decoded.map_err(|error| {
            let cluster = at.number;
            let what = format!("page {number} of column {id} in cluster {cluster}: {error}");
            self.place.corrupt(what)
        })?;
        self.loaded.push(Loaded {
            cluster: at.number,
            number,
            start: page.start,
            values,
        });
        Ok(())
    }

    /// Puts the pages in the order of their elements.
    pub(super) fn order(&mut self) {
        self.loaded
            .sort_unstable_by_key(|loaded| (loaded.cluster, loaded.number));
    }

    /// Appends some elements of a cluster, whose pages are loaded.
    pub(super) fn copy(
        &self,
        cluster: usize,
        elements: &Range<u64>,
        claims: &mut Claims,
        to: &mut Values,
    ) -> Result<(), Error> {
        let whole = elements.end.saturating_sub(elements.start);
        let stored = self.stored(elements);
        let zeros = whole.saturating_sub(stored.end.saturating_sub(stored.start));
        if zeros > 0 {
            claims.add(0, zeros.saturating_mul(8), &self.place)?;
            to.extend_zeros(usize::try_from(zeros).unwrap_or(usize::MAX));
        }
        for loaded in &self.loaded {
            if loaded.cluster != cluster {
                continue;
            }
            let within = |element: u64| {
                let ahead = usize::try_from(element.saturating_sub(loaded.start));
                ahead.unwrap_or(usize::MAX).min(loaded.values.len())
            };
            let range = within(stored.start)..within(stored.end);
            if !range.is_empty() {
                to.extend(&loaded.values, range);
            }
        }
        Ok(())
    }

    /// Forgets all pages but the last.
    pub(super) fn keep_last(&mut self) {
        if let Some(last) = self.loaded.pop() {
            self.loaded.clear();
            self.loaded.push(last);
        }
    }
}

impl Page {
    /// What is read of the file for it.
    pub(super) fn wanted(&self, column: usize, number: usize) -> Wanted {
        let checksum = match self.has_checksum {
            true => CHECKSUM_BYTES,
            false => 0,
        };
        Wanted {
            offset: self.offset,
            length: self.stored.saturating_add(checksum),
            column,
            number,
        }
    }

    /// Its bytes, when the checksum after them is right.
    fn checked<'a>(&self, record: &'a [u8]) -> Result<&'a [u8], Malformed> {
        let cut = || Malformed::new("it is cut short");
        let (stored, rest) = record
            .split_at_checked(self.stored as usize)
            .ok_or_else(cut)?;
        if self.has_checksum {
            let checksum = rest.first_chunk::<8>().ok_or_else(cut)?;
            let checksum = u64::from_le_bytes(*checksum);
            let found = XxHash3_64::oneshot(stored);
            if found != checksum {
                return Err(Malformed::new(format!(
                    "the checksum is {found:016x} but {checksum:016x} was stored"
                )));
            }
        }
        Ok(stored)
    }
}

/// The numbers of the pages that hold some of these elements.
pub(super) fn overlapping(pages: &[Page], elements: &Range<u64>) -> Range<usize> {
    if elements.is_empty() {
        return 0..0;
    }
    let after = pages.partition_point(|page| page.start <= elements.start);
    let end = pages.partition_point(|page| page.start < elements.end);
    after.saturating_sub(1)..end
}
