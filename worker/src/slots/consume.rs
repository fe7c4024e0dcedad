//! Slots at work: one job after the other from a queue, each handed to whoever does it.

use std::sync::Arc;

use lumimill_common::queue::{Delivery, Queue, QueueError};
use tokio::task::{JoinError, JoinSet};
use tracing::error;

use super::{Free, Slots};
use crate::slot::handle;

impl Slots {
    /// Takes jobs from a queue until told to quit, which is no error, or until the queue fails.
    /// What is under way then goes on: [`Slots::idle`] waits for it.
    pub async fn consume(
        self: &Arc<Self>,
        queue: &Arc<dyn Queue>,
        jobs: &str,
    ) -> Result<(), QueueError> {
        let mut slots = JoinSet::new();
        for _ in 0..self.count {
            slots.spawn(self.clone().slot(queue.clone(), jobs.to_owned()));
        }
        while let Some(ended) = slots.join_next().await {
            match ended.map_err(JoinError::try_into_panic) {
                Ok(ended) => ended?,
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // Nobody ends one but who drops them all.
                Err(Err(_)) => {}
            }
        }
        Ok(())
    }

    /// One slot. It is sent nothing while it has a job or rests: others are there for that.
    async fn slot(self: Arc<Self>, queue: Arc<dyn Queue>, jobs: String) -> Result<(), QueueError> {
        loop {
            tokio::select! {
                biased;
                () = self.quit.cancelled() => return Ok(()),
                () = self.fatigue.over() => {}
            }
            tokio::select! {
                biased;
                () = self.quit.cancelled() => return Ok(()),
                () = self.fatigue.begun() => {}
                ended = self.take(&queue, &jobs) => return ended,
            }
        }
    }

    /// Takes one job after the other, until the queue fails.
    async fn take(self: &Arc<Self>, queue: &Arc<dyn Queue>, jobs: &str) -> Result<(), QueueError> {
        loop {
            // It may still be at work on a job that it took from an earlier connection, or wait for
            // a read that does not return. It is sent nothing meanwhile.
            let mut free = self.free().await;
            let mut consumer = queue.consume(jobs, 1).await?;
            loop {
                let delivery = consumer.next().await?;
                let job = tokio::spawn(self.clone().job(queue.clone(), delivery, free));
                free = match job.await {
                    Ok(Some(free)) => free,
                    Ok(None) => break,
                    Err(error) => {
                        error!("a slot broke off, and begins anew: {error}");
                        break;
                    }
                };
            }
        }
    }

    /// Does one job, which goes on whatever becomes of the slot's connection. Returns the place for
    /// the next one, unless it had to be left behind.
    async fn job(
        self: Arc<Self>,
        queue: Arc<dyn Queue>,
        delivery: Delivery,
        free: Free,
    ) -> Option<Free> {
        let free = Arc::new(free);
        if let Err(error) = handle(&self, queue.as_ref(), delivery, &free).await {
            // What was done is in the store; the job is delivered again and found done.
            error!(%error, "a job could not be settled");
        }
        self.left.notify_waiters();
        Arc::into_inner(free)
    }

    async fn free(&self) -> Free {
        match self.free.clone().acquire_owned().await {
            Ok(free) => free,
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }
}
