//! Transfer syntaxes as media types, PS3.18 §8.7.3, and those that are better not sent as stored.

use index_model::transfer_syntax as ts;

/// Media type of frames that are not compressed.
pub(crate) const OCTET_STREAM: &str = "application/octet-stream";

/// The media type of frames of a transfer syntax: PS3.18 table 8.7.3-4 and -5.
pub(crate) fn media_type(transfer_syntax_uid: &str) -> &'static str {
    match transfer_syntax_uid {
        ts::JPEG_BASELINE | ts::JPEG_EXTENDED | ts::JPEG_LOSSLESS | ts::JPEG_LOSSLESS_SV1 => "image/jpeg",
        ts::RLE_LOSSLESS => "image/dicom-rle",
        ts::JPEG_LS_LOSSLESS | ts::JPEG_LS_NEAR_LOSSLESS => "image/jls",
        ts::JPEG_2000_LOSSLESS | ts::JPEG_2000 => "image/jp2",
        "1.2.840.10008.1.2.4.92" | "1.2.840.10008.1.2.4.93" => "image/jpx",
        ts::HTJ2K_LOSSLESS | ts::HTJ2K_LOSSLESS_RPCL | ts::HTJ2K => "image/jphc",
        "1.2.840.10008.1.2.4.110" | "1.2.840.10008.1.2.4.111" | "1.2.840.10008.1.2.4.112" => "image/jxl",
        other => video(other).unwrap_or(OCTET_STREAM),
    }
}

/// The media type of a video.
pub(crate) fn video(transfer_syntax_uid: &str) -> Option<&'static str> {
    match transfer_syntax_uid.strip_prefix("1.2.840.10008.1.2.4.")?.split('.').next()? {
        "100" | "101" => Some("video/mpeg"),
        "102" | "103" | "104" | "105" | "106" | "107" | "108" => Some("video/mp4"),
        _ => None,
    }
}

/// Whether frames of this syntax are plain little endian samples.
pub(crate) fn is_native(transfer_syntax_uid: &str) -> bool {
    [ts::EXPLICIT_VR_LITTLE_ENDIAN, ts::IMPLICIT_VR_LITTLE_ENDIAN].contains(&transfer_syntax_uid)
}

/// Syntaxes that are never used on the web: PS3.18 §8.7.3.
pub(crate) fn is_for_web(transfer_syntax_uid: &str) -> bool {
    ![ts::IMPLICIT_VR_LITTLE_ENDIAN, ts::EXPLICIT_VR_BIG_ENDIAN].contains(&transfer_syntax_uid)
}

/// Whether nothing is lost by decoding. What is lossy, or not known, stays as it came unless another form is asked for by name.
pub(crate) fn is_lossless(transfer_syntax_uid: &str) -> bool {
    const LOSSLESS: [&str; 16] = [
        ts::IMPLICIT_VR_LITTLE_ENDIAN,
        ts::EXPLICIT_VR_LITTLE_ENDIAN,
        ts::EXPLICIT_VR_BIG_ENDIAN,
        ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
        ts::ENCAPSULATED_UNCOMPRESSED,
        "1.2.840.10008.1.2.8.1",
        ts::RLE_LOSSLESS,
        ts::JPEG_LOSSLESS,
        ts::JPEG_LOSSLESS_SV1,
        "1.2.840.10008.1.2.4.58",
        ts::JPEG_LS_LOSSLESS,
        ts::JPEG_2000_LOSSLESS,
        "1.2.840.10008.1.2.4.92",
        ts::HTJ2K_LOSSLESS,
        ts::HTJ2K_LOSSLESS_RPCL,
        "1.2.840.10008.1.2.4.110",
    ];
    LOSSLESS.contains(&transfer_syntax_uid)
}

/// The lossless forms that frames are brought into when they are asked for by name, the default syntax of each first (§8.7.3.3.2).
pub(crate) const ENCODED: [(&str, &str); 5] = [
    ("image/jls", ts::JPEG_LS_LOSSLESS),
    ("image/dicom-rle", ts::RLE_LOSSLESS),
    ("image/jp2", ts::JPEG_2000_LOSSLESS),
    ("image/jphc", ts::HTJ2K_LOSSLESS),
    ("image/jphc", ts::HTJ2K_LOSSLESS_RPCL),
];

