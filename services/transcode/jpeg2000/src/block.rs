//! A code-block: its bit-planes in three passes each, ISO/IEC 15444-1 Annex D.

use crate::contexts::{
    EACH, NEIGHBOURS, Orientation, REFINED, REFINEMENT, RUN, SIGN, SIGN_ABOVE, SIGN_BELOW, SIGNIFICANT, SIGNS, UNIFORM,
    VISITED, of_significance,
};
use crate::mq::{Contexts, Decoder, contexts, unstuff};

/// Samples of the largest code-block: §A.6.1.
const SAMPLES: usize = 4096;
/// Words of the largest block with its border, 1024 by 4, rounded up to a power of two, so that a masked index always lies inside.
const WORDS: usize = 4096;

/// The most bit-planes that are decoded: samples have one bit of fraction and a sign besides.
pub(crate) const MAX_PLANES: u32 = 30;

/// What is known of a block before its bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
    pub(crate) orientation: Orientation,
    /// Bit-planes that are not all zeros, up to [`MAX_PLANES`].
    pub(crate) planes: u32,
    pub(crate) passes: u32,
}

/// Decodes blocks one after the other; large, so it is made once.
pub(crate) struct Blocks {
    /// Sign in the highest bit, then the magnitude, of which one bit is a fraction; four samples of a column together.
    samples: Box<[u32; SAMPLES]>,
    words: Box<[u32; WORDS]>,
    bits: Vec<u8>,
}

/// A block while it is decoded: what all passes need.
struct Pass<'a> {
    samples: &'a mut [u32; SAMPLES],
    words: &'a mut [u32; WORDS],
    contexts: Contexts,
    shape: Shape,
    significance: &'static [u8; 512],
    /// A one in this bit-plane, and half of it.
    one_and_half: u32,
}

impl Blocks {
    pub(crate) fn new() -> Self {
        Self { samples: Box::new([0; SAMPLES]), words: Box::new([0; WORDS]), bits: Vec::new() }
    }

    /// Decodes a block, of at most 4096 samples and 1024 a side.
    pub(crate) fn decode(&mut self, shape: Shape, bytes: &[u8]) {
        unstuff(bytes, &mut self.bits);
        let stripes = shape.rows.div_ceil(4);
        self.words[..(shape.columns + 2) * (stripes + 2)].fill(0);
        self.samples[..shape.columns * stripes * 4].fill(0);
        let contexts = contexts(|context| match context {
            0 => 4,
            RUN => 3,
            UNIFORM => 46,
            _ => 0,
        });
        let significance = of_significance(shape.orientation);
        let mut pass =
            Pass { samples: &mut self.samples, words: &mut self.words, contexts, shape, significance, one_and_half: 0 };
        let mut bits = Decoder::over(&self.bits);
        for number in 2..2 + shape.passes {
            let plane = shape.planes.saturating_sub(number / 3);
            pass.one_and_half = (3 << plane) >> 1;
            match number % 3 {
                0 => pass.significant(&mut bits),
                1 => pass.refine(&mut bits),
                _ => pass.clean_up(&mut bits),
            }
        }
    }

    /// The samples of a row, without their fraction.
    pub(crate) fn row(&self, shape: Shape, row: usize) -> impl Iterator<Item = i32> {
        let from = row / 4 * shape.columns * 4 + row % 4;
        self.samples[from..].iter().step_by(4).take(shape.columns).map(|&sample| {
            let magnitude = (sample << 1 >> 2) as i32;
            if sample >> 31 == 1 { -magnitude } else { magnitude }
        })
    }
}

/// A column of a stripe.
#[derive(Clone, Copy)]
struct Place {
    word: usize,
    sample: usize,
    /// [`EACH`] of its rows.
    rows: u32,
}

