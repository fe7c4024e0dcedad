//! What a job has of its process: a slot while its table is made. Where it looks ahead, looking for what
//! a job reads before, and bringing its table to the store after that, take time and no slot.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};

/// A slot, for as long as somebody has it.
pub(crate) type Place = OwnedSemaphorePermit;

/// The slots of a process, and who has one or waits for it.
pub(crate) struct Seats {
    free: Arc<Semaphore>,
    taken: AtomicUsize,
    /// Told whenever a job has ended.
    pub(crate) left: Notify,
}

impl Seats {
    /// So many slots.
    pub(crate) fn new(count: u16) -> Self {
        Self {
            free: Arc::new(Semaphore::new(usize::from(count))),
            taken: AtomicUsize::new(0),
            left: Notify::new(),
        }
    }

    /// Jobs under way, whether they have a slot or not.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    /// A slot, as soon as one is free.
    pub(crate) async fn place(&self) -> Place {
        match self.free.clone().acquire_owned().await {
            Ok(place) => place,
            // It is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// A slot, if one is free.
    pub(crate) fn free_place(&self) -> Option<Place> {
        self.free.clone().try_acquire_owned().ok()
    }
}

/// A job's hold on its process.
pub(crate) struct Seat {
    seats: Arc<Seats>,
    place: Mutex<Option<Place>>,
    /// Whether the next job may be looked at before this one has ended.
    ahead: bool,
    soon: watch::Sender<bool>,
}

impl Seat {
    /// That of a job which has a slot already, or waits for its turn.
    pub(crate) fn of(seats: &Arc<Seats>, place: Option<Place>, ahead: bool) -> Arc<Self> {
        seats.taken.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            seats: seats.clone(),
            place: Mutex::new(place),
            ahead,
            soon: watch::Sender::new(false),
        })
    }

    /// Waits until it has a slot.
    pub(crate) async fn turn(&self) {
        if !self.has_place() {
            let place = self.seats.place().await;
            *self.place() = Some(place);
        }
    }

    /// Whether its input is opened before its turn.
    pub(crate) fn looks_ahead(&self) -> bool {
        self.ahead
    }

    /// Tells that the next job may be looked at: this one needs its slot for a moment only.
    pub(crate) fn soon(&self) {
        if self.ahead {
            self.soon
                .send_if_modified(|soon| !std::mem::replace(soon, true));
        }
    }

    /// Gives the slot to the next job: the table is made.
    pub(crate) fn made(&self) {
        self.soon();
        if self.ahead {
            drop(self.place().take());
        }
    }

    /// Returns when the next job may be looked at.
    pub(crate) async fn is_soon(&self) {
        // Whoever tells it is here.
        let _ = self.soon.subscribe().wait_for(|soon| *soon).await;
    }

    pub(crate) fn has_place(&self) -> bool {
        self.place().is_some()
    }

    fn place(&self) -> MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.fetch_sub(1, Ordering::Relaxed);
        self.seats.left.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn has_turn(seat: &Seat) -> bool {
        let turn = tokio::time::timeout(Duration::from_millis(20), seat.turn());
        turn.await.is_ok()
    }

    #[tokio::test]
    async fn a_turn_comes_when_the_table_before_it_is_made() {
        let seats = Arc::new(Seats::new(1));
        let place = seats.place().await;
        let first = Seat::of(&seats, Some(place), true);
        let second = Seat::of(&seats, None, true);
        assert!(has_turn(&first).await && !has_turn(&second).await);
        first.soon();
        first.is_soon().await;
        assert!(!has_turn(&second).await, "it is looked at, and not begun");
        first.made();
        assert!(has_turn(&second).await);
        assert!(seats.free_place().is_none());
        assert_eq!(seats.taken(), 2, "the first goes to the store");
        drop(first);
        assert_eq!(seats.taken(), 1);
        drop(second);
        assert!(seats.free_place().is_some());
    }

    #[tokio::test]
    async fn where_nobody_looks_ahead_a_job_has_its_slot_to_its_end() {
        let seats = Arc::new(Seats::new(1));
        let place = seats.place().await;
        let seat = Seat::of(&seats, Some(place), false);
        seat.made();
        assert!(seat.has_place() && seats.free_place().is_none());
        let soon = tokio::time::timeout(Duration::from_millis(20), seat.is_soon());
        assert!(soon.await.is_err());
    }
}
