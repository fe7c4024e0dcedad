//! Random events, all at once, against plain loops over one event at a time.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Muon {
    pt: f32,
    eta: f32,
    phi: f32,
    charge: i32,
}

#[derive(Debug, Clone)]
struct Event {
    met: f32,
    muons: Vec<Muon>,
    certified: bool,
}

fn event() -> impl Strategy<Value = Event> {
    // Few values of pt, so that ties are common.
    let muon = (
        1_u8..8,
        -2.5_f32..2.5,
        -3.1_f32..3.1,
        prop_oneof![Just(-1), Just(1)],
    )
        .prop_map(|(pt, eta, phi, charge)| Muon {
            pt: f32::from(pt) * 3.7,
            eta,
            phi,
            charge,
        });
    let muons = proptest::collection::vec(muon, 0..6);
    (0.0_f32..40.0, muons, proptest::bool::weighted(0.8)).prop_map(|(met, muons, certified)| {
        Event {
            met,
            muons,
            certified,
        }
    })
}

fn to_batch(events: &[Event]) -> RecordBatch {
    let list = |of: fn(&Muon) -> f32| -> ArrayRef {
        let lists = events
            .iter()
            .map(|event| Some(event.muons.iter().map(|muon| Some(of(muon)))));
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists))
    };
    let charges = events
        .iter()
        .map(|event| Some(event.muons.iter().map(|muon| Some(muon.charge))));
    let charges = ListArray::from_iter_primitive::<Int32Type, _, _>(charges);
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "nMuon",
            Arc::new(UInt32Array::from_iter_values(
                events.iter().map(|e| e.muons.len() as u32),
            )),
        ),
        (
            "MET_pt",
            Arc::new(Float32Array::from_iter_values(events.iter().map(|e| e.met))),
        ),
        ("Muon_pt", list(|muon| muon.pt)),
        ("Muon_eta", list(|muon| muon.eta)),
        ("Muon_phi", list(|muon| muon.phi)),
        ("Muon_mass", list(|_| 0.105_66)),
        ("Muon_charge", Arc::new(charges)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

fn mass(a: &Muon, b: &Muon) -> f64 {
    let p4 = |muon: &Muon| {
        let (pt, eta, phi) = (f64::from(muon.pt), f64::from(muon.eta), f64::from(muon.phi));
        let (px, py, pz) = (pt * phi.cos(), pt * phi.sin(), pt * eta.sinh());
        let m = f64::from(0.105_66_f32);
        [px, py, pz, (px * px + py * py + pz * pz + m * m).sqrt()]
    };
    let (a, b) = (p4(a), p4(b));
    let [px, py, pz, e] = [0, 1, 2, 3].map(|at| a[at] + b[at]);
    (e * e - px * px - py * py - pz * pz).sqrt()
}

/// Event index, candidate, invariant mass, scaled MET.
type Row = (u32, u32, f64, f64);

fn expected(events: &[Event]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if !event.certified || event.muons.len() < 2 || event.met >= 30.0 {
            continue;
        }
        let hard = event.muons.iter().filter(|muon| muon.pt > 10.0).count();
        let mut members: Vec<&Muon> = event
            .muons
            .iter()
            .filter(|muon| muon.pt > 5.0 && muon.eta.abs() < 2.4)
            .collect();
        members.sort_by(|a, b| b.pt.total_cmp(&a.pt));
        let mut candidate = 0;
        for (at, first) in members.iter().enumerate() {
            for second in &members[at + 1..] {
                if first.charge * second.charge < 0 {
                    let scaled = f64::from(event.met) * hard as f64;
                    let m = mass(first, second);
                    if f64::from(m as f32) > 3.0 {
                        rows.push((index as u32, candidate, m, scaled));
                    }
                    candidate += 1;
                }
            }
        }
    }
    rows
}

proptest! {
    #[test]
    fn all_at_once_is_one_by_one(events in proptest::collection::vec(event(), 0..30)) {
        let batch = to_batch(&events);
        let program = compile(
            "where = \"nMuon >= 2 && MET_pt < 30\"\nselect = \"m > 3\"\n\
             rows = { pairs = \"Muon\", charge = \"opposite\", where = \"pt > 5 && abs(eta) < 2.4\" }\n\
             [stage.columns]\nm = \"mass(pair)\"\nscaled = \"MET_pt * count(Muon_pt > 10)\"",
            &batch.schema(),
        ).unwrap();
        let certified = BooleanArray::from_iter(events.iter().map(|event| Some(event.certified)));
        let rows = program.run(&batch, Some(&certified)).unwrap();
        let expected = expected(&events);
        let found: Vec<(u32, u32)> = rows.event_index.values().iter().copied()
            .zip(rows.candidate.values().iter().copied()).collect();
        let wanted: Vec<(u32, u32)> = expected.iter().map(|row| (row.0, row.1)).collect();
        prop_assert_eq!(found, wanted);
        for (row, (m, scaled)) in f32s(&rows, "m").into_iter().zip(f32s(&rows, "scaled")).enumerate() {
            // The textbook mass of a near-collinear pair is good to a few digits only.
            prop_assert!((f64::from(m) - expected[row].2).abs() < 1e-6 * expected[row].2);
            prop_assert!((f64::from(scaled) - expected[row].3).abs() <= 1e-7 * expected[row].3);
        }
    }
}
