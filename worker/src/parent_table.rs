//! The table that a shard reads where another shard made it: copied to this machine and held
//! against its marker before a row of it is read, so that what is made is of the bytes that were
//! committed, or of none.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::marker::Marker;
use lumimill_common::shard::{Shard, ShardId};
use lumimill_common::stage_keys::{marker_key, object_key};

use crate::compiled_stage::CompiledStage;
use crate::measure::TableCopy;
use crate::production::Production;

/// The table of a shard that another one reads.
#[derive(Debug)]
pub(crate) struct ParentTable {
    shard: Arc<Shard>,
    copy: TableCopy,
    marker: Marker,
}

impl ParentTable {
    /// The shard of a production that another one reads.
    pub(crate) fn shard(
        production: &Production,
        id: ShardId,
        child: &Shard,
    ) -> Result<Arc<Shard>, Failure> {
        let found = production.shards.get(&id).cloned();
        found.ok_or_else(|| {
            let message = format!("{id}, which shard {} reads, is not in the plan", child.id);
            Failure::reject(FailureKind::Job, &production.campaign, message)
        })
    }

    /// Copies the table of a shard, which has this marker if it is done.
    ///
    /// One that is not done is waited for; one whose bytes are others than its marker says is
    /// nothing that trying again would mend.
    pub(crate) async fn copied(
        production: &Production,
        shard: Arc<Shard>,
        marker: Option<Marker>,
        path: PathBuf,
    ) -> Result<Self, Failure> {
        let (stage, id) = (&shard.stage, shard.id);
        let Some(marker) = marker else {
            let key = marker_key(stage, id);
            let message = format!(
                "{key} is gone or damaged: the shard whose rows are read is not done (any more)"
            );
            return Err(Failure::retry(FailureKind::Parent, stage, message));
        };
        let key = object_key(stage, id);
        let copy = TableCopy::of(production.store.as_ref(), &key, &marker, path).await?;
        let Some(copy) = copy else {
            let message = format!(
                "{key} is gone, or is not what its marker says: somebody changed it; verify --mend \
                 makes it again, resubmit then what reads it"
            );
            return Err(Failure::reject(FailureKind::Parent, stage, message));
        };
        Ok(Self {
            shard,
            copy,
            marker,
        })
    }

    /// The shard that made it.
    pub(crate) fn of(&self) -> &Shard {
        &self.shard
    }

    /// Where its copy is.
    pub(crate) fn path(&self) -> &Path {
        self.copy.path()
    }

    pub(crate) fn rows(&self) -> u64 {
        self.marker.rows
    }

    /// That it has as many rows as another one, beside which it stands row by row.
    pub(crate) fn check_rows_of(&self, other: &Self) -> Result<(), Failure> {
        if self.rows() == other.rows() {
            return Ok(());
        }
        let (stage, of) = (&self.shard.stage, &other.shard.stage);
        let message = format!(
            "stage {stage} has {} rows where stage {of} has {}: they cannot stand beside one another",
            self.rows(),
            other.rows()
        );
        Err(Failure::reject(FailureKind::Parent, stage, message))
    }

    /// That it tells events apart, where the stage that reads it has to.
    pub(crate) fn check_events(&self, stage: &CompiledStage) -> Result<(), Failure> {
        if self.marker.tells_events || !stage.needs_events() {
            return Ok(());
        }
        let of = &self.shard.stage;
        let message = format!(
            "stage {of} has neighbouring events with the same run, lumi section and number, so that \
             its rows do not tell which are of one event: what counts or numbers events is to be \
             done where they are read from files"
        );
        Err(Failure::reject(FailureKind::Column, of, message))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::sync::Arc;

    use lumimill_common::marker::Marker;
    use lumimill_common::metric::CutFlow;
    use lumimill_common::shard::{FileIdentity, Shard, Source};
    use thin_vec::ThinVec;

    use super::ParentTable;
    use crate::measure::TableCopy;

    fn table(folder: &Path, stage: &str, rows: u64) -> ParentTable {
        let shard = Shard {
            id: "0123456789abcdef0123456789abcdef".parse().unwrap(),
            stage: stage.parse().unwrap(),
            source: Source::Entries,
            beside: ThinVec::new(),
            wholes: ThinVec::new(),
            dataset: "d".into(),
            file: std::sync::Arc::new(FileIdentity {
                url: String::from("a.root"),
                size: 1,
                state: String::new(),
            }),
            tree: "Events".into(),
            entries: 0..9,
            certified_events: 9,
            lumis: None,
            dropped: lumimill_common::entry_set::EntrySet::default(),
            packed: ThinVec::new(),
        };
        let marker = Marker {
            shard: shard.id,
            object: String::new(),
            rows,
            bytes: 0,
            hash: String::new(),
            cut_flow: CutFlow::default(),
            tells_events: true,
            engines: Vec::new(),
            fits: BTreeMap::new(),
            partials: Vec::new(),
        };
        ParentTable {
            shard: Arc::new(shard),
            copy: TableCopy::at(folder.join(stage)),
            marker,
        }
    }

    #[test]
    fn a_table_with_other_rows_does_not_stand_beside_and_both_are_named_with_how_many() {
        let folder = tempfile::tempdir().unwrap();
        let [pairs, ratios] =
            [("pairs", 7), ("ratios", 5)].map(|it| table(folder.path(), it.0, it.1));
        assert_eq!(ratios.check_rows_of(&ratios), Ok(()));
        let failure = ratios.check_rows_of(&pairs).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "stage ratios has 5 rows where stage pairs has 7: they cannot stand beside one another"
        );
    }
}
