//! Lookup tables: PS3.3 §C.11.1.1 (modality), §C.11.2.1.1 (VOI), §C.7.6.3.1.5 and §C.7.9.2 (palettes).

use std::sync::Arc;

use super::json::{self, DataSet};
use crate::TranscodeError;

/// Why a table that a header has can't be used. It is told when a picture would need the table; the frame can be had without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusable {
    /// The keyword of the attribute.
    pub attribute: &'static str,
    /// The rule that is broken, as the end of a sentence that begins with the attribute.
    pub rule: &'static str,
}

impl From<Unusable> for TranscodeError {
    fn from(Unusable { attribute, rule }: Unusable) -> Self {
        Self::mismatch(attribute, rule)
    }
}

/// What is said of a table that is shorter than it says: the rest would have to be made up.
const NOT_WHOLE: &str = "lacks its data, or has fewer than its descriptor says";

/// The values that a table may be asked for: from the least to the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Inputs {
    least: i64,
    greatest: i64,
}

impl Inputs {
    /// What 16 unsigned bits hold.
    pub(crate) const WORDS: Self = Self { least: 0, greatest: 65_535 };

    /// Stored values.
    pub(crate) fn stored(bits: u16, signed: bool) -> Self {
        let count = 1_i64 << bits.clamp(1, 32);
        if signed {
            Self { least: -count / 2, greatest: count / 2 - 1 }
        } else {
            Self { least: 0, greatest: count - 1 }
        }
    }

    /// What slope and intercept make of them.
    pub(crate) fn rescaled(self, rescale: Option<(f64, f64)>) -> Self {
        let Some((slope, intercept)) = rescale else { return self };
        let (a, b) = (self.least as f64 * slope + intercept, self.greatest as f64 * slope + intercept);
        Self { least: a.min(b).floor() as i64, greatest: a.max(b).ceil() as i64 }
    }

    /// How many of them a table has an entry for.
    fn covered(self, first: i64, count: usize) -> i64 {
        let last = first + count as i64 - 1;
        (last.min(self.greatest) - first.max(self.least) + 1).max(0)
    }
}

/// A table from stored or modality values to output values. Values outside it take the first or last entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTable {
    /// The value that the first entry is for.
    pub first: i64,
    /// The outputs; never empty.
    pub entries: Arc<[u16]>,
    /// Bits per entry, 8 to 16: what the largest output could be.
    pub bits: u16,
}

impl LookupTable {
    /// The output for `value`, rounded to the nearest input.
    #[must_use]
    pub fn get(&self, value: f64) -> u16 {
        let index = (value.round() as i64).saturating_sub(self.first);
        let last = self.entries.len() - 1;
        self.entries[usize::try_from(index).unwrap_or(0).min(last)]
    }

    /// The largest output that the table's depth allows.
    ///
    /// Tables have been met that declare 16 bits and use 12; taken at their word they would show a black image.
    #[must_use]
    pub fn ceiling(&self) -> u16 {
        let largest = self.entries.iter().copied().max().unwrap_or(0);
        match self.bits {
            16 if (1..4096).contains(&largest) => 4095,
            // All black, whatever the depth.
            _ if largest == 0 => u16::MAX >> 16_u16.saturating_sub(self.bits).min(15),
            bits if bits >= 16 || u32::from(largest) >= 1 << bits => u16::MAX >> largest.leading_zeros(),
            bits => (1 << bits) - 1,
        }
    }

    /// The table in the item of the sequence `attribute`: a Modality LUT, VOI LUT or Presentation LUT.
    ///
    /// Half of the data is a table of bytes where entries have 8 bits (§C.11.1.1.1), and half a table where they have more.
    pub(crate) fn from_item(item: &DataSet, attribute: &'static str, inputs: Inputs) -> Result<Self, Unusable> {
        let read = || {
            let (count, first, bits) = descriptor(item, "00283002", inputs)?;
            let entries = json::table(item, "00283006", count).filter(|entries| !entries.is_packed || bits == 8)?;
            Some(Self { first, entries: entries.values.into(), bits })
        };
        read().ok_or(Unusable { attribute, rule: NOT_WHOLE })
    }
}

/// The number of entries, the first input and the bits of an entry.
fn descriptor(data_set: &DataSet, tag: &str, inputs: Inputs) -> Option<(usize, i64, u16)> {
    let numbers = json::numbers(data_set, tag);
    let &[count, first, bits, ..] = numbers.as_slice() else { return None };
    // A count of 65536 doesn't fit its 16 bits and is written as 0; SS readers may see it negative.
    let count = match (count as i64) & 0xFFFF {
        0 => 65536,
        count => usize::try_from(count).ok()?,
    };
    let first = first as i64;
    // Whether it is signed is the inputs' to say (§C.11.1.1, §C.11.2.1.1). Where no representation is written, or US against the rule, a
    // negative one appears above 32767: then it is what covers more of the inputs.
    let negative = first - 65_536;
    let is_negative =
        (32_768..65_536).contains(&first) && inputs.covered(negative, count) > inputs.covered(first, count);
    let first = if is_negative { negative } else { first };
    Some((count, first, (bits as i64).clamp(8, 16) as u16))
}

/// The three tables of PALETTE COLOR, as 8-bit outputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Palette {
    /// The stored value that the first entry is for.
    pub first: i64,
    /// Red, green, blue; never empty.
    pub entries: Arc<[[u8; 3]]>,
}

