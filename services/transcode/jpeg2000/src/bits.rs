//! Packet headers: bits, and trees of numbers. ISO/IEC 15444-1 §B.10.

use crate::Error;

/// Bits from the highest of a byte on; after a byte of ones, one bit is left out.
pub(crate) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    byte: u8,
    left: u32,
}

impl<'a> Bits<'a> {
    pub(crate) fn over(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, byte: 0, left: 0 }
    }

    pub(crate) fn bit(&mut self) -> Result<u32, Error> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = *self.bytes.get(self.at).ok_or(Error::Damaged)?;
            self.at += 1;
        }
        self.left -= 1;
        Ok(u32::from(self.byte >> self.left & 1))
    }

    pub(crate) fn number(&mut self, bits: u32) -> Result<u32, Error> {
        (0..bits).try_fold(0, |number, _| Ok(number << 1 | self.bit()?))
    }

    /// How often there is a one before a zero.
    pub(crate) fn ones(&mut self) -> Result<u32, Error> {
        let mut ones = 0;
        while self.bit()? == 1 {
            ones += 1;
        }
        Ok(ones)
    }

    /// How many bytes the header has; behind a byte of ones is one more.
    pub(crate) fn finish(self) -> Result<usize, Error> {
        let end = self.at + usize::from(self.byte == 0xFF);
        if end <= self.bytes.len() { Ok(end) } else { Err(Error::Damaged) }
    }

    /// Passes of a block that a packet adds: Table B.4.
    pub(crate) fn passes(&mut self) -> Result<u32, Error> {
        for (bits, from) in [(1, 1), (1, 2), (2, 3), (5, 6)] {
            let number = self.number(bits)?;
            if number < (1 << bits) - 1 {
                return Ok(from + number);
            }
        }
        Ok(37 + self.number(7)?)
    }
}

/// Numbers of a grid, told by what is the least in larger and larger squares: §B.10.2.
#[derive(Debug)]
pub(crate) struct TagTree {
    /// The leaves first.
    nodes: Vec<Node>,
    /// Where each level begins, and how wide it is.
    levels: Vec<[usize; 2]>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// It is no less than this.
    least: u32,
    known: bool,
}

impl TagTree {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        let (mut columns, mut rows) = (columns, rows);
        let (mut count, mut levels) = (0, Vec::new());
        loop {
            levels.push([count, columns]);
            count += columns * rows;
            if columns * rows <= 1 {
                return Self { nodes: vec![Node::default(); count], levels };
            }
            (columns, rows) = (columns.div_ceil(2), rows.div_ceil(2));
        }
    }

    /// Whether the value of a leaf is below `limit`.
    pub(crate) fn is_below(
        &mut self,
        bits: &mut Bits<'_>,
        [column, row]: [usize; 2],
        limit: u32,
    ) -> Result<bool, Error> {
        let (mut least, mut known) = (0, false);
        for (level, &[start, columns]) in self.levels.iter().enumerate().rev() {
            let node = &mut self.nodes[start + (row >> level) * columns + (column >> level)];
            node.least = node.least.max(least);
            while node.least < limit && !node.known {
                if bits.bit()? == 1 {
                    node.known = true;
                } else {
                    node.least += 1;
                }
            }
            (least, known) = (node.least, node.known);
        }
        Ok(known && least < limit)
    }
}
