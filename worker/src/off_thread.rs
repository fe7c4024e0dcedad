//! Work that takes long, off the threads that answer others.

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinError;

/// Does something on a thread of its own. Where all of a process is on one thread, as in a simulation
/// of time, nobody is kept from anything, and it is done there.
///
/// # Errors
/// When it panics.
pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    match Handle::current().runtime_flavor() {
        RuntimeFlavor::CurrentThread => tokio::spawn(async { work() }).await,
        _ => tokio::task::spawn_blocking(work).await,
    }
}
