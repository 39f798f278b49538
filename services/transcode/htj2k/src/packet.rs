//! A packet: the code-blocks of one component at one resolution, behind a header that tells which there are and how long they are.
//! ISO/IEC 15444-1 §B.10.

use crate::block::{Encoder, SIDE};

/// A sub-band, where it lies in the transformed plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band<'a> {
    /// From its first sample on; empty when it has none.
    pub(crate) samples: &'a [i32],
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    /// From one row to the next.
    pub(crate) step: usize,
    /// Bits that its magnitudes may have.
    pub(crate) bits: u32,
}

/// Appends the packet of these bands.
pub(crate) fn write(out: &mut Vec<u8>, bands: &[Band<'_>]) {
    let mut header = Bits::default();
    header.put(u32::from(bands.iter().any(|band| !band.samples.is_empty())), 1);
    let (mut encoder, mut body) = (Encoder::default(), Vec::new());
    for band in bands.iter().filter(|band| !band.samples.is_empty()) {
        write_band(&mut header, &mut body, &mut encoder, band);
    }
    out.extend_from_slice(&header.finish());
    out.append(&mut body);
}

fn write_band(header: &mut Bits, body: &mut Vec<u8>, encoder: &mut Encoder, band: &Band<'_>) {
    let (across, down) = (band.columns.div_ceil(SIDE), band.rows.div_ceil(SIDE));
    let mut lengths = Vec::with_capacity(across * down);
    for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row * SIDE, column * SIDE))) {
        let (columns, rows) = ((band.columns - column).min(SIDE), (band.rows - row).min(SIDE));
        let samples = &band.samples[row * band.step + column..];
        let is_blank = samples.chunks(band.step).take(rows).all(|row| row[..columns].iter().all(|&sample| sample == 0));
        let start = body.len();
        if !is_blank {
            encoder.encode(body, samples, band.step, columns, rows);
        }
        lengths.push(body.len() - start);
    }
    let mut included = TagTree::new(across, down, |at| u32::from(lengths[at] == 0));
    // All magnitudes are written down to their lowest bit in one pass, so that all bits above are missing.
    let mut missing = TagTree::new(across, down, |_| band.bits - 1);
    for (at, &length) in lengths.iter().enumerate() {
        included.put(header, at, 1);
        if length == 0 {
            continue;
        }
        missing.put(header, at, band.bits);
        header.put(0, 1); // one pass
        // Three bits hold a length, unless ones tell that more do.
        let bits = (length.ilog2() + 1).max(3);
        (3..bits).for_each(|_| header.put(1, 1));
        header.put(0, 1);
        header.put(length as u32, bits);
    }
}

/// Numbers of a grid, told by what is the least in larger and larger squares: §B.10.2.
struct TagTree {
    /// The leaves first.
    levels: Vec<Vec<Node>>,
    columns: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Node {
    value: u32,
    /// What has been told: it is no less.
    told: u32,
    known: bool,
}

impl TagTree {
    fn new(columns: usize, rows: usize, value: impl Fn(usize) -> u32) -> Self {
        let leaf = |at| Node { value: value(at), told: 0, known: false };
        let mut tree = Self { levels: vec![(0..columns * rows).map(leaf).collect()], columns: vec![columns] };
        let (mut columns, mut rows) = (columns, rows);
        while columns * rows > 1 {
            let (wider, taller) = (columns.div_ceil(2), rows.div_ceil(2));
            let below = &tree.levels[tree.levels.len() - 1];
            let mut level = vec![Node { value: u32::MAX, told: 0, known: false }; wider * taller];
            for (at, node) in below.iter().enumerate() {
                let parent = &mut level[at / columns / 2 * wider + at % columns / 2];
                parent.value = parent.value.min(node.value);
            }
            (columns, rows) = (wider, taller);
            tree.levels.push(level);
            tree.columns.push(columns);
        }
        tree
    }

    /// Tells whether the value of a leaf is below `limit`, and which it is then.
    fn put(&mut self, header: &mut Bits, leaf: usize, limit: u32) {
        let (row, column) = (leaf / self.columns[0], leaf % self.columns[0]);
        let mut told = 0;
        for (level, nodes) in self.levels.iter_mut().enumerate().rev() {
            let node = &mut nodes[(row >> level) * self.columns[level] + (column >> level)];
            node.told = node.told.max(told);
            while node.told < limit && !node.known {
                if node.told >= node.value {
                    header.put(1, 1);
                    node.known = true;
                } else {
                    header.put(0, 1);
                    node.told += 1;
                }
            }
            told = node.told;
        }
    }
}

/// Bits from the highest of a byte on; after a byte of ones, one bit is zero.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    byte: u8,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.byte = self.byte << 1 | (value >> bit & 1) as u8;
            self.used += 1;
            if self.used == 8 {
                self.end_byte();
            }
        }
    }

    fn end_byte(&mut self) {
        self.bytes.push(self.byte);
        // The next byte after ones begins with its zero.
        self.used = u32::from(self.byte == 0xFF);
        self.byte = 0;
    }

    /// Whole bytes, of which the last is not of ones.
    fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.byte <<= 8 - self.used;
            self.bytes.push(self.byte);
        }
        self.bytes
    }
}
