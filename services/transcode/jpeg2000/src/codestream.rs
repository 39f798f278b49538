//! Markers around the packets: ISO/IEC 15444-1 Annex A.

use std::borrow::Cow;

use crate::Error;

/// What the main header says, and the packets of all tile-parts.
#[derive(Debug)]
pub(crate) struct Codestream<'a> {
    pub(crate) size: Size,
    pub(crate) style: Style,
    /// Of each component.
    pub(crate) ranges: Vec<Ranges>,
    pub(crate) packets: Cow<'a, [u8]>,
}

/// SIZ: §A.5.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: u32,
    pub(crate) rows: u32,
    pub(crate) components: usize,
    pub(crate) precision: u32,
    pub(crate) signed: bool,
}

/// COD: §A.6.1.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    pub(crate) progression: u8,
    pub(crate) layers: u32,
    pub(crate) has_colour_transform: bool,
    pub(crate) levels: u32,
    /// Columns and rows of code-blocks, as powers of two.
    pub(crate) block: [u32; 2],
    /// Columns and rows of precincts at each resolution, as powers of two.
    pub(crate) precincts: Vec<[u32; 2]>,
    pub(crate) packets_may_start: bool,
    pub(crate) headers_end: bool,
}

/// QCD or QCC without quantisation, §A.6.4: bits of the magnitudes in each sub-band.
#[derive(Debug, Clone)]
pub(crate) struct Ranges(Vec<u32>);

impl Ranges {
    /// Of a band (the lowest one; or high across, high down, both) of a resolution.
    pub(crate) fn bits(&self, resolution: u32, band: usize) -> Result<u32, Error> {
        let index = if resolution == 0 { 0 } else { 3 * resolution as usize - 2 + band };
        self.0.get(index).copied().ok_or(Error::Damaged)
    }
}

const SOC: u16 = 0xFF4F;
const SIZ: u16 = 0xFF51;
const COD: u16 = 0xFF52;
const TLM: u16 = 0xFF55;
const PLM: u16 = 0xFF57;
const PLT: u16 = 0xFF58;
const QCD: u16 = 0xFF5C;
const QCC: u16 = 0xFF5D;
const CRG: u16 = 0xFF63;
const COM: u16 = 0xFF64;
const SOT: u16 = 0xFF90;
const SOD: u16 = 0xFF93;
const EOC: u16 = 0xFFD9;

/// The highest Rsiz bit says that the blocks are those of another part of the standard.
const EXTENDED: u16 = 0xC000;

/// Progressions by position, from this one on.
const PCRL: u8 = 3;

/// The most components that are looked at: a picture has one, three, or four.
const MAX_COMPONENTS: usize = 4;

/// Bytes that are read from the front.
#[derive(Clone, Copy)]
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Error::Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u32, Error> {
        Ok(self.take(bytes)?.iter().fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn u16(&mut self) -> Result<u16, Error> {
        Ok(self.number(2)? as u16)
    }

    /// The body of a marker segment.
    fn segment(&mut self) -> Result<Self, Error> {
        let length = usize::from(self.u16()?).checked_sub(2).ok_or(Error::Damaged)?;
        self.take(length).map(Self)
    }
}

/// Reads all markers.
pub(crate) fn read(bytes: &[u8]) -> Result<Codestream<'_>, Error> {
    let mut reader = Reader(bytes);
    if reader.u16()? != SOC || reader.u16()? != SIZ {
        return Err(Error::Damaged);
    }
    let size = size(reader.segment()?)?;
    let (mut coding, mut ranges, mut own_ranges) = (None, None, Vec::new());
    loop {
        match reader.u16()? {
            COD => coding = Some(style(reader.segment()?)?),
            QCD => ranges = Some(quantisation(reader.segment()?)?),
            QCC => {
                let mut segment = reader.segment()?;
                let component = segment.number(1)? as usize;
                own_ranges.push((component, quantisation(segment)?));
            }
            TLM | PLM | CRG | COM => drop(reader.segment()?),
            SOT => break,
            _ => return Err(Error::Unsupported),
        }
    }
    let (Some(style), Some(ranges)) = (coding, ranges) else { return Err(Error::Damaged) };
    if style.has_colour_transform && size.components != 3 {
        return Err(Error::Unsupported);
    }
    let mut ranges = vec![ranges; size.components];
    for (component, own) in own_ranges {
        *ranges.get_mut(component).ok_or(Error::Damaged)? = own;
    }
    let (packets, parts) = tile_parts(reader)?;
    // Where a position ends and a part begins, writers and OpenJPEG have not always agreed.
    if parts > 1 && style.progression >= PCRL {
        return Err(Error::Unsupported);
    }
    Ok(Codestream { size, style, ranges, packets })
}

