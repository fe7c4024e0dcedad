//! Workers whose store is far away, which look at jobs before their turn, and die with several of them.

use std::time::Duration;

use lumimill_tests::{Cluster, DIE_AT, DIE_ONCE, FaultProxy, undisturbed};

use crate::pool::assert_same;
use crate::{lumimill, lumimill_worker};

#[test]
fn workers_that_look_ahead_die_and_leave_no_trace() {
    let test = "workers_that_look_ahead_die_and_leave_no_trace";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = site.campaign(24_000, 1_000);
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = file.to_str().unwrap();
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file]).expect_code(0);
    let proxy = FaultProxy::http_to(site.store.port());
    proxy.far(Duration::from_millis(40));
    let direct = site.store.endpoint();
    let far = format!("http://{}", proxy.address());
    site.set("LUMIMILL_S3_ENDPOINT", &far);
    let once = folder.join("once");
    site.set(DIE_ONCE, once.to_str().unwrap());
    for point in ["taken", "processed", "object-put", "marker-put", "reported"] {
        std::fs::write(&once, "").unwrap();
        site.set(DIE_AT, point);
        site.worker("deadly", &["--slots", "1"]);
        assert_eq!(site.wait_for_end("deadly"), -1, "{point}");
        assert!(!once.exists(), "{point}: it died of something else");
    }
    site.unset(DIE_AT);
    site.worker("one", &["--slots", "2"]);
    // Killed where it happens to be, with whatever is under way.
    site.wait_until("some of its work", |site| {
        site.log("one").matches("shard done").count() > 2
    });
    site.kill("one");
    site.worker("two", &["--slots", "1"]);
    site.worker("three", &["--slots", "2"]);
    site.wait_for_campaign("demo");
    site.set("LUMIMILL_S3_ENDPOINT", &direct);
    assert_same(&expected, &site.objects("demo"));
    let _ = site.run(&["verify", file]).expect_code(0);
    for name in ["two", "three"] {
        let log = site.log(name);
        assert!(log.contains("ahead=true"), "{log}");
        site.signal(name, "TERM");
        assert_eq!(site.wait_for_end(name), 0, "{}", site.log(name));
    }
}
