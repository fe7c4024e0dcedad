//! What is fitted: counts in bins, or values one by one, with or without weights.

use thiserror::Error;

use crate::equal_bins::EqualBins;
use crate::range::FitRange;

/// The most bins that a histogram may have.
const MOST_BINS: usize = 1 << 20;

/// Weighted counts in equal bins of a range: mergeable, so that shards can be counted apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    range: FitRange,
    bins: EqualBins,
    sumw: Vec<f64>,
    sumw2: Vec<f64>,
    entries: u64,
    is_weighted: bool,
}

/// Why histograms do not go together, or contents are none.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum NoHistogram {
    /// No bin, or too many.
    #[error("a histogram has 1 to {MOST_BINS} bins, not {0}")]
    Bins(usize),
    /// The bins of two are not the same.
    #[error("histograms of different bins cannot be merged")]
    Differ,
    /// A content is not finite, or a sum of squares negative.
    #[error("bin {0} has a content that is no number, or a negative sum of squared weights")]
    Content(usize),
}

impl Histogram {
    /// An empty one.
    pub fn new(range: FitRange, bins: usize) -> Result<Self, NoHistogram> {
        let count = u32::try_from(bins).ok();
        let count = count.filter(|_| (1..=MOST_BINS).contains(&bins));
        let count = count.ok_or(NoHistogram::Bins(bins))?;
        Ok(Self {
            range,
            bins: EqualBins::new(range.low(), range.high(), count),
            sumw: vec![0.0; bins],
            sumw2: vec![0.0; bins],
            entries: 0,
            is_weighted: false,
        })
    }

    /// One of counted entries.
    pub fn of_counts(range: FitRange, counts: &[u64]) -> Result<Self, NoHistogram> {
        let mut histogram = Self::new(range, counts.len())?;
        for ((w, w2), count) in histogram
            .sumw
            .iter_mut()
            .zip(&mut histogram.sumw2)
            .zip(counts)
        {
            *w = *count as f64;
            *w2 = *count as f64;
            histogram.entries = histogram.entries.saturating_add(*count);
        }
        Ok(histogram)
    }

    /// One of the sums of weights and of squared weights of `entries` entries.
    pub fn of_sums(
        range: FitRange,
        sumw: Vec<f64>,
        sumw2: Vec<f64>,
        entries: u64,
    ) -> Result<Self, NoHistogram> {
        let mut histogram = Self::new(range, sumw.len())?;
        if sumw.len() != sumw2.len() {
            return Err(NoHistogram::Differ);
        }
        let wrong = |(w, w2): (&f64, &f64)| !w.is_finite() || !(0.0..f64::INFINITY).contains(w2);
        if let Some(bin) = sumw.iter().zip(&sumw2).position(wrong) {
            return Err(NoHistogram::Content(bin));
        }
        histogram.is_weighted = sumw != sumw2;
        (histogram.sumw, histogram.sumw2, histogram.entries) = (sumw, sumw2, entries);
        Ok(histogram)
    }

    /// Counts an entry; false if it lies outside of the range, or if it or its weight is no number.
    pub fn fill(&mut self, x: f64, weight: f64) -> bool {
        let Some(bin) = self.bin(x).filter(|_| weight.is_finite()) else {
            return false;
        };
        if let (Some(w), Some(w2)) = (self.sumw.get_mut(bin), self.sumw2.get_mut(bin)) {
            *w += weight;
            *w2 += weight * weight;
        }
        self.entries += 1;
        self.is_weighted |= (weight - 1.0).abs() > 0.0;
        true
    }

    /// The bin of `x`: bins are closed below, and the last one above, too.
    pub fn bin(&self, x: f64) -> Option<usize> {
        self.range.contains(x).then(|| self.bins.bin(x) as usize)
    }

    /// Adds what another histogram of the same bins has.
    pub fn merge(&mut self, other: &Self) -> Result<(), NoHistogram> {
        if self.range != other.range || self.sumw.len() != other.sumw.len() {
            return Err(NoHistogram::Differ);
        }
        for (sum, more) in self.sumw.iter_mut().zip(&other.sumw) {
            *sum += more;
        }
        for (sum, more) in self.sumw2.iter_mut().zip(&other.sumw2) {
            *sum += more;
        }
        self.entries += other.entries;
        self.is_weighted |= other.is_weighted;
        Ok(())
    }

    /// The range.
    pub fn range(&self) -> FitRange {
        self.range
    }

    /// The sum of weights of each bin.
    pub fn sumw(&self) -> &[f64] {
        &self.sumw
    }

    /// The sum of squared weights of each bin.
    pub fn sumw2(&self) -> &[f64] {
        &self.sumw2
    }

    /// How many entries were counted.
    pub fn entries(&self) -> u64 {
        self.entries
    }

    /// Whether an entry had another weight than 1.
    pub fn is_weighted(&self) -> bool {
        self.is_weighted
    }

    /// The ends of a bin.
    pub fn edges(&self, bin: usize) -> (f64, f64) {
        let edge = |bin: usize| self.bins.edge(u32::try_from(bin).unwrap_or(u32::MAX));
        (edge(bin), edge(bin + 1))
    }
}

