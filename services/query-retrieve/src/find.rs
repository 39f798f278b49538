//! C-FIND: PS3.4 §C.4.1.

use access::{Action, Permit, Subject};
use dicom_core::VR;
use dicom_dictionary_std::tags;
use dimse::Serving;
use dimse::association::AssociationError;
use dimse::identifier::{IDENTIFIER_BYTES, Level, Received};
use dimse::message::{Operation, Response, Status};
use index_query::{Attribute, Include, Page, Query};
use registry::RegistryError;

use crate::QueryRetrieve;
use crate::answer::{Answered, Common, answer, instance_keys, patient_keys, series_keys, sop_classes, study_keys};
use crate::asked::Asked;
use crate::failure::Refusal;
use crate::model::{Extensions, SopClass};

/// Matches are streamed: this bounds a query that nobody cancels, not what is held of it.
const MOST_MATCHES: u32 = 5_000_000;

/// Rows of one page whose headers are looked into.
const MOST_GATHERED: u32 = registry::MOST_DESCRIBED as u32;

pub(crate) async fn serve(
    face: &QueryRetrieve,
    class: SopClass,
    message_id: u16,
    on: Serving<'_>,
) -> Result<(), AssociationError> {
    let Serving { association, context, peer } = on;
    let syntax = association.context(context).map(|context| context.transfer_syntax.clone()).unwrap_or_default();
    let extensions = Extensions::of(association.extended(class.uid));
    let identifier = association.data_set(context, IDENTIFIER_BYTES).await?;
    let begun = begin(face, peer, identifier, &syntax, class, extensions).await;
    let search = match begun {
        Ok(search) => search,
        Err(refusal) => {
            return association.answer(context, refusal.response(Operation::Find, message_id), None).await;
        }
    };
    let end = |status| Response::to(Operation::Find, message_id, status);
    let mut matches = 0;
    loop {
        let Some(page) = association.until_cancelled(message_id, search.page(face, matches)).await? else {
            return association.answer(context, end(Status::CANCELLED), None).await;
        };
        let page = match page {
            Ok(page) => page,
            Err(refusal) => {
                return association.answer(context, refusal.response(Operation::Find, message_id), None).await;
            }
        };
        for Answered { identifier, whole } in page.answers {
            if association.is_cancelled(message_id)? {
                return association.answer(context, end(Status::CANCELLED), None).await;
            }
            let status = if whole { Status::PENDING } else { Status::PENDING_WITHOUT_SOME_KEYS };
            let pending = Response { has_data: true, ..end(status) };
            association.answer(context, pending, Some(&identifier.encode(&syntax))).await?;
            matches += 1;
        }
        if !page.is_last && matches >= MOST_MATCHES {
            let endless = Refusal::new(Status::OUT_OF_RESOURCES, "too many matches: ask for less");
            return association.answer(context, endless.response(Operation::Find, message_id), None).await;
        }
        if page.is_last {
            tracing::debug!(ae_title = %peer.ae_title, level = search.asked.level.term(), matches, "a query was answered");
            return association.answer(context, end(Status::SUCCESS), None).await;
        }
    }
}

/// A query with leave to be answered.
struct Search {
    permit: Permit,
    asked: Asked,
}

struct Answers {
    answers: Vec<Answered>,
    is_last: bool,
}

async fn begin(
    face: &QueryRetrieve,
    peer: &dimse::Peer,
    identifier: bytes::Bytes,
    syntax: &str,
    class: SopClass,
    extensions: Extensions,
) -> Result<Search, Refusal> {
    let received = Received::scan(identifier, syntax, None).map_err(|violation| {
        Refusal::new(Status::CANNOT_UNDERSTAND, format!("the identifier can't be read: {violation}"))
    })?;
    let asked = Asked::read(&received, class.model, extensions)?;
    let caller = face.caller(peer)?;
    let permit = face.registry.access().permit(&caller, Action::Search, Subject::Registry).await?;
    Ok(Search { permit, asked })
}

impl Search {
    async fn page(&self, face: &QueryRetrieve, offset: u32) -> Result<Answers, Refusal> {
        let level = match self.asked.level {
            Level::Patient | Level::Study => index_query::Level::Study,
            Level::Series => index_query::Level::Series,
            Level::Instance => index_query::Level::Instance,
        };
        let attributes = self.gathered();
        let most = if attributes.is_empty() { u32::MAX } else { MOST_GATHERED };
        let query = Query {
            level,
            matches: self.asked.matches.clone(),
            include: Include { attributes, ..Include::default() },
            page: Page { limit: face.options.page.min(most), offset },
            fuzzy: self.asked.extensions.fuzzy,
        };
        let (answers, remaining) = self.rows(face, &query).await?;
        // A query of all images looks into a bounded number of series; what is beyond is not passed over in silence.
        if answers.is_empty() && remaining > 0 {
            return Err(Refusal::new(Status::OUT_OF_RESOURCES, "too many series to look into: name a study"));
        }
        Ok(Answers { answers, is_last: remaining == 0 })
    }

    /// What of the keys is gathered from the headers of a study, which costs something: only where it was asked for.
    fn gathered(&self) -> Vec<Attribute> {
        let wants = |tag| self.asked.level == Level::Study && self.asked.wanted.iter().any(|wanted| wanted.tag == tag);
        let classes = Attribute { path: vec![tags::SOP_CLASSES_IN_STUDY], vr: VR::UI };
        Vec::from_iter(wants(tags::SOP_CLASSES_IN_STUDY).then_some(classes))
    }

    async fn rows(&self, face: &QueryRetrieve, query: &Query) -> Result<(Vec<Answered>, u64), RegistryError> {
        let registry = &face.registry;
        let common = |available| Common { own_ae: face.options.own_ae.as_str(), available };
        let (rows, unsupported, remaining): (Vec<_>, bool, u64) = match self.asked.level {
            Level::Patient => {
                let found = registry.search_patients(&self.permit, query).await?;
                let rows = found.rows.iter().map(|row| (patient_keys(row), common(true)));
                (rows.collect(), !found.unsupported.is_empty(), found.remaining)
            }
            Level::Study => {
                let found = registry.search_studies(&self.permit, query).await?;
                let headers = found.headers.iter().map(Option::as_deref).chain(std::iter::repeat(None));
                let rows = found.rows.iter().zip(headers).map(|(row, header)| {
                    let mut known = study_keys(row);
                    known.extend(sop_classes(header, &self.asked.wanted));
                    (known, common(registry.is_available(row)))
                });
                (rows.collect(), !found.unsupported.is_empty(), found.remaining)
            }
            Level::Series => {
                let found = registry.search_series(&self.permit, query).await?;
                let rows = found.rows.iter().map(|row| (series_keys(row), common(registry.is_series_available(row))));
                (rows.collect(), !found.unsupported.is_empty(), found.remaining)
            }
            Level::Instance => {
                let found = registry.search_instances(&self.permit, query).await?;
                let rows = found.rows.iter().map(|row| {
                    let available = row.entry.object.is_some() || row.is_reachable;
                    (instance_keys(row, self.asked.wanted.iter().map(|wanted| wanted.tag)), common(available))
                });
                (rows.collect(), !found.unsupported.is_empty(), found.remaining)
            }
        };
        let mut answers: Vec<_> = rows.into_iter().map(|(known, common)| answer(&self.asked, known, common)).collect();
        answers.iter_mut().for_each(|answered| answered.whole &= !unsupported);
        Ok((answers, remaining))
    }
}
