//! C-MOVE and C-GET: which objects, one after the other, and what became of each (PS3.4 §C.4.2, §C.4.3).

use std::sync::Arc;

use dimse::Serving;
use dimse::association::AssociationError;
use dimse::identifier::{IDENTIFIER_BYTES, Received};
use dimse::message::Status;
use index_model::{AeTitle, InstanceEntry, Uid};
use registry::{InstanceBytes, OpenedStudy, Registry, RegistryError, SeriesRow};

use crate::QueryRetrieve;
use crate::asked::Selected;
use crate::asker::Asker;
use crate::failure::Refusal;
use crate::get::SameAssociation;
use crate::model::SopClass;
use crate::moving::{Kinds, Mover, kind};
use crate::progress::Progress;
use crate::selection::Selection;
use crate::sending::{data_set, fitting};

/// Sub-operations in a row whose association broke, after which a destination is given up.
const MOST_BREAKS: u32 = 3;

/// How objects leave.
enum Carrier {
    Get(SameAssociation),
    Move(Box<Mover>),
}

/// Whether to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

pub(crate) async fn serve(
    face: &QueryRetrieve,
    class: SopClass,
    message_id: u16,
    destination: Option<AeTitle>,
    on: Serving<'_>,
) -> Result<(), AssociationError> {
    let Serving { association, context, peer } = on;
    let identifier = association.data_set(context, IDENTIFIER_BYTES).await?;
    let mut asker = Asker {
        face,
        association,
        context,
        operation: class.transaction.operation(),
        message_id,
        ae_title: &peer.ae_title,
        progress: Progress::default(),
        cancelled: false,
    };
    let begun = begin(&mut asker, class, identifier, destination, peer).await?;
    let (selection, carrier) = match begun {
        Ok(Some(begun)) => begun,
        Ok(None) => return asker.finish().await,
        Err(refusal) => return asker.refuse(refusal).await,
    };
    let withheld = selection.withheld.as_ref().map_or(0, |(number, _)| *number);
    asker.progress = Progress::new(selection.expected() + withheld);
    if let Some((number, error)) = &selection.withheld {
        asker.progress.lost(*number, &error.to_string());
    }
    let mut retrieval = Retrieval { selection: &selection, carrier, breaks: 0, given_up: None };
    // On its own: within this future its type is deeper than the compiler counts.
    Box::pin(retrieval.run(&mut asker)).await?;
    if let Carrier::Move(mover) = retrieval.carrier {
        mover.release().await;
    }
    asker.finish().await
}

type Begun = Result<Option<(Selection, Carrier)>, Refusal>;

/// Reads the identifier, asks for leave and resolves what is asked for; `None` when the caller cancelled meanwhile.
async fn begin(
    asker: &mut Asker<'_>,
    class: SopClass,
    identifier: bytes::Bytes,
    destination: Option<AeTitle>,
    peer: &dimse::Peer,
) -> Result<Begun, AssociationError> {
    let (face, message_id) = (asker.face, asker.message_id);
    let syntax = asker.association.context(asker.context).map(|context| context.transfer_syntax.clone());
    let asked = || -> Result<_, Refusal> {
        let received = Received::scan(identifier, &syntax.unwrap_or_default(), None).map_err(|violation| {
            Refusal::new(Status::CANNOT_UNDERSTAND, format!("the identifier can't be read: {violation}"))
        })?;
        let selected = Selected::read(&received, class.model)?;
        let caller = face.caller(peer)?;
        let Some(ae_title) = destination else { return Ok((selected, caller, None)) };
        let to = face.destination(&ae_title).ok_or_else(|| {
            Refusal::new(Status::MOVE_DESTINATION_UNKNOWN, "this AE title is no registered destination")
        })?;
        Ok((selected, caller.sending_to(&ae_title), Some(to)))
    };
    let (selected, caller, to) = match asked() {
        Ok(asked) => asked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let resolved = asker.unless_cancelled(Selection::resolve(&face.registry, &caller, selected)).await?;
    let carrier = match to {
        None => Carrier::Get(SameAssociation::of(asker)),
        Some(to) => Carrier::Move(Box::new(Mover::new(to, (peer.ae_title.clone(), message_id)))),
    };
    Ok(resolved.transpose().map(|selection| selection.map(|selection| (selection, carrier))))
}

struct Retrieval<'a> {
    selection: &'a Selection,
    carrier: Carrier,
    breaks: u32,
    /// Why nothing more is sent: what would have been is listed, so that whoever asked can ask for it again.
    given_up: Option<String>,
}

