//! Fits by histograms of other stages, and weights that are orthogonal by one.

use lumimill_tests::{CampaignFolder, python, snapshot};

use super::{run, sample, text};
use crate::lumimill;
use crate::pool::assert_same;

/// Negative charges are fitted with the background of the positive ones, and weighed in three ways.
pub(super) const STAGES: &str = r#"
[[stage]]
name = "mcbkg"
from = "dstar"
where = "is_signal == 0 && charge > 0"
keep = ["M_D0", "p"]
[[stage]]
name = "negative"
from = "dstar"
where = "charge < 0"
keep = ["M_D0", "p", "kpi"]
[[stage]]
name = "massfit"
from = "negative"
[stage.fit]
variable = "M_D0"
range = [1.80, 1.95]
bins = 100
by = [{ column = "p", edges = [0.5, 2.5, 4.5] }]
nominal = { signal = "gauss(mean, 0.0045) + gauss(mean, 0.0095)", background = "template(mcbkg)" }
systematic = { signal = "gauss(mean, 0.0045) + gauss(mean, 0.0095)", background = "f * template(mcbkg) + chebychev(1)" }
start = { mean = 1.865 }
fix = { f = 0.5 }
[[stage]]
name = "sweights"
from = "negative"
weigh = { fit = "massfit", control = ["kpi"] }
[[stage]]
name = "cows"
from = "negative"
weigh = { fit = "massfit", cow = { histogram = "dstar" } }
[[stage]]
name = "ones"
from = "negative"
weigh = { fit = "massfit", cow = "one" }
"#;

#[test]
fn a_fit_by_a_template_is_that_of_iminuit_and_so_are_weights() {
    let folder = sample::folder(40_000, STAGES);
    let first = run(&folder, "2");
    if let Some(ended) = python("weights_by_template.py", &[text(&folder.output())]) {
        let ended = ended.expect_code(0);
        assert!(ended.out.contains("weights agree"), "{}", ended.out);
    }
    assert_same(&first, &run(&sample::folder(40_000, STAGES), "1"));
    let file = folder.file();
    for command in ["verify", "status", "report"] {
        let _ = lumimill().on(command, &file).expect_code(0);
    }
    let fit = |component: &str| {
        let fit = ["fit", text(&file), "--category", "p_0", "--try", component];
        lumimill().run(&fit)
    };
    let tried = fit("background = \"f * template(mcbkg) + exponential\"").expect_code(0);
    assert!(tried.out.contains("background_slope"), "{}", tried.out);
    let told = fit("background = \"template(mcbg)\"").expect_code(2).err;
    let expected = "template(mcbg): no rows of a stage \"mcbg\" are counted for this fit";
    assert!(told.contains(expected), "{told}");
    assert_same(&first, &snapshot(&folder.output()));
}

