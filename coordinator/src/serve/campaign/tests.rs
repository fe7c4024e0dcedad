//! The end of a campaign that is given more to do meanwhile.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use lumimill_common::campaign::Campaign;
use lumimill_common::marker::marker_key;
use lumimill_common::store::{Place, Store};

use super::ActiveCampaign;
use crate::demo::write_inputs;
use crate::output::Output;
use crate::plan::plan;
use crate::submission::{active, ended, running, set_running};

const TEXT: &str = "\
name = \"late\"
output = \"late\"
[[dataset]]
name = \"D\"
kind = \"data\"
files = [\"data/*.root\"]
[[stage]]
name = \"s\"
keep = [\"run\"]
";

/// A campaign with a marker for every shard, as a coordinator knows it.
struct Finished {
    campaign: ActiveCampaign,
    root: Arc<dyn Store>,
    output: Output,
    folder: tempfile::TempDir,
}

impl Finished {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_inputs(folder.path(), 500, 7).unwrap();
        let text = Campaign::parse(TEXT).unwrap();
        let slots = NonZeroUsize::MIN;
        let plan = plan(&text, folder.path(), &BTreeMap::new(), slots).unwrap();
        let site = Place::Folder(folder.path().join("site"));
        let (root, _) = site.prepare().await.unwrap();
        let place = site.join("late").unwrap();
        let output = Output::share(&place).await.unwrap();
        let digest = output.write_submission(TEXT, &plan).await.unwrap();
        let control = running(&digest, "cpu", folder.path()).unwrap();
        let told = set_running(&output, root.as_ref(), &text.name, &control).await;
        told.unwrap();
        for shard in &plan.shards {
            let key = marker_key(&shard.stage, shard.id);
            output.store().put(&key, Vec::new()).await.unwrap();
        }
        let mut campaign = ActiveCampaign::at(&text.name, &place).unwrap();
        let loaded = campaign.current().await.unwrap();
        assert!(loaded.unwrap().is_over(), "every shard has a marker");
        Self {
            campaign,
            root,
            output,
            folder,
        }
    }

    /// Whether it is driven on after it was brought to its end.
    async fn goes_on_after_its_end(&mut self) -> bool {
        let root = self.root.as_ref();
        self.campaign.end(root).await.unwrap();
        let name = BTreeSet::from([self.campaign.name().clone()]);
        let (active, ended) = (active(root).await.unwrap(), ended(root).await.unwrap());
        assert_ne!(active == name, ended == name, "{active:?}, {ended:?}");
        active == name
    }
}

#[tokio::test]
async fn a_campaign_without_anything_left_ends() {
    let mut finished = Finished::new().await;
    assert!(!finished.goes_on_after_its_end().await);
}

#[tokio::test]
async fn a_shard_that_is_begun_anew_meanwhile_is_driven_on() {
    let mut finished = Finished::new().await;
    let shard = finished.campaign.loaded.as_ref().unwrap().plan.shards[0].clone();
    let key = marker_key(&shard.stage, shard.id);
    finished.output.store().delete(&key).await.unwrap();
    assert!(finished.goes_on_after_its_end().await);
}

#[tokio::test]
async fn a_plan_that_is_replaced_meanwhile_is_driven_on() {
    let mut finished = Finished::new().await;
    let (root, name) = (finished.root.clone(), finished.campaign.name().clone());
    let control = running("another", "cpu", finished.folder.path()).unwrap();
    let told = set_running(&finished.output, root.as_ref(), &name, &control).await;
    told.unwrap();
    assert!(finished.goes_on_after_its_end().await);
}
