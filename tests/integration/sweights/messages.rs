//! What is said of fits and weights that cannot be.

use super::{sample, text};
use crate::lumimill;

/// A fit of the D*, of which a part is replaced.
fn stages(from: &str, to: &str) -> String {
    assert!(super::STAGES.contains(from), "{from}");
    super::STAGES.replace(from, to)
}

/// What `check` says of a campaign with these stages.
fn told(stages: &str) -> String {
    let folder = sample::folder(2_000, stages);
    lumimill().on("check", &folder.file()).expect_code(2).err
}

#[test]
fn mistakes_of_fits_and_weights_are_found_before_anything_runs() {
    for (from, to, expected) in [
        (
            "gauss(mean, width1)",
            "gaus(mean, width1)",
            "stage[1].fit.nominal: component \"signal\": there is no density \"gaus\"; nearest: gauss",
        ),
        (
            "gauss(mean, width1)",
            "gauss(mean)",
            "gauss has 2 arguments, this has 1: gauss(mean, width)",
        ),
        (
            "range = [1.80, 1.95]",
            "range = [1.95, 1.80]",
            "stage[1].fit.range: ",
        ),
        (
            "variable = \"M_D0\"",
            "variable = \"M_D\"",
            "stage[1].fit: \"M_D\" is not a column of stage \"dstar\"; did you mean M_D0?",
        ),
        (
            "column = \"p\", edges = [0.5, 2.5, 4.5] }]\nnominal",
            "column = \"p\", edges = [4.5, 2.5] }]\nnominal",
            "stage[1].fit.by[1].edges: [4.5, 2.5]; expected two or more finite ones that ascend",
        ),
        (
            "signal = \"gauss(mean, width1) + gauss(mean, width2)\", ",
            "peak = \"gauss(mean, width1) + gauss(mean, width2)\", ",
            "stage[2].weigh.fit: the nominal model of \"massfit\" has no component signal: it has \
             peak, background",
        ),
        (
            "fit = \"massfit\"",
            "fit = \"masfit\"",
            "stage[2].weigh.fit: \"masfit\" is not an earlier stage; did you mean massfit?",
        ),
        (
            "fit = \"massfit\"",
            "fit = \"dstar\"",
            "stage[2].weigh.fit: \"dstar\" is no fit: name a stage with [stage.fit]",
        ),
        (
            "\"cosTheta\", \"kpi\"]",
            "\"cosTheta\", \"kpii\"]",
            "stage[2].weigh.control[2]: \"kpii\" is not a column of stage \"dstar\"; did you mean kpi?",
        ),
        (
            "\"cosTheta\", \"kpi\"]",
            "\"M_D0\"]",
            "stage[2].weigh.control[1]: M_D0 is what is fitted: weights are for what does not depend \
             on it",
        ),
        (
            "weigh = {",
            "where = \"M_D0 > 1.85\"\nweigh = {",
            "stage[2].where: M_D0 is what is fitted: weights of a part of its range unfold nothing",
        ),
        (
            "\"kpi > 0.8\"]",
            "\"M_D0 > 1.85\"]",
            "stage[2].metric[0]: M_D0 is what is fitted: what is weighed by it cannot be cut or binned",
        ),
        (
            "weigh = {",
            "keep = [\"kpi as p\"]\nweigh = {",
            "stage[2].weigh.fit: p decides about the weights, and is another column here",
        ),
        (
            "weigh = { ",
            "weigh = { cow = \"two\", ",
            "stage[2].weigh.cow: expected \"density\" or \"one\", found \"two\"",
        ),
        (
            "[stage.fit]",
            "where = \"p > 1\"\n[stage.fit]",
            "stage[1].where: does not go with a fit, which has no rows: put it in a stage of its own",
        ),
        (
            "from = \"dstar\"\nweigh",
            "from = \"massfit\"\nweigh",
            "stage[2].from: \"massfit\" is a fit, which has no rows: weigh by it",
        ),
        ("bins = 300", "bins = 0", "stage[1].fit.bins: "),
        (
            "start = { mean = 1.865",
            "start = { men = 1.865",
            "stage[1].fit.start",
        ),
    ] {
        let told = told(&stages(from, to));
        assert!(told.contains(expected), "{to}\n{told}");
    }
    let computed = "[stage.columns]\nkpi = \"kaonID / (kaonID + pionID)\"\n";
    let folder = sample::folder(2_000, super::STAGES);
    folder.change(computed, &format!("{computed}shifted = \"M_D0 - 1.865\"\n"));
    folder.change("\"cosTheta\", \"kpi\"]", "\"shifted\"]");
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    let expected = "stage[2].weigh.control[1]: shifted is computed from M_D0, which is fitted";
    assert!(told.contains(expected), "{told}");
    // Through functions it went unseen.
    folder.change("\"M_D0 - 1.865\"", "\"outer(p)\"");
    let functions = "[functions]\nouter = \"(p) => p + inner()\"\ninner = \"() => M_D0\"\n";
    folder.change("[[dataset]]", &format!("{functions}[[dataset]]"));
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    assert!(told.contains(expected), "{told}");
}

