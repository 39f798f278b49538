//! The MQ arithmetic decoder: ISO/IEC 15444-1 Annex C.
//!
//! Decisions of images with noise can't be predicted, and a branch that is guessed wrong costs more than a decision. So a decision here is
//! arithmetic: both outcomes are computed and one is chosen. For that, bytes are freed from their stuffing beforehand (Annex C.3.4), and the
//! register holds up to 48 bits more than are compared.

use std::hint::select_unpredictable;

/// Contexts of a code-block, and more, so that a masked index always lies inside.
const CONTEXTS: usize = 32;

/// The states of Table C.2: probability estimate, next state after the more and the less probable symbol, and whether the sense changes.
const STATES: [(u32, u8, u8, bool); 47] = [
    (0x5601, 1, 1, true),
    (0x3401, 2, 6, false),
    (0x1801, 3, 9, false),
    (0x0AC1, 4, 12, false),
    (0x0521, 5, 29, false),
    (0x0221, 38, 33, false),
    (0x5601, 7, 6, true),
    (0x5401, 8, 14, false),
    (0x4801, 9, 14, false),
    (0x3801, 10, 14, false),
    (0x3001, 11, 17, false),
    (0x2401, 12, 18, false),
    (0x1C01, 13, 20, false),
    (0x1601, 29, 21, false),
    (0x5601, 15, 14, true),
    (0x5401, 16, 14, false),
    (0x5101, 17, 15, false),
    (0x4801, 18, 16, false),
    (0x3801, 19, 17, false),
    (0x3401, 20, 18, false),
    (0x3001, 21, 19, false),
    (0x2801, 22, 19, false),
    (0x2401, 23, 20, false),
    (0x2201, 24, 21, false),
    (0x1C01, 25, 22, false),
    (0x1801, 26, 23, false),
    (0x1601, 27, 24, false),
    (0x1401, 28, 25, false),
    (0x1201, 29, 26, false),
    (0x1101, 30, 27, false),
    (0x0AC1, 31, 28, false),
    (0x09C1, 32, 29, false),
    (0x08A1, 33, 30, false),
    (0x0521, 34, 31, false),
    (0x0441, 35, 32, false),
    (0x02A1, 36, 33, false),
    (0x0221, 37, 34, false),
    (0x0141, 38, 35, false),
    (0x0111, 39, 36, false),
    (0x0085, 40, 37, false),
    (0x0049, 41, 38, false),
    (0x0025, 42, 39, false),
    (0x0015, 43, 40, false),
    (0x0009, 44, 41, false),
    (0x0005, 45, 42, false),
    (0x0001, 45, 43, false),
    (0x5601, 46, 46, false),
];

/// A state as a context holds it: the estimate in the upper half, then the number of the state, and the more probable symbol in the lowest bit.
const fn entry(state: u8, symbol: u32) -> u32 {
    STATES[state as usize].0 << 16 | (state as u32) << 1 | symbol
}

/// What follows each state and symbol: after the more probable one at even places, after the less probable one at odd ones.
static NEXT: [u32; 256] = {
    let mut next = [0; 256];
    let mut at = 0;
    while at < 2 * STATES.len() {
        let (_, more, less, switches) = STATES[at / 2];
        let symbol = at as u32 & 1;
        next[2 * at] = entry(more, symbol);
        next[2 * at + 1] = entry(less, symbol ^ switches as u32);
        at += 1;
    }
    next
};

/// States of the contexts.
pub(crate) type Contexts = [u32; CONTEXTS];

/// All contexts in a state each.
pub(crate) fn contexts(state: impl Fn(usize) -> u8) -> Contexts {
    std::array::from_fn(|at| entry(state(at), 0))
}

/// Frees bytes from the bit stuffed in after 0xFF, up to a marker, and fills up with ones, as a decoder reads beyond the end.
pub(crate) fn unstuff(bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    out.reserve(bytes.len() + PADDING);
    let (mut pending, mut count, mut after_ones) = (0_u32, 0, false);
    for &byte in bytes {
        let added = if after_ones {
            if byte > 0x8F {
                break;
            }
            if byte & 0x80 != 0 {
                carry(&mut pending, count, out);
            }
            7
        } else {
            8
        };
        after_ones = byte == 0xFF;
        count += added;
        pending = pending << added | u32::from(byte) & ((1 << added) - 1);
        while count >= 8 {
            count -= 8;
            out.push((pending >> count) as u8);
        }
        pending &= (1 << count) - 1;
    }
    if count > 0 {
        out.push((pending << (8 - count)) as u8 | 0xFF >> count);
    }
    out.resize(out.len() + PADDING, 0xFF);
}

/// Adds one at the lowest of the bits so far.
fn carry(pending: &mut u32, count: u32, out: &mut [u8]) {
    *pending += 1;
    if *pending >> count != 0 {
        *pending &= (1 << count) - 1;
        for byte in out.iter_mut().rev() {
            *byte = byte.wrapping_add(1);
            if *byte != 0 {
                break;
            }
        }
    }
}

/// Bytes of ones at the end.
const PADDING: usize = 8;

/// The decoder's registers; interval and code are in the uppermost 16 bits.
#[derive(Clone, Copy)]
pub(crate) struct Decoder<'a> {
    interval: u64,
    code: u64,
    /// Bits of `code` below the uppermost 16 that have been read.
    ahead: u32,
    /// The rest, of [`unstuff`].
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    /// Over what [`unstuff`] has made.
    pub(crate) fn over(bytes: &'a [u8]) -> Self {
        let (first, rest) = bytes.split_first_chunk().unwrap_or((&[0xFF; 7], &[]));
        let [a, b, c, d, e, f, g] = *first;
        // The code begins below the interval's highest bit.
        Self { interval: 0x8000 << 48, code: u64::from_be_bytes([0, a, b, c, d, e, f, g]) << 7, ahead: 41, rest }
    }

    /// A decision in a context.
    #[inline(always)]
    pub(crate) fn decode(&mut self, contexts: &mut Contexts, context: usize) -> u32 {
        let state = &mut contexts[context % CONTEXTS];
        let entry = *state;
        let estimate = u64::from(entry & 0xFFFF_0000) << 32;
        let upper = self.interval - estimate;
        let is_lower = self.code < estimate;
        let is_less_probable = u32::from(is_lower ^ (upper < estimate));
        self.interval = select_unpredictable(is_lower, estimate, upper);
        self.code = select_unpredictable(is_lower, self.code, self.code.wrapping_sub(estimate));
        let shift = self.interval.leading_zeros();
        let next = NEXT[(2 * (entry & 0x7F) + is_less_probable) as usize];
        *state = select_unpredictable(shift == 0, entry, next);
        self.interval <<= shift;
        self.code <<= shift;
        self.ahead = self.ahead.wrapping_sub(shift);
        if self.ahead < 16 {
            self.fill();
        }
        entry & 1 ^ is_less_probable
    }

    #[inline(always)]
    fn fill(&mut self) {
        let (first, rest) = self.rest.split_first_chunk().unwrap_or((&[0xFF; 4], &[]));
        self.rest = rest;
        self.code |= u64::from(u32::from_be_bytes(*first)) << (16 - self.ahead);
        self.ahead += 32;
    }
}
