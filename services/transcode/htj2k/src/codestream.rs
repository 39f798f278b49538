//! Markers around the packets: ISO/IEC 15444-1 Annex A, and Annex A of 15444-15.

use crate::Image;
use crate::block::SIDE;

/// Bits of the magnitudes of each sub-band.
#[derive(Debug)]
pub(crate) struct Quantisation {
    /// The lowest resolution's band, then three of each other resolution.
    bits: Vec<u32>,
}

/// By how many bits the wavelet may let a sample grow: the bounds of what it amplifies, low and high, by level, squared and rounded up.
const GROWTH_LOW: u32 = 2;
const GROWTH: [[u32; 2]; 2] = [[2, 2], [3, 4]];

impl Quantisation {
    pub(crate) fn of(image: Image, levels: u32) -> Self {
        // Differences of colours have one bit more.
        let bits = image.precision + u32::from(image.colour_transform);
        let low = bits + if levels == 0 { 0 } else { GROWTH_LOW };
        let high = (0..levels).rev().flat_map(|level| {
            let [one, both] = GROWTH[(level > 0) as usize];
            [bits + one, bits + one, bits + both]
        });
        Self { bits: std::iter::once(low).chain(high).collect() }
    }

    /// Of a band (high across, high down, both) of a resolution.
    pub(crate) fn bits(&self, resolution: usize, band: usize) -> u32 {
        match resolution {
            0 => self.bits[0],
            _ => self.bits[3 * resolution - 2 + band],
        }
    }
}

const SOC: u16 = 0xFF4F;
const CAP: u16 = 0xFF50;
const SIZ: u16 = 0xFF51;
const COD: u16 = 0xFF52;
const TLM: u16 = 0xFF55;
const QCD: u16 = 0xFF5C;
const SOT: u16 = 0xFF90;
const SOD: u16 = 0xFF93;
const EOC: u16 = 0xFFD9;

/// The bytes of a tile-part before its packets.
const TILE_PART_HEADER: usize = 14;

/// One guard bit; exponents then are the bits of the bands.
const GUARD_BITS: u8 = 1;

/// The codestream of these tile-parts, one for each resolution.
pub(crate) fn write(image: Image, components: usize, levels: u32, bands: &Quantisation, parts: &[Vec<u8>]) -> Vec<u8> {
    let packets: usize = parts.iter().map(Vec::len).sum();
    let mut out = Vec::with_capacity(packets + 256 + 32 * parts.len());
    out.extend_from_slice(&SOC.to_be_bytes());
    segment(&mut out, SIZ, &size(image, components));
    segment(&mut out, CAP, &capabilities(bands));
    segment(&mut out, COD, &coding(image, levels));
    let exponents = bands.bits.iter().map(|&bits| (bits as u8) << 3);
    segment(&mut out, QCD, &std::iter::once(GUARD_BITS << 5).chain(exponents).collect::<Vec<_>>());
    segment(&mut out, TLM, &lengths(parts));
    for (index, part) in parts.iter().enumerate() {
        let mut body = vec![0, 0];
        body.extend_from_slice(&((part.len() + TILE_PART_HEADER) as u32).to_be_bytes());
        body.extend_from_slice(&[index as u8, parts.len() as u8]);
        segment(&mut out, SOT, &body);
        out.extend_from_slice(&SOD.to_be_bytes());
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&EOC.to_be_bytes());
    out
}

fn segment(out: &mut Vec<u8>, marker: u16, body: &[u8]) {
    out.extend_from_slice(&marker.to_be_bytes());
    out.extend_from_slice(&(body.len() as u16 + 2).to_be_bytes());
    out.extend_from_slice(body);
}

/// The whole image as one tile, for readers of Part 15.
fn size(image: Image, components: usize) -> Vec<u8> {
    let mut body = vec![0x40, 0];
    for value in [image.columns, image.rows, 0, 0, image.columns, image.rows, 0, 0] {
        body.extend_from_slice(&value.to_be_bytes());
    }
    body.extend_from_slice(&(components as u16).to_be_bytes());
    let depth = (image.precision - 1) as u8 | if image.signed { 0x80 } else { 0 };
    (0..components).for_each(|_| body.extend_from_slice(&[depth, 1, 1]));
    body
}

/// Part 15 alone, reversible, and how many bits magnitudes have: ISO/IEC 15444-15 §A.3.
fn capabilities(bands: &Quantisation) -> Vec<u8> {
    let most = bands.bits.iter().max().copied().unwrap_or(0);
    let magnitude = match most {
        0..=8 => 0,
        9..=27 => most - 8,
        _ => 13 + (most >> 2),
    };
    let mut body = 0x0002_0000_u32.to_be_bytes().to_vec();
    body.extend_from_slice(&(magnitude as u16).to_be_bytes());
    body
}

/// RPCL, one layer, blocks in HT, the 5/3 wavelet; precincts are as large as they can be.
fn coding(image: Image, levels: u32) -> Vec<u8> {
    const RPCL: u8 = 2;
    const HIGH_THROUGHPUT: u8 = 0x40;
    const REVERSIBLE: u8 = 1;
    let side = (SIDE.ilog2() - 2) as u8;
    let transform = u8::from(image.colour_transform);
    vec![0, RPCL, 0, 1, transform, levels as u8, side, side, HIGH_THROUGHPUT, REVERSIBLE]
}

/// The length of each tile-part: 16 bits for the tile, 32 for the length.
fn lengths(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut body = vec![0, 0x60];
    for part in parts {
        body.extend_from_slice(&[0, 0]);
        body.extend_from_slice(&((part.len() + TILE_PART_HEADER) as u32).to_be_bytes());
    }
    body
}
