//! BDT configurations that stages select by.

use lumimill_common::bdt_config::{BdtConfig, CLASSES};

/// A BDT configuration that a stage selects by.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Selection {
    /// Name of the model.
    pub model: String,
    /// What it says.
    pub config: BdtConfig,
}

impl Selection {
    /// Which of its classes a column is the score of.
    pub(super) fn class_of(&self, score: &str) -> Option<usize> {
        let class = score.strip_prefix(self.model.as_str())?.strip_prefix('_')?;
        let class = CLASSES.iter().position(|known| *known == class)?;
        (class < self.config.kind.classes().len()).then_some(class)
    }
}