/// In which transfer syntax objects are wanted: the parameter of PS3.18 §8.7.3.5.2, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `*`: as stored, where that is a syntax of the web.
    Any,
    /// Not said. Explicit VR Little Endian, unless the pixels are lossy or can't be decoded (§8.7.3.4).
    Unsaid,
    /// Explicit VR Little Endian, by name.
    Explicit,
    /// The syntax in which their pixels are stored, by name. What has none is sent in its own.
    Stored,
    /// A syntax that pixels are encoded in without loss, by name. What has none is sent in its own.
    Encoded(&'static str),
}

impl Asked {
    /// In a word, for entity tags (RFC 9110 §8.8.3).
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Unsaid => "unsaid",
            Self::Explicit => "explicit",
            Self::Stored => "stored",
            Self::Encoded(syntax) => syntax,
        }
    }
}

/// What happens to one stored object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rewriting {
    /// It goes out as it lies.
    None,
    /// It is rewritten where that can be done.
    WherePossible,
    /// It is rewritten, or there is no answer.
    Always,
    /// Its frames are encoded in this syntax, or there is no answer.
    Encoded(&'static str),
}

impl Rewriting {
    /// Tells the forms of one object apart in its tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::None => "",
            Self::WherePossible | Self::Always => "-explicit",
            Self::Encoded(syntax) => syntax,
        }
    }
}

impl Asked {
    /// Reads the parameter; `None` where no object has the syntax on the web, whatever is stored.
    pub(crate) fn of(transfer_syntax: Option<&str>) -> Option<Self> {
        match transfer_syntax {
            None => Some(Self::Unsaid),
            Some("*") => Some(Self::Any),
            Some(ts::EXPLICIT_VR_LITTLE_ENDIAN) => Some(Self::Explicit),
            Some(named) => match ENCODED.into_iter().find(|(_, syntax)| *syntax == named) {
                Some((_, syntax)) => Some(Self::Encoded(syntax)),
                None => is_for_web(named).then_some(Self::Stored),
            },
        }
    }

    /// The same for one object: what has no pixels is not encoded.
    pub(crate) fn of_object(self, has_pixels: bool) -> Self {
        match self {
            Self::Encoded(_) if !has_pixels => Self::Stored,
            other => other,
        }
    }

    /// What happens to an object in this syntax.
    pub(crate) fn rewriting(self, stored: &str) -> Rewriting {
        match self {
            Self::Encoded(syntax) if stored == syntax => Rewriting::None,
            Self::Encoded(syntax) => Rewriting::Encoded(syntax),
            _ if stored == ts::EXPLICIT_VR_LITTLE_ENDIAN => Rewriting::None,
            Self::Explicit => Rewriting::Always,
            Self::Unsaid if is_lossless(stored) => Rewriting::WherePossible,
            Self::Any | Self::Stored if !is_for_web(stored) => Rewriting::WherePossible,
            Self::Any | Self::Unsaid | Self::Stored => Rewriting::None,
        }
    }
}

/// What is known of a stored frame when the form is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Samples {
    /// BitsAllocated (0028,0100).
    pub(crate) bits_allocated: u16,
    /// SamplesPerPixel (0028,0002).
    pub(crate) samples_per_pixel: u16,
    /// PixelRepresentation (0028,0103) is 1.
    pub(crate) signed: bool,
}

/// Whether browsers show these frames wrong, without any error: signed JPEG 2000 whose codestream says unsigned, 12-bit JPEG, RLE
/// with 16-bit colour, big endian. Such frames are sent uncompressed when the caller leaves the choice to us.
pub(crate) fn is_shown_wrong(transfer_syntax_uid: &str, frame: &[u8], samples: impl Fn() -> Samples) -> bool {
    match transfer_syntax_uid {
        ts::EXPLICIT_VR_BIG_ENDIAN | ts::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => true,
        // The deflated image frame is a zlib stream of its own.
        "1.2.840.10008.1.2.8.1" => true,
        ts::JPEG_EXTENDED => samples().bits_allocated > 8,
        ts::RLE_LOSSLESS => {
            let samples = samples();
            samples.bits_allocated > 8 && samples.samples_per_pixel > 1
        }
        ts::JPEG_2000_LOSSLESS | ts::JPEG_2000 | ts::HTJ2K_LOSSLESS | ts::HTJ2K_LOSSLESS_RPCL | ts::HTJ2K => {
            codestream_signed(frame).is_some_and(|signed| signed != samples().signed)
        }
        _ => false,
    }
}

