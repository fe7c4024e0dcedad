//! The quick answer: whether the order of events alone says that none is there twice.

use crate::plan::inputs::Scanned;
use crate::plan::stretches::Stretches;

/// Whether it does, by what was seen of it when the files were looked at.
pub(super) fn are_once(files: &[&Scanned<'_>]) -> bool {
    let mut all = Stretches::default();
    for file in files {
        match &file.scan.stretches {
            Some(stretches) => all.add_file(stretches),
            None => return false,
        }
    }
    all.are_apart()
}
