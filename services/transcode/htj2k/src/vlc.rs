//! Codewords of a quad: which samples are significant, and what is told of their exponents.

use crate::vlc_source::{FIRST_ROW, OTHER_ROWS};

/// A codeword, and the samples whose largest exponent it tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Codeword {
    pub(crate) bits: u8,
    pub(crate) length: u8,
    /// A bit for each sample whose exponent the decoder knows from the codeword.
    pub(crate) known: u8,
}

const NONE: Codeword = Codeword { bits: 0, length: 0, known: 0 };

/// By context (3 bits), significance (4) and largest exponents (4; none when the exponent is the predicted one).
type Table = [Codeword; 1 << 11];

static FIRST: Table = table(&FIRST_ROW);
static OTHERS: Table = table(&OTHER_ROWS);

/// The codeword for quads of the first row of a block.
pub(crate) fn first_row(context: u8, significant: u8, largest: u8) -> Codeword {
    FIRST[index(context, significant, largest)]
}

/// The codeword for quads of any other row.
pub(crate) fn other_row(context: u8, significant: u8, largest: u8) -> Codeword {
    OTHERS[index(context, significant, largest)]
}

fn index(context: u8, significant: u8, largest: u8) -> usize {
    usize::from(context & 7) << 8 | usize::from(significant & 15) << 4 | usize::from(largest & 15)
}

/// For each situation the row of the standard's table that tells most of it.
const fn table(source: &[u32]) -> Table {
    let mut out = [NONE; 1 << 11];
    let mut row = 0;
    while row < source.len() {
        let word = source[row];
        let (situation, follows) = ((word >> 19 & 0x7F) as usize, word >> 18 & 1);
        let (known, told) = ((word >> 14 & 15) as u8, (word >> 10 & 15) as u8);
        let codeword = Codeword { bits: (word >> 3 & 0x7F) as u8, length: (word & 7) as u8, known };
        let mut largest = 0;
        while largest < 16 {
            let fits = if follows == 0 { largest == 0 } else { largest != 0 && largest as u8 & known == told };
            let at = situation << 4 | largest;
            if fits && (out[at].length == 0 || out[at].known.count_ones() < known.count_ones()) {
                out[at] = codeword;
            }
            largest += 1;
        }
        row += 1;
    }
    out
}

/// The codeword of by how much an exponent is above its prediction: a prefix and a suffix, each with its length.
pub(crate) fn excess(above: u32) -> [(u32, u32); 2] {
    match above {
        0 => [(0, 0), (0, 0)],
        1 => [(1, 1), (0, 0)],
        2 => [(2, 2), (0, 0)],
        3 | 4 => [(4, 3), (above - 3, 1)],
        // Up to 32, and no exponent is larger: samples have 16 bits, and the transforms add six.
        _ => [(0, 3), (above - 5, 5)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_situation_that_can_be_has_a_codeword_and_no_two_begin_alike() {
        for table in [&FIRST, &OTHERS] {
            for context in 0..8_usize {
                let mut all: Vec<(u8, u8)> = Vec::new();
                for significant in 0..16_usize {
                    for largest in 0..16_usize {
                        // Only significant samples can be the largest.
                        let codeword = table[context << 8 | significant << 4 | largest];
                        let can_be = largest & !significant == 0 && (context, significant) != (0, 0);
                        assert!(!can_be || codeword.length > 0, "{context} {significant:x} {largest:x}");
                        if can_be && !all.contains(&(codeword.bits, codeword.length)) {
                            all.push((codeword.bits, codeword.length));
                        }
                    }
                }
                for &(bits, length) in &all {
                    let same = |&&(other, others): &&(u8, u8)| {
                        let shorter = length.min(others);
                        (bits ^ other) & ((1 << shorter) - 1) == 0
                    };
                    assert_eq!(all.iter().filter(same).count(), 1, "{context} {bits:x}");
                }
            }
        }
    }
}
