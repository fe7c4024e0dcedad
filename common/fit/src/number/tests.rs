//! Derivatives against differences of values.

use super::{Curvature, Gradient, Number};

fn all_functions<T: Number>(x: T, y: T) -> T {
    let growth = (x * 0.1).growth() + y.growth();
    (x.exp() + y.ln() * x.recip()) / (x.erfc() + y.sqrt())
        + x.power(y) * growth
        + (x - y).asinh() * -x
}

#[test]
fn first_and_second_derivatives_are_those_of_differences() {
    let at = [0.7, 1.9];
    let f = |x: f64, y: f64| all_functions(x, y);
    let g = |x: f64, y: f64| all_functions(Gradient::<2>::variable(x, 0), Gradient::variable(y, 1));
    let h = all_functions(Curvature::variable(at[0], 0), Curvature::variable(at[1], 1));
    let step = 1e-5;
    let moved = |axis: usize, by: f64| {
        let mut to = at;
        to[axis] += by;
        to
    };
    let here = g(at[0], at[1]);
    assert!((here.value - f(at[0], at[1])).abs() < 1e-13);
    assert!((h.value - here.value).abs() < 1e-13);
    for axis in 0..2 {
        let (up, down) = (moved(axis, step), moved(axis, -step));
        let slope = (f(up[0], up[1]) - f(down[0], down[1])) / (2.0 * step);
        assert!((here.slope[axis] - slope).abs() < 1e-7, "{axis}");
        assert!((h.slope[axis] - here.slope[axis]).abs() < 1e-12);
        let (above, below) = (g(up[0], up[1]), g(down[0], down[1]));
        for other in 0..2 {
            let bend = (above.slope[other] - below.slope[other]) / (2.0 * step);
            assert!((h.bend[axis][other] - bend).abs() < 1e-6, "{axis} {other}");
        }
    }
}

#[test]
fn growth_is_smooth_where_its_series_begins() {
    for x in [-0.5, 0.5] {
        let (a, b) = (
            Curvature::variable(x * 0.999_999, 0).growth(),
            Curvature::variable(x * 1.000_001, 0).growth(),
        );
        assert!((a.value - b.value).abs() < 2e-6);
        assert!((a.slope[0] - b.slope[0]).abs() < 1e-6);
        assert!((a.bend[0][0] - b.bend[0][0]).abs() < 1e-6);
    }
    assert!((Curvature::variable(0.0, 0).growth().bend[0][0] - 1.0 / 3.0).abs() < 1e-15);
}
