//! Where a worker finds the campaign of a job.

use std::sync::Arc;

use async_trait::async_trait;
use lumimill_common::failure::{FailedAttempt, Failure, FailureKind};
use lumimill_common::job::Job;

use crate::production::Production;

/// What a job's campaign is to the worker that has the job.
#[derive(Debug, Clone)]
pub enum Found {
    /// In production.
    Production(Arc<Production>),
    /// To be done later.
    Paused,
    /// Not to be done: cancelled, or of a plan that another one replaced.
    Dropped(&'static str),
}

/// The campaigns that a worker knows.
#[async_trait]
pub trait Campaigns: Send + Sync {
    /// The campaign of a job.
    async fn find(&self, job: &Job) -> Result<Found, Failure>;

    /// Keeps a record of a shard that is given up as its job could not be begun, so that its
    /// campaign comes to an end.
    async fn give_up(&self, _job: &Job, _attempt: FailedAttempt) {}

    /// Looks again at what campaigns were told, and stops what is cancelled.
    async fn look(&self) {}
}

/// The one campaign of a process.
#[async_trait]
impl Campaigns for Arc<Production> {
    async fn find(&self, job: &Job) -> Result<Found, Failure> {
        if (&job.campaign, &job.plan) == (&self.campaign, &self.digest) {
            return Ok(Found::Production(self.clone()));
        }
        let message = format!(
            "the job is of plan {:?} of campaign {}, at work is plan {:?} of campaign {}",
            job.plan, job.campaign, self.digest, self.campaign
        );
        Err(Failure::reject(FailureKind::Job, &job.campaign, message))
    }
}
