//! A part of the floor, and how long it takes.

use std::error::Error;
use std::time::Duration;

use lumimill_worker::cpu_time::cpu_time;

/// How often each part is done and measured, after once that is not.
const PASSES: usize = 3;

/// What an example makes of a mistake: words.
pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Work that nobody can leave out.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    /// CPU time of the thread.
    pub(crate) time: Duration,
    /// How much work it is, for people.
    pub(crate) of: String,
}

/// The median of what some passes take, which say themselves what of them is counted.
pub(crate) fn median(mut pass: impl FnMut() -> Outcome<Duration>) -> Outcome<Duration> {
    pass()?;
    let mut times = (0..PASSES)
        .map(|_| pass())
        .collect::<Outcome<Vec<Duration>>>()?;
    times.sort_unstable();
    Ok(times.get(PASSES / 2).copied().unwrap_or_default())
}

/// What work gives, and the CPU time that this thread needs for it.
pub(crate) fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Duration)> {
    let before = cpu_time();
    let made = work()?;
    let spent = cpu_time().zip(before).map(|(after, before)| after - before);
    Ok((
        made,
        spent.ok_or("no clock tells the CPU time of a thread")?,
    ))
}

/// For people.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
