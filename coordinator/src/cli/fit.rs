//! `lumimill fit`: fits a category again, as it is or with another model, from the counts that are
//! there. Nothing is written.

use std::path::PathBuf;

use clap::Args;
use lumimill_common::campaign::{Campaign, Stage};
use lumimill_common::metric::{CountedRows, FittedCategory, FittedModel, FittedValue, MassFitSpec};

use super::block_on::block_on;
use super::say::{say, tell};
use super::target::{planned, target};
use crate::campaign_file::Mistakes;
use crate::exit_code::Exit;
use crate::output::{Output, Planned};
use crate::packs::Reading;
use crate::reduce::{counted_for, reduce};
use crate::report::with_error;
use crate::soundness::Markers;

/// Lines of the plot.
const LINES: usize = 30;
/// Characters of its longest bar.
const WIDTH: f64 = 50.0;

#[derive(Debug, Args)]
pub(super) struct FitArgs {
    /// The campaign file, the folder (or s3:// address) of its output, or its name at the site of
    /// LUMIMILL_STORE.
    campaign: PathBuf,
    /// The stage that fits; may be left out where there is one.
    #[arg(long)]
    stage: Option<String>,
    /// The category, such as p_0, or all.
    #[arg(long)]
    category: String,
    /// A component of the nominal model in place of that of its name: 'signal = "voigt(mean, width,
    /// gamma)"'.
    #[arg(long = "try", value_name = "COMPONENT")]
    tries: Vec<String>,
}

pub(super) fn fit(args: &FitArgs) -> anyhow::Result<Exit> {
    let subject = args.campaign.display();
    let mistakes = |messages| Mistakes::new(&subject, messages);
    let (spec, counted) = block_on(counts(args))?;
    let tried = match args.tries.is_empty() {
        true => None,
        false => Some(spec.tried(&args.tries).map_err(mistakes)?),
    };
    let of = |spec: &MassFitSpec| spec.category_of(&counted, &args.category);
    let found = of(&spec).ok_or_else(|| {
        let names = (0..spec.categories()).map(|number| spec.named(number).0);
        let names = names.collect::<Vec<_>>().join(", ");
        mistakes(vec![format!(
            "there is no category {:?}: there are {names}",
            args.category
        )])
    })?;
    let tried = tried.as_ref().and_then(of);
    let [low, high] = spec.range();
    say(format_args!(
        "category {}: {} rows of {} in {} bins from {low} to {high}",
        found.name,
        found.entries,
        spec.variable(),
        spec.bins()
    ));
    let now = found.fits.first();
    let other = tried.as_ref().and_then(|tried| tried.fits.first());
    for line in beside(now, other) {
        say(format_args!("{line}"));
    }
    let shown = tried.as_ref().unwrap_or(&found);
    if let Some(fit) = shown.fits.first() {
        for line in plot(shown, fit, [low, high]) {
            say(format_args!("{line}"));
        }
        if let Some(failure) = &fit.failure {
            tell(format_args!("no fit: {failure}"));
            return Ok(Exit::Trouble);
        }
    }
    Ok(Exit::Done)
}

/// What is fitted, and what was counted of it on the shards that are done.
async fn counts(args: &FitArgs) -> anyhow::Result<(MassFitSpec, CountedRows)> {
    let path = &args.campaign;
    let mistake = |message: String| Mistakes::new(path.display(), vec![message]);
    let (campaign, place) = target(path).await?;
    let output = Output::open(&place)?;
    let Planned { campaign, plan, .. } = planned(path, &place, &output, &campaign).await?;
    let stage = meant(&campaign, args.stage.as_deref()).map_err(mistake)?;
    let no_rows = || mistake(format!("stage {} reads no rows", stage.name));
    let spec = stage.fit.as_ref().ok_or_else(no_rows)?;
    let inventory = output.inventory(&plan).await?;
    let markers = Markers::of(&campaign);
    let (done, tables) = (&inventory.done, &inventory.tables);
    let reading = Reading::of(&output, &plan, &markers, &inventory).await?;
    let mut results = Vec::new();
    for name in stage.from.iter().chain(&stage.others()) {
        let read = campaign.stage(name).ok_or_else(no_rows)?;
        let result = reduce(&reading, read, done, tables).await?;
        let planned = plan.shards.iter();
        let planned = planned.filter(|shard| shard.stage == *name).count();
        if result.merged.len() < planned {
            tell(format_args!(
                "note: {} of {planned} shards of {name} are counted",
                result.merged.len()
            ));
        }
        results.push(result);
    }
    let counted = counted_for(stage, &results).ok_or_else(|| {
        let message = format!(
            "nothing is counted for {} yet: run the campaign",
            stage.name
        );
        mistake(message)
    })?;
    Ok((spec.clone(), counted))
}