/// Values of the fit variable with weights, in the order in which they were added.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    range: FitRange,
    x: Vec<f64>,
    /// Empty as long as all weights are 1.
    weights: Vec<f64>,
}

impl Values {
    /// None yet.
    pub fn new(range: FitRange) -> Self {
        Self {
            range,
            x: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// Adds a value; false if it lies outside of the range, or if it or its weight is no number.
    pub fn push(&mut self, x: f64, weight: f64) -> bool {
        if !self.range.contains(x) || !weight.is_finite() {
            return false;
        }
        if (weight - 1.0).abs() > 0.0 && self.weights.is_empty() {
            self.weights.resize(self.x.len(), 1.0);
        }
        if !self.weights.is_empty() || (weight - 1.0).abs() > 0.0 {
            self.weights.push(weight);
        }
        self.x.push(x);
        true
    }

    /// The values.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// The weight of a value.
    pub fn weight(&self, index: usize) -> f64 {
        self.weights.get(index).copied().unwrap_or(1.0)
    }

    /// The range that the values lie in.
    pub fn range(&self) -> FitRange {
        self.range
    }

    /// The same as counts in bins.
    pub fn histogram(&self, bins: usize) -> Result<Histogram, NoHistogram> {
        let mut histogram = Histogram::new(self.range, bins)?;
        for (index, x) in self.x.iter().enumerate() {
            histogram.fill(*x, self.weight(index));
        }
        Ok(histogram)
    }
}

/// What a fit is made to.
#[derive(Debug, Clone, Copy)]
pub enum Sample<'a> {
    /// Counts: the time of a fit depends on the number of bins alone.
    Binned(&'a Histogram),
    /// Values one by one.
    Unbinned(&'a Values),
}

/// One place of a sample: a bin, or a value with its weight and its square.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) sumw: f64,
    pub(crate) sumw2: f64,
}

impl<'a> Sample<'a> {
    /// The range of the sample.
    pub fn range(self) -> FitRange {
        match self {
            Self::Binned(histogram) => histogram.range,
            Self::Unbinned(values) => values.range,
        }
    }

    /// How many entries there are.
    pub fn entries(self) -> u64 {
        match self {
            Self::Binned(histogram) => histogram.entries,
            Self::Unbinned(values) => values.x.len() as u64,
        }
    }

    pub(crate) fn is_binned(self) -> bool {
        matches!(self, Self::Binned(_))
    }

    pub(crate) fn is_weighted(self) -> bool {
        match self {
            Self::Binned(histogram) => histogram.is_weighted,
            Self::Unbinned(values) => !values.weights.is_empty(),
        }
    }

    /// Every bin, or every value.
    pub(crate) fn places(self) -> impl Iterator<Item = Place> + 'a {
        let count = match self {
            Self::Binned(histogram) => histogram.sumw.len(),
            Self::Unbinned(values) => values.x.len(),
        };
        (0..count).map(move |index| match self {
            Self::Binned(histogram) => {
                let (low, high) = histogram.edges(index);
                let (sumw, sumw2) = (histogram.sumw[index], histogram.sumw2[index]);
                Place {
                    low,
                    high,
                    sumw,
                    sumw2,
                }
            }
            Self::Unbinned(values) => {
                let (x, w) = (values.x[index], values.weight(index));
                Place {
                    low: x,
                    high: x,
                    sumw: w,
                    sumw2: w * w,
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{FitRange, Histogram, Values};

    #[test]
    fn counts_merge_and_what_lies_outside_is_not_counted() {
        let range = FitRange::new(0.0, 1.0).unwrap();
        let mut one = Histogram::new(range, 4).unwrap();
        assert!(one.fill(0.25, 1.0) && one.fill(1.0, 1.0) && one.fill(0.0, 1.0));
        for (x, w) in [(1.1, 1.0), (f64::NAN, 1.0), (0.5, f64::NAN), (-1e-9, 1.0)] {
            assert!(!one.fill(x, w));
        }
        assert_eq!(one.sumw(), [1.0, 1.0, 0.0, 1.0]);
        assert!(!one.is_weighted());
        let mut two = Histogram::new(range, 4).unwrap();
        two.fill(0.6, -2.0);
        one.merge(&two).unwrap();
        assert_eq!(
            (one.sumw()[2], one.sumw2()[2], one.entries()),
            (-2.0, 4.0, 4)
        );
        assert!(one.is_weighted());
        assert!(one.merge(&Histogram::new(range, 5).unwrap()).is_err());
        assert!(Histogram::new(range, 0).is_err());
    }

    #[test]
    fn the_first_weight_that_is_not_1_gives_one_to_those_before() {
        let mut values = Values::new(FitRange::new(0.0, 1.0).unwrap());
        assert!(values.push(0.5, 1.0) && values.push(0.6, 0.5) && values.push(0.7, 1.0));
        assert!(!values.push(f64::NAN, 1.0) && !values.push(0.5, f64::INFINITY));
        let weights: Vec<f64> = (0..3).map(|i| values.weight(i)).collect();
        assert_eq!(weights, [1.0, 0.5, 1.0]);
    }
}
