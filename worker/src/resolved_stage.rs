//! A stage as it is for what it reads: with every column that its patterns mean, and the keys that
//! rows of a stage always keep.

use std::collections::BTreeSet;

use arrow_schema::Schema;
use lumimill_common::campaign::{Keep, Places, Problem, Rows, Stage, StageName};
use lumimill_common::metric::{KdeSpec, MassFitSpec};
use lumimill_common::suggest::nearest;
use lumimill_common::wildcard::matches;

use crate::identity::{KEYS, Role, column_of};

/// The stage for columns that have their roles, and what is wrong with its names; `path` is where it
/// is in the campaign.
pub(crate) fn with_all_names(stage: &Stage, path: &str, schema: &Schema) -> (Stage, Vec<Problem>) {
    let is_named = stage.from.is_none() && !stage.keep.iter().any(Keep::is_pattern);
    if is_named {
        return (stage.clone(), Vec::new());
    }
    let mut kept: Vec<(Keep, usize)> = Vec::new();
    let mut problems = Vec::new();
    for (index, keep) in stage.keep.iter().enumerate() {
        let place = stage.reading.keep.of(index);
        if !keep.is_pattern() {
            kept.push((keep.clone(), place));
            continue;
        }
        let mut names = meant(schema, &keep.column);
        if stage.from.is_none() {
            // Files of one dataset may have the same columns in another order.
            names.sort_unstable();
        }
        if names.is_empty() {
            problems.push(Problem {
                path: format!("{path}.keep[{place}]"),
                message: format!("no column matches \"{}\"", keep.column),
            });
        }
        let is_new = |name: &&str| {
            let is_it = |keep: &Keep| keep.column == *name;
            !stage.keep.iter().any(is_it) && !kept.iter().any(|(keep, _)| is_it(keep))
        };
        let new: Vec<Keep> = names.into_iter().filter(is_new).map(as_it_is).collect();
        kept.extend(new.into_iter().map(|keep| (keep, place)));
    }
    if stage.only_measures() {
        let measured: BTreeSet<String> = stage.measured_columns().into_iter().collect();
        let is_there = |name: &&String| schema.field_with_name(name).is_ok();
        let measured = measured.iter().filter(is_there);
        kept.extend(measured.map(|name| (as_it_is(name), 0)));
    }
    problems.extend(not_there(stage, path, schema));
    let is_kept = |name: &str| kept.iter().any(|(keep, _)| keep.column == name);
    let keys = keys(stage, schema);
    let keys = keys.into_iter().filter(|name| !is_kept(name));
    let keys: Vec<(Keep, usize)> = keys.map(|name| (as_it_is(name), 0)).collect();
    let (keep, places): (Vec<Keep>, Vec<usize>) = keys.into_iter().chain(kept).unzip();
    let mut stage = stage.clone();
    stage.keep = keep;
    stage.reading.keep = places.into_iter().collect::<Places>();
    // What is not there for want of a match is no second mistake.
    if problems.is_empty() {
        problems.extend(
            stage
                .wrong_names()
                .into_iter()
                .map(|(key, message)| Problem {
                    path: key.map_or_else(|| path.to_owned(), |key| format!("{path}.{key}")),
                    message,
                }),
        );
    }
    (stage, problems)
}

/// Columns of the fit, and those that weights are to be used for, that the rows which are read do not
/// have.
fn not_there(stage: &Stage, path: &str, schema: &Schema) -> Vec<Problem> {
    let fit = stage.fit.iter().flat_map(MassFitSpec::columns_said);
    let fit = fit.map(|name| (String::from("fit"), name));
    let kde = stage.kde.iter().flat_map(KdeSpec::columns_read);
    let kde = kde.map(|name| (String::from("kde"), name));
    let control = stage
        .weigh
        .iter()
        .flat_map(|weigh| weigh.control.iter().enumerate());
    let control = control.map(|(at, name)| (format!("weigh.control[{at}]"), name.as_str()));
    let truth = stage
        .weigh
        .iter()
        .filter_map(|weigh| weigh.truth.as_deref());
    let truth = truth.map(|name| (String::from("weigh.truth"), name));
    let all = fit.chain(kde).chain(control).chain(truth);
    let missing = all.filter(|(_, name)| schema.field_with_name(name).is_err());
    let from = stage.from.as_ref().map_or("", StageName::as_str);
    let problem = |(key, name): (String, &str)| {
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let hint = match nearest(name, names) {
            Some(near) => format!("; did you mean {near}?"),
            None => String::from(": have that stage keep it"),
        };
        Problem {
            path: format!("{path}.{key}"),
            message: format!("\"{name}\" is not a column of stage \"{from}\"{hint}"),
        }
    };
    missing.map(problem).collect()
}

fn as_it_is(name: &str) -> Keep {
    Keep {
        column: name.to_owned(),
        name: name.to_owned(),
    }
}

/// The columns that a pattern means. Those of a branch within others are there by several names: the
/// whole one with slashes, one with dots, and a short one. It means the shortest, unless it has a
/// slash or dot itself; a branch whose own name has a dot is there once.
fn meant<'a>(schema: &'a Schema, pattern: &str) -> Vec<&'a str> {
    let special = ['.', '/'];
    let all = || schema.fields().iter().map(|field| field.name().as_str());
    let mut longer: BTreeSet<&str> = BTreeSet::new();
    let named: BTreeSet<&str> = all().collect();
    for name in all().filter(|name| name.contains('/')) {
        let short = name.rsplit('/').next().filter(|own| named.contains(own));
        let dotted = named.get(name.replace('/', ".").as_str()).copied();
        if short.or(dotted).is_some() {
            longer.insert(name);
        }
        if short.is_some() {
            longer.extend(dotted);
        }
    }
    let is_shortest = |name: &&str| pattern.contains(special) || !longer.contains(name);
    all()
        .filter(is_shortest)
        .filter(|name| matches(pattern, name))
        .collect()
}

