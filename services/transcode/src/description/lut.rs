//! Lookup tables: PS3.3 §C.11.1.1 (modality), §C.11.2.1.1 (VOI), §C.7.6.3.1.5 and §C.7.9.2 (palettes).

use std::sync::Arc;

use super::json::{self, DataSet};

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

    /// The table in the item of a Modality LUT or VOI LUT Sequence.
    pub(crate) fn from_item(item: &DataSet, inputs: Inputs) -> Option<Self> {
        let (count, first, bits) = descriptor(item, "00283002", inputs)?;
        let entries = json::table(item, "00283006", count).filter(|entries| !entries.is_empty())?;
        Some(Self { first, entries: entries.into(), bits })
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

    /// The palette of a data set, when it has a whole one.
    pub(crate) fn from_json(data_set: &DataSet, inputs: Inputs) -> Option<Self> {
        let mut entries: Vec<[u8; 3]> = Vec::new();
        let mut first_input = 0;
        for (channel, (tag, plain, segmented)) in CHANNELS.into_iter().enumerate() {
            let (count, first, bits) = descriptor(data_set, tag, inputs)?;
            let segments = || expand_segments(&json::all_words(data_set, segmented)?, count);
            let table = json::table(data_set, plain, count).or_else(segments).filter(|table| !table.is_empty())?;
            first_input = first;
            entries.resize(count, [0; 3]);
            let wide = bits > 8 || table.iter().any(|&entry| entry > 255);
            for (index, entry) in entries.iter_mut().enumerate() {
                let value = table.get(index).or(table.last()).copied().unwrap_or(0);
                entry[channel] = if wide { (value >> 8) as u8 } else { value as u8 };
            }
        }
        Some(Self { first: first_input, entries: entries.into() })
    }
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
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_a_table_takes_its_first_or_last_entry() {
        let table = LookupTable { first: -2, entries: vec![10, 20, 30].into(), bits: 8 };
        assert_eq!([-9.0, -2.0, -1.2, 0.0, 7e18].map(|value| table.get(value)), [10, 10, 20, 30, 30]);
    }

    #[test]
    fn a_table_that_declares_16_bits_and_uses_12_is_a_12_bit_table() {
        let table = |bits, largest| LookupTable { first: 0, entries: vec![0, largest].into(), bits };
        assert_eq!(table(16, 4000).ceiling(), 4095);
        assert_eq!(table(16, 65535).ceiling(), 65535);
        assert_eq!(table(12, 2000).ceiling(), 4095);
        assert_eq!(table(8, 4000).ceiling(), 4095);
        assert_eq!([table(16, 0).ceiling(), table(8, 0).ceiling()], [65535, 255]);
    }

    #[test]
    fn a_first_input_is_signed_where_that_covers_more_of_the_inputs() {
        let first = |inputs| {
            let item = serde_json::json!({
                "00283002": { "vr": "US", "Value": [900, 64536, 12] },
                "00283006": { "vr": "US", "Value": vec![7; 900] },
            });
            LookupTable::from_item(item.as_object().expect("an object"), inputs).map(|table| table.first)
        };
        assert_eq!(first(Inputs::stored(16, true)), Some(-1000));
        assert_eq!(first(Inputs::stored(12, false).rescaled(Some((1.0, -1024.0)))), Some(-1000));
        assert_eq!(first(Inputs::stored(16, false).rescaled(Some((1.0, -1024.0)))), Some(-1000));
        assert_eq!(first(Inputs::WORDS), Some(64536));
        assert_eq!(Inputs::stored(16, false).rescaled(Some((-1.0, 10.0))), Inputs { least: -65_525, greatest: 10 });
    }

    #[test]
    fn segments_are_expanded_and_bounded() {
        // Three discrete values, four steps from 30 to 10, then both again through an indirect segment.
        let words = [0, 3, 10, 20, 30, 1, 4, 10, 2, 2, 0, 0];
        let expected = [10, 20, 30, 25, 20, 15, 10];
        assert_eq!(expand_segments(&words, 7).as_deref(), Some(&expected[..]));
        assert_eq!(expand_segments(&words, 14), Some([expected, expected].concat()));
        assert_eq!(expand_segments(&words, 5).map(|out| out.len()), Some(5));
    }

    #[test]
    fn damaged_segments_are_refused() {
        for words in [&[0, 9, 1][..], &[1, 4, 10], &[2, 1, 99, 0], &[2, 1], &[7, 1, 1], &[2, 1, 0, 0]] {
            assert!(expand_segments(words, 64).is_none(), "{words:?}");
        }
    }
}
