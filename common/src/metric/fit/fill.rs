//! Counting of rows.

use std::collections::BTreeMap;

use super::control_weights::{Waiting, wait};
use super::counts::MassFitCounts;
use super::spec::MassFitSpec;
use super::{control, values};
use crate::metric::bins::RawBins;
use crate::metric::row_batch::{FillError, RowBatch};
use crate::metric::square::has_square;

/// The columns of a batch.
struct Columns {
    values: Vec<f64>,
    categories: Vec<u32>,
    weights: Option<Vec<f64>>,
    control: Vec<Vec<f64>>,
    truth: Option<Vec<f64>>,
    selected: Vec<bool>,
}

impl Columns {
    fn of(spec: &MassFitSpec, rows: &RowBatch<'_>) -> Result<Self, FillError> {
        let of_axes = |axes: &[RawBins]| {
            let columns = axes.iter().map(|axis| rows.numbers(&axis.column));
            columns.collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            values: rows.numbers(spec.variable())?,
            categories: spec.categories_of(&of_axes(spec.by())?, rows.len()),
            weights: spec.weight().map(|name| rows.numbers(name)).transpose()?,
            control: of_axes(spec.control())?,
            truth: spec.truth().map(|name| rows.numbers(name)).transpose()?,
            selected: spec.selected(rows)?,
        })
    }
}

pub(super) fn fill(
    counted: &mut MassFitCounts,
    spec: &MassFitSpec,
    rows: &RowBatch<'_>,
) -> Result<(), FillError> {
    let columns = Columns::of(spec, rows)?;
    let mut keys: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let mut waiting: BTreeMap<usize, Waiting> = BTreeMap::new();
    for (row, value) in columns.values.iter().copied().enumerate() {
        if !columns.selected.get(row).copied().unwrap_or(false) {
            counted.cut = counted.cut.saturating_add(1);
            continue;
        }
        let at = |column: &Vec<f64>| column.get(row).copied().unwrap_or(f64::NAN);
        let weight = columns.weights.as_ref().map_or(1.0, at);
        if value.is_nan() || !has_square(weight) {
            counted.missing = counted.missing.saturating_add(1);
            continue;
        }
        let category = columns.categories.get(row).copied();
        let category = category.map_or(usize::MAX, |category| category as usize);
        let Some(counts) = counted.categories.get_mut(category) else {
            counted.outside = counted.outside.saturating_add(1);
            continue;
        };
        let Some(bin) = spec.bin(value) else {
            counted.out_of_range = counted.out_of_range.saturating_add(1);
            continue;
        };
        counts.entries.add(bin);
        let truth = columns.truth.as_ref().map(at);
        let is_true = truth.is_some_and(|truth| (truth - 1.0).abs() < 1e-9);
        if truth.is_some_and(|truth| !is_true && truth.abs() > 0.0 || truth.is_nan()) {
            counted.untold = counted.untold.saturating_add(1);
        }
        let weighted = counts.control_weights.is_some();
        let mut weighted = weighted.then(|| waiting.entry(category).or_default());
        for (number, values) in columns.control.iter().enumerate() {
            let Some(column) = spec.control_bin(number, at(values)) else {
                continue;
            };
            let truth = counts.true_columns.get_mut(column).filter(|_| is_true);
            let all = counts.columns.get_mut(column);
            all.into_iter()
                .chain(truth)
                .for_each(|tally| tally.add(bin));
            if let Some(waiting) = &mut weighted {
                wait(&mut waiting.columns, column, bin.into(), weight);
                if is_true {
                    wait(&mut waiting.true_columns, column, bin.into(), weight);
                }
            }
        }
        if let Some(joined) = control::joined_bin(value, spec.fit_range(), spec.bins()) {
            for (place, number) in spec.stepped().enumerate() {
                let value = columns.control.get(number).map_or(f64::NAN, at);
                let Some(cell) = control::cell(value, joined, spec.bins()) else {
                    continue;
                };
                let truth = counts.true_stepped.get_mut(place).filter(|_| is_true);
                let all = counts.stepped.get_mut(place);
                all.into_iter()
                    .chain(truth)
                    .for_each(|tally| tally.add_soon(cell));
                if let Some(waiting) = &mut weighted {
                    wait(&mut waiting.stepped, place, cell, weight);
                    if is_true {
                        wait(&mut waiting.true_stepped, place, cell, weight);
                    }
                }
            }
        }
        if let Some(sums) = counts.weights.get_mut(bin as usize) {
            sums.add(weight);
        }
        if let Some(pairs) = &mut counts.pairs {
            pairs.add([value, weight]);
        } else if spec.is_unbinned() {
            keys.entry(category).or_default().push(values::key(value));
        }
    }
    for (category, waiting) in waiting {
        let counts = counted.categories.get_mut(category);
        if let Some(weights) = counts.and_then(|counts| counts.control_weights.as_mut()) {
            weights.add(waiting);
        }
    }
    for (category, mut keys) in keys {
        let counts = counted.categories.get_mut(category);
        if let Some(tally) = counts.and_then(|counts| counts.values.as_mut()) {
            values::add(tally, &mut keys);
        }
    }
    for pairs in counted
        .categories
        .iter_mut()
        .filter_map(|counts| counts.pairs.as_mut())
    {
        pairs.forget();
    }
    Ok(())
}
