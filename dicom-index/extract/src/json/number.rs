//! Numbers: binary ones in either byte order, and decimal strings that keep their digits.

use std::fmt::Write as _;

use dicom_core::VR;

/// Integers beyond this lose digits in a double (PS3.18 §F.2.3), so that they go as text.
const EXACT: u64 = 1 << 53;

/// Longer decimal strings stay text; VR DS has 16 characters.
const MOST_DIGITS: usize = 64;

/// An unsigned integer of up to eight bytes.
pub(crate) fn unsigned(bytes: &[u8], big_endian: bool) -> u64 {
    let push = |value: u64, byte: &u8| (value << 8) | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) }
}

/// Appends one binary number of `vr` as JSON.
pub(crate) fn push_binary(out: &mut String, bytes: &[u8], vr: VR, big_endian: bool) {
    let bits = unsigned(bytes, big_endian);
    // Writing to a String can't fail.
    let _ = match vr {
        VR::SS => write!(out, "{}", (bits as u16).cast_signed()),
        VR::SL => write!(out, "{}", (bits as u32).cast_signed()),
        VR::SV if bits.cast_signed().unsigned_abs() > EXACT => write!(out, "\"{}\"", bits.cast_signed()),
        VR::SV => write!(out, "{}", bits.cast_signed()),
        VR::UV if bits > EXACT => write!(out, "\"{bits}\""),
        VR::AT => write!(out, "\"{:04X}{:04X}\"", tag_half(bytes, 0, big_endian), tag_half(bytes, 2, big_endian)),
        VR::FL => push_float(out, f32::from_bits(bits as u32)),
        VR::FD => push_float(out, f64::from_bits(bits)),
        _ => write!(out, "{bits}"),
    };
}

fn tag_half(bytes: &[u8], at: usize, big_endian: bool) -> u64 {
    unsigned(bytes.get(at..at + 2).unwrap_or_default(), big_endian)
}

/// The shortest digits that read back as the same number; what JSON has no number for goes as text (PS3.18 §F.2.3).
fn push_float<F: Into<f64> + Copy + std::fmt::Debug>(out: &mut String, value: F) -> std::fmt::Result {
    let double: f64 = value.into();
    if double.is_nan() {
        out.write_str("\"NaN\"")
    } else if double.is_infinite() {
        out.write_str(if double > 0.0 { "\"inf\"" } else { "\"-inf\"" })
    } else {
        write!(out, "{value:?}")
    }
}

/// Appends a decimal string (VR DS, IS) as a JSON number with the digits it has; false when it is none.
pub(crate) fn push_decimal(out: &mut String, text: &str, vr: VR) -> bool {
    let start = out.len();
    let written = text.len() <= MOST_DIGITS
        && decimal(out, text, vr).is_some()
        && out[start..].parse::<f64>().is_ok_and(f64::is_finite);
    if !written {
        out.truncate(start);
    }
    written
}

fn decimal(out: &mut String, text: &str, vr: VR) -> Option<()> {
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if vr == VR::IS && (whole.len() != unsigned.len() || whole.len() > 15) {
        return None;
    }
    if !digits(whole) || !digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if text.starts_with('-') {
        out.push('-');
    }
    let whole = whole.trim_start_matches('0');
    out.push_str(if whole.is_empty() { "0" } else { whole });
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    if let Some(exponent) = exponent {
        let plain = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if plain.is_empty() || !digits(plain) {
            return None;
        }
        out.push('e');
        out.push_str(exponent);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::{push_binary, push_decimal};

    fn decimal(text: &str, vr: VR) -> Option<String> {
        let mut out = String::new();
        push_decimal(&mut out, text, vr).then_some(out)
    }

    #[test]
    fn decimal_strings_keep_their_digits() {
        for (text, number) in [
            ("0.1234567890123456", "0.1234567890123456"),
            ("-1.50", "-1.50"),
            ("+1.5", "1.5"),
            (".5", "0.5"),
            ("-.5", "-0.5"),
            ("1.", "1"),
            ("007", "7"),
            ("0", "0"),
            ("1E+05", "1e+05"),
        ] {
            assert_eq!(decimal(text, VR::DS).as_deref(), Some(number), "{text}");
        }
        for wrong in ["", ".", "-", "1,5", "NaN", "1e", "1e400", "--1", "1 2", "0x10", "1e+-5"] {
            assert_eq!(decimal(wrong, VR::DS), None, "{wrong}");
        }
        assert_eq!(decimal("1.5", VR::IS), None);
        assert_eq!(decimal("+012", VR::IS).as_deref(), Some("12"));
    }

    #[test]
    fn binary_numbers_are_read_in_their_byte_order() {
        let number = |bytes: &[u8], vr, big_endian| {
            let mut out = String::new();
            push_binary(&mut out, bytes, vr, big_endian);
            out
        };
        assert_eq!(number(&[0x01, 0x02], VR::US, true), "258");
        assert_eq!(number(&[0xFE, 0xFF], VR::SS, false), "-2");
        assert_eq!(number(&[0xFF, 0xFF, 0xFF, 0xFE], VR::SL, true), "-2");
        assert_eq!(number(&[0x10, 0x00, 0x20, 0x00], VR::AT, false), "\"00100020\"");
        assert_eq!(number(&0.1f32.to_le_bytes(), VR::FL, false), "0.1");
        assert_eq!(number(&1e300f64.to_be_bytes(), VR::FD, true), "1e300");
        assert_eq!(number(&f64::NAN.to_le_bytes(), VR::FD, false), "\"NaN\"");
        assert_eq!(number(&u64::MAX.to_le_bytes(), VR::UV, false), "\"18446744073709551615\"");
    }
}