#[test]
fn a_template_that_changes_is_fitted_by_again() {
    let folder = sample::folder(12_000, STAGES);
    let _ = run(&folder, "2");
    let frozen = |folder: &CampaignFolder| {
        std::fs::read_to_string(folder.output().join("massfit/_fit/p_0.json")).unwrap()
    };
    let before = frozen(&folder);
    folder.change(
        "is_signal == 0 && charge > 0",
        "is_signal == 0 && charge > 0 && kpi < 0.9",
    );
    let file = folder.file();
    let replaced = ["run", text(&file), "--replace"];
    let _ = lumimill().run(&replaced).expect_code(0);
    assert_ne!(frozen(&folder), before);
    let _ = lumimill().on("verify", &file).expect_code(0);
    // Where a category has none of it, there is no fit, and whoever weighs by it waits.
    folder.change("charge > 0 && kpi < 0.9", "p < 2.5");
    let _ = lumimill().run(&replaced).expect_code(3);
    let status = ["status", text(&file), "--failed"];
    let told = lumimill().run(&status).expect_code(0).out;
    let expected = "nominal fit of M_D0 in category p_1: template(mcbkg): no row of stage mcbkg is in \
                    this category and range";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn mistakes_in_templates_are_found_before_anything_runs() {
    let kde = "[[stage]]\nname = \"density\"\nfrom = \"dstar\"\n[stage.kde]\naxes = [{ column = \
               \"kpi\", range = [0.0, 1.0], bins = 20 }]\n[[stage]]\nname = \"massfit\"";
    for (from, to, expected) in [
        (
            "background = \"template(mcbkg)\"",
            "background = \"template(mcbg)\"",
            "stage[3].fit.nominal.background: template(mcbg): \"mcbg\" is not an earlier stage; did you \
             mean mcbkg?",
        ),
        (
            "background = \"template(mcbkg)\"",
            "background = \"template(ones)\"",
            "stage[3].fit.nominal.background: template(ones): \"ones\" is a later stage: write it before \
             this one",
        ),
        (
            "background = \"f * template(mcbkg) + chebychev(1)\"",
            "background = \"f * template(negative) + chebychev(1)\"",
            "stage[3].fit.systematic.background: template(negative): \"negative\" is what is fitted: a \
             template is the histogram of other rows",
        ),
        (
            "background = \"template(mcbkg)\"",
            "background = \"template(mcbkg, mean)\"",
            "template takes the name of a histogram: template(name)",
        ),
        (
            "keep = [\"M_D0\", \"p\"]",
            "keep = [\"M_D0\"]",
            "stage[3].fit.nominal.background: the histogram of stage \"mcbkg\" needs its column \"p\", \
             which it does not have",
        ),
        (
            "histogram = \"dstar\"",
            "histogram = \"cows\"",
            "stage[5].weigh.cow.histogram: \"cows\" is this stage",
        ),
        (
            "histogram = \"dstar\"",
            "histogram = \"sweights\"",
            "stage[5].weigh.cow.histogram: \"sweights\" is counted for the fit \"massfit\", which comes \
             before it",
        ),
    ] {
        assert!(STAGES.contains(from), "{from}");
        let folder = sample::folder(2_000, &STAGES.replace(from, to));
        let told = lumimill().on("check", &folder.file()).expect_code(2).err;
        assert!(told.contains(expected), "{to}\n{told}");
    }
    let with_density = STAGES.replace("[[stage]]\nname = \"massfit\"", kde);
    let with_density = with_density.replace("\"template(mcbkg)\"", "\"template(density)\"");
    let folder = sample::folder(2_000, &with_density);
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    let expected = "stage[4].fit.nominal.background: template(density): \"density\" has no rows: a \
                    template is the histogram of a stage with rows";
    assert!(told.contains(expected), "{told}");
    // A metric is made of the rows of its stage alone.
    let metric = "[[stage.metric]]\nfit = { variable = \"M_D0\", range = [1.80, 1.95], nominal = { \
                  signal = \"gauss(mean, width)\", background = \"template(mcbkg)\" } }\n";
    let folder = sample::folder(2_000, &format!("{STAGES}{metric}"));
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    let expected = "stage[6].metric[0]: fit.nominal: template(mcbkg): no rows of a stage \"mcbkg\" are \
                    counted for this fit";
    assert!(told.contains(expected), "{told}");
}

#[test]
fn a_stage_of_any_name_is_a_template_between_quotation_marks() {
    let fits = |stages: &str| {
        let folder = sample::folder(12_000, stages);
        let _ = run(&folder, "2");
        std::fs::read_to_string(folder.output().join("report/massfit_fits.csv")).unwrap()
    };
    let quoted = STAGES.replace("template(mcbkg)", "template('mc-bkg.2')");
    let quoted = quoted.replace("name = \"mcbkg\"", "name = \"mc-bkg.2\"");
    assert_eq!(fits(&quoted), fits(STAGES));
    let bare = STAGES.replace("template(mcbkg)", "template(mc-bkg.2)");
    let folder = sample::folder(2_000, &bare);
    let told = lumimill().on("check", &folder.file()).expect_code(2).err;
    let expected = "a name with dashes or points stands between quotation marks";
    assert!(told.contains(expected), "{told}");
}
