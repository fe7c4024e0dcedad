//! `[[stage.metric]]`: one metric, of a kind that its only key says.

use super::section::Section;
use crate::metric::{
    MetricSpec, Per, RawBins, RawDrift, RawHistogram, RawMetric, RawMulticlass, RawRanking,
};

/// Reads a metric; nothing when anything of it is wrong.
pub(super) fn read(section: &mut Section<'_>) -> Option<MetricSpec> {
    let before = section.mistakes();
    let mut raw = RawMetric::default();
    if let Some(mut ranking) = section.section("ranking") {
        raw.ranking = read_ranking(&mut ranking);
        ranking.finish();
    }
    if let Some(mut drift) = section.section("drift") {
        raw.drift = read_drift(&mut drift);
        drift.finish();
    }
    if let Some(mut histogram) = section.section("histogram") {
        raw.histogram = read_histogram(&mut histogram);
        histogram.finish();
    }
    if let Some(mut multiclass) = section.section("multiclass") {
        raw.multiclass = read_multiclass(&mut multiclass);
        multiclass.finish();
    }
    section.finish();
    if section.mistakes() > before {
        return None;
    }
    match raw.validate() {
        Ok(metric) => Some(metric),
        Err(messages) => {
            let messages = messages.into_iter();
            messages.for_each(|message| section.problem_here(message));
            None
        }
    }
}

fn read_ranking(section: &mut Section<'_>) -> Option<RawRanking> {
    let pers = [("row", Per::Row), ("event", Per::Event)];
    let label = section.required_text("label");
    let score = section.required_text("score");
    let per = section.choice("per", &pers).unwrap_or_default();
    let bins = section.count("bins");
    let range = section.range("range");
    Some(RawRanking {
        label: label?,
        score: score?,
        per,
        bins,
        range,
    })
}

fn read_drift(section: &mut Section<'_>) -> Option<RawDrift> {
    let by = section.required_text("by");
    let columns = section.required("columns", Section::texts);
    let labels = section.texts("labels");
    Some(RawDrift {
        by: by?,
        columns: columns?,
        labels,
    })
}

fn read_histogram(section: &mut Section<'_>) -> Option<RawHistogram> {
    let column = section.required_text("column");
    let bins = section.required("bins", Section::count);
    let range = section.required("range", Section::range);
    let weight = section.text("weight");
    Some(RawHistogram {
        column: column?,
        bins: bins?,
        range: range?,
        weight,
    })
}

fn read_multiclass(section: &mut Section<'_>) -> Option<RawMulticlass> {
    let truth = section.required_text("truth");
    let scores = section.required("scores", Section::texts);
    let names = section.required("names", Section::texts);
    let bins = section.section("bins").and_then(|mut bins| {
        let column = bins.required_text("column");
        let edges = bins.required("edges", Section::floats);
        bins.finish();
        Some(RawBins {
            column: column?,
            edges: edges?,
        })
    });
    let weight = section.text("weight");
    let masks = section.texts("masks");
    Some(RawMulticlass {
        truth: truth?,
        scores: scores?,
        names: names?,
        bins,
        weight,
        masks: masks.unwrap_or_default(),
    })
}
