//! OBX-5 of data type ED (HL7 v2.5 §2.A.24): a document within a message.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use index_model::{DocumentKind, ReportDocument};
use index_narrative::cda;

use crate::message::Segment;
use crate::refusal::{ErrorCode, Location, Refusal};

/// Base64 of RFC 4648 §4; senders pad or don't.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
/// The mark of UTF-8, which stands over what an XML document says of its own encoding.
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What an ED value holds.
#[derive(Debug)]
pub(super) enum Enclosed {
    /// Documents that are kept, what a clinical one says of itself, and their words where they can be told.
    Documents(Vec<ReportDocument>, cda::Header, String),
    /// Nothing but text.
    Text(String),
    /// Something that is neither.
    Other,
}

/// Reads a value. What it is declared to be has to be what it is; `at` is the field's place.
pub(super) fn read(obx: Segment<'_>, at: Location) -> Result<Enclosed, Refusal> {
    let field = obx.field(5);
    let [kind, subtype] = [2, 3].map(|component| field.component(component).text().to_ascii_lowercase());
    let declares = |word: &str| kind.contains(word) || subtype.contains(word);
    let bytes = data(obx, at)?;
    let broken = |text| Err(Refusal::error(ErrorCode::DataType, Location { component: 5, ..at }, text));
    if bytes.starts_with(b"%PDF-") {
        let document = ReportDocument::new(DocumentKind::Pdf, title(obx), bytes);
        return Ok(Enclosed::Documents(vec![document], cda::Header::default(), String::new()));
    }
    if cda::is_clinical_document(&bytes) {
        return match cda::read(&bytes) {
            Some(narrative) => Ok(clinical_document(obx, bytes, narrative)),
            None => broken("the clinical document can't be read"),
        };
    }
    if declares("pdf") {
        return broken("the document is declared to be PDF and is not");
    }
    if declares("cda") && !bytes.trim_ascii_start().starts_with(b"MIME-Version") {
        return broken("the document is declared to be CDA and is not");
    }
    let is_text = matches!(kind.as_str(), "text" | "tx" | "ft") && matches!(subtype.as_str(), "" | "plain");
    if !is_text {
        return Ok(Enclosed::Other);
    }
    match obx.charset().decode(&bytes) {
        Some(text) => Ok(Enclosed::Text(text.replace("\r\n", "\n").replace('\r', "\n"))),
        None => broken("a byte of the text has no meaning in the message's character set"),
    }
}

/// The document, the one within it, and what it says.
fn clinical_document(obx: Segment<'_>, bytes: Vec<u8>, narrative: cda::Narrative) -> Enclosed {
    let text = narrative.text().trim().to_owned();
    let title = if narrative.title.is_empty() { title(obx) } else { narrative.title };
    let within = narrative.pdf.map(|pdf| ReportDocument::new(DocumentKind::Pdf, title.clone(), pdf));
    let document = ReportDocument::new(DocumentKind::Cda, title, bytes);
    Enclosed::Documents([document].into_iter().chain(within).collect(), narrative.header, text)
}

/// ED-5, decoded as ED-4 says (HL7 table 0299).
fn data(obx: Segment<'_>, at: Location) -> Result<Vec<u8>, Refusal> {
    let value = obx.field(5).component(5);
    if value.is_empty() {
        let missing = "the document is empty";
        return Err(Refusal::error(ErrorCode::RequiredFieldMissing, Location { component: 5, ..at }, missing));
    }
    let broken = |text| Refusal::error(ErrorCode::DataType, Location { component: 5, ..at }, text);
    // Lines of an encoded document end in bare line ends or in escape sequences.
    let packed = || value.lines().chars().filter(|c| !c.is_whitespace()).collect::<String>();
    match obx.field(5).component(4).text().to_ascii_lowercase().as_str() {
        "base64" => BASE64.decode(packed()).map_err(|_| broken("the document is not Base64")),
        "hex" => hexadecimal(&packed()).ok_or(broken("the document is not hexadecimal")),
        "" | "a" => {
            let text = value.lines();
            let mark: &[u8] = if text.trim_start().starts_with('<') { UTF8_MARK } else { b"" };
            Ok([mark, text.trim_start().as_bytes()].concat())
        }
        _ => Err(Refusal::error(
            ErrorCode::TableValue,
            Location { component: 4, ..at },
            "documents are taken in Base64, Hex or as text",
        )),
    }
}

fn hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| Some(digit(*pair.first()?)? << 4 | digit(*pair.get(1)?)?)).collect()
}

/// OBX-3 in words, else its code.
fn title(obx: Segment<'_>) -> String {
    let [words, code] = [2, 1].map(|component| obx.field(3).component(component).text());
    if words.is_empty() { code } else { words }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
