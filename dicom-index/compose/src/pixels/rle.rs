//! What a frame of RLE begins with: PS3.5 annex G.

/// Whether a frame begins with a header of RLE: up to fifteen segments, one after the other behind it (PS3.5 §G.5).
pub(super) fn begins(frame: &[u8]) -> bool {
    let Some((header, _)) = frame.split_first_chunk::<64>() else { return false };
    let mut words =
        header.chunks_exact(4).map(|word| word.iter().rev().fold(0u64, |sum, byte| sum << 8 | u64::from(*byte)));
    let segments = words.next().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    let offsets: Vec<u64> = words.take(segments).collect();
    (1..=15).contains(&segments)
        && offsets.first() == Some(&64)
        && offsets.is_sorted_by(|one, next| one < next)
        && offsets.iter().all(|offset| *offset < frame.len() as u64)
}