/// The sign flag of the first component in a JPEG 2000 codestream's SIZ marker: ISO/IEC 15444-1 §A.5.1.
fn codestream_signed(frame: &[u8]) -> Option<bool> {
    let head = &frame[..frame.len().min(4096)];
    let siz = memchr::memmem::find(head, &[0xff, 0x4f, 0xff, 0x51])?;
    // SOC, SIZ, Lsiz, Rsiz, eight sizes of four bytes, Csiz, then Ssiz of the first component.
    head.get(siz + 2 + 2 + 2 + 2 + 32 + 2).map(|depth| depth & 0x80 != 0)
}

#[cfg(test)]
mod tests {
    use super::{Asked, Rewriting, Samples, is_shown_wrong, media_type};

    const LOSSLESS: &str = "1.2.840.10008.1.2.4.90";

    #[test]
    fn a_codestream_that_denies_the_sign_is_noticed() {
        let mut frame = vec![0xff, 0x4f, 0xff, 0x51, 0, 41];
        frame.extend([0u8; 2 + 32]);
        frame.extend([0, 1, 0x0b]);
        let signed = Samples { signed: true, bits_allocated: 16, samples_per_pixel: 1 };
        assert!(is_shown_wrong(LOSSLESS, &frame, || signed));
        assert!(!is_shown_wrong(LOSSLESS, &frame, || Samples { signed: false, ..signed }));
        let last = frame.len() - 1;
        frame[last] = 0x8b;
        assert!(!is_shown_wrong(LOSSLESS, &frame, || signed));
        assert!(!is_shown_wrong(LOSSLESS, &frame[..10], || signed));
    }

    /// PS3.18 §8.7.3.4, pair by pair.
    #[test]
    fn each_stored_syntax_goes_out_as_it_is_asked_for() {
        use Rewriting::{Always, None as Kept, WherePossible};
        let (explicit, implicit, big) = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.2");
        let (deflated, rle, lossy) = ("1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50");
        let of = |asked: Option<&str>| {
            [explicit, implicit, big, deflated, rle, LOSSLESS, lossy]
                .map(|stored| Asked::of(asked).map(|asked| asked.rewriting(stored)))
        };
        let all = |rewriting: [Rewriting; 7]| rewriting.map(Some);
        assert_eq!(of(Some("*")), all([Kept, WherePossible, WherePossible, Kept, Kept, Kept, Kept]));
        let unsaid = [Kept, WherePossible, WherePossible, WherePossible, WherePossible, WherePossible, Kept];
        assert_eq!(of(None), all(unsaid));
        assert_eq!(of(Some(explicit)), all([Kept, Always, Always, Always, Always, Always, Always]));
        let encoded = |syntax| [Some(Rewriting::Encoded(syntax)); 7];
        assert_eq!(of(Some("1.2.840.10008.1.2.4.80")), encoded("1.2.840.10008.1.2.4.80"));
        assert_eq!(of(Some(rle))[4], Some(Kept), "as it is stored");
        assert_eq!(Asked::of(Some(rle)).map(|asked| asked.of_object(false)), Some(Asked::Stored), "it has no pixels");
        assert_eq!(of(Some(implicit)), [None; 7], "it is never used on the web");
        assert_eq!(of(Some(big)), [None; 7]);
    }

    #[test]
    fn each_compressed_form_has_its_media_type() {
        assert_eq!(media_type("1.2.840.10008.1.2.4.202"), "image/jphc");
        assert_eq!(media_type("1.2.840.10008.1.2.4.102"), "video/mp4");
        assert_eq!(media_type("1.2.840.10008.1.2.4.104.1"), "video/mp4");
        assert_eq!(media_type("1.2.840.10008.1.2"), "application/octet-stream");
    }
}
