//! A code-block in one cleanup pass: ISO/IEC 15444-15 §7, from the writer's side. Samples go in quads of two by two, quads in pairs.

use crate::streams::{self, MagSgn, Mel, Vlc};
use crate::vlc;

/// The side of a code-block.
pub(crate) const SIDE: usize = 64;

/// What a block's neighbours below have to know of a row of quads: between two quads, the samples at the bottom on both sides.
type Boundaries = [Boundary; SIDE / 2 + 2];

const NOTHING: Boundaries = [Boundary { exponent: 0, significant: 0 }; SIDE / 2 + 2];

#[derive(Debug, Clone, Copy)]
struct Boundary {
    /// The larger exponent.
    exponent: u32,
    /// Whether one is significant.
    significant: u8,
}

/// The encoder's streams, kept from block to block.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    magnitudes: MagSgn,
    runs: Mel,
    codewords: Vlc,
}

/// A quad: samples from the top down, then to the right.
#[derive(Debug, Clone, Copy, Default)]
struct Quad {
    significant: u8,
    exponents: [u32; 4],
    largest: u32,
    /// Magnitudes above one, doubled, and the sign in the lowest bit.
    values: [u32; 4],
}

impl Quad {
    #[inline(always)]
    fn of(samples: [i32; 4]) -> Self {
        let mut quad = Self::default();
        for (index, sample) in samples.into_iter().enumerate() {
            let magnitude = sample.unsigned_abs();
            let is_significant = magnitude != 0;
            let doubled = 2 * magnitude;
            let exponent = if is_significant { 32 - (doubled - 1).leading_zeros() } else { 0 };
            quad.significant |= u8::from(is_significant) << index;
            quad.exponents[index] = exponent;
            quad.largest = quad.largest.max(exponent);
            quad.values[index] = doubled.wrapping_sub(2).wrapping_add(sample as u32 >> 31);
        }
        quad
    }

    /// Whether more than one sample is significant.
    fn is_busy(&self) -> bool {
        self.significant & self.significant.wrapping_sub(1) != 0
    }

    /// A bit for each sample that has the largest exponent.
    fn which_are_largest(&self) -> u8 {
        (0..4).fold(0, |bits, index| bits | u8::from(self.exponents[index] == self.largest) << index)
    }
}

impl Encoder {
    /// Appends the block of `columns` by `rows` samples, at most [`SIDE`] each, whose rows are `step` apart.
    pub(crate) fn encode(&mut self, out: &mut Vec<u8>, samples: &[i32], step: usize, columns: usize, rows: usize) {
        self.magnitudes.clear();
        self.runs.clear();
        self.codewords.clear();
        let mut above = NOTHING;
        for row in (0..rows).step_by(2) {
            let top = &samples[row * step..row * step + columns];
            let bottom = if row + 1 < rows { &samples[(row + 1) * step..(row + 1) * step + columns] } else { &[] };
            above = match row {
                0 => self.first_row(top, bottom),
                _ => self.other_row(top, bottom, &above),
            };
        }
        streams::join(out, &mut self.magnitudes, &mut self.runs, &mut self.codewords);
    }

    /// Nothing is known from above: the context is what is to the left.
    fn first_row(&mut self, top: &[i32], bottom: &[i32]) -> Boundaries {
        let (mut here, mut left) = (NOTHING, 0);
        for pair in (0..top.len().div_ceil(2)).step_by(2) {
            let mut excess = [0; 2];
            for (at, excess) in (pair..top.len().div_ceil(2)).zip(&mut excess) {
                let quad = quad(top, bottom, at);
                let context = left >> 1 | left & 1;
                *excess = self.quad(&quad, context, 1, vlc::first_row);
                left = quad.significant;
                note(&mut here, at, &quad);
            }
            self.first_row_excess(excess);
        }
        here
    }

    fn other_row(&mut self, top: &[i32], bottom: &[i32], above: &Boundaries) -> Boundaries {
        let (mut here, mut left) = (NOTHING, 0);
        for pair in (0..top.len().div_ceil(2)).step_by(2) {
            let mut excess = [0; 2];
            for (at, excess) in (pair..top.len().div_ceil(2)).zip(&mut excess) {
                let quad = quad(top, bottom, at);
                let [before, after] = [above[at], above[at + 1]];
                let beside = u8::from(left & 0b1100 != 0);
                let context = before.significant | beside << 1 | after.significant << 2;
                let predicted = if quad.is_busy() { before.exponent.max(after.exponent).max(2) - 1 } else { 1 };
                *excess = self.quad(&quad, context, predicted, vlc::other_row);
                left = quad.significant;
                note(&mut here, at, &quad);
            }
            let [first, second] = excess.map(vlc::excess);
            for (bits, length) in [first[0], second[0], first[1], second[1]] {
                self.codewords.put(bits, length);
            }
        }
        here
    }

    /// Writes one quad; gives by how much its exponent is above the prediction.
    #[inline(always)]
    fn quad(&mut self, quad: &Quad, context: u8, predicted: u32, table: impl Fn(u8, u8, u8) -> vlc::Codeword) -> u32 {
        let exponent = quad.largest.max(predicted);
        let excess = exponent - predicted;
        let largest = if excess > 0 { quad.which_are_largest() } else { 0 };
        let codeword = table(context, quad.significant, largest);
        self.codewords.put(codeword.bits.into(), codeword.length.into());
        if context == 0 {
            self.runs.put(quad.significant != 0);
        }
        for (index, value) in quad.values.into_iter().enumerate() {
            if quad.significant >> index & 1 == 1 {
                // What is known from the codeword is not written again.
                let bits = exponent - u32::from(codeword.known >> index & 1);
                self.magnitudes.put(value & ((1 << bits) - 1), bits);
            }
        }
        excess
    }

    /// By how much the exponents of a pair of the first row are above one. Two that are, are told in a way of their own.
    fn first_row_excess(&mut self, [first, second]: [u32; 2]) {
        if first > 0 && second > 0 {
            self.runs.put(first.min(second) > 2);
        }
        let is_late = first > 2 && second > 0;
        let [a, b] = match is_late {
            true if second > 2 => [first - 2, second - 2].map(vlc::excess),
            // One bit tells which of one and two it is.
            true => [vlc::excess(first), [(second - 1, 1), (0, 0)]],
            false => [first, second].map(vlc::excess),
        };
        for (bits, length) in [a[0], b[0], a[1], b[1]] {
            self.codewords.put(bits, length);
        }
    }
}

/// The quad at place `at` of two rows, of which the lower may be absent. Samples that are not there are zero.
#[inline(always)]
fn quad(top: &[i32], bottom: &[i32], at: usize) -> Quad {
    let column = 2 * at;
    if let (Some(&[a, c]), Some(&[b, d])) = (two(top, column), two(bottom, column)) {
        return Quad::of([a, b, c, d]);
    }
    let sample = |row: &[i32], column: usize| row.get(column).copied().unwrap_or(0);
    Quad::of([sample(top, column), sample(bottom, column), sample(top, column + 1), sample(bottom, column + 1)])
}

fn two(row: &[i32], column: usize) -> Option<&[i32; 2]> {
    row.get(column..)?.first_chunk()
}

/// Keeps the bottom samples of a quad for the row below.
#[inline(always)]
fn note(here: &mut Boundaries, at: usize, quad: &Quad) {
    let before = &mut here[at];
    before.exponent = before.exponent.max(quad.exponents[1]);
    before.significant |= quad.significant >> 1 & 1;
    here[at + 1] = Boundary { exponent: quad.exponents[3], significant: quad.significant >> 3 & 1 };
}
