//! Slots at work: one job after the other from a queue, each handed to whoever does it.

use std::collections::VecDeque;
use std::sync::Arc;

use lumimill_common::queue::{Consumer, Delivery, Queue, QueueError};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tracing::error;

use super::Slots;
use crate::seat::{Place, Seat};
use crate::slot::handle;

/// Jobs of a slot that are on their way to the store while it does another one.
const MOST_ENDING: usize = 2;

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
            let mut place = self.seats.place().await;
            let mut consumer = queue.consume(jobs, 1).await?;
            loop {
                let delivery = consumer.next().await?;
                self.chain(queue, consumer.as_mut(), delivery, place)
                    .await?;
                match self.seats.free_place() {
                    Some(free) => place = free,
                    None => break,
                }
            }
        }
    }

    /// Does a job, and those that follow it while it comes to its end; returns when nothing is left of
    /// all of them.
    async fn chain(
        self: &Arc<Self>,
        queue: &Arc<dyn Queue>,
        consumer: &mut dyn Consumer,
        delivery: Delivery,
        place: Place,
    ) -> Result<(), QueueError> {
        let mut ending: VecDeque<JoinHandle<()>> = VecDeque::new();
        let mut seat = Seat::of(&self.seats, Some(place), self.ahead);
        let mut job = self.begin(queue, delivery, &seat);
        loop {
            tokio::select! {
                biased;
                ended = &mut job => {
                    broke_off(ended);
                    break;
                }
                () = seat.is_soon() => {}
            }
            ending.retain(|job| !job.is_finished());
            if ending.len() >= MOST_ENDING
                && let Some(oldest) = ending.pop_front()
            {
                broke_off(oldest.await);
            }
            let Some(next) = consumer.more().await? else {
                broke_off(job.await);
                break;
            };
            seat = Seat::of(&self.seats, None, self.ahead);
            let next = self.begin(queue, next, &seat);
            ending.push_back(std::mem::replace(&mut job, next));
        }
        for job in ending {
            broke_off(job.await);
        }
        Ok(())
    }

    /// Begins a job, which goes on whatever becomes of the slot's connection.
    fn begin(
        self: &Arc<Self>,
        queue: &Arc<dyn Queue>,
        delivery: Delivery,
        seat: &Arc<Seat>,
    ) -> JoinHandle<()> {
        let (slots, queue, seat) = (self.clone(), queue.clone(), seat.clone());
        tokio::spawn(async move {
            if let Err(error) = handle(&slots, queue.as_ref(), delivery, &seat).await {
                // What was done is in the store; the job is delivered again and found done.
                error!(%error, "a job could not be settled");
            }
        })
    }
}

fn broke_off(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        error!("a job broke off: {error}");
    }
}
