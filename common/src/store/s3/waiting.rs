//! Requests waited for on any thread, also on one of an asynchronous runtime.
//!
//! They run on a small runtime of their own, as connections belong to the runtime that opened
//! them.

use std::sync::OnceLock;
use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};
use tokio::task::AbortHandle;

use super::failure::S3Failure;

/// Threads that requests run on; what takes time is the network.
const THREADS: usize = 2;

/// Does the work elsewhere, and waits for its end.
pub(super) fn wait<T: Send + 'static>(
    work: impl Future<Output = Result<T, S3Failure>> + Send + 'static,
) -> Result<T, S3Failure> {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return Err(passing(format!("no thread for requests: {error}"))),
    };
    let (sender, receiver) = mpsc::sync_channel(1);
    runtime.spawn(async move {
        // Whoever asked is waiting, unless the process is at its end.
        let _ = sender.send(work.await);
    });
    let ended = receiver.recv();
    ended.unwrap_or_else(|_| Err(passing(String::from("the request ended without an answer"))))
}

/// Work that goes on elsewhere until somebody waits for it; dropped before, it is given up.
pub(super) struct Beginning<T> {
    ended: mpsc::Receiver<T>,
    work: AbortHandle,
}

impl<T> Beginning<T> {
    /// Waits for its end; `None` where it broke off.
    pub(super) fn wait(&self) -> Option<T> {
        self.ended.recv().ok()
    }
}

impl<T> Drop for Beginning<T> {
    fn drop(&mut self) {
        self.work.abort();
    }
}

/// Begins work elsewhere; `None` without a thread for it.
pub(super) fn begin<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<Beginning<T>> {
    let (sender, ended) = mpsc::sync_channel(1);
    let task = runtime().ok()?.spawn(async move {
        // Nobody may be there for it any more.
        let _ = sender.send(work.await);
    });
    let work = task.abort_handle();
    Some(Beginning { ended, work })
}

fn runtime() -> Result<&'static Runtime, &'static String> {
    static RUNTIME: OnceLock<Result<Runtime, String>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| {
        Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("lumimill-s3")
            .enable_all()
            .build()
            .map_err(|error| error.to_string())
    });
    made.as_ref()
}

fn passing(reason: String) -> S3Failure {
    S3Failure {
        transient: true,
        status: None,
        code: None,
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[tokio::test]
    async fn a_thread_of_a_runtime_may_wait() {
        assert_eq!(wait(async { Ok(7) }).unwrap(), 7);
        let ended = wait::<()>(async { panic!("on purpose") }).unwrap_err();
        assert!(ended.transient, "{ended:?}");
    }
}
