//! The table as a WADL document: PS3.18 Annex H, a tree of resources whose methods name their parameters and media types.

use std::fmt::Write as _;

use super::resources::{RESOURCES, Resource, Transaction};
use crate::xml::escape;

/// The whole document; `base` is the URL of the service.
pub(super) fn document(base: &str) -> String {
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <application xmlns=\"http://wadl.dev.java.net/2009/02\" xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n\
         <resources base=\"{}/\">\n",
        escape(base)
    );
    let (root, below): (Vec<&Resource>, Vec<&Resource>) = RESOURCES.iter().partition(|(path, _)| path.is_empty());
    for (_, transactions) in root {
        resource(&mut out, "", transactions, &[]);
    }
    level(&mut out, &below.into_iter().map(|one| (one.0, one)).collect::<Vec<_>>());
    out.push_str("</resources>\n</application>\n");
    out
}

/// What is left of its path, and the resource.
type Below<'a> = (&'a str, &'static Resource);

/// Resources of one level, each with those below it.
fn level(out: &mut String, all: &[Below<'_>]) {
    let mut heads: Vec<&str> = Vec::new();
    for (path, _) in all {
        let head = path.split('/').next().unwrap_or_default();
        if !heads.contains(&head) {
            heads.push(head);
        }
    }
    for head in heads {
        let of_head: Vec<_> = all
            .iter()
            .filter_map(|(path, one)| {
                let rest = path.strip_prefix(head)?;
                (rest.is_empty() || rest.starts_with('/')).then(|| (rest.trim_start_matches('/'), *one))
            })
            .collect();
        let (own, below): (Vec<_>, Vec<_>) = of_head.into_iter().partition(|(path, _)| path.is_empty());
        let transactions = own.first().map_or(&[][..], |(_, one)| one.1);
        resource(out, head, transactions, &below);
    }
}

fn resource(out: &mut String, path: &str, transactions: &[Transaction], below: &[Below<'_>]) {
    let _ = writeln!(out, "<resource path=\"{}\">", escape(path));
    if let Some(name) = path.strip_prefix('{').and_then(|path| path.strip_suffix('}')) {
        let _ = writeln!(out, "<param name=\"{name}\" style=\"template\" type=\"xsd:string\" required=\"true\"/>");
    }
    transactions.iter().for_each(|transaction| method(out, transaction));
    level(out, below);
    out.push_str("</resource>\n");
}

fn method(out: &mut String, transaction: &Transaction) {
    let _ = writeln!(out, "<method name=\"{}\" id=\"{}\">\n<request>", transaction.method, transaction.name);
    let default = transaction.gives.first().copied().unwrap_or_default();
    let _ = writeln!(out, "<param name=\"Accept\" style=\"header\" default=\"{}\">", escape(default));
    for media_type in transaction.gives {
        let _ = writeln!(out, "<option value=\"{}\"/>", escape(media_type));
    }
    out.push_str("</param>\n");
    for name in transaction.parameters.iter().flat_map(|some| some.iter()) {
        let _ = writeln!(out, "<param name=\"{name}\" style=\"query\"/>");
    }
    representations(out, transaction.takes);
    out.push_str("</request>\n");
    let status = match transaction.method {
        "POST" => "200 202 409",
        _ if transaction.section == "10.6" => "200 204",
        _ => "200 206",
    };
    let _ = writeln!(out, "<response status=\"{status}\">");
    representations(out, transaction.gives);
    out.push_str("</response>\n<response status=\"400 401 404 406\"><representation mediaType=\"application/problem+json\"/></response>\n</method>\n");
}

fn representations(out: &mut String, media_types: &[&str]) {
    for media_type in media_types {
        let _ = writeln!(out, "<representation mediaType=\"{}\"/>", escape(media_type));
    }
}

#[cfg(test)]
mod tests {
    use super::document;
    use crate::capabilities::RESOURCES;

    #[test]
    fn the_tree_is_closed_and_has_every_method_once() {
        let wadl = document("https://di.example/dicom-web");
        assert_eq!(wadl.matches("<resource ").count(), wadl.matches("</resource>").count());
        for transaction in RESOURCES.iter().flat_map(|(_, transactions)| transactions.iter()) {
            assert_eq!(wadl.matches(&format!(" id=\"{}\">", transaction.name)).count(), 1, "{}", transaction.name);
        }
        assert!(wadl.contains("<resources base=\"https://di.example/dicom-web/\">"));
        assert_eq!(wadl.matches("<resource path=\"studies\">").count(), 1);
        assert_eq!(wadl.matches("<resource path=\"{study}\">").count(), 1);
    }
}