fn size(mut segment: Reader<'_>) -> Result<Size, Error> {
    let profile = segment.u16()?;
    let [columns, rows, x, y] = numbers(&mut segment)?;
    let [tile_columns, tile_rows, tile_x, tile_y] = numbers(&mut segment)?;
    let components = usize::from(segment.u16()?);
    let is_one_tile = tile_columns >= columns && tile_rows >= rows && (x, y, tile_x, tile_y) == (0, 0, 0, 0);
    if profile & EXTENDED != 0 || !is_one_tile || !(1..=MAX_COMPONENTS).contains(&components) {
        return Err(Error::Unsupported);
    }
    if columns == 0 || rows == 0 {
        return Err(Error::Damaged);
    }
    let first = segment.number(3)?;
    for _ in 1..components {
        if segment.number(3)? != first {
            return Err(Error::Unsupported);
        }
    }
    let (signed, precision) = (first >> 23 == 1, (first >> 16 & 0x7F) + 1);
    if first & 0xFFFF != 0x0101 || precision > 16 {
        return Err(Error::Unsupported);
    }
    Ok(Size { columns, rows, components, precision, signed })
}

fn numbers(segment: &mut Reader<'_>) -> Result<[u32; 4], Error> {
    Ok([segment.number(4)?, segment.number(4)?, segment.number(4)?, segment.number(4)?])
}

/// The most levels: beyond them nothing is halved.
const MAX_LEVELS: u32 = 32;

fn style(mut segment: Reader<'_>) -> Result<Style, Error> {
    let flags = segment.number(1)?;
    let progression = segment.number(1)? as u8;
    let (layers, transform) = (segment.number(2)?, segment.number(1)?);
    let levels = segment.number(1)?;
    let block = [segment.number(1)? + 2, segment.number(1)? + 2];
    let (block_style, wavelet) = (segment.number(1)?, segment.number(1)?);
    if block_style != 0 || wavelet != 1 || transform > 1 || progression > 4 || flags > 7 {
        return Err(Error::Unsupported);
    }
    let is_block = block.iter().all(|&side| side <= 10) && block[0] + block[1] <= 12;
    if levels > MAX_LEVELS || layers == 0 || !is_block {
        return Err(Error::Damaged);
    }
    let precincts = (0..=levels).map(|resolution| {
        let size = if flags & 1 == 1 { segment.number(1)? } else { 0xFF };
        let sides = [size & 0xF, size >> 4];
        // Beyond the lowest resolution a precinct is as large as those of three bands, which are half of it.
        if resolution > 0 && sides.contains(&0) { Err(Error::Damaged) } else { Ok(sides) }
    });
    Ok(Style {
        progression,
        layers,
        has_colour_transform: transform == 1,
        levels,
        block,
        precincts: precincts.collect::<Result<_, _>>()?,
        packets_may_start: flags & 2 != 0,
        headers_end: flags & 4 != 0,
    })
}

fn quantisation(mut segment: Reader<'_>) -> Result<Ranges, Error> {
    let style = segment.number(1)?;
    if style & 0x1F != 0 {
        return Err(Error::Unsupported);
    }
    // An exponent and the guard bits, less one: Equation E-2.
    let bits = segment.0.iter().map(|&byte| (u32::from(byte >> 3) + (style >> 5)).saturating_sub(1));
    Ok(Ranges(bits.collect()))
}

/// The packets of the one tile, behind the first SOT, and in how many parts they were.
fn tile_parts(mut reader: Reader<'_>) -> Result<(Cow<'_, [u8]>, usize), Error> {
    let mut packets = Cow::Borrowed(&[][..]);
    for parts in 1.. {
        let part = tile_part(&mut reader)?;
        if packets.is_empty() {
            packets = Cow::Borrowed(part);
        } else {
            packets.to_mut().extend_from_slice(part);
        }
        match reader.u16()? {
            SOT => {}
            EOC => return Ok((packets, parts)),
            _ => break,
        }
    }
    Err(Error::Damaged)
}

/// One tile-part, behind its SOT: §A.4.2.
fn tile_part<'a>(reader: &mut Reader<'a>) -> Result<&'a [u8], Error> {
    let whole = reader.0.len() + 2;
    let mut segment = reader.segment()?;
    let (tile, length) = (segment.u16()?, segment.number(4)? as usize);
    if tile != 0 {
        return Err(Error::Damaged);
    }
    loop {
        match reader.u16()? {
            SOD => break,
            PLT | COM => drop(reader.segment()?),
            _ => return Err(Error::Unsupported),
        }
    }
    let read = whole - reader.0.len();
    // The last tile-part need not tell its length: it goes on to the end.
    let length = if length == 0 { whole.checked_sub(2) } else { Some(length) };
    reader.take(length.and_then(|length| length.checked_sub(read)).ok_or(Error::Damaged)?)
}