impl Pass<'_> {
    /// Calls `visit` for each column of each stripe, in order.
    #[inline(always)]
    fn each_column(&mut self, mut visit: impl FnMut(&mut Self, Place)) {
        let Shape { columns, rows, .. } = self.shape;
        let (mut word, mut sample) = (columns + 3, 0);
        for row in (0..rows).step_by(4) {
            let rows = EACH & ((1 << (3 * (rows - row).min(4))) - 1);
            for _ in 0..columns {
                visit(self, Place { word, sample, rows });
                word += 1;
                sample += 4;
            }
            word += 2;
        }
    }

    /// Samples with a significant neighbour: §D.3.1.
    #[inline(never)]
    fn significant(&mut self, decoder: &mut Decoder<'_>) {
        let mut bits = *decoder;
        self.each_column(|pass, place| {
            let mut word = pass.words[place.word % WORDS];
            if word == 0 {
                return;
            }
            let across = word | word >> 1 | word >> 2;
            let insignificant = place.rows & !(word >> SIGNIFICANT);
            let mut left = (across | across >> 3 | across >> 6) & insignificant;
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                word |= 1 << VISITED << at;
                let context = pass.significance[(word >> at & 0x1FF) as usize];
                if bits.decode(&mut pass.contexts, context.into()) == 1 {
                    word = pass.turn_significant(&mut bits, place, word, at);
                    // What is below has a significant neighbour now.
                    left |= (8 << at) & insignificant;
                }
            }
            pass.words[place.word % WORDS] = word;
        });
        *decoder = bits;
    }

    /// Samples that were significant before this bit-plane: §D.3.3.
    #[inline(never)]
    fn refine(&mut self, decoder: &mut Decoder<'_>) {
        let mut bits = *decoder;
        let one = self.one_and_half / 3;
        self.each_column(|pass, place| {
            let word = pass.words[place.word % WORDS];
            let members = place.rows & word >> SIGNIFICANT & !(word >> VISITED);
            let mut left = members;
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                let has_neighbour = (word >> at & NEIGHBOURS != 0) as usize;
                let context = if word >> REFINED >> at & 1 == 1 { 2 } else { has_neighbour };
                let bit = bits.decode(&mut pass.contexts, REFINEMENT + context);
                let sample = &mut pass.samples[(place.sample + (at / 3) as usize) % SAMPLES];
                // The half that stood for what was not known becomes a one and a half of the next, or a half of it.
                *sample = sample.wrapping_add((bit << 1).wrapping_sub(1).wrapping_mul(one));
            }
            pass.words[place.word % WORDS] = word | members << REFINED;
        });
        *decoder = bits;
    }

    /// All other samples: §D.3.4.
    #[inline(never)]
    fn clean_up(&mut self, decoder: &mut Decoder<'_>) {
        let mut bits = *decoder;
        self.each_column(|pass, place| {
            let mut word = pass.words[place.word % WORDS];
            let mut left = place.rows & !(word >> SIGNIFICANT) & !(word >> VISITED);
            if word == 0 && place.rows == EACH {
                if bits.decode(&mut pass.contexts, RUN) == 0 {
                    return;
                }
                let high = bits.decode(&mut pass.contexts, UNIFORM);
                let at = 3 * (2 * high + bits.decode(&mut pass.contexts, UNIFORM));
                word = pass.turn_significant(&mut bits, place, word, at);
                left &= !1 << at;
            }
            while left != 0 {
                let at = left.trailing_zeros();
                left &= left - 1;
                let context = pass.significance[(word >> at & 0x1FF) as usize];
                if bits.decode(&mut pass.contexts, context.into()) == 1 {
                    word = pass.turn_significant(&mut bits, place, word, at);
                }
            }
            pass.words[place.word % WORDS] = word & !(EACH << VISITED);
        });
        *decoder = bits;
    }

    /// Decodes the sign of a sample that has become significant, and tells its neighbours: §D.3.2.
    #[inline(always)]
    fn turn_significant(&mut self, bits: &mut Decoder<'_>, place: Place, word: u32, at: u32) -> u32 {
        let at_word = |of: usize| of % WORDS;
        let (left, right) = (at_word(place.word.wrapping_sub(1)), at_word(place.word + 1));
        let above = if at == 0 { word >> SIGN_ABOVE } else { word >> (SIGN - 3) >> at };
        let index = (word >> at & 0xAA)
            | (self.words[left] >> SIGN >> at & 1)
            | (self.words[right] >> SIGN >> at & 1) << 2
            | (above & 1) << 4
            | (word >> (SIGN + 3) >> at & 1) << 6;
        let expected = SIGNS[(index & 0xFF) as usize];
        let negative = bits.decode(&mut self.contexts, (expected & 0x1F).into()) ^ u32::from(expected >> 7);
        self.samples[(place.sample + (at / 3) as usize) % SAMPLES] = negative << 31 | self.one_and_half;
        self.words[left] |= 1 << 5 << at;
        self.words[right] |= 1 << 3 << at;
        let stride = self.shape.columns + 2;
        if at == 0 {
            let above = place.word.wrapping_sub(stride);
            self.words[at_word(above)] |= negative << SIGN_BELOW | 1 << 16;
            self.words[at_word(above.wrapping_sub(1))] |= 1 << 17;
            self.words[at_word(above + 1)] |= 1 << 15;
        } else if at == 9 {
            let below = place.word + stride;
            self.words[at_word(below)] |= negative << SIGN_ABOVE | 1 << 1;
            self.words[at_word(below - 1)] |= 1 << 2;
            self.words[at_word(below + 1)] |= 1;
        }
        word | (negative << SIGN | 1 << SIGNIFICANT) << at
    }
}
