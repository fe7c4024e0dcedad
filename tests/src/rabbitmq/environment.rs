//! What keeps a RabbitMQ to itself: everything it would share is its own.

use std::path::Path;

use super::Ports;

pub(super) fn environment(folder: &Path, ports: Ports) -> Vec<(&'static str, String)> {
    let inside = |name: &str| folder.join(name).display().to_string();
    // On loopback alone; and it looks every second, not every minute, who holds messages too long.
    let arguments =
        "-kernel inet_dist_use_interface {127,0,0,1} -rabbit channel_tick_interval 1000";
    vec![
        ("HOME", inside("home")),
        (
            "RABBITMQ_NODENAME",
            format!("mill-{}@localhost", ports.plain),
        ),
        ("RABBITMQ_DIST_PORT", ports.nodes.to_string()),
        ("ERL_EPMD_PORT", ports.names.to_string()),
        ("ERL_EPMD_ADDRESS", String::from("127.0.0.1")),
        ("RABBITMQ_MNESIA_BASE", inside("data")),
        ("RABBITMQ_LOG_BASE", inside("log")),
        ("RABBITMQ_PID_FILE", inside("pid")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", inside("plugins")),
        ("RABBITMQ_FEATURE_FLAGS_FILE", inside("feature-flags")),
        ("RABBITMQ_CONF_ENV_FILE", String::from("/dev/null")),
        ("RABBITMQ_CONFIG_FILE", inside("rabbitmq.conf")),
        ("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", arguments.to_owned()),
        // The script becomes the server, instead of waiting for it: killing it kills the server.
        ("RUNNING_UNDER_SYSTEMD", String::from("1")),
    ]
}
