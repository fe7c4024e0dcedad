//! What lies over one another: what a campaign says of it, before anything is there.

use lumimill_common::campaign::{Campaign, DrawSource, Stage};

/// What is to lie over one another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Overlay {
    /// The stage that draws.
    pub(in crate::report) stage: String,
    /// The column that is drawn.
    pub(in crate::report) variable: String,
    /// Data, simulation as it was, and what became of it.
    pub(super) wanted: Vec<Wanted>,
}

/// A histogram that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The stages that may have it, the likelier one first.
    pub(super) stages: Vec<String>,
    pub(super) column: String,
    pub(super) weight: Option<String>,
    pub(super) what: &'static str,
}

/// What lies over one another in the stages of a campaign: of each density of data that columns are drawn
/// by, those columns, and what they are made of.
pub(crate) fn overlays(campaign: &Campaign) -> Vec<Overlay> {
    let mut all: Vec<Overlay> = Vec::new();
    for stage in &campaign.stages {
        let draws = stage.models.iter().filter_map(|model| model.draw());
        for draw in draws {
            let Some((mut overlay, drawn)) = overlay(campaign, stage, draw) else {
                continue;
            };
            let is_same = |known: &&mut Overlay| {
                known.stage == overlay.stage && known.wanted.first() == overlay.wanted.first()
            };
            match all.iter_mut().find(is_same) {
                Some(known) => known.wanted.push(drawn),
                None => {
                    overlay.wanted.push(drawn);
                    all.push(overlay);
                }
            }
        }
    }
    all
}

/// Data and simulation of a draw by the density of a stage, and the column that it adds.
fn overlay(campaign: &Campaign, stage: &Stage, draw: &DrawSource) -> Option<(Overlay, Wanted)> {
    let density = draw.stages.first()?;
    let variable = density.axes.first()?.clone();
    let estimate = campaign.stage(&density.name)?;
    let kde = estimate.kde.as_ref()?;
    let wanted = |what, stages: Vec<String>, column: &str, weight: Option<&str>| Wanted {
        stages,
        column: column.to_owned(),
        weight: weight.map(str::to_owned),
        what,
    };
    let here = stage.name.to_string();
    let parent = stage.from.iter().map(ToString::to_string);
    let data = wanted(
        "data",
        vec![estimate.from.as_ref()?.to_string()],
        &variable,
        kde.weight(),
    );
    let before = parent.chain([here.clone()]).collect();
    let before = wanted("simulation", before, &variable, None);
    let drawn = wanted(
        "as data have it",
        vec![here.clone()],
        draw.columns.first()?,
        None,
    );
    let overlay = Overlay {
        stage: here,
        variable,
        wanted: vec![data, before],
    };
    Some((overlay, drawn))
}
