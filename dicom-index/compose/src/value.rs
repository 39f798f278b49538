//! Values of text as the bytes of their value representation: PS3.5 §6.2, PS3.18 §F.2.3.

use dicom_core::VR;

/// A decimal string has so many characters at most: PS3.5 table 6.2-1.
const MOST_DECIMAL: usize = 16;

/// One value as text has it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar<'a> {
    /// Nothing, in its place among others.
    Null,
    /// A string.
    Text(&'a str),
    /// A number, by its digits.
    Number(&'a str),
}

/// Whether bytes of this representation stand in text as `InlineBinary`.
pub(crate) fn is_binary(vr: VR) -> bool {
    matches!(vr, VR::OB | VR::OD | VR::OF | VR::OL | VR::OV | VR::OW | VR::UN)
}

/// Whether values are parted by a backslash, or are numbers of a fixed size.
fn is_single(vr: VR) -> bool {
    matches!(vr, VR::LT | VR::ST | VR::UT | VR::UR)
}

/// Appends one value; `first` unless another went before.
///
/// # Errors
/// The rule that it breaks.
pub(crate) fn push(out: &mut Vec<u8>, vr: VR, value: Scalar<'_>, first: bool) -> Result<(), &'static str> {
    match vr {
        VR::AT => push_tag(out, value),
        VR::FL | VR::FD => push_float(out, vr, value),
        VR::SL | VR::SS | VR::SV | VR::UL | VR::US | VR::UV => push_integer(out, vr, value),
        _ if is_binary(vr) || vr == VR::SQ => Err("has values where binary data or items are wanted"),
        _ => {
            if !first {
                if is_single(vr) {
                    return Err("has more than one value");
                }
                out.push(b'\\');
            }
            push_text(out, vr, value)
        }
    }
}

fn push_text(out: &mut Vec<u8>, vr: VR, value: Scalar<'_>) -> Result<(), &'static str> {
    match (vr, value) {
        (_, Scalar::Null) => {}
        (VR::DS, Scalar::Number(digits)) => out.extend_from_slice(decimal(digits)?.as_bytes()),
        (VR::IS, Scalar::Number(digits)) => out.extend_from_slice(integer(digits)?.to_string().as_bytes()),
        (_, Scalar::Text(text)) if !is_single(vr) && vr != VR::UC && text.contains('\\') => {
            return Err("has a backslash within a value");
        }
        (_, Scalar::Text(text) | Scalar::Number(text)) => out.extend_from_slice(text.as_bytes()),
    }
    Ok(())
}

/// The digits as they are where they fit, else rounded until they do.
fn decimal(digits: &str) -> Result<String, &'static str> {
    if digits.len() <= MOST_DECIMAL {
        return Ok(digits.to_owned());
    }
    let number: f64 = digits.parse().map_err(|_| "is not a number")?;
    if !number.is_finite() {
        return Err("is out of range");
    }
    let plain = (0..MOST_DECIMAL).rev().map(|places| format!("{number:.places$}"));
    let exponent = (0..MOST_DECIMAL).rev().map(|places| format!("{number:.places$e}"));
    let small = number != 0.0 && number.abs() < 1e-4;
    let fitting = |text: &String| text.len() <= MOST_DECIMAL;
    let found = if small { exponent.chain(plain).find(fitting) } else { plain.chain(exponent).find(fitting) };
    found.ok_or("is out of range")
}

/// An integer, `12.0` and `1e3` included.
fn integer(digits: &str) -> Result<i128, &'static str> {
    if let Ok(number) = digits.parse() {
        return Ok(number);
    }
    let number: f64 = digits.parse().map_err(|_| "is not a number")?;
    if number.fract() == 0.0 && number.abs() < 1e18 { Ok(number as i128) } else { Err("is not an integer") }
}

fn push_integer(out: &mut Vec<u8>, vr: VR, value: Scalar<'_>) -> Result<(), &'static str> {
    let number = match value {
        Scalar::Null => return Err("has an empty value among its numbers"),
        Scalar::Text(text) | Scalar::Number(text) => integer(text.trim())?,
    };
    let range = "is out of range";
    match vr {
        VR::SS => out.extend_from_slice(&i16::try_from(number).map_err(|_| range)?.to_le_bytes()),
        VR::US => out.extend_from_slice(&u16::try_from(number).map_err(|_| range)?.to_le_bytes()),
        VR::SL => out.extend_from_slice(&i32::try_from(number).map_err(|_| range)?.to_le_bytes()),
        VR::UL => out.extend_from_slice(&u32::try_from(number).map_err(|_| range)?.to_le_bytes()),
        VR::SV => out.extend_from_slice(&i64::try_from(number).map_err(|_| range)?.to_le_bytes()),
        _ => out.extend_from_slice(&u64::try_from(number).map_err(|_| range)?.to_le_bytes()),
    }
    Ok(())
}

fn push_float(out: &mut Vec<u8>, vr: VR, value: Scalar<'_>) -> Result<(), &'static str> {
    let (Scalar::Text(text) | Scalar::Number(text)) = value else {
        return Err("has an empty value among its numbers");
    };
    // `NaN`, `inf` and `-inf` are text in JSON (PS3.18 §F.2.3).
    let number = || text.trim().parse::<f64>().map_err(|_| "is not a number");
    match vr {
        VR::FL => out.extend_from_slice(&text.trim().parse::<f32>().map_err(|_| "is not a number")?.to_le_bytes()),
        _ => out.extend_from_slice(&number()?.to_le_bytes()),
    }
    Ok(())
}

fn push_tag(out: &mut Vec<u8>, value: Scalar<'_>) -> Result<(), &'static str> {
    let Scalar::Text(text) = value else { return Err("is not an attribute tag of eight digits") };
    let tag = crate::data_set::parse_tag(text).ok_or("is not an attribute tag of eight digits")?;
    out.extend_from_slice(&tag.0.to_le_bytes());
    out.extend_from_slice(&tag.1.to_le_bytes());
    Ok(())
}

/// A person's name of up to three component groups (PS3.5 §6.2.1.1), the last empty ones left out.
///
/// # Errors
/// An equals sign within one, which would part it in two.
pub(crate) fn person_name(groups: [&str; 3]) -> Result<String, &'static str> {
    if groups.iter().any(|group| group.contains('=')) {
        return Err("has an equals sign within a component group");
    }
    Ok(groups.join("=").trim_end_matches('=').to_owned())
}

#[cfg(test)]
mod tests {
    use dicom_core::VR;

    use super::{Scalar, decimal, person_name, push};

    fn bytes(vr: VR, values: &[Scalar<'_>]) -> Result<Vec<u8>, &'static str> {
        let mut out = Vec::new();
        for (at, value) in values.iter().enumerate() {
            push(&mut out, vr, *value, at == 0)?;
        }
        Ok(out)
    }

    #[test]
    fn decimals_keep_their_digits_and_fit() {
        for (digits, text) in [
            ("1.50", "1.50"),
            ("-0.5", "-0.5"),
            ("1e-7", "1e-7"),
            ("0.1234567890123456", "0.12345678901235"),
            ("-123.45678901234567", "-123.45678901235"),
            ("-0.0000012345678901234", "-1.234567890e-6"),
            ("123456789012345678901234567890", "1.2345678901e29"),
        ] {
            let fitted = decimal(digits).unwrap_or_default();
            assert!(fitted.len() <= 16 && fitted.starts_with(&text[..8.min(text.len())]), "{digits} became {fitted}");
        }
        assert!(decimal(&"9".repeat(400)).is_err());
    }

    #[test]
    fn numbers_are_little_endian_and_within_their_range() {
        use Scalar::{Null, Number, Text};
        assert_eq!(bytes(VR::US, &[Number("258"), Text("65535")]), Ok(vec![2, 1, 255, 255]));
        assert_eq!(bytes(VR::SS, &[Number("-2")]), Ok(vec![0xFE, 0xFF]));
        assert_eq!(bytes(VR::UV, &[Text("18446744073709551615")]), Ok(vec![255; 8]));
        assert_eq!(bytes(VR::AT, &[Text("0010abcd")]), Ok(vec![0x10, 0, 0xCD, 0xAB]));
        assert_eq!(bytes(VR::FD, &[Text("-inf")]), Ok(f64::NEG_INFINITY.to_le_bytes().to_vec()));
        assert_eq!(bytes(VR::IS, &[Number("12.0"), Null, Number("-3")]), Ok(b"12\\\\-3".to_vec()));
        for (vr, wrong) in [(VR::US, Number("65536")), (VR::US, Number("-1")), (VR::US, Null), (VR::IS, Number("1.5"))]
        {
            assert!(bytes(vr, &[wrong]).is_err());
        }
        for (vr, wrong) in [(VR::AT, Text("1")), (VR::FL, Text("x")), (VR::OB, Number("1")), (VR::LO, Text("a\\b"))] {
            assert!(bytes(vr, &[wrong]).is_err());
        }
        assert!(bytes(VR::UT, &[Text("a"), Text("b")]).is_err());
    }

    #[test]
    fn names_end_with_their_last_group() {
        assert_eq!(person_name(["Yamada^Tarou", "山田^太郎", ""]).as_deref(), Ok("Yamada^Tarou=山田^太郎"));
        assert_eq!(person_name(["", "", "やまだ"]).as_deref(), Ok("==やまだ"));
        assert_eq!(person_name(["", "", ""]).as_deref(), Ok(""));
        assert!(person_name(["A=B", "", ""]).is_err());
    }
}
