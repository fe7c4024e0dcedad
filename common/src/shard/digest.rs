//! What decides the bytes of a stage's tables, apart from its input, as a digest.
//!
//! Every field of what a campaign says of a stage is named here: hashed, or left out for a reason.
//! One that is added later is hashed only where it is not at its default.

use crate::campaign::{
    BdtMode, BdtSource, Campaign, Charge, Column, ColumnType, CorrectionSource, Cow, Dense,
    DrawSource, Edges, EngineChoice, Graph, Grouping, Join, Keep, MissingLabels, MissingRows,
    Model, ModelInputs, ModelOutput, ModelSource, NamedInput, NanPolicy, Outside, Rows, Stage,
    StageName, Weigh, WrittenEdges,
};
use crate::field_hash::FieldHash;
use crate::metric::MassFitSpec;

/// Digest of what a stage does, apart from where its input comes from: its configuration, the
/// functions it may call, and the SHA-256 of its model files in order. What is measured on its rows
/// is no part of it, as that changes nothing in them.
#[must_use]
pub fn stage_digest(campaign: &Campaign, stage: &Stage, model_hashes: &[String]) -> String {
    let Stage {
        name,
        // What is read is said by the shard.
        datasets: _,
        from: _,
        zip,
        joins,
        tree: _,
        zip_trees: _,
        condition,
        rows,
        grouping,
        keep,
        labels,
        missing_labels,
        columns,
        units,
        select,
        folds,
        models,
        metrics: _,
        counted: _,
        fit,
        kde,
        weigh,
        writes_table,
        // Where all of that is in its file.
        reading: _,
    } = stage;
    let mut hash = FieldHash::of("stage");
    hash.text("name", name.as_str())
        .text_if("where", condition.as_ref())
        .parts("keep", keep.iter().map(of_keep))
        .parts("labels", labels.iter().map(of_keep))
        .parts("columns", columns.iter().map(of_column))
        .text_if("select", select.as_ref())
        .parts("models", models.iter().map(of_model))
        .texts("model_files", model_hashes)
        .parts("functions", campaign.functions.iter().map(of_function))
        // With it, shards count one step more.
        .flag("drops_duplicates", campaign.drops_duplicates());
    let missing_labels = match missing_labels {
        MissingLabels::Error => None,
        MissingLabels::False => Some("false"),
        MissingLabels::Null => Some("null"),
    };
    hash.text_if("missing_labels", missing_labels);
    if !units.is_empty() {
        // They stand in the metadata of its table.
        hash.texts("units", units.iter().flat_map(|(name, unit)| [name, unit]));
    }
    hash.texts("zip", zip.iter().map(StageName::as_str))
        .parts("joins", joins.iter().map(of_join));
    if let Some(folds) = folds {
        hash.number("stage_folds", u64::from(*folds));
    }
    if let Some(rows) = of_rows(rows) {
        hash.part("rows", &rows);
    }
    if let Some(fit) = fit {
        hash.part("fit", &fit.fit_hash());
    }
    if let Some(kde) = kde {
        hash.part("kde", &kde.kde_hash());
    }
    if let Some(weigh) = weigh {
        hash.part("weigh", &of_weigh(weigh));
    }
    hash.flag("without_table", !writes_table);
    if let Some(Grouping { keys, collection }) = grouping {
        hash.texts("group_by", keys).text("collection", collection);
    }
    hash.to_string()
}

fn of_weigh(weigh: &Weigh) -> FieldHash {
    let Weigh {
        fit,
        // As the ids of its shards, which are read.
        spec,
        // It is what weights are used for.
        control: _,
        truth: _,
        background,
        components,
        cow,
        // As all that says.
        named: _,
    } = weigh;
    let mut hash = FieldHash::of("weigh");
    hash.text("fit", fit.as_str())
        .flag("background", *background);
    if !components.is_empty() {
        hash.texts("components", components);
    }
    // Rows' own weights are in the columns.
    hash.text_if("weight", spec.as_ref().and_then(MassFitSpec::weight));
    match cow {
        Cow::Density => {}
        Cow::One => {
            hash.text("cow", "one");
        }
        Cow::Histogram(stage) => {
            hash.text("cow_histogram", stage);
        }
    }
    hash
}