/// The columns by which the rows of a stage are told apart, unless the stage gives them anew.
fn keys<'a>(stage: &Stage, schema: &'a Schema) -> Vec<&'a str> {
    if stage.from.is_none() {
        return Vec::new();
    }
    let is_kept = |role: &Role| match role {
        Role::Candidate => stage.rows == Rows::Event,
        Role::Fold => !stage.has_folds(),
        _ => true,
    };
    let roles = KEYS.into_iter().filter(is_kept);
    roles.filter_map(|role| column_of(schema, role)).collect()
}

#[cfg(test)]
mod tests {
    use arrow_schema::{DataType, Field};
    use lumimill_common::campaign::Campaign;

    use super::*;

    fn stage(said: &str) -> Stage {
        let text = format!(
            "name = \"c\"\noutput = \"o\"\n[[dataset]]\nname = \"d\"\nkind = \"mc\"\nfiles = \
             [\"a\"]\n[[stage]]\nname = \"a\"\n[[stage]]\nname = \"b\"\nfrom = \"a\"\n{said}"
        );
        Campaign::parse(&text).unwrap().stages.remove(1)
    }

    fn schema() -> Schema {
        let field = |name: &str| Field::new(name, DataType::UInt32, false);
        Schema::new(vec![
            field("Hit_x"),
            Role::Event.given_to(field("event")),
            field("Hit_y"),
            Role::Run.given_to(field("r")),
            Role::Candidate.given_to(field("candidate")),
            field("Track_x"),
            field("Track.Hit_z"),
        ])
    }

    /// Branches whose own names have a dot were left out by every pattern without one.
    #[test]
    fn a_branch_with_a_dot_in_its_name_is_meant_too() {
        let names = [
            "dot.x",
            "Track/Hit",
            "Track.Hit",
            "Hit",
            "a/n",
            "a.n",
            "b/n",
            "b.n",
            "c/d",
        ];
        let field = |name: &&str| Field::new(*name, DataType::Float32, false);
        let schema = Schema::new(names.iter().map(field).collect::<Vec<_>>());
        assert_eq!(meant(&schema, "*"), ["dot.x", "Hit", "a.n", "b.n", "c/d"]);
        assert_eq!(meant(&schema, "dot*"), ["dot.x"]);
        assert_eq!(meant(&schema, "Track/*"), ["Track/Hit"]);
        assert_eq!(meant(&schema, "*.Hit"), ["Track.Hit"]);
    }

    fn names(said: &str) -> Vec<String> {
        let (stage, problems) = with_all_names(&stage(said), "stage[1]", &schema());
        assert!(problems.is_empty(), "{problems:?}");
        let keep = stage.keep.into_iter();
        keep.map(|keep| match keep.name == keep.column {
            true => keep.name,
            false => format!("{} as {}", keep.column, keep.name),
        })
        .collect()
    }

    fn problems(said: &str) -> Vec<String> {
        let (_, problems) = with_all_names(&stage(said), "stage[1]", &schema());
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_are_kept_first_and_patterns_mean_each_column_once() {
        assert_eq!(names(""), ["r", "event", "candidate"]);
        let expected = ["r", "event", "candidate", "Track_x", "Hit_x", "Hit_y"];
        assert_eq!(
            names("keep = [\"Track_x\", \"Hit_*\", \"Hit_?\"]"),
            expected
        );
        assert_eq!(
            names("keep = [\"Hit_y as y\", \"Hit_*\"]"),
            ["r", "event", "candidate", "Hit_y as y", "Hit_x"]
        );
        assert_eq!(
            names("keep = [\"r as run\", \"*.Hit_*\"]"),
            ["event", "candidate", "r as run", "Track.Hit_z"]
        );
        assert_eq!(names("rows = { each = \"Hit\" }"), ["r", "event"]);
    }

    #[test]
    fn a_stage_that_only_measures_keeps_what_it_measures() {
        let metric =
            "[[stage.metric]]\nhistogram = { column = \"Hit_x\", bins = 3, range = [0.0, 1.0] }";
        assert_eq!(names(metric), ["r", "event", "candidate", "Hit_x"]);
        let found = problems(&metric.replace("Hit_x", "Hit_z"));
        let expected = "stage[1].metric[0]: \"Hit_z\" is not an output column of this stage";
        assert!(found[0].starts_with(expected), "{found:?}");
    }

    #[test]
    fn names_are_looked_at_once_they_are_known() {
        let found = problems("keep = [\"Hit_x\", \"Muon_*\"]");
        assert_eq!(found, ["stage[1].keep[1]: no column matches \"Muon_*\""]);
        let found = problems("keep = [\"Hit_*\"]\n[stage.columns]\nHit_x = \"1\"");
        assert_eq!(found, ["stage[1]: two output columns are named \"Hit_x\""]);
        let metric =
            "[[stage.metric]]\nhistogram = { column = \"Hit_z\", bins = 3, range = [0.0, 1.0] }";
        let found = problems(&format!("keep = [\"Hit_*\"]\n{metric}"));
        let expected = "stage[1].metric[0]: \"Hit_z\" is not an output column of this stage; did you \
                        mean Hit_x?";
        assert_eq!(found, [expected]);
    }
}
