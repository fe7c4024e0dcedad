//! Orders at one moment: each is given while somebody else gives another one, between what the
//! first one read and what it writes.

use std::path::Path;
use std::sync::Arc;

use lumimill_common::campaign::CampaignName;
use lumimill_common::control::{Control, ControlState, active_key, control_key};
use lumimill_common::store::{LocalStore, Store};

use super::{Answer, Order, Overtaken, give, put_in_force};
use crate::meddled_store::MeddledStore;
use crate::output::Output;
use crate::roster::{active, over, set_ended, set_ending};
use crate::submission::running;

/// A site with one campaign.
struct Site {
    _folder: tempfile::TempDir,
    root: Arc<dyn Store>,
    store: Arc<dyn Store>,
}

fn name() -> CampaignName {
    "demo".parse().unwrap()
}

fn plan(digest: &str) -> Control {
    running(digest, "cpu", Path::new("/data")).unwrap()
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = |path: &str| Arc::new(LocalStore::create(folder.path().join(path)).unwrap());
        Self {
            root: store("site"),
            store: store("site/demo"),
            _folder: folder,
        }
    }

    fn output(&self) -> Output {
        Output::in_store(self.store.clone())
    }

    /// The campaign's output, where somebody else gives an order just before one is written.
    fn met_by(&self, order: Order) -> Output {
        let (output, root) = (self.output(), self.root.clone());
        let deed = async move {
            let given = give(&output, root.as_ref(), &name(), order).await.unwrap();
            assert_eq!(given, Answer::Done);
        };
        Output::in_store(MeddledStore::before(
            "put",
            control_key(),
            self.store.clone(),
            deed,
        ))
    }

    async fn submit(&self, digest: &str) {
        submit(&self.output(), self.root.as_ref(), digest)
            .await
            .unwrap();
    }

    async fn give(&self, order: Order) -> Answer {
        let given = give(&self.output(), self.root.as_ref(), &name(), order).await;
        given.unwrap()
    }

    async fn control(&self) -> Control {
        self.output().control().await.unwrap().unwrap()
    }

    async fn is_active(&self) -> bool {
        active(self.root.as_ref()).await.unwrap().contains(&name())
    }
}

/// Submits a plan as the campaign was told when it was read.
async fn submit(output: &Output, root: &dyn Store, digest: &str) -> anyhow::Result<Control> {
    let told = output.told().await?;
    put_in_force(output, root, &name(), told, plan(digest)).await
}

fn assert_overtaken(ended: anyhow::Result<Control>, what: &str) {
    let error = ended.unwrap_err();
    assert!(error.is::<Overtaken>(), "{error:#}");
    let said = error.to_string();
    assert!(
        said.contains(what) && said.contains("nothing was changed"),
        "{said}"
    );
}

#[tokio::test]
async fn of_two_submits_at_one_moment_one_wins_and_the_other_is_told() {
    for first in [None, Some("before")] {
        let site = Site::new();
        if let Some(first) = first {
            site.submit(first).await;
        }
        let (output, root) = (site.output(), site.root.clone());
        let deed = async move {
            submit(&output, root.as_ref(), "theirs").await.unwrap();
        };
        let store = MeddledStore::before("put", control_key(), site.store.clone(), deed);
        let ours = submit(&Output::in_store(store), site.root.as_ref(), "ours").await;
        assert_overtaken(ours, "submitted it");
        assert_eq!(site.control().await, plan("theirs"));
        assert!(site.is_active().await);
    }
}

#[tokio::test]
async fn a_pause_is_kept_by_a_submit_that_meets_it_and_by_one_after_it() {
    let site = Site::new();
    site.submit("first").await;
    let ours = submit(&site.met_by(Order::Pause), site.root.as_ref(), "second").await;
    assert_eq!(ours.unwrap().state, ControlState::Paused);
    site.submit("third").await;
    let control = site.control().await;
    assert_eq!(
        (control.plan.as_str(), control.state),
        ("third", ControlState::Paused)
    );
    // And its end is, too.
    let ours = submit(&site.met_by(Order::Resume), site.root.as_ref(), "fourth").await;
    assert_eq!(ours.unwrap().state, ControlState::Running);
}

