use std::path::PathBuf;

use super::*;

const HEADER: &str = "#Data tag : 19v2 , Norm tag: None
#run:fill,ls,time,beamstatus,E(GeV),delivered(/nb),recorded(/pb),avgpu,source
";

fn parse(rows: &str) -> Result<LuminosityTable, LuminosityError> {
    LuminosityTable::parse("l.csv", &format!("{HEADER}{rows}"))
}

fn mask(json: &str) -> LumiMask {
    LumiMask::parse("m", json).unwrap().0
}

#[test]
fn units_are_those_of_the_header() {
    let table =
        parse("1:9,3:3,t,STABLE,6500,500,0.25,40,HFET\n1:9,4:0,t,STABLE,6500,500,0,40,X\n#end\n")
            .unwrap();
    let one = table.of(Run::new(1), LumiSection::new(3)).unwrap();
    assert!((one.delivered - 0.5).abs() < 1e-12 && (one.recorded - 0.25).abs() < 1e-12);
    let sum = table.integrate(&mask(r#"{"1": [[4, 4294967295]]}"#));
    assert_eq!((sum.found, sum.absent), (1, 4_294_967_291));
    assert!((sum.total.delivered - 0.5).abs() < 1e-12 && sum.total.recorded.abs() < 1e-12);
}

#[test]
fn mistakes_are_named_with_their_line() {
    let error = |rows: &str| parse(rows).unwrap_err().to_string();
    assert_eq!(
        error("1:9,3:3,t,S,6500,x,1,40,H\n"),
        "l.csv, line 3: expected a luminosity, found \"x\""
    );
    assert_eq!(
        error("1:9,3:3,t\n"),
        "l.csv, line 3: expected at least 6 fields, found 3"
    );
    assert_eq!(
        error("run,3:3,t,S,6,1,1\n"),
        "l.csv, line 3: expected run:fill, found \"run\""
    );
    assert!(error("1:9,3:3,t,S,6,-1,1\n").contains("expected a luminosity, found \"-1\""));
    assert!(error("1:9,3:3,t,S,6,inf,1\n").contains("expected a luminosity"));
    let twice = "1:9,3:3,t,S,6,1,1\n";
    assert!(error(&twice.repeat(2)).contains("line 4: run 1, lumi section 3 is there twice"));
    let no_header = LuminosityTable::parse("l.csv", "1,2,3")
        .unwrap_err()
        .to_string();
    assert!(
        no_header.starts_with("l.csv: no header line"),
        "{no_header}"
    );
    let unit = HEADER.replace("/nb", "hz/ub");
    let unit = LuminosityTable::parse("l.csv", &unit)
        .unwrap_err()
        .to_string();
    assert!(unit.contains("unit \"hz/ub\" is not known"), "{unit}");
}

#[test]
fn ten_lumi_sections_of_a_real_table() {
    let shared = std::env::var("LUMIMILL_SHARED").map_or_else(
        |_| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")),
        PathBuf::from,
    );
    let path = shared.join("data/lumi/lumi_small.csv");
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("SKIPPED: {} not found", path.display());
        return;
    };
    let table = LuminosityTable::parse("lumi_small.csv", &text).unwrap();
    assert_eq!(table.len(), 998);
    let ten = table.integrate(&mask(r#"{"297050": [[12, 21]]}"#));
    assert_eq!((ten.found, ten.absent), (10, 0));
    assert!(
        (ten.total.recorded - 1.539_941_814).abs() < 1e-9,
        "{}",
        ten.total.recorded
    );
}
