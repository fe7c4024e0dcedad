//! The pages of a column in a row group, whose values are counted: as many as the footer says.

use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::ParquetError;
use parquet::file::serialized_reader::SerializedPageReader;

use super::chunk::Chunk;

/// Gives pages, and holds the number of their values against the footer's.
pub(super) struct CountedPages {
    pages: SerializedPageReader<Chunk>,
    /// Values that are still to come.
    left: u64,
    /// Whether the number of values is known of all pages that were passed over.
    is_known: bool,
}

impl CountedPages {
    pub(super) fn new(pages: SerializedPageReader<Chunk>, values: u64) -> Self {
        Self {
            pages,
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
            Some(page) if page.is_data_page() => self.take(u64::from(page.num_values()))?,
            Some(_) => {}
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

/// The one reader of pages that a column has in a row group.
pub(super) struct OneColumn(pub(super) Option<CountedPages>);

impl Iterator for OneColumn {
    type Item = Result<Box<dyn PageReader>, ParquetError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(Ok(Box::new(self.0.take()?)))
    }
}

impl PageIterator for OneColumn {}
