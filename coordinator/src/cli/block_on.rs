//! Async work of a command.

/// Runs async work on a runtime of its own.
pub(super) fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(work);
    // A read that does not return holds up nobody who is done.
    runtime.shutdown_background();
    ended
}
