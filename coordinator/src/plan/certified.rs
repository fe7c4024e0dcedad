//! What of a dataset is certified.

use std::path::Path;

use lumimill_common::campaign::{Certification, DatasetKind};
use lumimill_common::lumi_mask::{LumiMask, MaskError, MaskNote};
use lumimill_common::run_range::RunRange;
use lumimill_common::small_file::SmallFile;
use lumimill_common::spelling::spelled_out;
use serde::{Deserialize, Serialize};
use thiserror::Error;

const MASK: SmallFile = SmallFile {
    what: "a mask (JSON)",
    most: 64 << 20,
};

/// Which lumi sections of data count.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certified {
    /// All of them: simulation, or a campaign without a certification.
    #[default]
    Everything,
    /// Those of a mask, limited already to the campaign's runs.
    Mask(LumiMask),
    /// Every one of some runs.
    Runs(RunRange),
}

/// Why a certification cannot be used.
#[derive(Debug, Error)]
pub enum CertificationError {
    /// The file could not be read.
    #[error("certification.mask: {path}: {reason}")]
    Unreadable {
        /// The path as the campaign has it.
        path: String,
        /// What the operating system said.
        reason: String,
    },
    /// The file is not a mask.
    #[error("certification.mask: {0}")]
    Mask(#[from] MaskError),
    /// Mask and runs have nothing in common.
    #[error(
        "certification.runs: no run of {runs} is in the mask {path}: nothing would be certified"
    )]
    NothingLeft {
        /// The campaign's runs.
        runs: RunRange,
        /// The path of the mask.
        path: String,
    },
}

impl Certified {
    /// Reads what a campaign certifies; its paths are relative to the folder `base`.
    ///
    /// # Errors
    /// A mask that cannot be read or is not one, or has nothing in common with the runs.
    pub fn load(
        certification: Option<&Certification>,
        base: &Path,
    ) -> Result<(Self, Vec<MaskNote>), CertificationError> {
        let Some(certification) = certification else {
            return Ok((Self::Everything, Vec::new()));
        };
        let runs = certification.runs.as_ref();
        let Some(path) = &certification.mask else {
            let certified = runs.cloned().map_or(Self::Everything, Self::Runs);
            return Ok((certified, Vec::new()));
        };
        let text = read(base, path).map_err(|reason| CertificationError::Unreadable {
            path: path.clone(),
            reason,
        })?;
        let (mask, notes) = LumiMask::parse(path, &text)?;
        let Some(runs) = runs else {
            return Ok((Self::Mask(mask), notes));
        };
        let limited = mask.restrict(runs);
        if limited.is_empty() && !mask.is_empty() {
            return Err(CertificationError::NothingLeft {
                runs: runs.clone(),
                path: path.clone(),
            });
        }
        let kept = notes.into_iter().filter(|note| runs.contains(note.run));
        Ok((Self::Mask(limited), kept.collect()))
    }

    /// What of it applies to a dataset: simulation is never certified.
    #[must_use]
    pub fn of_kind(&self, kind: DatasetKind) -> &Self {
        match kind {
            DatasetKind::Data => self,
            DatasetKind::Mc => &Self::Everything,
        }
    }

    /// Whether it leaves anything out.
    #[must_use]
    pub(crate) fn is_everything(&self) -> bool {
        matches!(self, Self::Everything)
    }

    /// The mask, when there is one.
    #[must_use]
    pub fn mask(&self) -> Option<&LumiMask> {
        match self {
            Self::Mask(mask) => Some(mask),
            Self::Everything | Self::Runs(_) => None,
        }
    }

    /// Those of these lumi sections that are certified.
    #[must_use]
    pub fn select(&self, lumis: &LumiMask) -> LumiMask {
        match self {
            Self::Everything => lumis.clone(),
            Self::Mask(mask) => mask.intersection(lumis),
            Self::Runs(runs) => lumis.restrict(runs),
        }
    }
}

fn read(base: &Path, path: &str) -> Result<String, String> {
    let plain = spelled_out(path).map_err(|error| error.to_string())?;
    let text = MASK.read_text(&base.join(plain));
    text.map_err(|error| error.to_string())
}
