//! Servers that speak TLS, wrong credentials and authorities, and settings that others can read.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use lumimill_tests::{ACCESS_KEY, FaultProxy, SECRET_KEY};

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
    trial.site.set("LUMIMILL_LOG", "trace");
    speak_tls(&mut trial);
    trial.start_pool();
    trial.submit();
    trial.assert_undisturbed();
    for name in ["serve", "w0", "w1", "w2"] {
        trial.site.kill(name);
    }
    mistakes(&mut trial);
    a_file_with_settings(&mut trial);
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

fn mistakes(trial: &mut Trial) {
    let site = &trial.site;
    let (amqp, amqps) = (site.broker.port(), site.broker.encrypted_port());
    let (http, https) = (site.store.port(), site.store.encrypted_port());
    let sealed = |password: &str| format!("amqps://mill:{password}@localhost:PORT");
    let password = site.broker.password().to_owned();
    let mistake = |server, settings: &[(&'static str, &str)], says| Mistake {
        server,
        settings: settings
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect(),
        says,
    };
    let right = sealed(&password);
    let plain = right.replace("amqps:", "amqp:");
    let all = [
        mistake(
            amqps,
            &[("LUMIMILL_BROKER", &sealed(WRONG_PASSWORD))],
            "check user name and password",
        ),
        mistake(
            amqps,
            &[("LUMIMILL_BROKER", &right), ("LUMIMILL_BROKER_CA", "")],
            "trusted authority",
        ),
        mistake(amqp, &[("LUMIMILL_BROKER", &right)], "speaks TLS"),
        mistake(amqps, &[("LUMIMILL_BROKER", &plain)], "TLS port"),
        mistake(
            https,
            &[
                ("LUMIMILL_S3_ENDPOINT", "https://localhost:PORT"),
                ("AWS_SECRET_ACCESS_KEY", WRONG_SECRET),
            ],
            "AWS_SECRET_ACCESS_KEY",
        ),
        mistake(
            https,
            &[
                ("LUMIMILL_S3_ENDPOINT", "https://localhost:PORT"),
                ("AWS_CA_BUNDLE", ""),
            ],
            "AWS_CA_BUNDLE",
        ),
        mistake(
            https,
            &[("LUMIMILL_S3_ENDPOINT", "http://localhost:PORT")],
            "may speak TLS",
        ),
        mistake(
            http,
            &[("LUMIMILL_S3_ENDPOINT", "https://localhost:PORT")],
            "does not speak TLS",
        ),
    ];
    for mistake in &all {
        is_told_at_once(trial, mistake);
    }
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
        let begun = Instant::now();
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
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
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
