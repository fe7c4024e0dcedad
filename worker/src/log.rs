//! What a program says about its work: to standard error, with levels. What others said in it, such
//! as names of branches or a broker, steers no terminal and looks like no line of ours.

mod lines;

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use self::lines::Lines;

/// Variable that asks for more, or for less.
const VARIABLE: &str = "LUMIMILL_LOG";

/// What clients of services say about requests may hold what signs them, or a password: not
/// even when it is asked for. Crates by what their names begin with, and the most that they say.
const QUIET: [(&str, LevelFilter); 8] = [
    ("amq_protocol", LevelFilter::OFF),
    ("async_rs", LevelFilter::ERROR),
    ("aws_", LevelFilter::ERROR),
    ("h2", LevelFilter::ERROR),
    ("hyper", LevelFilter::ERROR),
    ("lapin", LevelFilter::OFF),
    ("rustls", LevelFilter::ERROR),
    ("tokio_rustls", LevelFilter::ERROR),
];

/// Starts the log, at this level unless the environment says otherwise.
pub fn start_log(level: &str) {
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    let colours = std::io::stderr().is_terminal();
    // A second subscriber in one process is a test's: the first one stays.
    let _ = tracing::subscriber::set_global_default(log(filter, colours, std::io::stderr));
}

/// What a filter lets through, less what nobody is to read: that is asked first, of everything,
/// so that no directive of the filter can be closer to the point.
fn log<W>(filter: EnvFilter, colours: bool, writer: W) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colours)
        .with_target(false)
        .with_writer(Lines::of(writer, colours))
        .finish()
        .with(filter_fn(is_for_everybody))
}

fn is_for_everybody(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let quiet = QUIET.iter().find(|(name, _)| target.starts_with(name));
    quiet.is_none_or(|(_, most)| *metadata.level() <= *most)
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use tracing::{debug, error, trace};
    use tracing_subscriber::EnvFilter;

    use super::log;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().expect("the lines").write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_others_said_steers_no_terminal_and_forges_no_line() {
        for colours in [false, true] {
            let lines = Lines::default();
            let writer = lines.clone();
            let subscriber = log(EnvFilter::new("info"), colours, move || writer.clone());
            tracing::subscriber::with_default(subscriber, || {
                let branch = "pt\u{1b}]0;title\u{7}\u{9b}31m\r\nINFO all is well";
                error!(branch, "no branch {branch}; s3://user:hunter2@bucket/x");
            });
            let found = lines.0.lock().expect("the lines");
            let found = String::from_utf8_lossy(&found);
            for bad in ["\u{1b}]", "\u{7}", "\u{9b}", "\r", "\nINFO", "hunter2"] {
                assert!(!found.contains(bad), "{bad:?} in {found:?}");
            }
        }
    }

    #[test]
    fn no_directive_asks_for_what_nobody_is_to_read() {
        let lines = Lines::default();
        let writer = lines.clone();
        let directives = "trace,lapin::io_loop=trace,aws_sdk_s3::operation=trace,\
                          hyper_util::client=trace,rustls::client=trace,h2[frame]=trace";
        let subscriber = log(EnvFilter::new(directives), false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            trace!(target: "lapin::io_loop", "will write PLAIN mill:secret");
            error!(target: "lapin", "secret");
            debug!(target: "aws_sdk_s3::operation::get_object", "signature secret");
            debug!(target: "aws_smithy_runtime::client", "secret");
            trace!(target: "hyper_util::client::legacy", "authorization: secret");
            trace!(target: "hyper::proto", "secret");
            trace!(target: "rustls::client::hs", "secret");
            let span = tracing::trace_span!(target: "h2::codec", "frame", bytes = "secret");
            span.in_scope(|| trace!(target: "h2::codec", "secret"));
            error!(target: "hyper", "connection reset");
            trace!(target: "lumimill_worker::slot", "job handed back");
        });
        let found = lines.0.lock().expect("the lines");
        let found = String::from_utf8_lossy(&found);
        assert!(!found.contains("secret"), "{found}");
        assert!(found.contains("connection reset"), "{found}");
        assert!(found.contains("job handed back"), "{found}");
    }
}
