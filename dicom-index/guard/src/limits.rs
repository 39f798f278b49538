//! How much one object may ask for.

/// Bounds of a scan. The defaults let every clinical object through, a whole-slide or tomosynthesis one included.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Sequences within sequences.
    pub depth: usize,
    /// Data elements and items, all levels together.
    pub elements: usize,
    /// Fragments of encapsulated pixel data, all together.
    pub fragments: usize,
    /// Size of a deflated data set when inflated, in bytes.
    pub inflated_bytes: u64,
    /// Inflated bytes for each deflated one, once `inflate_allowance` is used up.
    pub inflate_ratio: u64,
    /// Inflated bytes that no ratio is asked of: a mask deflates a thousandfold, and the label map of a long CT has 154 MB.
    pub inflate_allowance: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 64,
            elements: 2_000_000,
            fragments: 1_000_000,
            inflated_bytes: 1 << 30,
            inflate_ratio: 100,
            inflate_allowance: 256 << 20,
        }
    }
}