impl Retrieval<'_> {
    async fn run(&mut self, asker: &mut Asker<'_>) -> Result<(), AssociationError> {
        let selection = self.selection;
        for opened in &selection.studies {
            for row in selection.series(opened) {
                if self.series(asker, opened, row).await? == Next::Stop {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    async fn series(
        &mut self,
        asker: &mut Asker<'_>,
        opened: &OpenedStudy,
        row: &SeriesRow,
    ) -> Result<Next, AssociationError> {
        let (registry, uid) = (asker.face.registry.clone(), &row.series.series_instance_uid);
        let expected = self.selection.expected_of(row);
        if let Some(reason) = &self.given_up {
            if asker.progress.lists_no_more() {
                asker.progress.lost(expected, reason);
                return Ok(Next::GoOn);
            }
            let listing = self.list(&registry, opened, row);
            let Some(known) = asker.unless_cancelled(listing).await? else { return Ok(Next::Stop) };
            let unnamed = expected.saturating_sub(known.len() as u64);
            asker.progress.correct(expected, known.len() as u64 + unnamed);
            known.iter().for_each(|instance| asker.progress.failed(instance, reason));
            asker.progress.lost(unnamed, reason);
            return Ok(Next::GoOn);
        }
        let Some(manifest) = asker.unless_cancelled(registry.manifest(opened, uid)).await? else {
            return Ok(Next::Stop);
        };
        let manifest = match manifest {
            Ok(manifest) => manifest,
            // Registered, and now empty: there is nothing to send of it.
            Err(RegistryError::NotFound) => {
                asker.progress.correct(expected, 0);
                return Ok(Next::GoOn);
            }
            Err(error) => {
                asker.progress.lost(expected, &error.to_string());
                return Ok(Next::GoOn);
            }
        };
        let known = manifest.entries.iter().filter(|entry| self.selection.has(&entry.instance.sop_instance_uid));
        let known: Vec<Arc<InstanceEntry>> = known.cloned().collect();
        // What a repository declares and does not give is not passed over in silence.
        let absent = opened.shortfall(uid, &manifest).map_or(0, |(known, declared)| u64::from(declared - known));
        let absent = if known.len() == manifest.entries.len() { absent } else { 0 };
        asker.progress.correct(expected, known.len() as u64 + absent);
        asker.progress.lost(absent, "a repository gave fewer instances than it declares");
        let kinds: Kinds = known.iter().map(|entry| kind(&entry.instance)).collect();
        for entry in known {
            let instance = &entry.instance.sop_instance_uid;
            if let Some(reason) = &self.given_up {
                asker.progress.failed(instance, reason);
                continue;
            }
            let Some(found) = asker.unless_cancelled(registry.instance(opened, uid, instance)).await? else {
                return Ok(Next::Stop);
            };
            let next = match found {
                Ok(found) => self.instance(asker, opened, uid, found, &kinds).await?,
                Err(error) => {
                    asker.progress.failed(instance, &error.to_string());
                    Next::GoOn
                }
            };
            if next == Next::Stop || asker.cancelled {
                return Ok(Next::Stop);
            }
            asker.pending().await?;
        }
        Ok(Next::GoOn)
    }

    /// What is known of a series that is not sent. No repository is asked: its headers would serve for a list of failures alone.
    async fn list(&self, registry: &Registry, opened: &OpenedStudy, row: &SeriesRow) -> Vec<Uid> {
        let known = registry.known_instances(opened, &row.series.series_instance_uid).await.unwrap_or_default();
        known.into_iter().filter(|instance| self.selection.has(instance)).collect()
    }

    /// One sub-operation.
    async fn instance(
        &mut self,
        asker: &mut Asker<'_>,
        opened: &OpenedStudy,
        series: &Uid,
        found: InstanceBytes,
        kinds: &Kinds,
    ) -> Result<Next, AssociationError> {
        let entry = Arc::clone(&found.entry);
        let instance = &entry.instance;
        let fit = match &mut self.carrier {
            Carrier::Get(same) => fitting(same.contexts.iter(), instance),
            Carrier::Move(mover) => {
                let options = Arc::clone(&asker.face.options);
                match asker.finishing(mover.ready(&options, kind(instance), kinds)).await? {
                    Ok(open) => fitting(open.contexts().iter(), instance),
                    // Its association is there, and takes nothing of what was proposed.
                    Err(AssociationError::NoContext) => None,
                    Err(error) => {
                        let reason = self.given_up.insert(format!("the destination: {error}"));
                        asker.progress.failed(&instance.sop_instance_uid, reason);
                        return Ok(Next::GoOn);
                    }
                }
            }
        };
        let Some((context, form)) = fit else {
            asker.progress.failed(&instance.sop_instance_uid, "no presentation context for the object's SOP class");
            return Ok(Next::GoOn);
        };
        let registry = asker.face.registry.clone();
        let parts = match asker.unless_cancelled(data_set(&registry, opened, series, found, form)).await? {
            Some(Ok(parts)) => parts,
            Some(Err(error)) => {
                asker.progress.failed(&instance.sop_instance_uid, &error.to_string());
                return Ok(Next::GoOn);
            }
            None => return Ok(Next::Stop),
        };
        let status = match &mut self.carrier {
            Carrier::Get(same) => same.store(asker, context, instance, parts).await?,
            Carrier::Move(mover) => match asker.finishing(mover.store(context, instance, parts)).await? {
                Ok(status) => status,
                Err(error) => {
                    self.breaks += 1;
                    asker.progress.failed(&instance.sop_instance_uid, &format!("the destination: {error}"));
                    if self.breaks == MOST_BREAKS {
                        self.given_up = Some("the destination breaks off again and again".to_owned());
                    }
                    return Ok(Next::GoOn);
                }
            },
        };
        self.breaks = 0;
        metrics::counter!("dics_dimse_suboperations_total", "status" => format!("{:04X}", status.0)).increment(1);
        asker.progress.answered(&instance.sop_instance_uid, status);
        Ok(Next::GoOn)
    }
}
