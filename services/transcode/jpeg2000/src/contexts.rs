//! Which context a decision has, by what is known of the neighbours: ISO/IEC 15444-1 §D.3.
//!
//! A word holds the state of four samples, one above the other, and of their neighbours: in bits 0 to 17 which are significant, of three
//! columns and six rows, row by row; then three bits for each sample, which [`SIGN`], [`REFINED`] and [`VISITED`] name for the first of them.

/// Sub-bands, as their contexts differ: low or high down, high across, high both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Orientation {
    /// Low in both directions, or high down alone.
    Down,
    /// High across alone.
    Across,
    /// High in both.
    Both,
}

/// The first sample is significant.
pub(crate) const SIGNIFICANT: u32 = 4;
/// The sample above the first is negative.
pub(crate) const SIGN_ABOVE: u32 = 18;
/// The first sample is negative.
pub(crate) const SIGN: u32 = 19;
/// The first sample was refined once.
pub(crate) const REFINED: u32 = 20;
/// The first sample had its turn in this bit-plane.
pub(crate) const VISITED: u32 = 21;
/// The sample below the last is negative.
pub(crate) const SIGN_BELOW: u32 = 31;

/// The eight neighbours of the first sample.
pub(crate) const NEIGHBOURS: u32 = 0x1EF;
/// One bit for each sample, three apart.
pub(crate) const EACH: u32 = 0x249;

/// Contexts after those of significance (0 to 8) and of signs (9 to 13).
pub(crate) const REFINEMENT: usize = 14;
pub(crate) const RUN: usize = 17;
pub(crate) const UNIFORM: usize = 18;

/// The context of significance by the nine bits around a sample.
pub(crate) fn of_significance(orientation: Orientation) -> &'static [u8; 512] {
    static TABLES: [[u8; 512]; 3] =
        [significances(Orientation::Down), significances(Orientation::Across), significances(Orientation::Both)];
    &TABLES[orientation as usize]
}

/// Table D.1.
const fn significances(orientation: Orientation) -> [u8; 512] {
    let mut table = [0; 512];
    let mut at = 0;
    while at < table.len() {
        let corners = (at & 1) + (at >> 2 & 1) + (at >> 6 & 1) + (at >> 8 & 1);
        let (across, down) = ((at >> 3 & 1) + (at >> 5 & 1), (at >> 1 & 1) + (at >> 7 & 1));
        table[at] = match orientation {
            Orientation::Down => significance(across, down, corners),
            Orientation::Across => significance(down, across, corners),
            Orientation::Both => match (corners, across + down) {
                (0, 0) => 0,
                (0, 1) => 1,
                (0, _) => 2,
                (1, 0) => 3,
                (1, 1) => 4,
                (1, _) => 5,
                (2, 0) => 6,
                (2, _) => 7,
                _ => 8,
            },
        };
        at += 1;
    }
    table
}

const fn significance(across: usize, down: usize, corners: usize) -> u8 {
    match (across, down, corners) {
        (2, _, _) => 8,
        (1, 0, 0) => 5,
        (1, 0, _) => 6,
        (1, _, _) => 7,
        (_, 2, _) => 4,
        (_, 1, _) => 3,
        (_, _, 0) => 0,
        (_, _, 1) => 1,
        _ => 2,
    }
}

/// The context of a sign, and in the highest bit whether the decision is the other way round: Tables D.2 and D.3. The index has, from the lowest
/// bit: left is negative, above is significant, right is negative, left is significant, above is negative, right is significant, below is
/// negative, below is significant.
pub(crate) static SIGNS: [u8; 256] = {
    let mut table = [0; 256];
    let mut at = 0;
    while at < table.len() {
        let across = both(at >> 3 & 1, at & 1, at >> 5 & 1, at >> 2 & 1);
        let down = both(at >> 1 & 1, at >> 4 & 1, at >> 7 & 1, at >> 6 & 1);
        table[at] = match (across, down) {
            (1, 1) => 13,
            (1, 0) => 12,
            (1, _) => 11,
            (0, 1) => 10,
            (0, 0) => 9,
            (0, _) => 10 | 0x80,
            (_, 1) => 11 | 0x80,
            (_, 0) => 12 | 0x80,
            _ => 13 | 0x80,
        };
        at += 1;
    }
    table
};

/// What two opposite neighbours say of the sign: 1, 0 or -1.
const fn both(first: usize, first_negative: usize, second: usize, second_negative: usize) -> i32 {
    let sum = first as i32 * (1 - 2 * first_negative as i32) + second as i32 * (1 - 2 * second_negative as i32);
    sum.signum()
}
