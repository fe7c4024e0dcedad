//! Expressions of events and of pairs of muons.

use anyhow::{Context, Result};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use lumimill_common::expression::{Checked, Expression, Functions, Index, Inputs, RowIndex, Scope};
use std::hint::black_box;
use std::path::Path;

use crate::{Pass, input};

const BRANCHES: [&str; 10] = [
    "nMuon",
    "Muon_pt",
    "Muon_eta",
    "Muon_phi",
    "Muon_mass",
    "Muon_charge",
    "Muon_pfRelIso04_all",
    "MET_pt",
    "MET_phi",
    "PV_npvs",
];
const OF_EVENTS: [&str; 4] = [
    "nMuon >= 2 && MET_pt < 80",
    "MET_pt * cos(MET_phi)",
    "Sum(Muon_pt[abs(Muon_eta) < 2.4])",
    "sqrt(PV_npvs) + log(1 + MET_pt)",
];
const OF_PAIRS: [&str; 6] = [
    "first.charge * second.charge < 0",
    "mass(pair)",
    "pt(pair)",
    "eta(pair)",
    "deltaR(first, second)",
    "first.pfRelIso04_all",
];

pub(crate) fn ready(folder: &Path) -> Result<Pass> {
    let batch = input::batch(folder, &BRANCHES)?;
    let scope = Scope::events(&batch.schema(), &Functions::default());
    let of_events = checked(&OF_EVENTS, &scope)?;
    let of_pairs = checked(&OF_PAIRS, &scope.pairs("Muon"))?;
    let pairs = pairs(&batch)?;
    Ok(Box::new(move || {
        let events = Inputs::events(&batch);
        for expression in &of_events {
            black_box(expression.evaluate(&events)?);
        }
        let pairs = Inputs::rows(&batch, pairs.clone())?;
        for expression in &of_pairs {
            black_box(expression.evaluate(&pairs)?);
        }
        Ok(())
    }))
}

fn checked(texts: &[&str], scope: &Scope) -> Result<Vec<Checked>> {
    let of = |text: &&str| Ok(Expression::parse(text)?.check(scope, None)?);
    texts.iter().map(of).collect()
}

/// The first two muons of every event that has them.
fn pairs(batch: &RecordBatch) -> Result<RowIndex> {
    let muons = batch.column_by_name("Muon_pt").context("Muon_pt")?;
    let (mut events, mut first, mut second) = (Vec::new(), Vec::new(), Vec::new());
    let offsets = muons.as_list::<i32>().value_offsets();
    for (event, ends) in (0..).zip(offsets.windows(2)) {
        if let [from, to] = *ends
            && to - from >= 2
        {
            events.push(event);
            first.push(from as u32);
            second.push(from as u32 + 1);
        }
    }
    let members = Index::All(muons.as_list::<i32>().values().len());
    let slots = vec![Index::Chosen(first), Index::Chosen(second)];
    Ok(RowIndex::members(Index::Chosen(events), members, slots)?)
}
