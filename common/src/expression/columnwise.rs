//! Functions of the numbers of a row for whole columns: of as many rows at once as the processor can.
//!
//! Where it has AVX2 these are four floats, else what every processor of its kind can. Nothing is rounded
//! otherwise: no operation is fused, and none is done in another order. Only which NaN a NaN is may differ.

#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "calling what is compiled for AVX2 once the processor was asked"
    )
)]

/// Defines a function of columns of floats that gives one column or several, by what it does for a row. What
/// it calls is to be `#[inline(always)]`: else it is called for each row.
macro_rules! columnwise {
    ($(#[$meta:meta])* $visible:vis fn $name:ident($($column:ident),+) -> f64 $row:block) => {
        $(#[$meta])*
        $visible fn $name($($column: &[f64]),+) -> Vec<f64> {
            $crate::expression::columnwise::columnwise! {
                fn columns($($column),+) -> [f64; 1] {
                    [$row]
                }
            }
            let [column] = columns($($column),+);
            column
        }
    };
    ($(#[$meta:meta])* $visible:vis fn $name:ident($($column:ident),+) -> [f64; $count:literal] $row:block) => {
        $(#[$meta])*
        $visible fn $name($($column: &[f64]),+) -> [Vec<f64>; $count] {
            #[inline(always)]
            fn fill(into: &mut [Vec<f64>; $count], $($column: &[f64]),+) {
                let len = into[0].len();
                let mut into = into.each_mut().map(|column| &mut column[..len]);
                $(let $column = &$column[..len];)+
                for row in 0..len {
                    $(let $column = $column[row];)+
                    let values: [f64; $count] = $row;
                    for (column, value) in into.iter_mut().zip(values) {
                        column[row] = value;
                    }
                }
            }
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2")]
            fn fill_by_avx2(into: &mut [Vec<f64>; $count], $($column: &[f64]),+) {
                fill(into, $($column),+);
            }
            let len = [$($column.len()),+].into_iter().fold(usize::MAX, usize::min);
            let mut into = [0; $count].map(|_| vec![0.0; len]);
            #[cfg(target_arch = "x86_64")]
            if std::arch::is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                #[expect(unsafe_code, reason = "the processor was asked")]
                unsafe {
                    fill_by_avx2(&mut into, $($column),+);
                }
                return into;
            }
            fill(&mut into, $($column),+);
            into
        }
    };
}

pub(super) use columnwise;

/// What a function gives for every value.
pub(super) fn each<T: Copy, R: Copy + Default>(of: &[T], f: impl Fn(T) -> R) -> Vec<R> {
    #[inline(always)]
    fn fill<T: Copy, R>(into: &mut [R], of: &[T], f: &impl Fn(T) -> R) {
        for (into, of) in into.iter_mut().zip(of) {
            *into = f(*of);
        }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn fill_by_avx2<T: Copy, R>(into: &mut [R], of: &[T], f: &impl Fn(T) -> R) {
        fill(into, of, f);
    }
    let mut into = vec![R::default(); of.len()];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { fill_by_avx2(&mut into, of, &f) };
        return into;
    }
    fill(&mut into, of, &f);
    into
}

/// What a function gives for every two values of a row.
pub(super) fn each_two<T: Copy, U: Copy, R: Copy + Default>(
    a: &[T],
    b: &[U],
    f: impl Fn(T, U) -> R,
) -> Vec<R> {
    #[inline(always)]
    fn fill<T: Copy, U: Copy, R>(into: &mut [R], a: &[T], b: &[U], f: &impl Fn(T, U) -> R) {
        for ((into, a), b) in into.iter_mut().zip(a).zip(b) {
            *into = f(*a, *b);
        }
    }
    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2")]
    fn fill_by_avx2<T: Copy, U: Copy, R>(into: &mut [R], a: &[T], b: &[U], f: &impl Fn(T, U) -> R) {
        fill(into, a, b, f);
    }
    let mut into = vec![R::default(); a.len().min(b.len())];
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has AVX2.
        unsafe { fill_by_avx2(&mut into, a, b, &f) };
        return into;
    }
    fill(&mut into, a, b, &f);
    into
}
