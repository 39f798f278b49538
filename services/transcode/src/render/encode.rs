//! Rasters to media.

use bytes::Bytes;

use super::{Animation, Raster, Rendered, RenderedMedia};
use crate::{TranscodeError, codec};

pub(super) fn encode(raster: &Raster, media: RenderedMedia) -> Result<Rendered, TranscodeError> {
    let bytes: Bytes = match media {
        RenderedMedia::Jpeg { quality } => {
            let (pixels, size) = (codec::Pixels::Made(&raster.pixels), (raster.width, raster.height));
            let stream = codec::encode_jpeg(&pixels, size, raster.channels, quality)?;
            with_profile(stream, raster.icc_profile.as_deref()).into()
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
    let mut info = png::Info::with_size(raster.width, raster.height);
    info.icc_profile = raster.icc_profile.as_deref().map(Into::into);
    let mut encoder = png::Encoder::with_info(&mut out, info)?;
    encoder.set_color(if raster.channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    // Balanced takes fifty times as long and saves a twentieth.
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&raster.pixels)?;
    writer.finish()?;
    Ok(out)
}

/// The identifier of a profile in a JPEG stream, and how much of one a segment holds: ISO 15076-1 Annex B.
const ICC_IDENTIFIER: &[u8] = b"ICC_PROFILE\0";
const ICC_SEGMENT: usize = 65_519;

/// A JPEG stream with a profile in APP2 segments, which come after the JFIF header.
fn with_profile(stream: Vec<u8>, profile: Option<&[u8]>) -> Vec<u8> {
    let Some(profile) = profile.filter(|profile| profile.len() <= ICC_SEGMENT * 255) else { return stream };
    let head = match stream.get(2..6) {
        Some(&[0xFF, 0xE0, high, low]) => 4 + usize::from(u16::from_be_bytes([high, low])),
        _ => 2,
    };
    let pieces = profile.chunks(ICC_SEGMENT);
    let count = pieces.len();
    let mut out = Vec::with_capacity(stream.len() + profile.len() + 18 * count);
    out.extend_from_slice(&stream[..head]);
    for (index, piece) in pieces.enumerate() {
        let length = (2 + ICC_IDENTIFIER.len() + 2 + piece.len()) as u16;
        out.extend_from_slice(&[0xFF, 0xE2]);
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(ICC_IDENTIFIER);
        out.extend_from_slice(&[index as u8 + 1, count as u8]);
        out.extend_from_slice(piece);
    }
    out.extend_from_slice(&stream[head..]);
    out
}

#[cfg(test)]
mod tests {
    use super::with_profile;

    #[test]
    fn a_long_profile_is_cut_into_numbered_segments() {
        let stream = [&[0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2][..], &[0xFF, 0xD9]].concat();
        let profile = vec![7; 70_000];
        let out = with_profile(stream.clone(), Some(&profile));
        assert_eq!(out[..8], stream[..8]);
        assert_eq!(out[8..26], [&[0xFF, 0xE2, 0xFF, 0xFF][..], b"ICC_PROFILE\0", &[1, 2]].concat());
        assert_eq!(out.len(), stream.len() + profile.len() + 2 * 18);
        assert_eq!(with_profile(stream.clone(), None), stream);
    }
}
