//! Pictures of 8 bits a channel in another size.
//!
//! A crate of its own because of what it is compiled from: the library's convolutions are instantiated for every count of coefficients,
//! a minute's work, which is done once here and not again whenever something else in `transcode` changes.
#![forbid(unsafe_code)]

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::pixels::{U8, U8x3};
use fast_image_resize::{
    FilterType, IntoImageView, IntoImageViewMut, PixelTrait, PixelType, ResizeAlg, ResizeOptions, Resizer,
};

/// A picture: rows from the top, channels interleaved.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// 1 for grey, 3 for RGB.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub pixels: &'a [u8],
}

/// A part of a picture, in its pixels, which it lies within.
#[derive(Debug, Clone, Copy)]
pub struct Region {
    /// The left edge.
    pub x: f64,
    /// The upper edge.
    pub y: f64,
    /// Above zero.
    pub width: f64,
    /// Above zero.
    pub height: f64,
}

/// The region in `width` by `height` pixels. `None` where the region or the bytes don't fit the picture.
///
/// Convolution with the triangle averages over all source pixels when it makes smaller, and interpolates when larger.
pub fn scaled(picture: Picture<'_>, region: Region, width: u32, height: u32) -> Option<Vec<u8>> {
    let pixel = match picture.channels {
        1 => PixelType::U8,
        3 => PixelType::U8x3,
        _ => return None,
    };
    let source = ImageRef::new(picture.width, picture.height, picture.pixels, pixel).ok()?;
    let mut target = Image::new(width, height, pixel);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear)).crop(
        region.x,
        region.y,
        region.width,
        region.height,
    );
    match pixel {
        PixelType::U8 => scaled_as::<U8>(&source, &mut target, &options),
        _ => scaled_as::<U8x3>(&source, &mut target, &options),
    }?;
    Some(target.into_vec())
}

/// Names the pixel type: for an image of any type the library would be compiled for all fifteen of them.
fn scaled_as<P: PixelTrait>(source: &ImageRef<'_>, target: &mut Image<'_>, options: &ResizeOptions) -> Option<()> {
    Resizer::new().resize_typed(&source.image_view::<P>()?, &mut target.image_view_mut::<P>()?, options).ok()
}
