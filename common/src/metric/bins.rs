//! Bins of a column in which a metric is told, beside all rows together.

use serde::{Deserialize, Serialize};

use super::check::check_name;
use crate::field_hash::FieldHash;
use crate::section::Section;

/// Bins, at most: memory is taken in each of them.
const MAX_BINS: usize = 64;

/// Bins of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawBins {
    /// A numeric column.
    pub column: String,
    /// Edges of the bins, ascending, the outermost infinite if need be; a bin holds its lower edge.
    #[serde(with = "crate::metric::edge")]
    pub edges: Vec<f64>,
}

/// Reads `bins`; none where there are none, or where something is wrong with them.
pub(super) fn read(section: &mut Section<'_>) -> Option<RawBins> {
    let mut bins = section.section("bins")?;
    let column = bins.required_text("column");
    let edges = bins.required("edges", Section::floats);
    bins.finish();
    Some(RawBins {
        column: column?,
        edges: edges?,
    })
}

/// What is wrong with the bins of the kind `key`.
pub(super) fn check(errors: &mut Vec<String>, key: &str, bins: Option<&RawBins>) {
    let Some(RawBins { column, edges }) = bins else {
        return;
    };
    check_name(errors, &format!("{key}.bins.column"), column);
    if edges.len() < 2 || edges.len() > MAX_BINS + 1 {
        let (found, most) = (edges.len(), MAX_BINS + 1);
        errors.push(format!(
            "{key}.bins.edges: {found} edges, expected 2 to {most}"
        ));
    }
    let rising = |pair: &[f64]| matches!(pair, [low, high] if low < high);
    if edges.iter().any(|edge| edge.is_nan()) || !edges.windows(2).all(rising) {
        errors.push(format!("{key}.bins.edges: {edges:?} do not ascend"));
    }
}

/// Adds them to what decides what is counted.
pub(super) fn add(hash: &mut FieldHash, bins: Option<&RawBins>) {
    if let Some(RawBins { column, edges }) = bins {
        let edge = |edge: &f64| {
            let mut hash = FieldHash::of("edge");
            hash.float("", *edge);
            hash
        };
        hash.text("column", column)
            .parts("edges", edges.iter().map(edge));
    }
}

/// How many cells are counted in: one a bin, and one for what is in none.
pub(super) fn cells(bins: Option<&RawBins>) -> usize {
    bins.map_or(1, |bins| bins.edges.len().max(1))
}

/// The cell of a value: its bin, or the last one for what is in none.
pub(super) fn cell_of(bins: Option<&RawBins>, value: Option<f64>) -> usize {
    let last = cells(bins) - 1;
    let (Some(value), Some(bins)) = (value, bins) else {
        return last;
    };
    match bins.edges.partition_point(|edge| *edge <= value) {
        _ if value.is_nan() => last,
        0 => last,
        above => (above - 1).min(last),
    }
}

/// What a bin is called: `all`, or `0.7..1.5`.
pub(super) fn label(edges: Option<[f64; 2]>) -> String {
    match edges {
        Some([low, high]) => format!("{low}..{high}"),
        None => "all".to_owned(),
    }
}

/// What was counted in each bin, with its edges; not what is in none, which comes last.
pub(super) fn parts<'a, C>(
    edges: &'a [f64],
    cells: &'a [C],
) -> impl Iterator<Item = (Option<[f64; 2]>, &'a C)> {
    let bins = edges.windows(2).zip(cells);
    bins.filter_map(|(edges, cell)| match edges {
        [low, high] => Some((Some([*low, *high]), cell)),
        _ => None,
    })
}