impl Palette {
    /// The colour of a stored value.
    #[must_use]
    pub fn get(&self, value: i64) -> [u8; 3] {
        let last = self.entries.len() - 1;
        self.entries[usize::try_from(value.saturating_sub(self.first)).unwrap_or(0).min(last)]
    }

    /// The palette of a data set: `None` where nothing describes one.
    pub(crate) fn from_json(data_set: &DataSet, inputs: Inputs) -> Option<Result<Self, Unusable>> {
        CHANNELS.iter().any(|(tag, ..)| data_set.contains_key(*tag)).then(|| Self::read(data_set, inputs))
    }

    fn read(data_set: &DataSet, inputs: Inputs) -> Result<Self, Unusable> {
        let unusable = |rule| Unusable { attribute: "RedPaletteColorLookupTableDescriptor", rule };
        let descriptors = CHANNELS.map(|(tag, ..)| descriptor(data_set, tag, inputs));
        let [Some(described), green, blue] = descriptors else { return Err(unusable("is not whole")) };
        if green != Some(described) || blue != Some(described) {
            return Err(unusable("is not the same as that of green and that of blue (PS3.3 §C.7.6.3.1.5)"));
        }
        let (count, first, bits) = described;
        let whole = |(_, plain, segmented)| channel(data_set, plain, segmented, count);
        let [Some(red), Some(green), Some(blue)] = CHANNELS.map(whole) else {
            return Err(Unusable { attribute: "RedPaletteColorLookupTableData", rule: NOT_WHOLE });
        };
        let tables = [red, green, blue];
        let is_wide = is_wide(&tables, bits);
        let level = |table: &json::Entries, index: usize| match table.values[index] {
            value if is_wide && !table.is_packed => (value >> 8) as u8,
            value => value as u8,
        };
        let entries = (0..count).map(|index| [0, 1, 2].map(|channel: usize| level(&tables[channel], index)));
        Ok(Self { first, entries: entries.collect() })
    }
}

/// One table of `count` entries, plain or in segments.
fn channel(data_set: &DataSet, plain: &str, segmented: &str, count: usize) -> Option<json::Entries> {
    let segments = || {
        let values = expand_segments(&json::all_words(data_set, segmented)?, count)?;
        Some(json::Entries { values, is_packed: false }).filter(|entries| entries.values.len() == count)
    };
    json::table(data_set, plain, count).or_else(segments)
}

/// Whether entries span 16 bits, so that their high byte is the level.
///
/// The values are to be scaled to all of their bits (§C.7.6.3.1.6). Writers have been met who put levels of 8 bits into entries that they
/// call 16 bits wide: by the high byte of nothing but zeros their pictures would be black. So three tables, none of which reaches beyond
/// 255, are of 8 bits; and one that does is not, whatever it is called.
fn is_wide(tables: &[json::Entries; 3], bits: u16) -> bool {
    let largest = tables.iter().flat_map(|table| &table.values).copied().max().unwrap_or(0);
    largest > 255 || (bits > 8 && largest == 0)
}

/// Descriptor, data and segmented data of red, green and blue.
const CHANNELS: [(&str, &str, &str); 3] =
    [("00281101", "00281201", "00281221"), ("00281102", "00281202", "00281222"), ("00281103", "00281203", "00281223")];

/// Expands a segmented table: PS3.3 §C.7.9.2; `None` when a segment is damaged. Every step makes an entry and there are `count`
/// at most, so that a short input is neither a long output nor long work.
fn expand_segments(words: &[u16], count: usize) -> Option<Vec<u16>> {
    let mut out = Vec::with_capacity(count);
    let mut at = 0;
    while at < words.len() && out.len() < count {
        if words[at] == INDIRECT {
            let &[_, segments, low, high] = words.get(at..at + 4)? else { return None };
            let mut target = usize::from(low) | usize::from(high) << 16;
            for _ in 0..segments.max(1) {
                // A segment that points to segments may not point to another such: no recursion.
                target = expand_one(words, target, count, &mut out)?;
                if out.len() >= count {
                    break;
                }
            }
            at += 4;
        } else {
            at = expand_one(words, at, count, &mut out)?;
        }
    }
    Some(out)
}

const DISCRETE: u16 = 0;
const LINEAR: u16 = 1;
const INDIRECT: u16 = 2;

/// Appends one discrete or linear segment, and tells where the next one begins.
fn expand_one(words: &[u16], at: usize, count: usize, out: &mut Vec<u16>) -> Option<usize> {
    let (&opcode, &length) = (words.get(at)?, words.get(at + 1)?);
    let wanted = usize::from(length).max(1);
    let room = count.saturating_sub(out.len());
    match opcode {
        DISCRETE => {
            let values = words.get(at + 2..at + 2 + wanted)?;
            out.extend(values.iter().take(room));
            Some(at + 2 + wanted)
        }
        LINEAR => {
            let (start, end) = (i64::from(*out.last()?), i64::from(*words.get(at + 2)?));
            let steps = i64::from(length.max(1));
            out.extend((1..=steps).take(room).map(|step| {
                let exact = (end - start) * step;
                (start + (2 * exact + exact.signum() * steps) / (2 * steps)) as u16
            }));
            Some(at + 3)
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "lut/tests.rs"]
mod tests;
