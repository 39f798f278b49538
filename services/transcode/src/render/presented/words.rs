//! Text objects: PS3.3 §C.10.5.

use super::super::canvas::Canvas;
use super::super::text;
use super::draw::{at, line_width};
use super::{Ink, Placement};
use crate::presentation::{Justification, Shape};

/// The part of the shorter side of letters which have no box.
const LETTER: f32 = 1.0 / 36.0;

/// Where a text goes, in pixels of the picture, and how large its letters are.
struct Block {
    left: f32,
    top: f32,
    width: f32,
    size: f32,
    lines: Vec<String>,
}

pub(super) fn draw(canvas: &mut Canvas<'_>, placement: &Placement, shape: &Shape, ink: Ink) {
    let Shape::Text { lines, bounds, justification, anchor, is_anchor_visible } = shape else { return };
    let anchor = anchor.map(|(units, point)| at(placement, units, point));
    let size = (canvas.width() as f32, canvas.height() as f32);
    let block = match bounds {
        Some((units, corners)) => {
            let [a, b] = corners.map(|corner| at(placement, *units, corner));
            let corners = [(a.0.min(b.0) as f32, a.1.min(b.1) as f32), (a.0.max(b.0) as f32, a.1.max(b.1) as f32)];
            in_box(lines, corners, size)
        }
        None => {
            let (x, y) = anchor.unwrap_or_default();
            let letter = (size.0.min(size.1) * LETTER).clamp(text::SMALLEST, text::LARGEST);
            let block = Block {
                left: x as f32,
                top: y as f32,
                width: widest(lines, letter),
                size: letter,
                lines: lines.clone(),
            };
            within(block, size)
        }
    };
    let Block { left, top, width, size, lines } = block;
    let step = text::line_height(size);
    if let (Some(anchor), Some(_), true) = (anchor, bounds, is_anchor_visible) {
        // From the nearest point of the box.
        let bottom = top + step * lines.len() as f32;
        let near = (anchor.0.clamp(left.into(), (left + width).into()), anchor.1.clamp(top.into(), bottom.into()));
        let width = line_width(canvas);
        canvas.line(near, anchor, width, ink);
    }
    for (row, line) in lines.iter().enumerate() {
        let spare = (width - text::width(line, size)).max(0.0);
        let indent = match justification {
            Justification::Left => 0.0,
            Justification::Center => spare / 2.0,
            Justification::Right => spare,
        };
        text::draw(canvas, line, left + indent, top + step * row as f32, size, ink);
    }
}

fn widest(lines: &[String], size: f32) -> f32 {
    lines.iter().map(|line| text::width(line, size)).fold(1.0, f32::max)
}

/// As large as the box allows. Where letters as small as can be read do not fit into it, "text need not be confined to within the bounding box"
/// (§C.10.5): it is broken into lines of its width, which go on below it.
fn in_box(lines: &[String], [(left, top), (right, bottom)]: [(f32, f32); 2], picture: (f32, f32)) -> Block {
    let by_height = (bottom - top) / (1.2 * lines.len().max(1) as f32);
    let by_width = 100.0 * (right - left) / widest(lines, 100.0);
    let size = by_height.min(by_width).clamp(text::SMALLEST, text::LARGEST);
    within(Block { left, top, width: right - left, size, lines: lines.to_vec() }, picture)
}

/// Moved, and broken into shorter lines, so that no letter lies outside the picture. What has no room in the whole of it ends in an ellipsis,
/// so that nobody takes a part for the whole. A text beside the picture stays there: it is of what is not shown.
fn within(block: Block, (width, height): (f32, f32)) -> Block {
    let Block { left, top, size, .. } = block;
    let step = text::line_height(size);
    let bottom = top + step * block.lines.len() as f32;
    if left >= width || left + block.width <= 0.0 || top >= height || bottom <= 0.0 {
        return block;
    }
    let longest = widest(&block.lines, size);
    let is_broken = longest > block.width + 1.0 || longest > width;
    let room = if is_broken { block.width.max(width / 4.0) } else { block.width }.min(width);
    let mut lines = match is_broken {
        true => block.lines.iter().flat_map(|line| text::broken(line, size, room)).collect(),
        false => block.lines,
    };
    let most = ((height / step) as usize).max(1);
    if lines.len() > most {
        lines.truncate(most);
        let last = lines.pop().unwrap_or_default();
        lines.push(text::fitted(&format!("{last}…"), size, room));
    }
    let left = left.min(width - room).max(0.0);
    let top = top.min(height - step * lines.len() as f32).max(0.0);
    Block { left, top, width: room, size, lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: (f32, f32) = (400.0, 200.0);

    fn long() -> Vec<String> {
        vec!["Follow up of the nodule in the left upper lobe is advised within three months, see report".to_owned()]
    }

    fn is_inside(block: &Block) -> bool {
        let bottom = block.top + text::line_height(block.size) * block.lines.len() as f32;
        block.left >= 0.0
            && block.top >= 0.0
            && bottom <= PICTURE.1
            && block.lines.iter().all(|line| block.left + text::width(line, block.size) <= PICTURE.0)
    }

    /// PS3.3 §C.10.5: every word is there, whatever the box.
    #[test]
    fn no_word_of_a_text_lies_outside_the_picture() {
        for corners in [[(10.0, 10.0), (390.0, 190.0)], [(10.0, 10.0), (60.0, 22.0)], [(350.0, 180.0), (399.0, 199.0)]]
        {
            let block = in_box(&long(), corners, PICTURE);
            assert!(is_inside(&block), "{corners:?}");
            assert_eq!(block.lines.join(" "), long().join(" "), "{corners:?}");
        }
        let anchored = Block { left: 380.0, top: 195.0, width: widest(&long(), 8.0), size: 8.0, lines: long() };
        let block = within(anchored, PICTURE);
        assert!(is_inside(&block) && block.lines.join(" ") == long().join(" "));
    }

    #[test]
    fn what_has_no_room_says_that_it_goes_on() {
        let lines = vec![long().concat(); 60];
        let block = in_box(&lines, [(10.0, 10.0), (390.0, 190.0)], PICTURE);
        assert!(is_inside(&block) && block.lines.last().is_some_and(|line| line.ends_with('…')));
    }

    #[test]
    fn a_text_beside_the_picture_is_not_moved_into_it() {
        let beside = in_box(&long(), [(500.0, 10.0), (900.0, 50.0)], PICTURE);
        assert_eq!((beside.left, beside.top, beside.lines), (500.0, 10.0, long()));
    }
}
