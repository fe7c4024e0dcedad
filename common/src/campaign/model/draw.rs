//! `resample` and `transform`: a column of simulation as data have it, by frozen densities.

use serde::Serialize;
use toml::Value;

use super::{
    EngineChoice, Model, ModelInputs, ModelSource, NamedInput, NanPolicy, apply::is_column,
};
use crate::campaign::name::StageName;
use crate::campaign::reading::Reading;
use crate::campaign::source::Sources;
use crate::section::Section;

/// A density that an earlier stage estimates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DensityStage {
    /// The stage.
    pub name: StageName,
    /// The columns that it is of, that which is drawn first; none where that is wrong.
    pub axes: Vec<String>,
}

/// Densities of files or of stages, and the column that is drawn by them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DrawSource {
    /// The densities, as written, relative to the campaign file: of data, then of data by other weights,
    /// then of simulation, as far as there are.
    pub files: Vec<String>,
    /// Stages in the place of files: of data, then of simulation, where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<DensityStage>,
    /// Whether there is one of data by other weights: the second file, or the other one of the stage.
    pub has_systematic: bool,
    /// Whether the last one is of simulation, whose quantiles become those of data; else values are
    /// drawn.
    pub is_transform: bool,
    /// What draws are made with, beside the event and the candidate.
    pub seed: u64,
    /// The columns that it adds.
    pub columns: Vec<String>,
    /// Where it is in its stage, such as `resample` or `transform[1]`.
    pub place: String,
}

impl Model {
    /// What a stage says in `resample` and `transform`, one table or several of each.
    pub(in crate::campaign) fn read_drawn(
        section: &mut Section<'_>,
        sources: &Sources<'_>,
        reading: &mut Reading,
    ) -> Vec<Self> {
        let here = section.number();
        let mut models = Vec::new();
        for key in ["resample", "transform"] {
            for (place, mut table) in section.one_or_several(key) {
                match Self::read_draw(&mut table, (sources, here), key == "transform", place) {
                    Some(model) => {
                        models.push(model);
                        reading.models.add(table.number());
                    }
                    None => {
                        let name = table
                            .value("name")
                            .and_then(Value::as_str)
                            .unwrap_or_default();
                        reading.unread(name);
                        reading.unread(&format!("{name}_syst"));
                    }
                }
            }
        }
        models
    }

    fn read_draw(
        section: &mut Section<'_>,
        (sources, here): (&Sources<'_>, usize),
        is_transform: bool,
        place: String,
    ) -> Option<Self> {
        let before = section.mistakes();
        let data = section.required_text(if is_transform { "data" } else { "kde" });
        let systematic = section.text("systematic");
        let simulation = is_transform.then(|| section.required_text("mc")).flatten();
        let name = section.required_text("name");
        let seed = match is_transform {
            true => None,
            false => section.integer("seed"),
        };
        let mut inputs = Vec::new();
        if let Some(mut table) = section.section("inputs") {
            for name in table.keys() {
                inputs.extend(table.text(&name).map(|expression| NamedInput {
                    name,
                    columns: vec![expression],
                }));
            }
        }
        section.finish();
        let data_key = if is_transform { "data" } else { "kde" };
        let named = [(data_key, &data), ("mc", &simulation)];
        let named = named
            .into_iter()
            .filter_map(|(key, name)| Some((key, name.as_deref()?)));
        let (mut stages, mut are_files) = (Vec::new(), false);
        for (key, name) in named {
            match sources.is_stage(name).then(|| sources.earlier(name, here)) {
                Some(Ok(stage)) => stages.extend(stage.map(|name| DensityStage {
                    name,
                    axes: Vec::new(),
                })),
                Some(Err(message)) => section.problem(key, message),
                None => are_files = true,
            }
        }
        if !stages.is_empty() && are_files {
            let message = "one is a stage and the other a file: name two stages, or two files";
            section.problem_here(message);
        }
        if !stages.is_empty() && systematic.is_some() {
            let message = "is of files: the density of a stage is also by the weight that its \
                           `systematic` names";
            section.problem("systematic", message);
        }
        if let Some(name) = name.as_ref().filter(|name| !is_column(name)) {
            section.problem("name", format!("\"{name}\" is no name of a column"));
        }
        if section.mistakes() > before {
            return None;
        }
        let name = name?;
        let has_systematic = systematic.is_some();
        let columns = std::iter::once(name.clone());
        let columns = columns.chain(has_systematic.then(|| format!("{name}_syst")));
        Some(Self {
            source: ModelSource::Draw(DrawSource {
                columns: columns.collect(),
                files: match stages.is_empty() {
                    true => data
                        .into_iter()
                        .chain(systematic)
                        .chain(simulation)
                        .collect(),
                    false => Vec::new(),
                },
                stages,
                has_systematic,
                is_transform,
                seed: seed.unwrap_or_default().cast_unsigned(),
                place,
            }),
            name,
            graph: None,
            inputs: ModelInputs::Named(inputs),
            class: None,
            outputs: Vec::new(),
            nan: NanPolicy::Keep,
            engine: EngineChoice::Auto,
        })
    }
}
