//! How much memory the metrics of a campaign take: each is within its limits, and so must all be
//! together, on every shard at a time and in the report.

use super::list::MetricSpec;

/// Bytes that the counts of a stage take on a shard, at most.
const MOST_OF_A_STAGE: u64 = 128 << 20;
/// Bins of the histograms of a campaign, which the report holds together.
const MOST_BINS: u64 = 8 << 20;

/// What is wrong with the metrics of a stage, of these numbers, taken together.
#[must_use]
pub(crate) fn metrics_are_too_large(metrics: &[(usize, &MetricSpec)]) -> Option<String> {
    let bytes = |metric: &(usize, &MetricSpec)| metric.1.most_bytes();
    let all: u64 = metrics.iter().map(bytes).fold(0, u64::saturating_add);
    let (number, largest) = metrics.iter().max_by_key(|metric| bytes(metric))?;
    (all > MOST_OF_A_STAGE).then(|| {
        format!(
            "together they take {} MiB for every shard that is processed, at most {} MiB; the \
             largest is metric[{number}], {largest}, with {} MiB: take fewer bins, or measure in \
             several stages",
            all >> 20,
            MOST_OF_A_STAGE >> 20,
            largest.most_bytes() >> 20,
        )
    })
}

/// What is wrong with the histograms of a campaign, taken together.
#[must_use]
pub(crate) fn histogram_bins_are_too_many<'a>(
    metrics: impl Iterator<Item = &'a MetricSpec>,
) -> Option<String> {
    let all: u64 = metrics
        .map(MetricSpec::drawn_bins)
        .fold(0, u64::saturating_add);
    (all > MOST_BINS).then(|| {
        format!(
            "the histograms of all stages have {all} bins together, at most {MOST_BINS} fit in one \
             report: take fewer bins, or several campaigns"
        )
    })
}
