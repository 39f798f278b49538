use super::{Unpacking, is_raster, unpack};

/// Five columns and three rows of 8 bits, interlaced (ISO/IEC 15948 clause 8.2), written by hand.
const INTERLACED: [u8; 90] = [
    0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0x00, 0x00, 0x00, 0x0D, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x05, 0x00, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x00, 0x01, 0x09, 0x5A, 0xAA, 0xB2, 0x00, 0x00, 0x00, 0x21, 0x49,
    0x44, 0x41, 0x54, 0x78, 0x01, 0x01, 0x16, 0x00, 0xE9, 0xFF, 0x00, 0x01, 0x00, 0x05, 0x00, 0x03, 0x00, 0x15, 0x17,
    0x19, 0x00, 0x02, 0x04, 0x00, 0x16, 0x18, 0x00, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F, 0x06, 0xCE, 0x00, 0xC4, 0xDA, 0x38,
    0xAD, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82,
];

fn pixels(media_type: &str, stream: &[u8]) -> Result<(Vec<u8>, usize), Unpacking> {
    let mut out = Vec::new();
    let raster = unpack(media_type, stream, false, &mut |run| {
        out.extend_from_slice(run);
        Ok(())
    })?;
    let image = &raster.image;
    assert_eq!(out.len() % (usize::from(image.rows) * usize::from(image.columns) * usize::from(image.samples)), 0);
    Ok((out, raster.frames))
}

#[test]
fn rows_that_come_interlaced_are_put_in_order() {
    let (rows, frames) = pixels("image/png", &INTERLACED).unwrap();
    assert_eq!((rows, frames), (vec![1, 2, 3, 4, 5, 11, 12, 13, 14, 15, 21, 22, 23, 24, 25], 1));
}

/// Three pictures of three pixels in a row: what each leaves is what the next begins with.
#[test]
fn every_picture_of_an_animation_is_whole() {
    use ::gif::DisposalMethod::{Background, Keep, Previous};
    let mut stream = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut stream, 3, 1, &[9, 9, 9, 1, 1, 1, 2, 2, 2, 3, 3, 3]).unwrap();
    for (left, index, dispose) in [(0, 1, Keep), (1, 2, Previous), (2, 3, Background), (0, 2, Keep)] {
        let frame =
            ::gif::Frame { left, width: 1, height: 1, dispose, buffer: vec![index].into(), ..::gif::Frame::default() };
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    let mut out = Vec::new();
    let raster = unpack("image/gif", &stream, true, &mut |run| {
        out.push(run.to_vec());
        Ok(())
    });
    assert_eq!(out, [[1, 0, 0], [1, 2, 0], [1, 0, 3], [2, 0, 0]]);
    assert_eq!(raster.unwrap().frames, 4);
}

#[test]
fn no_stream_is_read_beyond_its_end_or_makes_more_than_its_bound() {
    // Its last chunk says nothing of the pixels.
    assert!((0..INTERLACED.len() - 12).all(|length| pixels("image/png", &INTERLACED[..length]).is_err()));
    let mut small = Vec::new();
    let mut encoder = ::gif::Encoder::new(&mut small, 2, 1, &[0, 0, 0, 1, 1, 1]).unwrap();
    encoder
        .write_frame(&::gif::Frame { width: 2, height: 1, buffer: vec![0, 1].into(), ..::gif::Frame::default() })
        .unwrap();
    drop(encoder);
    assert!(pixels("image/gif", &small).is_ok());
    assert!((0..small.len() - 1).all(|length| pixels("image/gif", &small[..length]).is_err()));
    // A byte that is another one may make another picture, and never more than it says, nor a panic.
    for (media_type, stream) in [("image/png", &INTERLACED[..]), ("image/gif", &small)] {
        for at in 0..stream.len() {
            for bit in 0..8 {
                let mut changed = stream.to_vec();
                changed[at] ^= 1 << bit;
                let _ = pixels(media_type, &changed);
            }
        }
    }
    // What is claimed is not allocated.
    let mut huge = small.clone();
    huge[6..10].copy_from_slice(&[0xFF; 4]);
    assert!(matches!(pixels("image/gif", &huge), Err(Unpacking::Broken(_))));
}

#[test]
fn a_sink_that_takes_no_more_is_no_fault_of_the_image() {
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let unpacked = unpack("image/png", &INTERLACED, false, &mut |_| Err(full()));
    assert!(matches!(unpacked, Err(Unpacking::Sink(error)) if error.kind() == std::io::ErrorKind::StorageFull));
    assert!(is_raster("image/PNG") && !is_raster("image/jpeg") && !is_raster("image/x-png"));
}
