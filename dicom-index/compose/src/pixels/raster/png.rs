//! PNG (ISO/IEC 15948): rows as they are inflated.

use std::io::Cursor;

use ::png::{BitDepth, ColorType, Decoder, DecodingError, Limits, Transformations};

use super::{Bounded, MOST_HELD_BYTES, Raster, Unpacking, image, put_colour};

/// How the samples of a row lie.
struct Layout {
    colour: ColorType,
    depth: BitDepth,
    columns: usize,
    palette: Vec<u8>,
    grey: bool,
}

pub(super) fn unpack(stream: &[u8], grey: bool, sink: &mut Bounded<'_>) -> Result<Raster, Unpacking> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(stream), Limits { bytes: MOST_HELD_BYTES });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let samples = match info.color_type {
        ColorType::Rgb | ColorType::Rgba => 3,
        ColorType::Indexed if !grey => 3,
        _ => 1,
    };
    let bits_stored = if info.color_type == ColorType::Indexed { 8 } else { info.bit_depth as u16 };
    let image = image(info.size(), samples, bits_stored)?;
    let layout = Layout {
        colour: info.color_type,
        depth: info.bit_depth,
        columns: image.columns.into(),
        palette: info.palette.as_deref().unwrap_or_default().to_vec(),
        grey,
    };
    let interlaced = info.interlaced;
    let (mut row, mut largest) = (Vec::new(), 0);
    let mut put = |packed: &[u8]| {
        row.clear();
        layout.unpack(packed, &mut row)?;
        largest = largest.max(largest_of(&row, bits_stored));
        sink(&row)
    };
    if interlaced {
        // Its rows come in seven passes over the whole.
        let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= MOST_HELD_BYTES);
        let mut whole = vec![0; bytes.ok_or(Unpacking::Broken("is interlaced, and too large to be unpacked so"))?];
        let length = reader.next_frame(&mut whole).map_err(broken)?.line_size.max(1);
        whole.chunks_exact(length).take(image.rows.into()).try_for_each(&mut put)?;
    } else {
        for _ in 0..image.rows {
            let next = reader.next_row().map_err(broken)?;
            put(next.ok_or(Unpacking::Broken("is a PNG that breaks off"))?.data())?;
        }
    }
    Ok(Raster { image, frames: 1, largest })
}

fn broken(error: DecodingError) -> Unpacking {
    Unpacking::Broken(match error {
        DecodingError::LimitsExceeded => "has rows or chunks that are too large to be unpacked",
        _ => "is no PNG, or a broken one",
    })
}

/// Samples are of 16 bits in little endian, or of 8.
fn largest_of(row: &[u8], bits: u16) -> u16 {
    if bits > 8 {
        row.as_chunks::<2>().0.iter().map(|sample| u16::from_le_bytes(*sample)).max().unwrap_or(0)
    } else {
        row.iter().copied().max().unwrap_or(0).into()
    }
}

impl Layout {
    /// A row as native pixel data have it, without its alpha channel.
    fn unpack(&self, packed: &[u8], out: &mut Vec<u8>) -> Result<(), Unpacking> {
        let channels = self.colour.samples();
        let kept = channels.min(if channels > 2 { 3 } else { 1 });
        match self.depth {
            BitDepth::Sixteen => {
                let pixels = packed.chunks_exact(2 * channels).take(self.columns);
                // The higher byte comes first in a PNG.
                out.extend(
                    pixels
                        .flat_map(|pixel| pixel.as_chunks::<2>().0.iter().take(kept))
                        .flat_map(|[high, low]| [*low, *high]),
                );
            }
            BitDepth::Eight if self.colour != ColorType::Indexed => {
                out.extend(packed.chunks_exact(channels).take(self.columns).flat_map(|pixel| pixel.iter().take(kept)));
            }
            depth => {
                let bits = depth as u8;
                let per_byte = usize::from(8 / bits);
                // The leftmost pixel is in the highest bits.
                let sample = |at: usize| {
                    let byte = packed.get(at / per_byte).copied().unwrap_or(0);
                    (byte >> (8 - bits - bits * (at % per_byte) as u8)) & (u8::MAX >> (8 - bits))
                };
                for value in (0..self.columns).map(sample) {
                    match self.colour {
                        ColorType::Indexed => put_colour(&self.palette, value, self.grey, out)?,
                        _ => out.push(value),
                    }
                }
            }
        }
        Ok(())
    }
}
