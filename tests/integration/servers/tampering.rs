//! Somebody who changes what the store has of a campaign between its submission and its workers.

use lumimill_tests::free_port;

use crate::faults::{CAMPAIGN, Trial, metric};

/// What is said of a plan and a campaign file that are not those of their digest.
const CHANGED: &str = "they were changed after they were";

#[test]
fn what_was_tampered_with_is_not_worked_with() {
    let Some(mut trial) = Trial::start("what_was_tampered_with_is_not_worked_with") else {
        return;
    };
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    trial.site.serve("serve", &["--listen", &listen]);
    trial.submit();
    let jobs = trial.shards().len();
    let control = trial.site.object(&format!("{CAMPAIGN}/_control.json"));
    let control: serde_json::Value = serde_json::from_slice(&control.unwrap()).unwrap();
    let plans = format!("{CAMPAIGN}/_plans/{}", control["plan"].as_str().unwrap());
    let models = trial.site.keys(&format!("{CAMPAIGN}/_models"));
    assert_eq!(models.len(), 3, "{models:?}");
    let objects = [
        (format!("{plans}/plan.parquet"), flipped as Forgery, CHANGED),
        (models[0].clone(), flipped, "expected SHA-256"),
        (format!("{plans}/campaign.toml"), loosened, CHANGED),
    ];
    for (number, (key, forge, says)) in objects.iter().enumerate() {
        let name = format!("deceived-{number}");
        let right = trial.site.object(key).unwrap();
        trial.site.put(key, &forge(&right));
        trial.start_worker(&name);
        trial
            .site
            .wait_until("a word about it", |site| site.log(&name).contains(says));
        // Every job is set aside, and its letter kept.
        let letters = (jobs * (number + 1)) as u64;
        trial.site.wait_until("every letter", |_| {
            metric(port, "lumimill_coordinator_dead_letters_total") >= letters
        });
        // With a plan that can be read the campaign is at its end, and says why.
        if models.contains(key) {
            trial.site.wait_for_campaign(CAMPAIGN);
            let status = ["status", &trial.file(), "--failed"];
            let status = trial.site.run(&status).expect_code(0).out;
            assert!(status.contains(says), "{key}: {status}");
            let verified = trial.site.run(&["verify", &trial.file()]);
            let verified = verified.expect_code(3).out;
            for said in [&*models[0], "is damaged", "lumimill submit"] {
                let said = said.trim_start_matches("demo/");
                assert!(verified.contains(said), "{verified}");
            }
        }
        let log = trial.site.log(&name);
        assert_eq!(trial.done(), 0, "{key}: {log}");
        assert_eq!(log.matches("shard done").count(), 0, "{log}");
        assert!(!log.contains("panicked"), "{log}");
        assert_eq!(trial.site.ended(&name), None, "{key}: it lives");
        trial.site.kill(&name);
        // A damaged model could be mended by no command.
        if !models.contains(key) {
            trial.site.put(key, &right);
        }
        trial.submit();
        assert_eq!(trial.site.object(key), Some(right), "{key}");
    }
    trial.start_pool();
    trial.assert_undisturbed();
}

type Forgery = fn(&[u8]) -> Vec<u8>;

/// One bit is another.
fn flipped(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    bytes
}

/// A campaign file that is whole, and asks for something else.
fn loosened(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains("pt > 3 "), "{text}");
    text.replace("pt > 3 ", "pt > 2 ").into_bytes()
}
