//! Fits and weights by a pool whose workers die.

use lumimill_tests::{BUCKET, Cluster, undisturbed};

use super::{STAGES, sample, text};
use crate::pool::{assert_same, workers_die_at};
use crate::{lumimill, lumimill_worker};

#[test]
fn a_pool_fits_and_weighs_as_one_laptop_does() {
    let test = "a_pool_fits_and_weighs_as_one_laptop_does";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = sample::folder(24_000, STAGES);
    folder.change(
        "output = \"out\"",
        &format!("output = \"s3://{BUCKET}/site\""),
    );
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = text(&file);
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file]).expect_code(0);
    let status = site.run(&["status", file]).expect_code(0).out;
    assert!(
        status.contains(" with 2 fits or densities to make"),
        "{status}"
    );
    let deaths = [
        ("object-put", "dstar"),
        ("processed", "massfit"),
        ("object-put", "massfit"),
        ("marker-put", "sweights"),
    ];
    workers_die_at(&mut site, &expected, &deaths);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "1"]);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let _ = site.run(&["verify", file]).expect_code(0);
    let status = site.run(&["status", file]).expect_code(0);
    assert!(
        status.out.contains("weights by massfit: valid for ") && !status.out.contains("to make"),
        "{}",
        status.out
    );
    let brought = folder.join("brought");
    let _ = site
        .run(&["fetch", file, "--output", text(&brought)])
        .expect_code(0);
    assert!(brought.join("demo/massfit/_fit/p_0.json").exists());
}

/// Templates and weights that are orthogonal by other stages, which are read whole by a fit.
#[test]
fn a_pool_fits_and_weighs_by_other_stages_as_one_laptop_does() {
    let test = "a_pool_fits_and_weighs_by_other_stages_as_one_laptop_does";
    let Some(mut site) = Cluster::start(test, lumimill(), lumimill_worker()) else {
        return;
    };
    let folder = sample::folder(16_000, super::templates::STAGES);
    // That of yet another stage, of which nothing but counts is wanted.
    folder.change(
        "cow = { histogram = \"dstar\" }",
        "cow = { histogram = \"mcbkg\" }",
    );
    folder.change(
        "output = \"out\"",
        &format!("output = \"s3://{BUCKET}/site\""),
    );
    let expected = undisturbed(&lumimill(), &folder);
    let file = folder.file();
    let file = text(&file);
    site.serve("serve", &[]);
    let _ = site.run(&["submit", file]).expect_code(0);
    let deaths = [
        ("object-put", "mcbkg"),
        ("marker-put", "negative"),
        ("processed", "massfit"),
        ("object-put", "massfit"),
        ("marker-put", "massfit"),
        ("processed", "cows"),
        ("marker-put", "ones"),
    ];
    workers_die_at(&mut site, &expected, &deaths);
    site.worker("one", &["--slots", "2"]);
    site.worker("two", &["--slots", "1"]);
    site.wait_for_campaign("demo");
    assert_same(&expected, &site.objects("demo"));
    let _ = site.run(&["verify", file]).expect_code(0);
}
