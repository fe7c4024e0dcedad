//! Servers that speak TLS, wrong credentials and authorities, and settings that others can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use lumimill_tests::{ACCESS_KEY, FaultProxy, RabbitMq, SECRET_KEY, SeaweedFs};

use super::assert_no_credentials;
use crate::faults::Trial;

const WRONG_PASSWORD: &str = "hunter2-of-nobody";
const WRONG_SECRET: &str = "a-secret-that-nobody-has";

#[test]
fn a_pool_that_speaks_tls_and_mistakes_in_its_settings() {
    let Some(mut trial) = Trial::start("a_pool_that_speaks_tls_and_mistakes_in_its_settings")
    else {
        return;
    };
    let all =
        "trace,lapin::io_loop=trace,aws_smithy_runtime::client=trace,hyper_util::client=trace";
    trial.site.set("LUMIMILL_LOG", all);
    speak_tls(&mut trial);
    trial.start_pool();
    trial.submit();
    trial.assert_undisturbed();
    for name in ["serve", "w0", "w1", "w2"] {
        trial.site.kill(name);
    }
    let mut mistakes = of_the_broker(&trial.site.broker);
    mistakes.extend(of_the_store(&trial.site.store));
    for mistake in &mistakes {
        is_told_at_once(&mut trial, mistake);
    }
    a_file_with_settings(&mut trial);
    assert!(trial.site.logs().contains("TRACE"), "nothing is left out");
    assert_no_credentials(&trial, &[WRONG_PASSWORD, WRONG_SECRET]);
}

/// Settings with which all lines are encrypted, and only a private authority is trusted.
fn speak_tls(trial: &mut Trial) {
    let site = &mut trial.site;
    let broker = site.broker.encrypted_address();
    let broker_authority = site.broker.authority_file();
    let store = format!("https://localhost:{}", site.store.encrypted_port());
    let store_authority = site.store.authority();
    site.set("LUMIMILL_BROKER", &broker);
    site.set("LUMIMILL_BROKER_CA", broker_authority.to_str().unwrap());
    site.set("LUMIMILL_S3_ENDPOINT", &store);
    site.set("AWS_CA_BUNDLE", store_authority.to_str().unwrap());
}

/// A setting that is wrong, and what must be said about it.
struct Mistake {
    server: u16,
    settings: Vec<(&'static str, String)>,
    says: &'static str,
}

impl Mistake {
    fn new(server: u16, says: &'static str, settings: &[(&'static str, &str)]) -> Self {
        let owned = |(name, value): &(&'static str, &str)| (*name, String::from(*value));
        Self {
            server,
            settings: settings.iter().map(owned).collect(),
            says,
        }
    }
}

fn of_the_broker(broker: &RabbitMq) -> Vec<Mistake> {
    const BROKER: &str = "LUMIMILL_BROKER";
    let (plain, sealed) = (broker.port(), broker.encrypted_port());
    let login = |password: &str| format!("mill:{password}@localhost:PORT");
    let wrong = format!("amqps://{}", login(WRONG_PASSWORD));
    let right = format!("amqps://{}", login(broker.password()));
    let without = format!("amqp://{}", login(broker.password()));
    let stranger = [(BROKER, right.as_str()), ("LUMIMILL_BROKER_CA", "")];
    vec![
        Mistake::new(sealed, "check user name and password", &[(BROKER, &wrong)]),
        Mistake::new(sealed, "trusted authority", &stranger),
        Mistake::new(plain, "speaks TLS", &[(BROKER, &right)]),
        Mistake::new(sealed, "TLS port", &[(BROKER, &without)]),
    ]
}

fn of_the_store(store: &SeaweedFs) -> Vec<Mistake> {
    const ENDPOINT: &str = "LUMIMILL_S3_ENDPOINT";
    const SECRET: &str = "AWS_SECRET_ACCESS_KEY";
    const AUTHORITY: &str = "AWS_CA_BUNDLE";
    let (plain, sealed) = (store.port(), store.encrypted_port());
    let (right, without) = ("https://localhost:PORT", "http://localhost:PORT");
    vec![
        Mistake::new(sealed, SECRET, &[(ENDPOINT, right), (SECRET, WRONG_SECRET)]),
        Mistake::new(sealed, AUTHORITY, &[(ENDPOINT, right), (AUTHORITY, "")]),
        Mistake::new(sealed, "may speak TLS", &[(ENDPOINT, without)]),
        Mistake::new(plain, "does not speak TLS", &[(ENDPOINT, right)]),
    ]
}

/// Worker, coordinator and submission end at once, and do not ask again and again.
fn is_told_at_once(trial: &mut Trial, mistake: &Mistake) {
    trial.site.forget(crate::faults::CAMPAIGN);
    for program in ["worker", "serve", "submit"] {
        speak_tls(trial);
        trial.site.unset("AWS_SECRET_ACCESS_KEY");
        let proxy = FaultProxy::to(mistake.server);
        for (name, value) in &mistake.settings {
            let value = value.replace("PORT", &proxy.port().to_string());
            trial.site.set(name, &value);
        }
        let name = format!("{program}-{}", proxy.port());
        match program {
            "worker" => trial.site.worker(&name, &["--slots", "1"]),
            "serve" => trial.site.serve(&name, &[]),
            _ => trial.site.begin(&name, &["submit", &trial.file()]),
        }
        let code = trial.site.wait_for_end(&name);
        let log = trial.site.log(&name);
        let says: Vec<&str> = log.lines().filter(|line| !is_detail(line)).collect();
        let says = says.join("\n");
        assert_eq!(code, 2, "{name}: {says}");
        assert!(says.contains(mistake.says), "{name}: {says}");
        let connections = proxy.connections();
        assert!(
            connections <= 2,
            "{name}: {connections} connections\n{says}"
        );
    }
    speak_tls(trial);
    trial.site.unset("AWS_SECRET_ACCESS_KEY");
}

fn is_detail(line: &str) -> bool {
    line.contains("TRACE") || line.contains("DEBUG")
}

/// Settings in a file: for the owner alone.
fn a_file_with_settings(trial: &mut Trial) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("site.toml");
    let broker = trial.site.broker.address();
    let endpoint = trial.site.store.endpoint();
    let lines = [
        ("LUMIMILL_BROKER", broker.as_str()),
        ("LUMIMILL_STORE", "s3://campaigns/site"),
        ("LUMIMILL_S3_ENDPOINT", &endpoint),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
        ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
    ];
    let text: String = lines
        .iter()
        .map(|(name, value)| format!("{name} = \"{value}\"\n"))
        .collect();
    fs::write(&path, text).unwrap();
    for (name, _) in lines {
        trial.site.set(name, "");
    }
    for name in ["LUMIMILL_BROKER_CA", "AWS_CA_BUNDLE"] {
        trial.site.unset(name);
    }
    trial.site.set("LUMIMILL_SITE", path.to_str().unwrap());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    trial.site.worker("open", &["--slots", "1"]);
    trial.site.serve("open-serve", &[]);
    for name in ["open", "open-serve"] {
        assert_eq!(trial.site.wait_for_end(name), 2);
        let log = trial.site.log(name);
        assert!(log.contains("chmod 600"), "{log}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    trial.start_pool();
    trial.submit();
    trial.assert_undisturbed();
}