#[tokio::test]
async fn a_pause_that_meets_a_submit_is_of_the_new_plan() {
    let site = Site::new();
    site.submit("first").await;
    let (output, root) = (site.output(), site.root.clone());
    let deed = async move {
        submit(&output, root.as_ref(), "second").await.unwrap();
    };
    let store = MeddledStore::before("put", control_key(), site.store.clone(), deed);
    let given = give(
        &Output::in_store(store),
        site.root.as_ref(),
        &name(),
        Order::Pause,
    )
    .await;
    assert_eq!(given.unwrap(), Answer::Done);
    let control = site.control().await;
    assert_eq!(
        (control.plan.as_str(), control.state),
        ("second", ControlState::Paused)
    );
}

#[tokio::test]
async fn a_submit_that_meets_a_cancel_is_told_and_one_after_it_runs() {
    let site = Site::new();
    site.submit("first").await;
    let ours = submit(&site.met_by(Order::Cancel), site.root.as_ref(), "second").await;
    assert_overtaken(ours, "cancelled it");
    assert_eq!(site.control().await.state, ControlState::Cancelled);
    assert!(!site.is_active().await);
    site.submit("second").await;
    assert_eq!(site.control().await.state, ControlState::Running);
    assert!(site.is_active().await);
}

#[tokio::test]
async fn what_is_cancelled_while_it_is_resumed_stays_cancelled() {
    for (ours, theirs) in [
        (Order::Resume, Order::Cancel),
        (Order::Cancel, Order::Resume),
    ] {
        let site = Site::new();
        site.submit("first").await;
        assert_eq!(site.give(Order::Pause).await, Answer::Done);
        let given = give(&site.met_by(theirs), site.root.as_ref(), &name(), ours).await;
        let expected = match ours {
            Order::Cancel => Answer::Done,
            _ => Answer::IsCancelled,
        };
        assert_eq!(given.unwrap(), expected);
        assert_eq!(site.control().await.state, ControlState::Cancelled);
        assert!(!site.is_active().await);
        let ended = over(site.root.as_ref()).await.unwrap();
        assert!(ended.contains(&name()));
    }
}

#[tokio::test]
async fn one_that_is_submitted_while_it_is_cancelled_is_driven() {
    let site = Site::new();
    site.submit("first").await;
    let (output, root) = (site.output(), site.root.clone());
    let deed = async move {
        submit(&output, root.as_ref(), "second").await.unwrap();
    };
    // It is cancelled, and about to be taken from those that are driven.
    let root = MeddledStore::before("delete", active_key(&name()), site.root.clone(), deed);
    let given = give(&site.output(), root.as_ref(), &name(), Order::Cancel).await;
    assert_eq!(given.unwrap(), Answer::Done);
    assert_eq!(site.control().await, plan("second"));
    assert!(site.is_active().await);
}

#[tokio::test]
async fn orders_to_what_is_over_change_nothing_and_say_so() {
    let site = Site::new();
    assert_eq!(site.give(Order::Cancel).await, Answer::NotSubmitted);
    site.submit("first").await;
    assert_eq!(site.give(Order::Resume).await, Answer::WasSo);
    let root = site.root.as_ref();
    let ending = set_ending(root, &name()).await.unwrap();
    set_ended(root, &name(), ending).await.unwrap();
    for order in [Order::Cancel, Order::Pause, Order::Resume] {
        assert_eq!(site.give(order).await, Answer::AtItsEnd);
        assert_eq!(site.control().await, plan("first"));
    }
    site.submit("first").await;
    assert_eq!(site.give(Order::Cancel).await, Answer::Done);
    assert_eq!(site.give(Order::Cancel).await, Answer::WasSo);
    assert_eq!(site.give(Order::Pause).await, Answer::IsCancelled);
    assert_eq!(site.give(Order::Resume).await, Answer::IsCancelled);
}
