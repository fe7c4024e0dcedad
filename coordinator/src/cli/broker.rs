//! The site's broker and store, as commands need them.

use std::cell::Cell;
use std::sync::Arc;

use anyhow::Context;
use lumimill_common::queue::{AmqpQueue, Queue, QueueError};
use lumimill_common::shard::Shard;
use lumimill_common::site::{Site, SiteError};
use lumimill_common::store::{Place, PlaceError, Store};
use lumimill_worker::back_off::BackOff;
use tracing::warn;

use super::say::tell;
use crate::campaign_file::Mistakes;
use crate::jobs::JobsOf;
use crate::progress::bar;

/// Settings that are missing or wrong are mistakes of whoever asks.
pub(super) fn mistake(error: &SiteError) -> Mistakes {
    Mistakes::new("settings", vec![error.to_string()])
}

pub(super) fn site() -> anyhow::Result<Site> {
    Ok(Site::load().map_err(|error| mistake(&error))?)
}

/// The place that campaigns are in, ready for writing.
pub(super) async fn root(site: &Site) -> anyhow::Result<(Place, Arc<dyn Store>)> {
    let place = site.store().map_err(|error| mistake(&error))?;
    match place.prepare().await {
        Ok((store, _)) => Ok((place, store)),
        Err(error) if error.is_transient() => Err(error.into()),
        Err(error) => Err(Mistakes::from(error).into()),
    }
}

/// The same, as soon as the store is there.
pub(super) async fn root_patiently(site: &Site) -> anyhow::Result<(Place, Arc<dyn Store>)> {
    let mut back_off = BackOff::default();
    loop {
        let error = match root(site).await {
            Ok(found) => return Ok(found),
            Err(error) => error,
        };
        let may_pass = |error: &PlaceError| error.is_transient();
        if !error.downcast_ref::<PlaceError>().is_some_and(may_pass) {
            return Err(error);
        }
        warn!("the store is not there, trying again soon: {error:#}");
        back_off.wait().await;
    }
}

/// A connection to the broker.
pub(super) async fn connect(site: &Site, name: &str) -> anyhow::Result<Arc<dyn Queue>> {
    let settings = site.broker(name).map_err(|error| mistake(&error))?;
    let queue = AmqpQueue::connect(&settings).await.map_err(explained)?;
    Ok(Arc::new(queue))
}

/// What cannot help by trying again is a mistake of the settings.
fn explained(error: QueueError) -> anyhow::Error {
    match error.lasting {
        true => Mistakes::new("broker", vec![error.to_string()]).into(),
        false => anyhow::Error::from(error),
    }
}

/// Does something with a broker that may go and come back: as often as it takes, within reason,
/// on a new connection each time. It must be safe to repeat.
pub(super) async fn patiently<T>(
    site: &Site,
    mut work: impl AsyncFnMut(Arc<dyn Queue>) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(600);
    let begun = std::time::Instant::now();
    let mut back_off = BackOff::default();
    loop {
        let attempt = async {
            let queue = connect(site, "lumimill").await?;
            work(queue).await
        };
        let error = match attempt.await {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let may_pass = |error: &QueueError| !error.lasting;
        if !error.downcast_ref::<QueueError>().is_some_and(may_pass) {
            return Err(error);
        }
        if begun.elapsed() > PATIENCE {
            return Err(error).context("the broker did not come back in 10 minutes");
        }
        tell(format_args!("note: {error:#}; trying again"));
        back_off.wait().await;
    }
}

/// Publishes jobs with a bar on a terminal, as often as it takes.
pub(super) async fn publish(
    site: &Site,
    jobs_of: JobsOf<'_>,
    due: &[&Shard],
) -> anyhow::Result<()> {
    let bar = bar("publishing", due.len(), "jobs");
    // A connection that breaks costs the jobs that were not confirmed, not all of them.
    let safe = Cell::new(0);
    patiently(site, async |queue| {
        let before = safe.get();
        let left = due.iter().skip(before).copied();
        let told = |more: usize| {
            safe.set(before + more);
            bar.set_position(safe.get() as u64);
        };
        Ok(jobs_of.publish_telling(queue.as_ref(), left, told).await?)
    })
    .await?;
    bar.finish_and_clear();
    Ok(())
}