/// The stage that is meant.
fn meant<'a>(campaign: &'a Campaign, name: Option<&str>) -> Result<&'a Stage, String> {
    let fits: Vec<&Stage> = campaign.stages.iter().filter(|it| it.is_fit()).collect();
    let names: Vec<&str> = fits.iter().map(|stage| stage.name.as_str()).collect();
    let there = match names.as_slice() {
        [] => return Err(String::from("no stage of it fits: there is no [stage.fit]")),
        names => names.join(", "),
    };
    match (name, fits.as_slice()) {
        (None, [only]) => Ok(*only),
        (None, _) => Err(format!("--stage says which fit: there are {there}")),
        (Some(name), _) => fits
            .iter()
            .find(|stage| stage.name.as_str() == name)
            .copied()
            .ok_or_else(|| format!("{name} is no stage that fits: there are {there}")),
    }
}

/// The values of one or two fits, beside one another.
fn beside(now: Option<&FittedModel>, tried: Option<&FittedModel>) -> Vec<String> {
    let of = |fit: Option<&FittedModel>| fit.map(lines_of).unwrap_or_default();
    let (now, other) = (of(now), of(tried));
    let mut names: Vec<&str> = now.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in &other {
        if !names.contains(&name.as_str()) {
            names.push(name);
        }
    }
    let value = |of: &[(String, String)], name: &str| {
        let found = of.iter().find(|(known, _)| known == name);
        found.map_or_else(|| String::from("-"), |(_, value)| value.clone())
    };
    let head = match tried {
        Some(_) => format!("{:<24}{:<26}{}", "", "as it is", "tried"),
        None => format!("{:<24}{}", "", "as it is"),
    };
    let lines = names.into_iter().map(|name| {
        let (now, other) = (value(&now, name), value(&other, name));
        match tried {
            Some(_) => format!("{name:<24}{now:<26}{other}"),
            None => format!("{name:<24}{now}"),
        }
    });
    std::iter::once(head).chain(lines).collect()
}

fn lines_of(fit: &FittedModel) -> Vec<(String, String)> {
    let value = |value: &FittedValue| {
        let at = match (value.at_limit, value.fixed, value.idle) {
            (true, ..) => " (at a limit)",
            (_, true, _) => " (fixed)",
            (.., true) => " (without influence)",
            _ => "",
        };
        let number = with_error(value.value, value.error);
        (value.name.clone(), format!("{number}{at}"))
    };
    let mut lines: Vec<(String, String)> = fit.values.iter().map(value).collect();
    let number = |number: Option<f64>| number.map(|number| with_error(number, None));
    let ndf = fit.ndf.map(|ndf| ndf.to_string());
    let goodness = [
        ("chi2", number(fit.chi2)),
        ("ndf", ndf),
        ("p_value", number(fit.p_value)),
        ("edm", number(fit.edm)),
        ("status", Some(fit.status.to_string())),
    ];
    let said = goodness
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    lines.extend(said);
    lines
}

/// Counts as bars, what the fit expects as a mark, and the pull, in joined bins.
fn plot(category: &FittedCategory, fit: &FittedModel, [low, high]: [f64; 2]) -> Vec<String> {
    let bins = category.contents.len();
    let together = bins.div_ceil(LINES).max(1);
    let sums = |values: &[f64]| -> Vec<f64> {
        let chunks = values.chunks(together);
        chunks.map(|chunk| chunk.iter().sum()).collect()
    };
    let counts = sums(&category.contents);
    let squares: Vec<f64> = category.errors.iter().map(|error| error * error).collect();
    let squares = sums(&squares);
    let expected = fit.curves.first().map(|curve| sums(&curve.contents));
    let all = counts.iter().chain(expected.iter().flatten());
    let most = all.copied().fold(1.0, f64::max);
    let place = |value: f64| (value.max(0.0) / most * WIDTH).round() as usize;
    let mut lines = vec![format!(
        "{:>10}  {:<51}{:>9}{:>11}{:>7}",
        "from", "rows (#), expected (|)", "rows", "expected", "pull"
    )];
    for (line, count) in counts.iter().enumerate() {
        let mut bar: Vec<char> = vec![' '; WIDTH as usize + 1];
        bar.iter_mut().take(place(*count)).for_each(|c| *c = '#');
        let mean = expected.as_ref().and_then(|expected| expected.get(line));
        let (mut shown, mut pull) = (String::new(), String::new());
        if let Some(mean) = mean {
            if let Some(mark) = bar.get_mut(place(*mean)) {
                *mark = '|';
            }
            shown = format!("{mean:.1}");
            let error = squares.get(line).copied().unwrap_or_default().sqrt();
            if error > 0.0 {
                pull = format!("{:+.1}", (count - mean) / error);
            }
        }
        let from = low + (high - low) * (line * together) as f64 / bins.max(1) as f64;
        let bar: String = bar.into_iter().collect();
        lines.push(format!(
            "{from:>10.4}  {bar}{count:>9.0}{shown:>11}{pull:>7}"
        ));
    }
    lines
}
