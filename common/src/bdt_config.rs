//! A BDT selection as ALICE's O2 reads it: a JSON document with a model, and cuts on its scores, for
//! each bin of centrality and transverse momentum.
//!
//! Members count in the order of the document, as they do for O2; what O2 does not read is kept, so
//! that the document can be written again with other cuts.

mod block;
mod reading;

use crate::ordered_json::Json;
use crate::section::Problem;

/// The classes in the order of a model's scores, as columns are named after them.
pub const CLASSES: [&str; 3] = ["background", "prompt", "nonprompt"];
/// Features that O2 knows, which are branches of its table with an `f` for the `k`.
pub const FEATURES: [&str; 30] = [
    "kMass",
    "kPt",
    "kEta",
    "kPhi",
    "kPt1",
    "kITSChi2NCl1",
    "kTPCNClsCR1",
    "kTPCNClsFound1",
    "kTPCChi2NCl1",
    "kDcaXY1",
    "kDcaZ1",
    "kTPCNSigmaEl1",
    "kTPCNSigmaPi1",
    "kTPCNSigmaPr1",
    "kTOFNSigmaEl1",
    "kTOFNSigmaPi1",
    "kTOFNSigmaPr1",
    "kPt2",
    "kITSChi2NCl2",
    "kTPCNClsCR2",
    "kTPCNClsFound2",
    "kTPCChi2NCl2",
    "kDcaXY2",
    "kDcaZ2",
    "kTPCNSigmaEl2",
    "kTPCNSigmaPi2",
    "kTPCNSigmaPr2",
    "kTOFNSigmaEl2",
    "kTOFNSigmaPi2",
    "kTOFNSigmaPr2",
];
/// Bins, at most.
pub const MOST_BINS: usize = 1_000;

/// How many classes the models tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BdtKind {
    /// One score.
    Binary,
    /// Scores of background, prompt and nonprompt.
    MultiClass,
}

impl BdtKind {
    /// The classes that are cut on.
    #[must_use]
    pub fn classes(self) -> &'static [&'static str] {
        match self {
            Self::Binary => &CLASSES[..1],
            Self::MultiClass => &CLASSES,
        }
    }
}

/// A cut on one score.
#[derive(Debug, Clone, PartialEq)]
pub struct BdtCut {
    /// The value.
    pub value: f64,
    /// Whether scores up to the value are kept, and not those from it on.
    pub exclude: bool,
    /// Where the value is in the document.
    at: Vec<usize>,
}

impl BdtCut {
    /// Whether a score passes; one that is no number does, as it does in O2.
    #[must_use]
    pub fn passes(&self, score: f64) -> bool {
        match self.exclude {
            true => score <= self.value || score.is_nan(),
            false => score >= self.value || score.is_nan(),
        }
    }
}

/// A bin of centrality and transverse momentum; both hold their lower edge.
#[derive(Debug, Clone, PartialEq)]
pub struct BdtBin {
    /// Percent.
    pub centrality: [f64; 2],
    /// GeV.
    pub pt: [f64; 2],
    /// One a class.
    pub cuts: Vec<BdtCut>,
}

impl BdtBin {
    /// Whether a candidate is in it.
    #[must_use]
    pub fn holds(&self, centrality: f64, pt: f64) -> bool {
        let within = |[low, high]: [f64; 2], value: f64| low <= value && value < high;
        within(self.centrality, centrality) && within(self.pt, pt)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let common = |a: [f64; 2], b: [f64; 2]| a[0] < b[1] && b[0] < a[1];
        common(self.centrality, other.centrality) && common(self.pt, other.pt)
    }

    /// Its edges, for a person.
    #[must_use]
    pub fn label(&self) -> String {
        let ([low, high], [from, to]) = (self.centrality, self.pt);
        format!("{low} to {high} %, {from} to {to} GeV")
    }
}

/// A selection that cannot be wrong in itself.
#[derive(Debug, Clone, PartialEq)]
pub struct BdtConfig {
    /// The name of the object that is used, the first of the document.
    pub name: String,
    /// How many classes there are.
    pub kind: BdtKind,
    /// What the models read, in order.
    pub features: Vec<String>,
    /// The file of each bin's model.
    pub model_files: Vec<String>,
    /// The name of the centrality that bins are of, such as `kCentFT0C`.
    pub centrality: String,
    /// The bins, in the order of the document.
    pub bins: Vec<BdtBin>,
    /// What a person should know of it, each with its place in the document.
    pub warnings: Vec<String>,
    document: Json,
}

impl BdtConfig {
    /// Reads a document.
    ///
    /// # Errors
    /// All mistakes, each with its place in the document.
    pub fn parse(bytes: &[u8]) -> Result<Self, Vec<Problem>> {
        reading::read(bytes)
    }

    /// The first bin that a candidate is in.
    #[must_use]
    pub fn bin_of(&self, centrality: f64, pt: f64) -> Option<usize> {
        let mut bins = self.bins.iter();
        bins.position(|bin| bin.holds(centrality, pt))
    }

    /// The document with other values of cuts, for bin and class; all else is as it was.
    ///
    /// # Errors
    /// Of the writer; none is known.
    pub fn with_cuts(&self, cuts: &[(usize, usize, f64)]) -> Result<String, serde_json::Error> {
        let mut document = self.document.clone();
        for (bin, class, value) in cuts {
            let cut = self.bins.get(*bin).and_then(|bin| bin.cuts.get(*class));
            let slot = cut.and_then(|cut| document.at_mut(&cut.at));
            if let Some((slot, number)) = slot.zip(serde_json::Number::from_f64(*value)) {
                *slot = Json::Number(number);
            }
        }
        document.to_text()
    }
}

#[cfg(test)]
mod tests;
