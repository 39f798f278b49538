//! What is drawn with.

/// A brightness for grey pictures and a colour for the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ink {
    /// From 0 (black) to 255.
    pub(crate) grey: u8,
    /// The colour, when it is not that grey.
    pub(crate) colour: Option<[u8; 3]>,
}

impl Ink {
    pub(crate) const WHITE: Self = Self::grey(255);

    pub(crate) const fn grey(grey: u8) -> Self {
        Self { grey, colour: None }
    }

    pub(crate) fn rgb(self) -> [u8; 3] {
        self.colour.unwrap_or([self.grey; 3])
    }

    /// Black for what is bright, white for what is dark.
    pub(crate) fn opposite(self) -> Self {
        let [red, green, blue] = self.rgb().map(u32::from);
        let luminance = (299 * red + 587 * green + 114 * blue) / 1000;
        Self::grey(if luminance >= 128 { 0 } else { 255 })
    }

    /// A colour of PCS values (PS3.3 §C.10.7.1.1): L*, a* and b*, each over 16 bits, for the white of D50.
    pub(crate) fn cielab(&[lightness, a, b]: &[f64; 3], grey: u8) -> Self {
        let (lightness, a, b) =
            (lightness * 100.0 / 65_535.0, a * 255.0 / 65_535.0 - 128.0, b * 255.0 / 65_535.0 - 128.0);
        let fy = (lightness + 16.0) / 116.0;
        let inverse =
            |f: f64| if f > 6.0 / 29.0 { f * f * f } else { 3.0 * (6.0_f64 / 29.0).powi(2) * (f - 4.0 / 29.0) };
        let (x, y, z) = (0.9642 * inverse(fy + a / 500.0), inverse(fy), 0.8249 * inverse(fy - b / 200.0));
        // From D50 to linear sRGB, the Bradford adaptation included.
        let linear = [
            3.133_86 * x - 1.616_87 * y - 0.490_61 * z,
            -0.978_77 * x + 1.916_14 * y + 0.033_45 * z,
            0.071_95 * x - 0.228_99 * y + 1.405_24 * z,
        ];
        let encoded = linear.map(|c| if c <= 0.003_130_8 { 12.92 * c } else { 1.055 * c.powf(1.0 / 2.4) - 0.055 });
        Self { grey, colour: Some(encoded.map(|c| (c * 255.0).round().clamp(0.0, 255.0) as u8)) }
    }
}

#[cfg(test)]
mod tests {
    use super::Ink;

    #[test]
    fn colours_of_the_profile_connection_space_are_turned_into_srgb() {
        // L* 53.24, a* 80.09, b* 67.2 would be sRGB red under D65; under D50 it is L* 54.29, a* 80.81, b* 69.89.
        let value = |number: f64| (number + 128.0) * 65_535.0 / 255.0;
        let red = Ink::cielab(&[54.29 * 655.35, value(80.81), value(69.89)], 200).rgb();
        assert!(red[0] >= 253 && red[1] <= 4 && red[2] <= 4, "{red:?}");
        let white = Ink::cielab(&[65_535.0, value(0.0), value(0.0)], 0).rgb();
        assert!(white.iter().all(|&level| level >= 253), "{white:?}");
    }
}
