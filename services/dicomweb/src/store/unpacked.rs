//! Pixel data that come as PNG or GIF: unpacked into a spool of their own, as native pixel data (PS3.18 §10.5.2).

use index_compose::pixels::raster::{self, Raster, Unpacking};
use index_compose::pixels::{self, raster::unfit};
use index_compose::{Bulk, DataSet};
use index_model::transfer_syntax;
use registry::{Object, Spool};

use super::compose::{Pixels, slice};
use super::links::BulkPart;
use super::objects::no_room;
use super::outcome::{Failure, reason};

/// What leads to unpacked pixels: no address of a part.
pub(super) const UNPACKED: &str = " unpacked";

/// Unpacks the parts of one address, each a frame or an animation of them; all must be alike. Says of the image what the metadata leave out.
pub(super) fn unpacked(
    body: &Object,
    parts: &[&BulkPart],
    data_set: &mut DataSet,
    mut spool: Spool,
) -> Result<Pixels, Failure> {
    let grey = data_set.number(dicom_dictionary_std::tags::SAMPLES_PER_PIXEL) == Some(1);
    let limit = spool.limit_bytes();
    let mut whole: Option<Raster> = None;
    for part in parts {
        let unpacked = raster::unpack(part.essence(), slice(body, &part.bytes), grey, &mut |run| spool.write(run));
        let one = unpacked.map_err(|error| match error {
            Unpacking::Broken(rule) => Failure::new(reason::CANNOT_UNDERSTAND, format!("PixelData: {rule}")),
            Unpacking::Sink(error) => no_room(&error, limit),
        })?;
        whole = Some(match whole {
            None => one,
            Some(before) if before.image == one.image => {
                Raster { frames: before.frames + one.frames, largest: before.largest.max(one.largest), ..before }
            }
            Some(_) => return Err(Failure::new(reason::CANNOT_UNDERSTAND, "PixelData: has frames that are not alike")),
        });
    }
    let Some(raster) = whole else { return Err(Failure::new(reason::CANNOT_UNDERSTAND, "PixelData: has no frame")) };
    let contradiction = pixels::contradiction(data_set, &raster.image).or_else(|| unfit(data_set, &raster));
    if let Some((keyword, rule)) = contradiction {
        return Err(Failure::new(reason::CANNOT_UNDERSTAND, format!("{keyword}: {rule}")));
    }
    let length = spool.len();
    let native = transfer_syntax::EXPLICIT_VR_LITTLE_ENDIAN;
    pixels::describe(data_set, Some(&raster.image), raster.frames, native, length);
    if let Some(keyword) = pixels::missing(data_set) {
        return Err(Failure::new(reason::CANNOT_UNDERSTAND, format!("{keyword}: is missing, and Rows is there")));
    }
    raster::put_pixels(data_set, &raster, UNPACKED);
    let object = spool.finish().map_err(|error| no_room(&error, limit))?;
    // As if it came after the body.
    let bulk = Bulk { offset: body.len() as u64, length };
    Ok(Pixels { transfer_syntax_uid: native.to_owned(), frames: None, unpacked: Some((object, bulk)) })
}
