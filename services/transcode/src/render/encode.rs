//! Rasters to media.

use bytes::Bytes;

use super::{Animation, Raster, Rendered, RenderedMedia};
use crate::{TranscodeError, codec};

pub(super) fn encode(raster: &Raster, media: RenderedMedia) -> Result<Rendered, TranscodeError> {
    let bytes: Bytes = match media {
        RenderedMedia::Jpeg { quality } => {
            codec::encode_jpeg(&raster.pixels, raster.width, raster.height, raster.channels, quality)?.into()
        }
        RenderedMedia::Png => {
            png(raster).map_err(|_| TranscodeError::codec("PNG encoder", "the image was refused"))?.into()
        }
        RenderedMedia::Gif => return Animation::still(raster),
    };
    Ok(Rendered { bytes, media_type: media.media_type(), width: raster.width, height: raster.height })
}

fn png(raster: &Raster) -> Result<Vec<u8>, png::EncodingError> {
    let mut out = Vec::with_capacity(raster.pixels.len() / 2);
    let mut encoder = png::Encoder::new(&mut out, raster.width, raster.height);
    encoder.set_color(if raster.channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    // Balanced takes fifty times as long and saves a twentieth.
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&raster.pixels)?;
    writer.finish()?;
    Ok(out)
}
