//! The reversible 5/3 wavelet undone, in place: ISO/IEC 15444-1 Annex F.
//!
//! Rows of a level lie where those of the image do, low ones at even places, so that going up a level moves no row; columns are low half first.

/// Where a level's samples lie in the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Level {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// From one row to the next.
    step: usize,
}

/// A sub-band in the plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Band {
    pub(crate) start: usize,
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) step: usize,
}

impl Level {
    /// The image itself.
    pub(crate) fn whole(columns: usize, rows: usize) -> Self {
        Self { columns, rows, step: columns }
    }

    /// What is low in both directions.
    pub(crate) fn next(self) -> Self {
        Self { columns: self.columns.div_ceil(2), rows: self.rows.div_ceil(2), step: 2 * self.step }
    }

    /// All samples, as the one band of the lowest resolution.
    pub(crate) fn low(self) -> Band {
        Band { start: 0, columns: self.columns, rows: self.rows, step: self.step }
    }

    /// The bands beside the next level: high across, high down, high both ways.
    pub(crate) fn high(self) -> [Band; 3] {
        let (left, upper) = (self.columns.div_ceil(2), self.rows.div_ceil(2));
        let (right, lower) = (self.columns / 2, self.rows / 2);
        let band = |start, columns, rows| Band { start, columns, rows, step: 2 * self.step };
        [band(left, right, upper), band(self.step, left, lower), band(self.step + left, right, lower)]
    }

    fn row(self, index: usize) -> std::ops::Range<usize> {
        index * self.step..index * self.step + self.columns
    }
}

/// Undoes one level: each row across, and down as soon as its neighbours are there.
pub(crate) fn undo(plane: &mut [i32], level: Level, scratch: &mut [i32]) {
    let last = level.rows - 1;
    let mut across = |plane: &mut [i32], row: usize| across(&mut plane[level.row(row)], scratch);
    across(plane, 0);
    if last == 0 {
        return;
    }
    for row in (1..=last).step_by(2) {
        across(plane, row);
        // An even row is done when the odd ones beside it have come across; then the odd one before it.
        let above = if row > 1 { row - 2 } else { row };
        lift(plane, level, row - 1, [above, row], even);
        if row > 1 {
            lift(plane, level, row - 2, [row - 3, row - 1], odd);
        }
        if row < last {
            across(plane, row + 1);
        }
    }
    if last.is_multiple_of(2) {
        lift(plane, level, last, [last - 1, last - 1], even);
        lift(plane, level, last - 1, [last - 2, last], odd);
    } else {
        lift(plane, level, last, [last - 1, last - 1], odd);
    }
}

/// An even sample, by the odd ones beside it. What a damaged stream makes too large wraps around.
#[inline(always)]
fn even(low: i32, a: i32, b: i32) -> i32 {
    low.wrapping_sub(a.wrapping_add(b).wrapping_add(2) >> 2)
}

/// An odd sample, by the even ones beside it.
#[inline(always)]
fn odd(high: i32, a: i32, b: i32) -> i32 {
    high.wrapping_add(a.wrapping_add(b) >> 1)
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

/// One row: its low half and its high half become even and odd samples.
fn across(row: &mut [i32], scratch: &mut [i32]) {
    if row.len() < 2 {
        return;
    }
    let (low, high) = row.split_at(row.len().div_ceil(2));
    let (evens, odds) = scratch[..row.len()].split_at_mut(low.len());
    evens[0] = even(low[0], high[0], high[0]);
    for ((sample, &low), pair) in evens[1..].iter_mut().zip(&low[1..]).zip(high.windows(2)) {
        *sample = even(low, pair[0], pair[1]);
    }
    let inner = low.len() - 1;
    if low.len() > high.len() {
        evens[inner] = even(low[inner], high[inner - 1], high[inner - 1]);
    }
    for ((sample, &high), pair) in odds.iter_mut().zip(high).zip(evens.windows(2)) {
        *sample = odd(high, pair[0], pair[1]);
    }
    if high.len() > inner {
        odds[inner] = odd(high[inner], evens[inner], evens[inner]);
    }
    for ((pair, &even), &odd) in row.chunks_exact_mut(2).zip(evens.iter()).zip(odds.iter()) {
        (pair[0], pair[1]) = (even, odd);
    }
    if row.len() % 2 == 1 {
        row[2 * inner] = evens[inner];
    }
}
