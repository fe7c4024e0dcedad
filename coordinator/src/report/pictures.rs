//! The pictures of a report, where the page needs them.

use std::collections::BTreeSet;

use super::figure::Figure;

/// The pictures of a report, where the page needs them.
#[derive(Debug, Default)]
pub(super) struct Pictures {
    pub(super) lumis: Vec<Figure>,
    pub(super) stages: Vec<StagePictures>,
    /// Of each table, in order.
    pub(super) tables: Vec<Vec<Figure>>,
}

/// The pictures of a stage.
#[derive(Debug, Default)]
pub(super) struct StagePictures {
    pub(super) cut_flow: Option<Figure>,
    /// For each metric, in order.
    pub(super) metrics: Vec<Vec<Figure>>,
    /// Columns of data, of simulation and as they are drawn.
    pub(super) overlays: Vec<Figure>,
    /// Columns that do not lie among them, for want of a histogram with the bins of data.
    pub(super) beside_overlays: Vec<String>,
    /// For each metric, what is wrong with its weights.
    pub(super) doubts: Vec<String>,
}

impl Pictures {
    pub(super) fn all(&self) -> impl Iterator<Item = &Figure> {
        let of_stages = self.stages.iter().flat_map(|stage| {
            stage
                .cut_flow
                .iter()
                .chain(stage.metrics.iter().flatten())
                .chain(&stage.overlays)
        });
        let of_tables = self.tables.iter().flatten();
        self.lumis.iter().chain(of_stages).chain(of_tables)
    }

    /// Gives figures whose names coincide a number.
    pub(super) fn name_apart(&mut self) {
        let mut taken = BTreeSet::new();
        let of_stages = self.stages.iter_mut();
        let of_stages = of_stages.flat_map(|stage| {
            stage
                .cut_flow
                .iter_mut()
                .chain(stage.metrics.iter_mut().flatten())
                .chain(&mut stage.overlays)
        });
        let of_tables = self.tables.iter_mut().flatten();
        for figure in self.lumis.iter_mut().chain(of_stages).chain(of_tables) {
            let plain = figure.name.clone();
            let mut number = 2;
            while !taken.insert(figure.name.clone()) {
                figure.name = format!("{plain}-{number}");
                number += 1;
            }
        }
    }
}
