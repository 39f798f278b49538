//! Packets: which code-blocks are in them, and how long they are. ISO/IEC 15444-1 §B.10 and §B.12.

use std::ops::Range;

use crate::Error;
use crate::bits::{Bits, TagTree};
use crate::block::{MAX_PLANES, Shape};
use crate::codestream::{Codestream, Style};
use crate::contexts::Orientation;
use crate::wavelet::{Band, Level};

/// A code-block, and where its bytes are.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) component: usize,
    pub(crate) shape: Shape,
    /// Its first sample in the plane, and from one row to the next.
    pub(crate) start: usize,
    pub(crate) step: usize,
    pub(crate) bytes: Vec<Range<usize>>,
    /// Bits that tell a length, before the passes are counted.
    length_bits: u32,
}

/// Blocks of one band in one precinct.
struct Part {
    blocks: Range<usize>,
    columns: usize,
    included: TagTree,
    missing: TagTree,
    bits: u32,
}

/// A precinct of one component at one resolution, with what its place in a progression depends on.
struct Precinct {
    component: usize,
    resolution: u32,
    /// Its row and column in the image.
    at: [u64; 2],
    parts: Vec<Part>,
}

/// What precincts cost is kept below what samples do: so many of any size, and more of so many samples each.
const SOME_PRECINCTS: u64 = 8192;
const FEWEST_SAMPLES: u64 = 256;

/// All blocks that have passes, in order of their packets.
pub(crate) fn read(stream: &Codestream<'_>) -> Result<Vec<Block>, Error> {
    let count = (0..=stream.style.levels).try_fold(0_u64, |count, resolution| {
        let grid = Grid::of(stream, resolution);
        count.checked_add(grid.across.checked_mul(grid.down)?)
    });
    let samples = u64::from(stream.size.columns) * u64::from(stream.size.rows);
    let count = count.filter(|&count| count <= SOME_PRECINCTS + samples / FEWEST_SAMPLES).ok_or(Error::Unsupported)?;
    // Each packet has a byte: what is announced can be held against what is there before anything is allocated.
    let packets = count * stream.size.components as u64 * u64::from(stream.style.layers);
    if packets > stream.packets.len() as u64 {
        return Err(Error::Damaged);
    }
    let (mut blocks, mut precincts) = (Vec::new(), Vec::new());
    for component in 0..stream.size.components {
        for resolution in 0..=stream.style.levels {
            add_precincts(stream, component, resolution, &mut precincts, &mut blocks)?;
        }
    }
    let mut rest = 0;
    for (precinct, layer) in ordered(&stream.style, &mut precincts) {
        rest = read_packet(stream, rest, &mut precincts[precinct].parts, &mut blocks, layer)?;
    }
    blocks.retain(|block| block.shape.passes > 0);
    Ok(blocks)
}

/// How a resolution is cut into precincts.
struct Grid {
    /// Columns and rows of a precinct, as powers of two.
    sides: [u32; 2],
    across: u64,
    down: u64,
}

impl Grid {
    fn of(stream: &Codestream<'_>, resolution: u32) -> Self {
        let sides = stream.style.precincts[resolution as usize];
        let above = stream.style.levels - resolution;
        let count = |side: u32, exponent: u32| u64::from(side).div_ceil(1 << above).div_ceil(1 << exponent);
        Self { sides, across: count(stream.size.columns, sides[0]), down: count(stream.size.rows, sides[1]) }
    }
}

fn add_precincts(
    stream: &Codestream<'_>,
    component: usize,
    resolution: u32,
    precincts: &mut Vec<Precinct>,
    blocks: &mut Vec<Block>,
) -> Result<(), Error> {
    let grid = Grid::of(stream, resolution);
    let above = stream.style.levels - resolution;
    let whole = Level::whole(stream.size.columns as usize, stream.size.rows as usize);
    let level = |times: u32| (0..times).fold(whole, |level, _| level.next());
    let bands: Vec<(Band, Orientation)> = match resolution {
        0 => vec![(level(above).low(), Orientation::Down)],
        _ => level(above).high().into_iter().zip([Orientation::Across, Orientation::Down, Orientation::Both]).collect(),
    };
    // Beyond the lowest resolution, bands have half its columns and rows.
    let half = u32::from(resolution > 0);
    let sides = grid.sides.map(|side| side - half);
    for (row, column) in (0..grid.down).flat_map(|row| (0..grid.across).map(move |column| (row, column))) {
        let mut parts = Vec::with_capacity(bands.len());
        for (index, &(band, orientation)) in bands.iter().enumerate() {
            let bits = stream.ranges[component].bits(resolution, index)?;
            let cut = cut(band, sides, [column, row]);
            parts.push(part(stream, component, cut, orientation, [sides[0], sides[1]], bits, blocks));
        }
        let at = [row << (grid.sides[1] + above), column << (grid.sides[0] + above)];
        precincts.push(Precinct { component, resolution, at, parts });
    }
    Ok(())
}

/// What of a band is in a precinct.
fn cut(band: Band, sides: [u32; 2], [column, row]: [u64; 2]) -> Band {
    let (left, upper) = ((column << sides[0]) as usize, (row << sides[1]) as usize);
    let (columns, rows) = (band.columns.saturating_sub(left), band.rows.saturating_sub(upper));
    Band {
        start: band.start + upper * band.step + left,
        columns: columns.min(1 << sides[0]),
        rows: rows.min(1 << sides[1]),
        step: band.step,
    }
}

