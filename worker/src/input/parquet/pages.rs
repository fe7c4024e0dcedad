//! The pages of a column in a row group, whose values are counted: as many as the footer says, and no more
//! than there are bytes for.

use parquet::basic::{Encoding, Type};
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::serialized_reader::SerializedPageReader;

use super::chunk::Chunk;
use super::fault::{MOST_TEXT, TEXT_BATCH};

/// Texts of a page that may be there without bytes of their own.
const MOST_VALUES: usize = 1 << 22;

/// Gives pages, and holds the number of their values against the footer's.
pub(super) struct CountedPages {
    pages: SerializedPageReader<Chunk>,
    kind: Type,
    /// Values of the whole row group, where one entry may have all of them.
    listed: Option<u64>,
    /// The largest of its levels of repetition.
    most_repeated: i16,
    /// Values that are still to come.
    left: u64,
    /// Whether the number of values is known of all pages that were passed over.
    is_known: bool,
}

impl CountedPages {
    /// Those of a column.
    pub(super) fn new(pages: SerializedPageReader<Chunk>, column: &ColumnChunkMetaData) -> Self {
        let values = column.num_values().unsigned_abs();
        Self {
            pages,
            kind: column.column_type(),
            listed: (column.column_descr().max_rep_level() > 0).then_some(values),
            most_repeated: column.column_descr().max_rep_level(),
            left: values,
            is_known: true,
        }
    }

    fn take(&mut self, values: u64) -> Result<(), ParquetError> {
        match self.left.checked_sub(values) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(ParquetError::General(String::from(
                "its pages have more values than its footer says",
            ))),
        }
    }

    /// That a page has bytes for what it claims, and is unpacked to what can be held.
    fn check(&self, page: &Page) -> Result<(), ParquetError> {
        let values = page.num_values() as usize;
        let bytes = page.buffer();
        let wrong = |what: String| Err(ParquetError::General(what));
        let is_text = self.kind == Type::BYTE_ARRAY;
        if page.is_dictionary_page() {
            let least = values.saturating_mul(least_width(self.kind));
            if least > bytes.len() {
                let size = bytes.len();
                return wrong(format!(
                    "a dictionary claims {values} values in {size} bytes"
                ));
            }
            return match is_text {
                true => self.check_texts(longest(bytes)),
                false => Ok(()),
            };
        }
        if levels_of_repetition(page, self.most_repeated) < values as u64 {
            // Whoever decodes them would look for more for ever.
            return wrong(format!("a page has fewer levels than its {values} values"));
        }
        match page.encoding() {
            Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY
                if values > MOST_VALUES.max(bytes.len()) =>
            {
                wrong(format!(
                    "a page claims {values} texts in {} bytes",
                    bytes.len()
                ))
            }
            // Each may begin as the one before, and be as long as all together.
            Encoding::DELTA_BYTE_ARRAY => self.check_texts(bytes.len()),
            _ => Ok(()),
        }
    }

    /// That as many texts of this length as are decoded at once can be held.
    fn check_texts(&self, longest: usize) -> Result<(), ParquetError> {
        let at_once = self.listed.unwrap_or(TEXT_BATCH as u64);
        match at_once.saturating_mul(longest as u64) <= MOST_TEXT as u64 {
            true => Ok(()),
            false => Err(ParquetError::General(format!(
                "texts of up to {longest} bytes, {at_once} of them at once, are more than are read"
            ))),
        }
    }

    fn end(&self) -> Result<(), ParquetError> {
        match self.left == 0 || !self.is_known {
            true => Ok(()),
            false => Err(ParquetError::General(format!(
                "its pages have {} values less than its footer says",
                self.left
            ))),
        }
    }
}

impl Iterator for CountedPages {
    type Item = Result<Page, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl PageReader for CountedPages {
    fn get_next_page(&mut self) -> Result<Option<Page>, ParquetError> {
        let page = self.pages.get_next_page()?;
        match &page {
            Some(page) => {
                if page.is_data_page() {
                    self.take(u64::from(page.num_values()))?;
                }
                self.check(page)?;
            }
            None => self.end()?,
        }
        Ok(page)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>, ParquetError> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<(), ParquetError> {
        match self.pages.peek_next_page()? {
            Some(page) if page.is_dict => {}
            Some(page) => match page.num_levels {
                Some(values) => self.take(values as u64)?,
                None => self.is_known = false,
            },
            None => {}
        }
        self.pages.skip_next_page()
    }

    fn at_record_boundary(&mut self) -> Result<bool, ParquetError> {
        self.pages.at_record_boundary()
    }
}

/// How many levels of repetition a page has, at least where it has as many as it claims.
fn levels_of_repetition(page: &Page, most: i16) -> u64 {
    let width = usize::try_from(u16::BITS - most.unsigned_abs().leading_zeros()).unwrap_or(16);
    let bytes = match page {
        _ if most <= 0 => None,
        Page::DataPage {
            buf,
            rep_level_encoding: Encoding::RLE,
            ..
        } => buf.split_first_chunk::<4>().and_then(|(length, rest)| {
            rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
        }),
        Page::DataPageV2 {
            buf,
            rep_levels_byte_len,
            ..
        } => buf.get(..*rep_levels_byte_len as usize),
        _ => None,
    };
    bytes.map_or(u64::MAX, |bytes| hybrid_length(bytes, width))
}

/// How many numbers of so many bits are in runs and packs of eight, one after another.
fn hybrid_length(mut bytes: &[u8], width: usize) -> u64 {
    let mut length = 0u64;
    while !bytes.is_empty() {
        let (mut header, mut shift) = (0u64, 0);
        loop {
            let Some((byte, rest)) = bytes.split_first() else {
                return length;
            };
            bytes = rest;
            header |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 || shift > 63 {
                break;
            }
        }
        let count = header >> 1;
        let (size, numbers) = match header & 1 {
            1 => {
                let size = count.saturating_mul(width as u64);
                let there = size.min(bytes.len() as u64);
                (size, there.saturating_mul(8) / width as u64)
            }
            _ => (width.div_ceil(8) as u64, count),
        };
        let Some(rest) = bytes.get(usize::try_from(size).unwrap_or(usize::MAX)..) else {
            return match header & 1 {
                1 => length.saturating_add(numbers),
                _ => length,
            };
        };
        length = length.saturating_add(numbers);
        bytes = rest;
    }
    length
}

/// The fewest bytes of a value in a dictionary.
fn least_width(kind: Type) -> usize {
    match kind {
        Type::BOOLEAN => 1,
        Type::INT32 | Type::FLOAT | Type::BYTE_ARRAY => 4,
        Type::INT64 | Type::DOUBLE => 8,
        Type::INT96 => 12,
        Type::FIXED_LEN_BYTE_ARRAY => 1,
    }
}

/// The bytes of the longest text of a dictionary: each follows its length.
fn longest(mut texts: &[u8]) -> usize {
    let mut longest = 0;
    while let Some((length, rest)) = texts.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        longest = longest.max(length.min(rest.len()));
        texts = rest.get(length..).unwrap_or_default();
    }
    longest
}

/// The one reader of pages that a column has in a row group.
pub(super) struct OneColumn(pub(super) Option<CountedPages>);

impl Iterator for OneColumn {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Ok(Box::new(self.0.take()?)))
    }
}

impl PageIterator for OneColumn {}