fn of_join(Join { stage, missing }: &Join) -> FieldHash {
    let mut hash = FieldHash::of("join");
    let missing = match missing {
        MissingRows::Error => None,
        MissingRows::Drop => Some("drop"),
        MissingRows::Null => Some("null"),
    };
    hash.text("stage", stage.as_str())
        .text_if("missing", missing);
    hash
}

fn of_keep(Keep { column, name }: &Keep) -> FieldHash {
    let mut hash = FieldHash::of("keep");
    hash.text("column", column).text("name", name);
    hash
}

fn of_column(column: &Column) -> FieldHash {
    let Column {
        name,
        expression,
        stored,
        unit,
    } = column;
    let stored = stored.map(|stored| match stored {
        ColumnType::F32 => "f32",
        ColumnType::F64 => "f64",
        ColumnType::I32 => "i32",
        ColumnType::I64 => "i64",
        ColumnType::U32 => "u32",
        ColumnType::U64 => "u64",
        ColumnType::Bool => "bool",
    });
    let mut hash = FieldHash::of("column");
    hash.text("name", name)
        .text("value", expression)
        .text_if("type", stored)
        .text_if("unit", unit.as_ref());
    hash
}

/// `None` for one row an event.
fn of_rows(rows: &Rows) -> Option<FieldHash> {
    let mut hash = FieldHash::of("rows");
    match rows {
        Rows::Event => return None,
        Rows::Each {
            collection,
            condition,
        } => hash
            .text("each", collection)
            .text_if("where", condition.as_ref()),
        Rows::Pairs {
            collection,
            charge,
            condition,
        } => hash
            .text("pairs", collection)
            .text_if("charge", of_charge(*charge))
            .text_if("where", condition.as_ref()),
    };
    Some(hash)
}

fn of_charge(charge: Charge) -> Option<&'static str> {
    match charge {
        Charge::Opposite => Some("opposite"),
        Charge::Same => Some("same"),
        Charge::Any => None,
    }
}

/// Of its files, how many there are: what they hold is said by their hashes, where they are by
/// nobody.
fn of_model(model: &Model) -> FieldHash {
    let Model {
        name,
        source,
        graph,
        inputs,
        class,
        outputs,
        nan,
        engine,
    } = model;
    let mut hash = FieldHash::of("model");
    hash.text("name", name);
    match inputs {
        ModelInputs::Columns(columns) => hash.texts("inputs", columns),
        ModelInputs::Named(inputs) => hash.parts("inputs", inputs.iter().map(of_input)),
    };
    if let Some(graph) = graph {
        hash.part("graph", &of_graph(graph));
    }
    if !outputs.is_empty() {
        hash.parts("outputs", outputs.iter().map(of_output));
    }
    let nan = match nan {
        NanPolicy::Keep => None,
        NanPolicy::Drop => Some("drop"),
        NanPolicy::Error => Some("error"),
    };
    let engine = match engine {
        EngineChoice::Auto => None,
        EngineChoice::Trees => Some("trees"),
        EngineChoice::Runtime => Some("runtime"),
        EngineChoice::Embedded => Some("embedded"),
    };
    hash.text_if("nan", nan).text_if("engine", engine);
    match source {
        ModelSource::Onnx(_) => {}
        ModelSource::Folds(files) => {
            hash.number("folds", files.len() as u64);
        }
        ModelSource::Bdt(source) => {
            hash.part("bdt", &of_bdt(source));
        }
        ModelSource::Correction(source) => {
            hash.part("correction", &of_correction(source));
        }
        ModelSource::Draw(source) => {
            hash.part("draw", &of_draw(source));
        }
    }
    if let Some(class) = class {
        hash.number("class", *class as u64);
    }
    hash
}

