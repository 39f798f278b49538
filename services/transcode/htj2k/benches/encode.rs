//! How long an image takes to encode, on one core.

use divan::counter::ItemsCount;
use transcode_htj2k::{Image, encode};

fn main() {
    divan::main();
}

/// A slope with as much noise as a detector has, the same each time.
fn samples(image: Image, noise_bits: u32) -> Vec<i32> {
    let (columns, count) = (image.columns as usize, (image.columns * image.rows) as usize);
    let mut state = 1_u32;
    let most = (1 << image.precision) - 1;
    (0..count)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let slope = (at / columns + at % columns) / 4;
            (slope as i32 + (state >> (32 - noise_bits)) as i32).rem_euclid(most)
        })
        .collect()
}

const MAMMOGRAM: Image = Image { columns: 2560, rows: 2930, precision: 12, signed: false, colour_transform: false };
const SLICE: Image = Image { columns: 512, rows: 512, precision: 16, signed: false, colour_transform: false };

#[divan::bench(args = [4, 7])]
fn mammogram_of_7_5_megapixels(bencher: divan::Bencher<'_, '_>, noise_bits: u32) {
    let plane = samples(MAMMOGRAM, noise_bits);
    bencher
        .counter(ItemsCount::new(plane.len()))
        .with_inputs(|| vec![plane.clone()])
        .bench_values(|components| encode(MAMMOGRAM, components));
}

#[divan::bench]
fn slice_of_512_by_512(bencher: divan::Bencher<'_, '_>) {
    let plane = samples(SLICE, 6);
    bencher
        .counter(ItemsCount::new(plane.len()))
        .with_inputs(|| vec![plane.clone()])
        .bench_values(|components| encode(SLICE, components));
}
