//! What is measured on the rows of a stage, as a digest.

use super::list::MetricSpec;
use crate::field_hash::FieldHash;

/// Digest of what is measured, in order: two lists of metrics with the same digest have the same
/// partials on the same rows. A field that is added to a metric later is hashed only where it is
/// not at its default.
#[must_use]
pub fn metrics_digest<'a>(metrics: impl IntoIterator<Item = &'a MetricSpec>) -> String {
    let mut hash = FieldHash::of("metrics");
    hash.parts("", metrics.into_iter().map(MetricSpec::hash));
    hash.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::list::RawMetric;

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
        other(RANKING, "\"s\",", "\"s\", weight = \"w\",");
        other(DRIFT, "labels", "weight = \"w\", labels");
        let classes = "multiclass = { truth = \"t\", scores = [\"a\", \"b\"], names = [\"x\", \"y\"], \
                       bins = { column = \"p\", edges = [0.0, 1.0] } }";
        other(classes, "1.0]", "2.0]");
        other(classes, "\"x\", \"y\"", "\"y\", \"x\"");
        other(classes, "] } }", "] }, weight = \"w\" }");
        other(classes, "] } }", "] }, masks = [\"m\"] }");
        let importance = "importance = { model = \"m\", label = \"y\" }";
        other(importance, "\"m\"", "\"n\"");
        other(importance, "\"y\"", "\"y\", per = \"event\"");
        other(importance, "\"y\"", "\"y\", sample = 500");
        other(importance, "\"y\"", "\"y\", features = [\"a\"]");
        assert_ne!(digest(&[DRIFT, RANKING]), digest(&[RANKING, DRIFT]));
        let spelled_out = RANKING.replace("\"s\",", "\"s\", bins = 32768,");
        assert_eq!(digest(&[&spelled_out]), digest(&[RANKING]), "its default");
    }
}
