//! A mass fit as a metric: counted on the rows of shards, merged, and fitted at the end.

use super::counts::MassFitCounts;
use super::fill::fill;
use super::histograms::FitCounts;
use super::result::{self, MassFitResult};
use super::spec::MassFitSpec;
use crate::metric::dropped::Dropped;
use crate::metric::kind::Counting;
use crate::metric::row_batch::{FillError, RowBatch};

impl Counting for MassFitCounts {
    type Spec = MassFitSpec;
    type Result = MassFitResult;

    fn new(spec: &MassFitSpec) -> Self {
        Self::empty(spec)
    }

    fn fill(&mut self, spec: &MassFitSpec, rows: &RowBatch<'_>) -> Result<(), FillError> {
        fill(self, spec, rows)
    }

    fn merge(&mut self, _: &MassFitSpec, other: &Self) {
        self.add(other);
    }

    fn fits(&self, spec: &MassFitSpec) -> bool {
        self.can_be_of(spec)
    }

    fn dropped(&self) -> Dropped {
        Dropped::of_rows(self.missing)
    }

    fn finalise(&self, spec: &MassFitSpec) -> MassFitResult {
        result::of(spec, &FitCounts::alone(self))
    }
}
