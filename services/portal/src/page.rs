//! The few pages that are not the viewer's, such as a launch that can't be carried out, in the reader's language.

use axum::response::{Html, IntoResponse, Response};
use http::header::{ACCEPT_LANGUAGE, CONTENT_SECURITY_POLICY};
use http::{HeaderMap, HeaderValue, StatusCode};

/// The languages of Ontario.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

/// The language that the browser prefers, else the configured one.
pub(crate) fn language(headers: &HeaderMap, configured: &str) -> Language {
    let wanted = headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or(configured);
    if wanted.trim_start().to_ascii_lowercase().starts_with("fr") { Language::French } else { Language::English }
}

/// Why the viewer was not opened.
pub(crate) fn refused(status: StatusCode, language: Language, fault: Option<(&str, &str)>) -> Response {
    use Language::{English, French};
    let (title, text) = match (status, language) {
        (StatusCode::BAD_REQUEST, English) => (
            "The link is not complete",
            "The portal sent a request that can't be carried out. Its support desk can mend it:",
        ),
        (StatusCode::BAD_REQUEST, French) => (
            "Le lien est incomplet",
            "Le portail a envoyé une demande qui ne peut être exécutée. Son service de soutien peut la corriger :",
        ),
        (StatusCode::CONFLICT, English) => (
            "More than one patient",
            "What the portal named belongs to different patients, so nothing was opened. Search for the patient in the viewer instead.",
        ),
        (StatusCode::CONFLICT, French) => (
            "Plus d’un patient",
            "Ce que le portail a nommé appartient à des patients différents; rien n’a été ouvert. Cherchez plutôt le patient dans le visualiseur.",
        ),
        (_, English) => {
            ("Nothing found", "No study or patient of this description is known here, or you may not see it.")
        }
        (_, French) => (
            "Rien n’a été trouvé",
            "Aucun examen ni patient de cette description n’est connu ici, ou vous n’y avez pas accès.",
        ),
    };
    let detail = fault.map(|(parameter, rule)| format!("<p><code>{parameter}</code> {rule}</p>")).unwrap_or_default();
    page(status, language, title, &format!("<p>{text}</p>{detail}"))
}

/// A page of ours around `body`, which is HTML already.
pub(crate) fn page(status: StatusCode, language: Language, title: &str, body: &str) -> Response {
    let (lang, open) = match language {
        Language::English => ("en", "Open the viewer"),
        Language::French => ("fr", "Ouvrir le visualiseur"),
    };
    let page = format!(
        "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>body{{font:1rem/1.5 system-ui;margin:4rem auto;max-width:40rem;\
         padding:0 1rem;background:#0f1419;color:#e6edf3}}a{{color:#7cc4ff}}ul{{list-style:none;padding:0}}</style></head><body><main><h1>{title}</h1>\
         {body}<p><a href=\"/viewer/\">{open}</a></p></main></body></html>"
    );
    let mut response = (status, Html(page)).into_response();
    let policy =
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'");
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response
}

/// Text as HTML shows it.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
