//! A pool of one version, and what a newer one wrote into its store.

use lumimill_common::control::plan_digest;

use crate::faults::{CAMPAIGN, Trial};
use crate::forms::{of_the_next_form, plan_of_a_later_form};

const NEWER: &str = "written by a newer version of lumimill (form ";

#[test]
fn what_a_newer_version_wrote_is_said_by_every_command_of_a_pool() {
    let test = "what_a_newer_version_wrote_is_said_by_every_command_of_a_pool";
    let Some(mut trial) = Trial::start(test) else {
        return;
    };
    trial.submit();
    let key = format!("{CAMPAIGN}/_control.json");
    let control = trial.site.object(&key).unwrap();
    trial.site.put(&key, &of_the_next_form(&control));
    let file = trial.file();
    for verb in [
        &["status", &file][..],
        &["submit", &file],
        &["pause", &file],
        &["resubmit", &file, "--missing"],
        &["report", &file],
        &["verify", &file],
    ] {
        trial.site.run(verb).expect_code(2).says(&[NEWER]);
    }
    // Its jobs are nobody's fault: they wait for a worker that is up to it.
    trial.start_worker("old");
    let said = |name: &str| {
        let name = name.to_owned();
        move |site: &lumimill_tests::Cluster| site.log(&name).contains(NEWER)
    };
    trial.site.wait_until("the worker's word", said("old"));
    let failed = format!("{CAMPAIGN}/dimuon/_failed");
    assert_eq!(trial.site.keys(&failed), Vec::<String>::new());
    trial.site.kill("old");

    let plan: serde_json::Value = serde_json::from_slice(&control).unwrap();
    let plans = |digest: &str| format!("{CAMPAIGN}/_plans/{digest}");
    let here = plans(plan["plan"].as_str().unwrap());
    let [table, text] = ["plan.parquet", "campaign.toml"]
        .map(|name| trial.site.object(&format!("{here}/{name}")).unwrap());
    let later = plan_of_a_later_form(&table);
    let digest = plan_digest(&later, &text);
    let there = plans(&digest);
    trial.site.put(&format!("{there}/plan.parquet"), &later);
    trial.site.put(&format!("{there}/campaign.toml"), &text);
    let mut newer = plan.clone();
    newer["plan"] = digest.into();
    trial.site.put(&key, newer.to_string().as_bytes());
    for verb in [
        &["status", &file][..],
        &["submit", &file],
        &["verify", &file],
    ] {
        trial.site.run(verb).expect_code(2).says(&[NEWER]);
    }

    trial.site.put(&key, &control);
    trial.site.put("_serve/live.json", b"{\"form\": 99}");
    let status = trial.site.run(&["status", &file]).expect_code(0);
    status.says(&["note: ", NEWER]);
    trial
        .site
        .put("_dead/0123456789abcdef.json", b"{\"form\": 99}");
    for verb in [&["dead", "list"][..], &["dead", "show", "0123456789abcdef"]] {
        trial.site.run(verb).expect_code(2).says(&[NEWER]);
    }
    trial.site.delete("_dead/0123456789abcdef.json");
    trial.start_pool();
    trial.assert_undisturbed();
}
