//! What PS3.5 §10.18 asks of HTJ2K Lossless RPCL, read from the codestream's markers. (That the pixels are right is shown in `transcode`,
//! by OpenJPEG, and by other software yet.)
#![expect(clippy::unwrap_used, reason = "tests")]

use transcode_htj2k::{Image, encode};

/// The segments of a codestream, and the tile-parts' packets: marker, body.
fn segments(codestream: &[u8]) -> Vec<(u16, &[u8])> {
    let word = |at: usize| u16::from_be_bytes([codestream[at], codestream[at + 1]]);
    let (mut at, mut out, mut part_end) = (0, Vec::new(), 0);
    while at < codestream.len() {
        let marker = word(at);
        let end = match marker {
            0xFF4F | 0xFFD9 => at + 2,
            0xFF93 => part_end,
            _ => at + 2 + usize::from(word(at + 2)),
        };
        if marker == 0xFF90 {
            part_end = at + u32::from_be_bytes(codestream[at + 6..at + 10].try_into().unwrap()) as usize;
        }
        out.push((marker, &codestream[at + 2..end]));
        at = end;
    }
    out
}

#[test]
fn resolutions_come_in_order_and_their_lengths_are_told() {
    let image = Image { columns: 700, rows: 301, precision: 12, signed: false, colour_transform: false };
    let plane: Vec<i32> = (0..700 * 301).map(|at| at * 31 % 4096).collect();
    let codestream = encode(image, vec![plane]).unwrap();
    let segments = segments(&codestream);
    let markers: Vec<u16> = segments.iter().map(|(marker, _)| *marker).collect();
    let parts = 6;
    let mut expected = vec![0xFF4F, 0xFF51, 0xFF50, 0xFF52, 0xFF5C, 0xFF55];
    (0..parts).for_each(|_| expected.extend([0xFF90, 0xFF93]));
    expected.push(0xFFD9);
    assert_eq!(markers, expected, "SOC, SIZ, CAP, COD, QCD, TLM, a tile-part for each resolution, EOC");

    let coding = segments[3].1;
    let (progression, levels, style, wavelet) = (coding[3], coding[7], coding[10], coding[11]);
    assert_eq!((progression, levels, style, wavelet), (2, 5, 0x40, 1), "RPCL, five levels, HT blocks, reversible");
    assert!(700_u32.div_ceil(1 << levels) <= 64);

    let lengths: Vec<usize> =
        segments[5].1[4..].chunks(6).map(|entry| u32::from_be_bytes(entry[2..].try_into().unwrap()) as usize).collect();
    let parts: Vec<usize> =
        segments[6..].chunks(2).filter(|pair| pair.len() == 2).map(|pair| 12 + 2 + pair[1].1.len()).collect();
    assert_eq!(lengths, parts);
}

#[test]
fn a_blank_image_costs_next_to_nothing() {
    let image = Image { columns: 4096, rows: 4096, precision: 16, signed: false, colour_transform: false };
    let codestream = encode(image, vec![vec![1 << 15; 4096 * 4096]]).unwrap();
    assert!(codestream.len() < 4096, "{} bytes", codestream.len());
}
