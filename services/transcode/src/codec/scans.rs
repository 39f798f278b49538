//! The scans of a JPEG frame, and what each has of the image: ISO/IEC 10918-1 §B.2.3, §G.1.1.1.

use std::borrow::Cow;

use super::header::{Header, SOS, Segments};

/// The header of a scan, between SOS and the data.
struct Scan<'a> {
    /// Number, then a selector and tables for each component.
    components: &'a [u8],
    /// Ss, Se, and Ah with Al.
    parameters: [u8; 3],
    /// Where the parameters are in the frame.
    at: usize,
}

/// The scans in their order. No marker but RST is within the data of a scan, where FF is followed by 0: what looks like SOS is one.
fn scans(frame: &[u8]) -> impl Iterator<Item = Scan<'_>> {
    let first = Segments::of(frame).flatten().find(|segment| segment.marker == SOS);
    let mut at = first.map_or(frame.len(), |scan| scan.span.0);
    std::iter::from_fn(move || {
        loop {
            let found = frame.get(at..)?.windows(2).position(|pair| pair == [0xFF, SOS])?;
            let start = at + found + 2;
            at = start;
            let &[high, low, count] = frame.get(start..start + 3)? else { return None };
            let parameters = start + 3 + 2 * usize::from(count);
            if parameters + 3 == start + usize::from(u16::from_be_bytes([high, low])) {
                let components = frame.get(start + 3..parameters)?;
                let &[first, last, bits] = frame.get(parameters..parameters + 3)? else { return None };
                return Some(Scan { components, parameters: [first, last, bits], at: parameters });
            }
        }
    })
}

/// Has every scan of a sequential frame say that it has all coefficients, as such a scan can't have others.
///
/// libjpeg warns where a writer put something else there, goes on as if it were right, and tells no later warning: that the data end early.
pub(super) fn name_all_coefficients(frame: &mut Cow<'_, [u8]>) {
    const ALL: [u8; 3] = [0, 63, 0];
    let odd: Vec<usize> = scans(frame).filter(|scan| scan.parameters != ALL).map(|scan| scan.at).collect();
    for at in odd {
        frame.to_mut()[at..at + 3].copy_from_slice(&ALL);
    }
}

/// Whether the scans have all of every component: each coefficient down to its last bit in a progressive frame, the component in any other. libjpeg
/// does not mind a frame that ends after some of its scans, and shows a coarse picture, or one without its colours.
pub(super) fn are_whole(header: &Header, frame: &[u8]) -> bool {
    const NOT_YET: u8 = u8::MAX;
    // The lowest bit that is there of each coefficient.
    let mut lowest = [[NOT_YET; 64]; 3];
    for scan in scans(frame) {
        let [first, last, bits] = if header.is_progressive() { scan.parameters } else { [0, 63, 0] };
        // Components with one number among them are told apart by their order, as libjpeg does.
        let mut taken = [false; 3];
        for selector in scan.components.iter().step_by(2) {
            let component = (0..3).find(|&at| header.component_ids[at] == *selector && !taken[at]);
            component.into_iter().for_each(|at: usize| taken[at] = true);
            let coefficients = component.and_then(|at| lowest[at].get_mut(first.into()..=last.into()));
            coefficients.into_iter().flatten().for_each(|lowest| *lowest = bits & 0x0F);
        }
    }
    lowest.iter().take(header.components.into()).flatten().all(|&lowest| lowest == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::header;

    /// A frame of components 1 and up, with scans of these components and parameters.
    fn frame(process: u8, count: u8, scans: &[(&[u8], [u8; 3])]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8, 0xFF, process, 0, 8 + 3 * count, 8, 0, 8, 0, 8, count];
        (1..=count).for_each(|id| out.extend([id, 0x11, 0]));
        for (components, parameters) in scans {
            out.extend([0xFF, SOS, 0, 6 + 2 * components.len() as u8, components.len() as u8]);
            components.iter().for_each(|id| out.extend([*id, 0]));
            out.extend(parameters);
            out.extend([7, 0xFF, 0, 7]);
        }
        out.extend([0xFF, 0xD9]);
        out
    }

    fn is_whole(frame: &[u8]) -> bool {
        are_whole(&header::read(frame, "JPEG").expect("a header"), frame)
    }

    #[test]
    fn every_scan_of_a_sequential_frame_has_all_coefficients() {
        let with = |parameters| frame(0xC0, 1, &[(&[1], parameters), (&[1], parameters)]);
        let mut odd = Cow::Owned(with([1, 0, 3]));
        name_all_coefficients(&mut odd);
        assert_eq!(*odd, *with([0, 63, 0]));
        let right = with([0, 63, 0]);
        let mut kept = Cow::Borrowed(right.as_slice());
        name_all_coefficients(&mut kept);
        assert!(matches!(kept, Cow::Borrowed(_)));
        for length in 0..right.len() {
            name_all_coefficients(&mut Cow::Borrowed(&right[..length]));
        }
    }

    /// §G.1.1.1.1: the most significant bits first, then one more in each scan; the lowest of them has the number 0.
    #[test]
    fn a_progressive_frame_has_every_coefficient_to_its_last_bit() {
        let scans: [(&[u8], [u8; 3]); 4] =
            [(&[1], [0, 0, 1]), (&[1], [1, 63, 0x02]), (&[1], [0, 0, 0x10]), (&[1], [1, 63, 0x21])];
        let last: (&[u8], [u8; 3]) = (&[1], [1, 63, 0x10]);
        let all: Vec<_> = scans.into_iter().chain([last]).collect();
        assert!(is_whole(&frame(0xC2, 1, &all)));
        for missing in 1..all.len() {
            assert!(!is_whole(&frame(0xC2, 1, &all[..missing])), "{missing}");
        }
    }

    #[test]
    fn a_frame_of_one_scan_for_each_component_has_them_all() {
        let scan = |component: &'static [u8]| (component, [0, 63, 0]);
        for process in [0xC0, 0xC1, 0xC3] {
            assert!(is_whole(&frame(process, 3, &[scan(&[1]), scan(&[2]), scan(&[3])])));
            assert!(is_whole(&frame(process, 3, &[scan(&[1, 2, 3])])));
            assert!(!is_whole(&frame(process, 3, &[scan(&[1]), scan(&[2])])));
        }
    }
}
