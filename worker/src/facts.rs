//! What made a table, for its metadata.

use std::collections::BTreeMap;

use lumimill_common::campaign::CampaignName;
use lumimill_common::shard::{Piece, Shard, Source};

use crate::compiled_stage::CompiledStage;

/// What made a file, for its metadata. Nothing that differs between two attempts.
pub(crate) fn facts(
    campaign: &CampaignName,
    shard: &Shard,
    compiled: &CompiledStage,
    fits: &BTreeMap<String, String>,
) -> Vec<(String, String)> {
    let prepared = compiled.prepared();
    let mut facts = vec![
        ("campaign", campaign.to_string()),
        ("stage", shard.stage.to_string()),
        ("shard", shard.id.to_string()),
        ("configuration", prepared.digest().to_owned()),
        ("dataset", shard.dataset.to_string()),
        ("input", shard.input()),
        (
            "entries",
            format!("{}-{}", shard.entries.start, shard.entries.end),
        ),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect::<Vec<_>>();
    let (key, inputs) = match shard.packed.as_slice() {
        [] => ("input_state", shard.file.state.clone()),
        pieces => (
            "inputs",
            pieces.iter().map(said).collect::<Vec<_>>().join("\n"),
        ),
    };
    facts.push((key.to_owned(), inputs));
    if let Source::Rows(parent) = shard.source {
        facts.push((String::from("parent"), parent.to_string()));
        let beside = shard.beside.iter().map(ToString::to_string);
        let beside: Vec<String> = beside.collect();
        if !beside.is_empty() {
            facts.push((String::from("beside"), beside.join(" ")));
        }
    }
    let fits = fits.iter();
    facts.extend(fits.map(|(category, hash)| (format!("fit.{category}"), hash.clone())));
    for model in prepared.models() {
        let hashes: Vec<String> = model.hashes().collect();
        facts.push((format!("model.{}.sha256", model.name()), hashes.join(",")));
        let engine = model.engine().map(str::to_owned);
        facts.extend(engine.map(|engine| (format!("model.{}.engine", model.name()), engine)));
    }
    facts
}

/// One of several files: its state, the entries of it, and its address.
fn said(piece: &Piece) -> String {
    let Piece { file, entries, .. } = piece;
    format!(
        "{} {}-{} {}",
        file.state, entries.start, entries.end, file.url
    )
}
