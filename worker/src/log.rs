//! What a program says about its work: to standard error, with levels.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Variable that asks for more, or for less.
const VARIABLE: &str = "LUMIMILL_LOG";

/// What clients of services say about requests may hold what signs them, or a password: not
/// even when it is asked for.
const QUIET: [&str; 11] = [
    "amq_protocol=off",
    "async_rs=error",
    "aws_runtime=error",
    "aws_sdk_s3=error",
    "aws_sigv4=error",
    "aws_smithy_http_client=error",
    "aws_smithy_runtime=error",
    "aws_smithy_runtime_api=error",
    "h2=error",
    "hyper=error",
    "lapin=off",
];

/// Starts the log, at this level unless the environment says otherwise.
pub fn start_log(level: &str) {
    let mut filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(level));
    for directive in QUIET.iter().filter_map(|text| text.parse().ok()) {
        filter = filter.add_directive(directive);
    }
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_writer(std::io::stderr);
    // A second subscriber in one process is a test's: the first one stays.
    let _ = subscriber.try_init();
}
