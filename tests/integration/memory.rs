//! Memory of a worker is that of its slots and their batches, however large shards and files are.

use lumimill_tests::{Cluster, free_port};

use crate::faults::{CAMPAIGN, metric};
use crate::{lumimill, lumimill_worker};

/// Much that is read, and few rows: what is written goes to the store in parts of a size.
const CAMPAIGN_FILE: &str = r#"
name = "demo"
output = "s3://campaigns/site"

[[dataset]]
name = "jets"
kind = "mc"
files = ["data/*.root"]
tree = "Events"

[shards]
events = SHARD

[[stage]]
name = "jets"
rows = { each = "Jet", where = "pt > 100" }
keep = ["run", "event", "MET_pt", "MET_sumEt", "PV_z"]
[stage.columns]
p = "pt * cosh(eta)"
jet_phi = "phi"
jet_mass = "mass"
tag = "btagDeepFlavB"
constituents = "nConstituents"
[[stage.metric]]
histogram = { column = "p", bins = 50, range = [0.0, 200.0] }
"#;

#[test]
fn memory_does_not_grow_with_shards_and_files() {
    let test = "memory_does_not_grow_with_shards_and_files";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    site.serve("serve", &[]);
    // A batch has 16,384 entries: two of them in a shard, and ten.
    let few = most_memory(&mut site, 60_000, 30_000);
    let many = most_memory(&mut site, 300_000, 150_000);
    eprintln!("{test}: at most {few} bytes, and {many} bytes of larger shards");
    assert!(few > 1 << 20);
    // What is read of the jets of such a shard takes 20 MB more: 6 branches of 4 bytes of about
    // 0.8 million jets.
    assert!(many < few + 14_000_000, "{few} bytes became {many}");
}

/// The most memory that a worker of one slot uses in a campaign of shards of this size, in bytes.
fn most_memory(site: &mut Cluster, events: u64, shard: u64) -> u64 {
    let folder = site.campaign(events, shard);
    let text = CAMPAIGN_FILE.replace("SHARD", &shard.to_string());
    folder.write("campaign.toml", text);
    let port = free_port();
    let listen = format!("127.0.0.1:{port}");
    site.worker("w", &["--slots", "1", "--listen", &listen]);
    site.wait_until("the worker", |site| site.log("w").contains("connected to"));
    let file = folder.file();
    let _ = site.run(&["submit", file.to_str().unwrap()]).expect_code(0);
    let mut most = 0;
    site.wait_until("the end of the campaign", |site| {
        // Far more often than the worker changes from one batch to the next.
        for _ in 0..50 {
            most = most.max(metric(port, "lumimill_worker_memory_bytes"));
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        site.has_ended(CAMPAIGN)
    });
    let _ = site.run(&["verify", file.to_str().unwrap()]).expect_code(0);
    site.kill("w");
    site.forget(CAMPAIGN);
    most
}
