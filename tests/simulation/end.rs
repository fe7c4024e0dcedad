//! What must hold at every end.

use std::sync::Arc;
use std::time::Duration;

use lumimill::due::{Edit, Wanted};
use lumimill::ledger::{Known, Ledger};
use lumimill::orders::Order;
use lumimill::output::{Output, Planned};
use lumimill::plan::Plan;
use lumimill::report_files::write_report;
use lumimill::roster::active;
use lumimill::verify::verify;
use lumimill_common::campaign::Campaign;
use lumimill_common::control::{ControlState, ended_key};
use lumimill_common::shard::{Shard, Source};
use lumimill_common::stage_keys::packs_folder;
use lumimill_common::store::{Key, Object, Store};
use tokio::time::sleep;

use crate::inputs::{Inputs, NAME};
use crate::link::Link;
use crate::maker::rows_of;
use crate::person::{Answer, Errand, see_to};
use crate::world::World;

/// Nothing of a campaign this small takes so long once nothing goes wrong.
const PATIENCE: Duration = Duration::from_secs(2400);
/// Longer than a request takes, and than coordinators wait before they take over what others left.
const SETTLING: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_secs(2);
const WHO: &str = "the last one";

/// Whoever looks at the end.
pub(crate) struct End {
    world: Arc<World>,
    inputs: Arc<Inputs>,
    output: Output,
    root: Arc<dyn Store>,
}

/// Something that cannot be gone on from.
type Stuck = String;

impl End {
    pub(crate) fn of(world: &Arc<World>, inputs: &Arc<Inputs>) -> anyhow::Result<Self> {
        let site = Link::observer(world).site();
        Ok(Self {
            world: world.clone(),
            inputs: inputs.clone(),
            output: Output::open(&site.join(NAME)?)?,
            root: site.open()?,
        })
    }

    /// Brings the campaign to its end, and looks at what became of it.
    pub(crate) async fn see(&self) {
        match self.seen().await {
            Ok(()) => {}
            Err(error) => self.world.wrong(format!("at the end: {error:#}")),
        }
    }

    async fn seen(&self) -> anyhow::Result<()> {
        if let Err(stuck) = self.to_the_end().await? {
            self.world.wrong(stuck);
            return Ok(());
        }
        // What was on its way when it ended arrives, and whoever wrote too late looks again.
        sleep(SETTLING).await;
        if let Err(stuck) = self.over().await? {
            self.world.wrong(stuck);
            return Ok(());
        }
        self.check().await
    }

    async fn to_the_end(&self) -> anyhow::Result<Result<(), Stuck>> {
        match self.told().await? {
            Some(ControlState::Running | ControlState::Paused) => {}
            Some(ControlState::Cancelled) => {
                if let Err(stuck) = self.over().await? {
                    return Ok(Err(stuck));
                }
                self.submit().await;
            }
            None => self.submit().await,
        }
        for round in 0..6 {
            if self.told().await? == Some(ControlState::Paused) {
                self.order(Errand::Order(Order::Resume)).await;
            }
            if let Err(stuck) = self.over().await? {
                return Ok(Err(stuck));
            }
            if self.is_whole().await? {
                return Ok(Ok(()));
            }
            if round == 1 {
                self.world.mend();
            }
            self.order(self.errand(round)).await;
        }
        Ok(Err(String::from(
            "what was resubmitted five times is not done",
        )))
    }

    async fn told(&self) -> anyhow::Result<Option<ControlState>> {
        let control = self.output.control().await?;
        Ok(control.map(|control| control.state))
    }

    fn errand(&self, round: usize) -> Errand {
        let random = &self.world.random;
        let edit = match random.below(4) {
            0 => Edit::Split(std::num::NonZeroU32::MIN.saturating_add(1)),
            1 => Edit::Accept,
            _ => Edit::None,
        };
        let wanted = match (round, edit) {
            (0..3, Edit::Accept) | (0, _) => Wanted::Failed,
            _ => Wanted::All,
        };
        let edit = match wanted {
            Wanted::Failed => edit,
            _ => Edit::None,
        };
        Errand::Resubmit {
            wanted,
            edit,
            pool: None,
        }
    }

    async fn submit(&self) {
        let version = self.world.random.below(self.inputs.versions.len() as u64);
        let errand = Errand::Submit {
            version: version as usize,
            replace: true,
            pool: "cpu",
        };
        if self.order(errand).await != Answer::Done {
            self.world
                .wrong("a submission with nobody beside it was refused");
        }
    }

    async fn order(&self, errand: Errand) -> Answer {
        see_to(&self.world, WHO, &self.inputs, &errand).await
    }

