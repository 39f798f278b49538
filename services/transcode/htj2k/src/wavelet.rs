//! The reversible 5/3 wavelet, in place: ISO/IEC 15444-1 Annex F.
//!
//! Columns are sorted, the low half first; rows stay where they are, the low ones at even places. So each level is one walk over
//! the plane, and a level's rows lie twice as far apart as those of the level before.

use crate::packet::Band;

/// Where a level's samples lie in the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    columns: usize,
    rows: usize,
    /// From one row to the next.
    step: usize,
}

impl Level {
    /// The image itself.
    pub(crate) fn whole(columns: usize, rows: usize) -> Self {
        Self { columns, rows, step: columns }
    }

    /// What is low in both directions, once this level is transformed.
    pub(crate) fn next(self) -> Self {
        Self { columns: self.columns.div_ceil(2), rows: self.rows.div_ceil(2), step: 2 * self.step }
    }

    /// All samples, as the one band of the lowest resolution.
    pub(crate) fn low(self, plane: &[i32], bits: u32) -> Band<'_> {
        Band { samples: plane, columns: self.columns, rows: self.rows, step: self.step, bits }
    }

    /// The three bands that transforming this level has made beside the next: high across, high down, high both ways.
    pub(crate) fn high(self, plane: &[i32], bits: [u32; 3]) -> [Band<'_>; 3] {
        let (left, upper) = (self.columns.div_ceil(2), self.rows.div_ceil(2));
        let (right, lower) = (self.columns / 2, self.rows / 2);
        let band = |start: usize, columns, rows, bits| {
            let samples = plane.get(start..).filter(|_| columns > 0 && rows > 0).unwrap_or(&[]);
            Band { samples, columns, rows, step: 2 * self.step, bits }
        };
        [
            band(left, right, upper, bits[0]),
            band(self.step, left, lower, bits[1]),
            band(self.step + left, right, lower, bits[2]),
        ]
    }

    fn row(self, index: usize) -> std::ops::Range<usize> {
        index * self.step..index * self.step + self.columns
    }
}

/// Transforms one level: columns first, as decoders undo them last, and each row as soon as no other needs it.
pub(crate) fn transform(plane: &mut [i32], level: Level) {
    let mut scratch = vec![0; level.columns];
    let mut across = |plane: &mut [i32], row: usize| across(&mut plane[level.row(row)], &mut scratch);
    let last = level.rows - 1;
    for row in (1..level.rows).step_by(2) {
        let below = if row < last { row + 1 } else { row - 1 };
        lift(plane, level, row, [row - 1, below], |sample, a, b| sample - ((a + b) >> 1));
        let above = if row > 1 { row - 2 } else { row };
        lift(plane, level, row - 1, [above, row], |sample, a, b| sample + ((a + b + 2) >> 2));
        across(plane, row - 1);
        if above < row {
            across(plane, above);
        }
    }
    if last % 2 == 1 {
        return across(plane, last);
    }
    if last > 0 {
        lift(plane, level, last, [last - 1, last - 1], |sample, a, b| sample + ((a + b + 2) >> 2));
        across(plane, last - 1);
    }
    across(plane, last);
}

/// Changes each sample of a row by what stands in two others, which may be the same.
fn lift(plane: &mut [i32], level: Level, row: usize, by: [usize; 2], change: impl Fn(i32, i32, i32) -> i32) {
    let (from, to) = (level.row(row), [level.row(by[0]), level.row(by[1])]);
    let (before, rest) = plane.split_at_mut(from.start);
    let (changed, after) = rest.split_at_mut(level.columns);
    let other = |range: &std::ops::Range<usize>| match range.start.checked_sub(from.end) {
        Some(start) => &after[start..start + level.columns],
        None => &before[range.clone()],
    };
    for ((sample, &a), &b) in changed.iter_mut().zip(other(&to[0])).zip(other(&to[1])) {
        *sample = change(*sample, a, b);
    }
}

/// One row: its even samples become the low half, the odd ones the high half.
fn across(row: &mut [i32], scratch: &mut [i32]) {
    if row.len() < 2 {
        return;
    }
    let (even, odd) = scratch.split_at_mut(row.len().div_ceil(2));
    for ((pair, even), odd) in row.chunks_exact(2).zip(even.iter_mut()).zip(odd.iter_mut()) {
        (*even, *odd) = (pair[0], pair[1]);
    }
    if row.len() % 2 == 1 {
        even[odd.len()] = row[row.len() - 1];
    }
    let (low, high) = row.split_at_mut(even.len());
    let inner = even.len() - 1;
    for ((high, &odd), pair) in high.iter_mut().zip(odd.iter()).zip(even.windows(2)) {
        *high = odd - ((pair[0] + pair[1]) >> 1);
    }
    if odd.len() > inner {
        high[inner] = odd[inner] - even[inner];
    }
    low[0] = even[0] + ((2 * high[0] + 2) >> 2);
    for ((low, &even), pair) in low[1..].iter_mut().zip(&even[1..]).zip(high.windows(2)) {
        *low = even + ((pair[0] + pair[1] + 2) >> 2);
    }
    if even.len() > odd.len() {
        low[inner] = even[inner] + ((2 * high[inner - 1] + 2) >> 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform by its definition, one dimension: even places are low, odd ones high.
    fn plainly(line: &[i32]) -> Vec<i32> {
        let last = line.len() as isize - 1;
        if last == 0 {
            return line.to_vec();
        }
        let mirrored = |at: isize| {
            (if at < 0 {
                -at
            } else if at > last {
                2 * last - at
            } else {
                at
            }) as usize
        };
        let mut out = line.to_vec();
        for at in (1..=last).step_by(2) {
            out[at as usize] -= (out[mirrored(at - 1)] + out[mirrored(at + 1)]) >> 1;
        }
        for at in (0..=last).step_by(2) {
            out[at as usize] += (out[mirrored(at - 1)] + out[mirrored(at + 1)] + 2) >> 2;
        }
        out
    }

    #[test]
    fn a_level_is_what_its_definition_says_for_every_size() {
        for (columns, rows) in (1..=9).flat_map(|columns| (1..=9).map(move |rows| (columns, rows))) {
            let plane: Vec<i32> = (0..columns * rows).map(|at| (at * at * 37 % 401) as i32 - 200).collect();
            let mut lines: Vec<Vec<i32>> = plane.chunks(columns).map(<[i32]>::to_vec).collect();
            for column in 0..columns {
                let line = plainly(&lines.iter().map(|row| row[column]).collect::<Vec<_>>());
                lines.iter_mut().zip(line).for_each(|(row, value)| row[column] = value);
            }
            let mut transformed = plane;
            transform(&mut transformed, Level::whole(columns, rows));
            for (row, expected) in transformed.chunks(columns).zip(lines.iter().map(|row| plainly(row))) {
                let sorted = expected.iter().step_by(2).chain(expected.iter().skip(1).step_by(2));
                assert!(row.iter().eq(sorted), "{columns} by {rows}");
            }
        }
    }
}