/// What the configuration says is in its hash, which is one of the model's files.
fn of_bdt(source: &BdtSource) -> FieldHash {
    let BdtSource {
        config: _,
        models: _,
        paths: _,
        timestamp: _,
        mode,
        score_column,
        // As the configuration says.
        columns: _,
        is_read: _,
    } = source;
    let mut hash = FieldHash::of("bdt");
    hash.flag("select", *mode == BdtMode::Select);
    if let Some(column) = score_column {
        hash.number("score_column", *column as u64);
    }
    hash
}

fn of_correction(source: &CorrectionSource) -> FieldHash {
    let CorrectionSource {
        // Its hash is one of the model's files.
        file: _,
        correction,
        texts,
        varied,
        variations,
        outside,
        // As the name and the variations say.
        columns: _,
        place: _,
    } = source;
    let mut hash = FieldHash::of("correction");
    hash.text("name", correction)
        .text_if("varied", varied.as_ref());
    for (input, text) in texts {
        hash.text("input", input).text("text", text);
    }
    if let Some(variations) = variations {
        let variation = |(suffix, of): &(String, Vec<String>)| {
            let mut hash = FieldHash::of("variation");
            hash.text("suffix", suffix).texts("of", of);
            hash
        };
        hash.parts("variations", variations.iter().map(variation));
    }
    match outside {
        Outside::Error => {}
        Outside::Nan => {
            hash.text("outside", "nan");
        }
    }
    hash
}

fn of_draw(source: &DrawSource) -> FieldHash {
    let DrawSource {
        // Their hashes are those of the model's files.
        files: _,
        stages,
        has_systematic,
        is_transform,
        seed,
        // As the name and the files say.
        columns: _,
        place: _,
    } = source;
    let mut hash = FieldHash::of("draw");
    hash.flag("systematic", *has_systematic)
        .flag("transform", *is_transform)
        .number("seed", *seed);
    if !stages.is_empty() {
        hash.texts("stages", stages.iter().map(|stage| stage.name.as_str()));
    }
    hash
}

fn of_input(NamedInput { name, columns }: &NamedInput) -> FieldHash {
    let mut hash = FieldHash::of("input");
    hash.text("name", name).texts("columns", columns);
    hash
}

fn of_output(output: &ModelOutput) -> FieldHash {
    let ModelOutput {
        column,
        output,
        element,
        part,
    } = output;
    let mut hash = FieldHash::of("output");
    hash.text("column", column).text("output", output);
    if let Some(element) = element {
        hash.number("element", *element as u64);
    }
    if let Some(part) = part {
        hash.number("part", *part as u64);
    }
    hash
}

fn of_graph(graph: &Graph) -> FieldHash {
    let Graph {
        nodes,
        per,
        features,
        edges,
        loops,
        edge_features,
        globals,
        inputs,
        dense,
        written,
        // Made of the names of columns.
        ends: _,
    } = graph;
    let mut hash = FieldHash::of("graph");
    hash.text("nodes", nodes)
        .text_if("per", per.as_ref())
        .texts("features", features)
        .flag("loops", *loops)
        .texts("edge_features", edge_features)
        .texts("globals", globals);
    match edges {
        Edges::Full => &mut hash,
        Edges::None => hash.text("edges", "none"),
        Edges::Within(column) => hash.text("within", column),
        Edges::Radius(radius, of) => hash
            .number("radius", radius.value().to_bits())
            .texts("of", of),
        Edges::Nearest(nearest, of) => hash.number("nearest", u64::from(*nearest)).texts("of", of),
    };
    for (name, input) in inputs {
        hash.text("input", name).text("given", input.word());
    }
    if let Some(Dense { nodes, highest }) = dense {
        hash.number("dense", u64::from(*nodes))
            .text_if("highest", highest.as_ref());
    }
    if let Some(WrittenEdges { column, least }) = written {
        hash.text("written", column).float("from", least.value());
    }
    hash
}

fn of_function((name, definition): &(String, String)) -> FieldHash {
    let mut hash = FieldHash::of("function");
    hash.text("name", name).text("definition", definition);
    hash
}

#[cfg(test)]
mod tests;
