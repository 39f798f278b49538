//! GIF (89a): every picture of an animation in full, one frame each (PS3.18 §10.5.2, note 3).

use ::gif::{ColorOutput, DecodeOptions, DisposalMethod, Frame, MemoryLimit};

use super::{Bounded, MOST_HELD_BYTES, Raster, Unpacking, image, put_colour};

const BROKEN: Unpacking = Unpacking::Broken("is no GIF, or a broken one");

/// What the frames are drawn onto.
struct Canvas {
    columns: usize,
    samples: usize,
    pixels: Vec<u8>,
}

pub(super) fn unpack(stream: &[u8], grey: bool, sink: &mut Bounded<'_>) -> Result<Raster, Unpacking> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    options.check_frame_consistency(true);
    options.set_memory_limit(MemoryLimit::Bytes((MOST_HELD_BYTES as u64).try_into().map_err(|_| BROKEN)?));
    let mut reader = options.read_info(stream).map_err(|_| BROKEN)?;
    let samples = if grey { 1 } else { 3 };
    let image = image((reader.width().into(), reader.height().into()), samples, 8)?;
    let (columns, samples) = (usize::from(image.columns), usize::from(samples));
    let bytes = columns * usize::from(image.rows) * samples;
    if bytes > MOST_HELD_BYTES {
        return Err(Unpacking::Broken("has more pixels than are unpacked"));
    }
    // Where nothing is drawn it is black: the background colour is a hint that nobody follows.
    let mut canvas = Canvas { columns, samples, pixels: vec![0; bytes] };
    let global = reader.global_palette().map(<[u8]>::to_vec).unwrap_or_default();
    let mut frames = 0;
    while let Some(frame) = reader.read_next_frame().map_err(|_| BROKEN)? {
        let before = (frame.dispose == DisposalMethod::Previous).then(|| canvas.pixels.clone());
        canvas.draw(frame, frame.palette.as_deref().unwrap_or(&global), grey)?;
        sink(&canvas.pixels)?;
        frames += 1;
        match before {
            Some(before) => canvas.pixels = before,
            None if frame.dispose == DisposalMethod::Background => canvas.clear(frame),
            None => {}
        }
    }
    let largest = 0xFF;
    if frames == 0 {
        Err(Unpacking::Broken("is a GIF without a picture"))
    } else {
        Ok(Raster { image, frames, largest })
    }
}

impl Canvas {
    /// The runs of the canvas that the rows of a frame are on.
    fn rows(&mut self, frame: &Frame<'_>) -> impl Iterator<Item = &mut [u8]> {
        let (left, width) = (usize::from(frame.left), usize::from(frame.width));
        let run = left * self.samples..(left + width) * self.samples;
        let rows = self.pixels.chunks_exact_mut(self.columns * self.samples);
        let rows = rows.skip(frame.top.into()).take(frame.height.into());
        rows.filter_map(move |row| row.get_mut(run.clone()))
    }

    fn draw(&mut self, frame: &Frame<'_>, palette: &[u8], grey: bool) -> Result<(), Unpacking> {
        let samples = self.samples;
        let mut colour = Vec::with_capacity(3);
        let drawn = frame.buffer.chunks_exact(usize::from(frame.width).max(1));
        for (row, indices) in self.rows(frame).zip(drawn) {
            for (pixel, index) in row.chunks_exact_mut(samples).zip(indices) {
                if frame.transparent != Some(*index) {
                    colour.clear();
                    put_colour(palette, *index, grey, &mut colour)?;
                    pixel.copy_from_slice(&colour);
                }
            }
        }
        Ok(())
    }

    fn clear(&mut self, frame: &Frame<'_>) {
        self.rows(frame).for_each(|row| row.fill(0));
    }
}