fn part(
    stream: &Codestream<'_>,
    component: usize,
    band: Band,
    orientation: Orientation,
    sides: [u32; 2],
    bits: u32,
    blocks: &mut Vec<Block>,
) -> Part {
    let [columns, rows] = [0, 1].map(|side| 1_usize << stream.style.block[side].min(sides[side]));
    let is_empty = band.columns == 0 || band.rows == 0;
    let (across, down) = if is_empty { (0, 0) } else { (band.columns.div_ceil(columns), band.rows.div_ceil(rows)) };
    let first = blocks.len();
    for (row, column) in (0..down).flat_map(|row| (0..across).map(move |column| (row * rows, column * columns))) {
        let shape = Shape {
            columns: (band.columns - column).min(columns),
            rows: (band.rows - row).min(rows),
            orientation,
            planes: 0,
            passes: 0,
        };
        let start = band.start + row * band.step + column;
        blocks.push(Block { component, shape, start, step: band.step, bytes: Vec::new(), length_bits: 3 });
    }
    let [included, missing] = [0, 1].map(|_| TagTree::new(across, down));
    Part { blocks: first..blocks.len(), columns: across, included, missing, bits }
}

/// Precincts and layers as the progression has them: §B.12.1.
fn ordered(style: &Style, precincts: &mut [Precinct]) -> Vec<(usize, u32)> {
    let layers = 0..style.layers;
    match style.progression {
        0 | 1 => precincts.sort_by_key(|precinct| (precinct.resolution, precinct.component)),
        2 => precincts.sort_by_key(|precinct| (precinct.resolution, precinct.at, precinct.component)),
        3 => precincts.sort_by_key(|precinct| (precinct.at, precinct.component, precinct.resolution)),
        _ => precincts.sort_by_key(|precinct| (precinct.component, precinct.at, precinct.resolution)),
    }
    let whole = 0..precincts.len();
    match style.progression {
        0 => layers.flat_map(|layer| whole.clone().map(move |at| (at, layer))).collect(),
        1 => {
            let groups = precincts.chunk_by(|one, other| one.resolution == other.resolution);
            let mut start = 0;
            let groups = groups.flat_map(|group| {
                let range = start..start + group.len();
                start = range.end;
                layers.clone().flat_map(move |layer| range.clone().map(move |at| (at, layer)))
            });
            groups.collect()
        }
        _ => whole.flat_map(|at| layers.clone().map(move |layer| (at, layer))).collect(),
    }
}

const START_OF_PACKET: [u8; 2] = [0xFF, 0x91];
const END_OF_HEADER: [u8; 2] = [0xFF, 0x92];

/// Reads the packet at `start`, and tells where it ends.
fn read_packet(
    stream: &Codestream<'_>,
    mut start: usize,
    parts: &mut [Part],
    blocks: &mut [Block],
    layer: u32,
) -> Result<usize, Error> {
    let bytes = &*stream.packets;
    if stream.style.packets_may_start && bytes[start..].starts_with(&START_OF_PACKET) {
        start += 6;
    }
    let mut bits = Bits::over(bytes.get(start..).ok_or(Error::Damaged)?);
    let mut lengths = Vec::new();
    if bits.bit()? == 1 {
        for part in parts {
            read_header(&mut bits, part, blocks, layer, &mut lengths)?;
        }
    }
    start += bits.finish()?;
    if stream.style.headers_end {
        if !bytes[start..].starts_with(&END_OF_HEADER) {
            return Err(Error::Damaged);
        }
        start += 2;
    }
    for (block, length) in lengths {
        let end = start.checked_add(length).filter(|&end| end <= bytes.len()).ok_or(Error::Damaged)?;
        blocks[block].bytes.push(start..end);
        start = end;
    }
    Ok(start)
}

/// What a packet's header says of the blocks of one band.
fn read_header(
    bits: &mut Bits<'_>,
    part: &mut Part,
    blocks: &mut [Block],
    layer: u32,
    lengths: &mut Vec<(usize, usize)>,
) -> Result<(), Error> {
    for index in part.blocks.clone() {
        let (block, at) = (&mut blocks[index], index - part.blocks.start);
        let leaf = [at % part.columns, at / part.columns];
        let is_new = block.shape.passes == 0;
        let is_included = if is_new { part.included.is_below(bits, leaf, layer + 1)? } else { bits.bit()? == 1 };
        if !is_included {
            continue;
        }
        if is_new {
            let mut missing = 0;
            while !part.missing.is_below(bits, leaf, missing + 1)? {
                missing += 1;
            }
            let planes = part.bits.checked_sub(missing).filter(|planes| (1..=MAX_PLANES).contains(planes));
            block.shape.planes = planes.ok_or(Error::Damaged)?;
        }
        let passes = bits.passes()?;
        block.shape.passes += passes;
        if block.shape.passes > 3 * block.shape.planes - 2 {
            return Err(Error::Damaged);
        }
        block.length_bits += bits.ones()?;
        let length_bits = block.length_bits + passes.ilog2();
        if length_bits > 31 {
            return Err(Error::Damaged);
        }
        lengths.push((index, bits.number(length_bits)? as usize));
    }
    Ok(())
}