    /// Waits until nobody drives the campaign any more.
    async fn over(&self) -> anyhow::Result<Result<(), Stuck>> {
        let name = NAME.parse()?;
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            let is_driven = active(self.root.as_ref()).await?.contains(&name);
            let ended = self.root.get(&ended_key(&name)).await?;
            if !is_driven && ended.is_some_and(|entry| entry.is_empty()) {
                self.world.note(WHO, "sees it at its end");
                return Ok(Ok(()));
            }
            sleep(LOOK).await;
            waited += LOOK;
        }
        let state = self.state().await?;
        Ok(Err(format!("it waits for ever: {state}")))
    }

    async fn is_whole(&self) -> anyhow::Result<bool> {
        let Some(Planned { plan, .. }) = self.output.planned().await? else {
            return Ok(false);
        };
        let inventory = self.output.inventory(&plan).await?;
        Ok(plan
            .shards
            .iter()
            .all(|shard| inventory.done.contains(&shard.id)))
    }

    async fn state(&self) -> anyhow::Result<String> {
        let control = self.output.control().await?;
        let Some(Planned { plan, .. }) = self.output.planned().await? else {
            return Ok(format!("no plan, {control:?}"));
        };
        let inventory = self.output.inventory(&plan).await?;
        let known = Known::of(inventory.done, inventory.failed);
        let ledger = Ledger::of(&plan, &known);
        Ok(format!("{control:?}: {:?}", ledger.counts()))
    }

    async fn check(&self) -> anyhow::Result<()> {
        let world = &self.world;
        let Some(Planned { campaign, plan, .. }) = self.output.planned().await? else {
            world.wrong("there is no plan at the end");
            return Ok(());
        };
        let verified = verify(&self.output, &campaign, &plan).await?;
        for problem in &verified.problems {
            world.wrong(format!("verify: {problem}"));
        }
        let shards = plan.shards.len() as u64;
        let rows: Option<u64> = plan.shards.iter().map(|shard| rows_of(shard.id)).sum();
        if (verified.objects, Some(verified.rows)) != (shards, rows) {
            world.wrong(format!(
                "{} objects with {} rows, expected {shards} with {rows:?}",
                verified.objects, verified.rows
            ));
        }
        // What is planned and what is dropped are all events, each once.
        let all = events(&self.inputs.versions[0].checked.plan.shards);
        let planned = events(&plan.shards);
        let dropped = events(&plan.dropped);
        if planned + dropped != all {
            world.wrong(format!(
                "{planned} events planned, {dropped} dropped, {all} certified"
            ));
        }
        self.check_report(&campaign, &plan).await?;
        self.check_lumis(&plan).await
    }

    /// What was reported is what the markers say, whatever was told of them and is in packs.
    async fn check_report(&self, campaign: &Campaign, plan: &Plan) -> anyhow::Result<()> {
        let reported = self.report().await?;
        let store = self.output.store();
        for pack in store.list(&packs_folder()).await? {
            store.delete(&pack.key).await?;
        }
        write_report(campaign, &self.output, plan).await?;
        if self.report().await? != reported {
            self.world.wrong("the report is not that of the markers");
        }
        Ok(())
    }

    async fn report(&self) -> anyhow::Result<Vec<(Key, Option<Vec<u8>>)>> {
        let store = self.output.store();
        let mut files = Vec::new();
        for Object { key, .. } in store.list(&"report".parse()?).await? {
            let bytes = store.get(&key).await?;
            files.push((key, bytes));
        }
        Ok(files)
    }

    async fn check_lumis(&self, plan: &Plan) -> anyhow::Result<()> {
        let world = &self.world;
        let inventory = self.output.inventory(plan).await?;
        let known = Known::of(inventory.done, inventory.failed);
        let lumis = Ledger::of(plan, &known).lumis();
        let both = lumis.processed.intersection(&lumis.missing);
        let all = lumis.processed.union(&lumis.missing);
        if !both.is_empty() || all != plan.lumis_in_files() {
            world.wrong(format!(
                "the ledger of lumi sections does not close: {lumis:?}"
            ));
        }
        if plan.dropped.is_empty() && !lumis.missing.is_empty() {
            world.wrong(format!(
                "all is done and lumi sections are missing: {lumis:?}"
            ));
        }
        for (file, lumis) in [("processed", &lumis.processed), ("missing", &lumis.missing)] {
            let key = format!("report/{file}_lumis.json").parse()?;
            let told = self.output.store().get(&key).await?;
            if told.as_deref() != Some(lumis.to_json().as_bytes()) {
                world.wrong(format!("{key} is not what the ledger says: {told:?}"));
            }
        }
        Ok(())
    }
}

/// Certified events of what reads files.
fn events(shards: &[Shard]) -> u64 {
    let roots = shards.iter();
    let roots = roots.filter(|shard| shard.source == Source::Entries);
    roots.map(|shard| shard.certified_events).sum()
}
