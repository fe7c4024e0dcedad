//! S3-compatible storage over TLS: a private authority is trusted when it is named, and nothing
//! else is, which is told at once.

use std::path::Path;

use lumimill_common::store::{S3Store, Store, conformance};
use lumimill_tests::{CampaignFolder, Ended, FaultProxy, Program, SeaweedFs, snapshot};

use crate::lumimill;
use crate::s3::{assert_no_credentials, assert_same, objects, runtime};

#[test]
fn a_private_authority_is_trusted_when_it_is_named() {
    let Some(server) = SeaweedFs::start("S3 over TLS") else {
        return;
    };
    let proxy = FaultProxy::to(server.encrypted_port());
    let endpoint = format!("https://localhost:{}", proxy.port());
    let authority = server.authority();
    let settings = server.settings_changed(&[
        ("LUMIMILL_S3_ENDPOINT", &endpoint),
        ("AWS_CA_BUNDLE", authority.to_str().unwrap()),
    ]);
    let store = S3Store::open("s3://campaigns/sealed".parse().unwrap(), settings).unwrap();
    runtime().block_on(async {
        assert!(store.prepare().await.unwrap(), "conditional requests work");
        conformance::check(&store as &dyn Store).await;
    });
    let folder = CampaignFolder::demo(4_000);
    folder.change("events = 10_000", "events = 1_000");
    let _ = lumimill().on("run", &folder.file()).expect_code(0);
    let local = snapshot(&folder.output());
    let address = "output = \"s3://campaigns/sealed/out\"";
    folder.change("output = \"out\"", address);
    let _ = run(&server, &folder, &endpoint, Some(&authority)).expect_code(0);
    assert_same(&local, &objects(&server, "sealed/out/demo"));
    wrong_endpoints_are_told_at_once(&server, &folder);
}

/// The program on a campaign, with an endpoint and the authorities to trust.
fn run(
    server: &SeaweedFs,
    folder: &CampaignFolder,
    endpoint: &str,
    authority: Option<&Path>,
) -> Ended {
    let file = folder.file();
    let mut command = lumimill().command(&["run", file.to_str().unwrap()]);
    server.environment(&mut command);
    command.env("LUMIMILL_S3_ENDPOINT", endpoint);
    if let Some(authority) = authority {
        command.env("AWS_CA_BUNDLE", authority);
    }
    let ended = Program::finish(&mut command);
    assert_no_credentials(&format!("{}{}", ended.out, ended.err));
    ended
}

/// One connection is enough to know.
fn wrong_endpoints_are_told_at_once(server: &SeaweedFs, folder: &CampaignFolder) {
    let (plain, sealed) = (server.port(), server.encrypted_port());
    let authority = server.authority();
    let authority = Some(authority.as_path());
    for (scheme, port, authority, says) in [
        ("https", sealed, None, "AWS_CA_BUNDLE"),
        ("https", plain, authority, "does not speak TLS"),
        ("http", sealed, authority, "may speak TLS"),
    ] {
        let proxy = FaultProxy::to(port);
        let endpoint = format!("{scheme}://localhost:{}", proxy.port());
        let ended = run(server, folder, &endpoint, authority).expect_code(2);
        ended.says(&["s3://campaigns/sealed/out", says]);
        assert_eq!(proxy.connections(), 1, "{endpoint}: {}", ended.err);
    }
}
