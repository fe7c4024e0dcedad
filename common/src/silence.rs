//! Says that somebody is waited for who does not answer, so that nobody who waits wonders why.
//!
//! Every call of a store's client and of a broker's goes through here. What is said goes to the
//! log under one target, [`TARGET`], which every program shows.

use std::time::Duration;

use tracing::warn;

/// Target of what is said, for filters of logs.
pub(crate) const TARGET: &str = "lumimill::silence";

/// Silence after which it is said: nobody waits for ten seconds without a word.
const FIRST: Duration = Duration::from_secs(9);
/// Time until it is said again.
const AGAIN: Duration = Duration::from_secs(30);

/// Waits for an answer, and says from time to time that it does.
#[cfg(feature = "amqp")]
pub(crate) async fn told<T>(who: &str, what: &str, answer: impl Future<Output = T>) -> T {
    tokio::select! {
        biased;
        answer = answer => answer,
        never = say(who.to_owned(), what.to_owned()) => match never {},
    }
}

/// Says for ever that somebody does not answer; whoever gets an answer drops it.
pub(crate) async fn say(who: String, what: String) -> std::convert::Infallible {
    let mut waited = FIRST;
    tokio::time::sleep(FIRST).await;
    loop {
        warn!(target: TARGET, "{}", line(&who, &what, waited));
        tokio::time::sleep(AGAIN).await;
        waited += AGAIN;
    }
}

fn line(who: &str, what: &str, waited: Duration) -> String {
    let seconds = waited.as_secs();
    format!("{who} has not answered for {seconds} s ({what}); still waiting for it")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::line;

    #[test]
    fn what_is_said_names_who_is_waited_for() {
        let line = line("http://store:9000", "GetObject", Duration::from_secs(9));
        assert!(line.starts_with("http://store:9000 has not answered for 9 s"));
        assert!(super::FIRST < Duration::from_secs(10));
    }
}
