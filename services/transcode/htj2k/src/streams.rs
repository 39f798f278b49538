//! The three streams of a code-block: magnitudes and signs, which grow forwards; codewords, which grow backwards from the end; and
//! runs of insignificant quads between them. ISO/IEC 15444-15 §7.1 to §7.3, read from the writer's side.

/// Magnitudes and signs (MagSgn). After a byte of ones, one bit is left out, so that no marker can come about.
#[derive(Debug, Default)]
pub(crate) struct MagSgn {
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl MagSgn {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.bits, self.count) = (0, 0);
    }

    /// Appends the low `count` bits of `value`, 32 at most; there are none above.
    #[inline]
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        self.bits |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.drain();
        }
    }

    /// How many bits the next byte takes.
    fn room(&self) -> u32 {
        if self.bytes.last() == Some(&0xFF) { 7 } else { 8 }
    }

    fn drain(&mut self) {
        let four = self.bits as u32;
        let has_ones = (!four).wrapping_sub(0x0101_0101) & four & 0x8080_8080 != 0;
        if !has_ones && self.room() == 8 {
            self.bytes.extend_from_slice(&four.to_le_bytes());
            self.bits >>= 32;
            self.count -= 32;
            return;
        }
        self.drain_bytes();
    }

    fn drain_bytes(&mut self) {
        loop {
            let room = self.room();
            if self.count < room {
                return;
            }
            self.bytes.push((self.bits & ((1 << room) - 1)) as u8);
            self.bits >>= room;
            self.count -= room;
        }
    }

    /// The stream, filled up with ones; what would end in a byte of ones alone ends before it.
    fn finish(&mut self) -> &[u8] {
        self.drain_bytes();
        let room = self.room();
        if self.count > 0 {
            let byte = (self.bits | (0xFF << self.count)) as u8 & (0xFF >> (8 - room)) as u8;
            if byte != 0xFF {
                self.bytes.push(byte);
            }
        } else if room == 7 {
            self.bytes.pop();
        }
        &self.bytes
    }
}

/// Adaptive run lengths of events that are rarely true (MEL).
#[derive(Debug, Default)]
pub(crate) struct Mel {
    bytes: Vec<u8>,
    byte: u8,
    /// Bits that the byte has left.
    room: u32,
    run: u32,
    state: usize,
}

/// The exponents of run lengths.
const EXPONENTS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

impl Mel {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        (self.byte, self.room, self.run, self.state) = (0, 8, 0, 0);
    }

    pub(crate) fn put(&mut self, event: bool) {
        let exponent = EXPONENTS[self.state];
        if event {
            self.bit(false);
            (0..exponent).rev().for_each(|bit| self.bit(self.run >> bit & 1 == 1));
            self.run = 0;
            self.state = self.state.saturating_sub(1);
        } else {
            self.run += 1;
            if self.run >= 1 << exponent {
                self.bit(true);
                self.run = 0;
                self.state = (self.state + 1).min(EXPONENTS.len() - 1);
            }
        }
    }

    fn bit(&mut self, bit: bool) {
        self.byte = self.byte << 1 | u8::from(bit);
        self.room -= 1;
        if self.room == 0 {
            self.bytes.push(self.byte);
            self.room = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = 0;
        }
    }
}

/// Codewords (VLC), from the end of the block backwards. After a byte above 8F, seven ones have a byte of their own.
#[derive(Debug, Default)]
pub(crate) struct Vlc {
    /// The last byte of the block first.
    bytes: Vec<u8>,
    bits: u64,
    count: u32,
}

impl Vlc {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        // A byte and a half will hold the length of this stream and of the runs.
        self.bytes.push(0xFF);
        (self.bits, self.count) = (0xF, 4);
    }

    /// Appends the low `count` bits of `value`, 32 at most; there are none above.
    #[inline]
    pub(crate) fn put(&mut self, value: u32, count: u32) {
        self.bits |= u64::from(value) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.drain();
        }
    }

    fn drain(&mut self) {
        let mut is_last_high = self.bytes.last().is_some_and(|&byte| byte > 0x8F);
        loop {
            let taken = if is_last_high && self.bits & 0x7F == 0x7F { 7 } else { 8 };
            if self.count < taken {
                return;
            }
            let byte = (self.bits & ((1 << taken) - 1)) as u8;
            self.bytes.push(byte);
            is_last_high = byte > 0x8F;
            self.bits >>= taken;
            self.count -= taken;
        }
    }
}

/// Appends a code-block: the streams one after the other, and at the very end how long the two at the end are.
pub(crate) fn join(out: &mut Vec<u8>, magnitudes: &mut MagSgn, runs: &mut Mel, codewords: &mut Vlc) {
    codewords.drain();
    finish_both(runs, codewords);
    out.extend_from_slice(magnitudes.finish());
    out.extend_from_slice(&runs.bytes);
    out.extend(codewords.bytes.iter().rev());
    // At most 1024 quads of 7 bits and an exponent of 8: it fits twelve bits.
    let length = runs.bytes.len() + codewords.bytes.len();
    let at = out.len();
    out[at - 1] = (length >> 4) as u8;
    out[at - 2] = out[at - 2] & 0xF0 | (length & 0xF) as u8;
}

/// Ends both streams, in one byte where their last bits fit together.
fn finish_both(runs: &mut Mel, codewords: &mut Vlc) {
    if runs.run > 0 {
        runs.bit(true);
    }
    let of_runs = (u32::from(runs.byte) << runs.room) as u8;
    let of_codewords = codewords.bits as u8;
    let mask_of_runs = (0xFF_u32 << runs.room) as u8;
    let mask_of_codewords = ((1_u32 << codewords.count) - 1) as u8;
    if mask_of_runs | mask_of_codewords == 0 {
        return;
    }
    let fused = of_runs | of_codewords;
    let is_kept = (fused ^ of_runs) & mask_of_runs == 0 && (fused ^ of_codewords) & mask_of_codewords == 0;
    if is_kept && fused != 0xFF && codewords.bytes.len() > 1 {
        runs.bytes.push(fused);
    } else {
        runs.bytes.push(of_runs);
        codewords.bytes.push(of_codewords);
    }
}
