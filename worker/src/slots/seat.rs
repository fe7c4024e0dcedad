//! What a job has of its process: a slot while its table is made. Looking for what it reads before,
//! and bringing its table to the store after that, take time and no slot.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, watch};

use super::Slots;

/// A slot, for as long as somebody has it.
pub(super) type Place = OwnedSemaphorePermit;

/// A job's hold on its process.
pub(crate) struct Seat {
    slots: Arc<Slots>,
    place: Mutex<Option<Place>>,
    soon: watch::Sender<bool>,
}

impl Seat {
    /// That of a job which has a slot already, or waits for its turn.
    pub(super) fn of(slots: &Arc<Slots>, place: Option<Place>) -> Arc<Self> {
        slots.seats.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self {
            slots: slots.clone(),
            place: Mutex::new(place),
            soon: watch::Sender::new(false),
        })
    }

    /// Waits until it has a slot.
    pub(crate) async fn turn(&self) {
        if !self.has_place() {
            let place = self.slots.place().await;
            *self.place() = Some(place);
        }
    }

    /// Tells that the next job may be looked at: this one needs its slot for a moment only.
    pub(crate) fn soon(&self) {
        if self.slots.ahead {
            self.soon
                .send_if_modified(|soon| !std::mem::replace(soon, true));
        }
    }

    /// Gives the slot to the next job: the table is made.
    pub(crate) fn made(&self) {
        self.soon();
        if self.slots.ahead {
            drop(self.place().take());
        }
    }

    /// Returns when the next job may be looked at.
    pub(super) async fn is_soon(&self) {
        // Whoever tells it is here.
        let _ = self.soon.subscribe().wait_for(|soon| *soon).await;
    }

    pub(super) fn has_place(&self) -> bool {
        self.place().is_some()
    }

    fn place(&self) -> std::sync::MutexGuard<'_, Option<Place>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.slots.seats.fetch_sub(1, Ordering::Relaxed);
        self.slots.left.notify_waiters();
    }
}
