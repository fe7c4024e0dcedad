//! Messages that come twice, late, in another order, and that are not true.

use std::collections::BTreeSet;
use std::time::Duration;

use lumimill_common::failure::{Failure, FailureKind};
use lumimill_common::job::{JobOutcome, JobReport, pack, unpack};
use lumimill_common::queue::{REPORTS, Settle, jobs};

use super::{Post, Trial, WORKERS};

#[test]
fn messages_may_come_twice_late_or_be_untrue() {
    let Some(mut trial) = Trial::start("messages_may_come_twice_late_or_be_untrue") else {
        return;
    };
    // So many that wherever packs begin, one is worth it.
    trial.change("events = 500", "events = 250");
    trial.expect_anew();
    let shards = trial.shards();
    trial.site.serve("serve", &[]);
    trial.submit();
    trial.submit();
    let post = Post::at(&trial.site);
    let twice = 2 * shards.len();
    assert_eq!(post.depth(&jobs("cpu")), twice as u64, "every job twice");
    assert_untrue_reports_are_not_believed(&trial, &post);
    // What workers say now, nobody hears; then a coordinator hears all of it backwards, twice.
    trial.site.kill("serve");
    for name in WORKERS {
        trial.start_worker(name);
    }
    let mut reports = post.take(REPORTS, twice, &Settle::Done);
    let told: BTreeSet<String> = reports
        .iter()
        .map(|message| unpack::<JobReport>(message).unwrap().shard.to_string())
        .collect();
    assert_eq!(told, shards.into_iter().collect(), "each shard is told of");
    reports.reverse();
    for report in reports.iter().chain(&reports) {
        post.publish(REPORTS, report.clone());
    }
    trial.site.serve("serve", &[]);
    trial.assert_undisturbed();
    // What is packed are copies: whoever spoils them spoils nothing.
    let packs = trial.site.keys("demo/_packs");
    assert!(!packs.is_empty(), "there are enough shards for a pack");
    for pack in packs {
        trial.site.put(&pack, b"{\"form\":1}\n");
    }
    let _ = trial.site.run(&["report", &trial.file()]).expect_code(0);
    trial.assert_undisturbed();
    // And once more, when all is over.
    for report in reports {
        post.publish(REPORTS, report);
    }
    trial
        .site
        .wait_until("the reports taken", |_| post.depth(REPORTS) == 0);
    std::thread::sleep(Duration::from_secs(2));
    trial.assert_undisturbed();
}

/// All shards are said to be done, or to have failed, and none is.
fn assert_untrue_reports_are_not_believed(trial: &Trial, post: &Post) {
    for (number, shard) in trial.shards().iter().enumerate() {
        let job = trial.job(shard);
        let report = JobReport {
            campaign: job.campaign,
            plan: job.plan,
            stage: job.stage,
            shard: job.shard,
            worker: String::from("liar"),
            attempt: 1,
            outcome: match number % 3 {
                0 => JobOutcome::Failed {
                    failure: Failure::reject(FailureKind::Other, shard, "it was never tried"),
                },
                1 => JobOutcome::Done { rows: 1 << 40 },
                _ => JobOutcome::Marked {
                    rows: 1,
                    marker: String::from("of no shard"),
                },
            },
        };
        post.publish(REPORTS, pack(1, &report).unwrap());
    }
    trial
        .site
        .wait_until("the reports taken", |_| post.depth(REPORTS) == 0);
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(trial.site.keys("_campaigns/ended"), [""; 0]);
    assert_eq!(trial.site.keys("demo/report"), [""; 0]);
    assert_eq!(trial.done(), 0);
}
