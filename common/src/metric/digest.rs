//! What is measured on the rows of a stage, as a digest.

use super::multiclass::{RawBins, RawMulticlass};
use super::raw::{Per, RawDrift, RawHistogram, RawMetric, RawRanking};
use super::spec::MetricSpec;
use crate::field_hash::FieldHash;

/// Digest of what is measured, in order: two lists of metrics with the same digest have the same
/// partials on the same rows. A field that is added to a metric later is hashed only where it is
/// not at its default.
#[must_use]
pub fn metrics_digest<'a>(metrics: impl IntoIterator<Item = &'a MetricSpec>) -> String {
    let mut hash = FieldHash::of("metrics");
    hash.parts("", metrics.into_iter().map(of_metric));
    hash.to_string()
}

fn of_metric(metric: &MetricSpec) -> FieldHash {
    let RawMetric {
        ranking,
        drift,
        histogram,
        multiclass,
    } = metric.clone().into();
    let mut hash = FieldHash::of("metric");
    if let Some(ranking) = ranking {
        hash.part("ranking", &of_ranking(ranking));
    }
    if let Some(drift) = drift {
        hash.part("drift", &of_drift(drift));
    }
    if let Some(histogram) = histogram {
        hash.part("histogram", &of_histogram(histogram));
    }
    if let Some(multiclass) = multiclass {
        hash.part("multiclass", &of_multiclass(multiclass));
    }
    hash
}

fn of_ranking(ranking: RawRanking) -> FieldHash {
    let RawRanking {
        label,
        score,
        per,
        bins,
        range,
    } = ranking;
    let mut hash = FieldHash::of("ranking");
    hash.text("label", label)
        .text("score", score)
        .flag("per_event", per == Per::Event);
    add_axis(&mut hash, bins, range);
    hash
}

fn of_drift(drift: RawDrift) -> FieldHash {
    let RawDrift {
        by,
        columns,
        labels,
    } = drift;
    let mut hash = FieldHash::of("drift");
    hash.text("by", by)
        .texts("columns", columns)
        .texts("labels", labels.unwrap_or_default());
    hash
}

fn of_histogram(histogram: RawHistogram) -> FieldHash {
    let RawHistogram {
        column,
        bins,
        range,
        weight,
    } = histogram;
    let mut hash = FieldHash::of("histogram");
    hash.text("column", column).text_if("weight", weight);
    add_axis(&mut hash, Some(bins), Some(range));
    hash
}

fn of_multiclass(multiclass: RawMulticlass) -> FieldHash {
    let RawMulticlass {
        truth,
        scores,
        names,
        bins,
        weight,
        masks,
    } = multiclass;
    let mut hash = FieldHash::of("multiclass");
    hash.text("truth", truth)
        .texts("scores", scores)
        .texts("names", names)
        .text_if("weight", weight)
        .texts("masks", masks);
    if let Some(RawBins { column, edges }) = bins {
        let edge = |edge: f64| {
            let mut hash = FieldHash::of("edge");
            hash.float("", edge);
            hash
        };
        hash.text("column", column)
            .parts("edges", edges.into_iter().map(edge));
    }
    hash
}

fn add_axis(hash: &mut FieldHash, bins: Option<u32>, range: Option<[f64; 2]>) {
    if let Some(bins) = bins {
        hash.number("bins", bins.into());
    }
    if let Some([low, high]) = range {
        hash.float("low", low).float("high", high);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(metrics: &[&str]) -> String {
        let parse = |text: &&str| toml::from_str::<RawMetric>(text).unwrap().validate();
        let metrics: Vec<MetricSpec> = metrics.iter().map(|text| parse(text).unwrap()).collect();
        metrics_digest(&metrics)
    }

    const RANKING: &str = r#"ranking = { label = "y", score = "s", per = "event" }"#;
    const DRIFT: &str = r#"drift = { by = "run", columns = ["m", "s"], labels = ["y"] }"#;
    const HISTOGRAM: &str = r#"histogram = { column = "m", bins = 4, range = [0.1, 0.3] }"#;

    /// Whoever changes one of these has every table of every campaign measured again.
    #[test]
    fn the_digests_of_metrics_stay_what_they_are() {
        let found = [digest(&[]), digest(&[RANKING, DRIFT, HISTOGRAM])];
        assert_eq!(
            found,
            [
                "1b005d2f9317632d719d123a5adace79a0793c2240b1d4afee71fab1912fdcba",
                "79fded1f1e3ec85156123b0e95b954a677b9f7d5147bb54adbf365245b328227",
            ]
        );
    }

    #[test]
    fn what_is_measured_otherwise_has_another_digest() {
        let other = |text: &str, from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            assert_ne!(digest(&[&changed]), digest(&[text]), "{changed}");
        };
        other(RANKING, "\"y\"", "\"z\"");
        other(RANKING, ", per = \"event\"", "");
        other(RANKING, "\"s\",", "\"s\", bins = 7,");
        other(RANKING, "\"s\",", "\"s\", range = [0.0, 1.0],");
        other(DRIFT, "\"m\", ", "");
        other(DRIFT, "[\"y\"]", "[]");
        other(HISTOGRAM, "0.3", "0.4");
        other(HISTOGRAM, "0.3] }", "0.3], weight = \"w\" }");
        let classes = "multiclass = { truth = \"t\", scores = [\"a\", \"b\"], names = [\"x\", \"y\"], \
                       bins = { column = \"p\", edges = [0.0, 1.0] } }";
        other(classes, "1.0]", "2.0]");
        other(classes, "\"x\", \"y\"", "\"y\", \"x\"");
        other(classes, "] } }", "] }, weight = \"w\" }");
        other(classes, "] } }", "] }, masks = [\"m\"] }");
        assert_ne!(digest(&[DRIFT, RANKING]), digest(&[RANKING, DRIFT]));
        let spelled_out = RANKING.replace("\"s\",", "\"s\", bins = 32768,");
        assert_eq!(digest(&[&spelled_out]), digest(&[RANKING]), "its default");
    }
}
