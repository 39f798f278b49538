//! Addenda under order numbers of their own (OBR-29 names the parent's): versions of the parent's report whose words are read with its words, and
//! not in place of them.

use std::collections::BTreeSet;

use index_model::{ReportRecord, ReportStatus};

use super::family;
use super::versions::Version;
use crate::engine::{Link, Sql};
use crate::{ReportRow, ReportVersion, StoreError};

/// The order numbers that add to another's, by these versions. What comes under one of them later is an addendum too, whether it names the parent
/// again or not.
pub(super) fn numbers<'a>(versions: impl Iterator<Item = &'a ReportRecord>) -> BTreeSet<String> {
    versions.filter(|record| record.parent_order_number.is_some()).map(family::name).collect()
}

/// What messages of the parent's report have in common.
pub(super) fn parent(report: &ReportRecord) -> Option<String> {
    let id = report.parent_order_number.as_ref()?;
    Some(format!("filler {} {}", id.issuer, id.value.expose()))
}

/// Says of a verified report that has an addendum that it was added to.
pub(super) async fn note(link: &mut Link, report_key: i64, report: &ReportRecord) -> Result<(), StoreError> {
    if report.parent_order_number.is_none() || report.status.is_withdrawn() {
        return Ok(());
    }
    let sql = Sql::new("UPDATE report SET status = $1 WHERE report_key = $2 AND status IN ($3, $4, $5)");
    let settled = [ReportStatus::Final, ReportStatus::Amended, ReportStatus::Corrected];
    let sql = sql.arg(ReportStatus::Appended.code()).arg(report_key);
    link.run(settled.into_iter().fold(sql, |sql, status| sql.arg(status.code()))).await.map(drop)
}

/// Puts the words of the addenda behind those of the version that is shown: of each the latest, in the order in which they were written.
pub(super) fn append(report: &mut ReportRow) {
    let numbers = numbers(report.versions.iter().map(|version| &version.record));
    let is_one = |version: &&ReportVersion| numbers.contains(&family::name(&version.record));
    let is_main = |version: &ReportVersion| version.version == report.version && !is_one(&version);
    if report.status.is_withdrawn() || !report.versions.iter().any(is_main) {
        return;
    }
    let mut addenda: Vec<&ReportVersion> = Vec::new();
    for version in report.versions.iter().filter(is_one) {
        let name = family::name(&version.record);
        match addenda.iter_mut().find(|known| family::name(&known.record) == name) {
            Some(known) if rank(known) < rank(version) => *known = version,
            Some(_) => {}
            None => addenda.push(version),
        }
    }
    addenda.retain(|version| !version.record.status.is_withdrawn());
    addenda.sort_by_key(|version| rank(version));
    let words: Vec<String> = addenda.into_iter().map(words).collect();
    let shown = report.version;
    let of_shown =
        report.versions.iter_mut().filter(|version| version.version == shown).map(|version| &mut version.record);
    for record in of_shown.chain([&mut report.current]) {
        let mut text = record.text.expose().clone();
        for added in &words {
            text = with(&text, added);
        }
        record.text = text.into();
    }
}

fn rank(version: &ReportVersion) -> (bool, i64, u32) {
    let (status, issued_ms) = (version.record.status, version.record.issued_ms);
    let received_ms = version.received_ms;
    // Their order asks for no words.
    Version { version: version.version, status, issued_ms, received_ms, is_addendum: true, words: 0 }.rank()
}

/// The words of an addendum; of one that is a document where that is.
fn words(version: &ReportVersion) -> String {
    let text = version.record.text.expose().trim();
    match (text.is_empty(), version.record.documents.len()) {
        (true, 1..) => format!("[document: version {}]", version.version),
        _ => text.to_owned(),
    }
}

/// Both, one after the other. Some senders repeat what they add to.
fn with(text: &str, added: &str) -> String {
    match added.contains(text.trim()) && !text.trim().is_empty() {
        true => added.to_owned(),
        false => format!("{text}\n\nADDENDUM / ADDENDA\n{added}").trim_start().to_owned(),
    }
}
