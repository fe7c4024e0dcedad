//! How much memory the metrics of a campaign take: each is within its limits, and so must all be
//! together, on every shard at a time and in the report.

use super::exact_sum::ExactSum;
use super::multiclass::{MulticlassSpec, WEIGHTED_BINS};
use super::spec::{HistogramSpec, MetricSpec, RankingSpec};

/// Bytes that the counts of a stage take on a shard, at most.
const MOST_OF_A_STAGE: u64 = 128 << 20;
/// Bins of the histograms of a campaign, which the report holds together.
const MOST_BINS: u64 = 8 << 20;
/// Bytes of a count.
const COUNT: u64 = 8;

/// What is wrong with the metrics of a stage, of these numbers, taken together.
#[must_use]
pub fn metrics_are_too_large(metrics: &[(usize, &MetricSpec)]) -> Option<String> {
    let bytes = |metric: &(usize, &MetricSpec)| bytes(metric.1);
    let all: u64 = metrics.iter().map(bytes).fold(0, u64::saturating_add);
    let (number, largest) = metrics.iter().max_by_key(|metric| bytes(metric))?;
    (all > MOST_OF_A_STAGE).then(|| {
        format!(
            "together they take {} MiB for every shard that is processed, at most {} MiB; the \
             largest is metric[{number}], {largest}, with {} MiB: take fewer bins, or measure in \
             several stages",
            all >> 20,
            MOST_OF_A_STAGE >> 20,
            self::bytes(largest) >> 20,
        )
    })
}

/// What is wrong with the histograms of a campaign, taken together.
#[must_use]
pub fn histogram_bins_are_too_many<'a>(
    metrics: impl Iterator<Item = &'a MetricSpec>,
) -> Option<String> {
    let bins = metrics.map(|metric| match metric {
        MetricSpec::Histogram(spec) => u64::from(spec.bins()),
        _ => 0,
    });
    let all: u64 = bins.fold(0, u64::saturating_add);
    (all > MOST_BINS).then(|| {
        format!(
            "the histograms of all stages have {all} bins together, at most {MOST_BINS} fit in one \
             report: take fewer bins, or several campaigns"
        )
    })
}

/// The most bytes that the counts of a metric take. Of a drift it depends on the data, and is
/// limited where it is counted.
fn bytes(metric: &MetricSpec) -> u64 {
    match metric {
        MetricSpec::Ranking(spec) => of_ranking(spec),
        MetricSpec::Histogram(spec) => of_histogram(spec),
        MetricSpec::Multiclass(spec) => of_multiclass(spec),
        MetricSpec::Drift(_) => 0,
    }
}

fn of_ranking(spec: &RankingSpec) -> u64 {
    // Of each class, of rows and of events.
    let tallies = if spec.per_event() { 4 } else { 2 };
    // Without a range, a bin is kept with its number.
    let of_bin = spec.range().map_or(2 * COUNT, |_| COUNT);
    u64::from(spec.bins()) * of_bin * tallies
}

fn of_multiclass(spec: &MulticlassSpec) -> u64 {
    let sums = 2 * size_of::<ExactSum>() as u64;
    let amount = 2 * COUNT + spec.weight().map_or(0, |_| sums);
    let classes = spec.scores().len() as u64;
    let masks = spec.masks().len() as u64;
    let scores = match spec.weight() {
        Some(_) => WEIGHTED_BINS * sums,
        None => of_ranking(spec.ranking()),
    };
    let of_cell = classes * (classes + masks) * amount + classes * scores;
    (1 + spec.cells() as u64) * of_cell
}

fn of_histogram(spec: &HistogramSpec) -> u64 {
    let sums = 2 * size_of::<ExactSum>() as u64;
    u64::from(spec.bins()) * (COUNT + spec.weight().map_or(0, |_| sums))
}