/// A stage that fits with a simple model, with these keys.
fn fit(name: &str, keys: &str) -> String {
    let model = "nominal = { signal = \"gauss(mean, width)\", background = \"exponential\" }";
    let model = if keys.contains("nominal") { "" } else { model };
    let variable = "variable = \"M_D0\"\nrange = [1.80, 1.95]";
    let variable = if keys.contains("variable") {
        ""
    } else {
        variable
    };
    format!(
        "[[stage]]\nname = \"{name}\"\nfrom = \"dstar\"\n[stage.fit]\n{variable}\n{model}\n{keys}\n"
    )
}

#[test]
fn a_fit_that_cannot_be_made_is_a_failed_shard_with_its_reason() {
    let cases = [
        (
            "few",
            String::from("variable = \"M_D0\"\nrange = [1.8, 1.80015]\nbins = 50"),
            " for 5 free parameters: choose wider categories, or fix parameters",
        ),
        (
            "constant",
            String::from("variable = \"charge\"\nrange = [0.5, 1.5]"),
            " entries have one value of the fit variable, near 1",
        ),
        (
            "elsewhere",
            String::from("variable = \"M_D0\"\nrange = [3.0, 3.5]"),
            "category all: no entry in the range [3, 3.5]",
        ),
        (
            "twins",
            String::from(
                "nominal = { signal = \"gauss(mean, width)\", background = \"gauss(mean, width)\" }",
            ),
            "components \\\"signal\\\" and \\\"background\\\" have the same shape",
        ),
        (
            // Narrower than numbers are dense: the minimum lies between two of them.
            "endless",
            String::from("constrain = { width = [0.0051234, 1e-19] }"),
            "nominal fit of M_D0 in category all: no minimum was reached",
        ),
        (
            "gaps",
            String::from("by = [{ column = \"gap\", edges = [0.0, 10.0] }]"),
            "",
        ),
        (
            "limit",
            String::from("start = { width = [0.0021, 0.002, 0.0022] }"),
            "",
        ),
    ];
    let text_of: Vec<String> = cases
        .iter()
        .map(|(name, keys, _)| fit(name, keys))
        .collect();
    let weights = "[[stage]]\nname = \"weighed\"\nfrom = \"dstar\"\nweigh = { fit = \"twins\" }\n";
    let folder = sample::folder(6_000, &format!("{}{weights}", text_of.concat()));
    let kpi = "kpi = \"kaonID / (kaonID + pionID)\"";
    folder.change(
        kpi,
        &format!("{kpi}\ngap = \"charge > 0 ? p : sqrt(-1.0)\""),
    );
    let ended = lumimill().on("run", &folder.file()).expect_code(3);
    let file = folder.file();
    let status = lumimill()
        .run(&["status", text(&file), "--failed", "--json"])
        .expect_code(0)
        .out;
    for (name, _, expected) in &cases {
        assert!(
            status.contains(expected),
            "{name}: {expected}\n{status}\n{}",
            ended.err
        );
    }
    // Whose rows are weighed by what was given up waits for it.
    assert!(status.contains("weighed"), "{status}");
    let report = |name: &str| {
        std::fs::read_to_string(folder.output().join(format!("report/{name}"))).unwrap()
    };
    let page = report("index.html");
    for part in [
        "width at a limit",
        "no entry in the range",
        "the data do not tell the parameters apart",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!folder.output().join("weighed/_done").exists());
    let gaps = report("gaps_fits.csv");
    assert!(gaps.contains("gap_0,nominal,status,0"), "{gaps}");
    let table = folder.output().join("gaps/_fit/gap_0.json");
    assert!(table.exists());
}
