//! C-STORE from the receiving side: a data set becomes a Part 10 object as its fragments arrive.

use std::path::Path;

use adapter_api::{Object, Spool};
use dimse::association::{Association, AssociationError};
use dimse::message::{Status, StoreRequest};
use dimse::part10::{self, Meta};
use index_model::AeTitle;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::deliveries::Beat;

/// Where an object comes from, where it lies on its way in, and how large it may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Intake<'a> {
    pub(crate) source: &'a AeTitle,
    pub(crate) spool_folder: &'a Path,
    pub(crate) limit_bytes: u64,
    /// Told of every part that comes.
    pub(crate) beat: &'a Beat,
}

/// Reads the data set of a C-STORE. The outer error ends the association; the inner one is a status for the sender.
pub(crate) async fn receive_object<S: AsyncRead + AsyncWrite + Unpin>(
    association: &mut Association<S>,
    context: u8,
    request: &StoreRequest,
    intake: Intake<'_>,
) -> Result<Result<Object, Status>, AssociationError> {
    let transfer_syntax = association.context(context).map(|context| context.transfer_syntax.to_string());
    let meta = Meta {
        sop_class: request.sop_class.clone(),
        sop_instance: request.sop_instance.clone(),
        transfer_syntax: transfer_syntax.unwrap_or_default(),
    };
    let Intake { source, spool_folder, limit_bytes, beat } = intake;
    let mut spool = Spool::new(spool_folder, limit_bytes);
    let mut room = spool.write(&part10::header(&meta, source)).is_ok();
    loop {
        let (part, last) = association.data_fragment(context).await?;
        beat.now();
        // After a full disk the rest is read past, so that the sender gets its answer; but not without end.
        if room && let Err(error) = spool.write(&part) {
            if error.kind() == std::io::ErrorKind::FileTooLarge {
                return Err(AssociationError::Broken("an object beyond the size that is taken"));
            }
            tracing::error!(error = %error.kind(), "an object could not be spooled");
            room = false;
            spool = Spool::new(spool_folder, limit_bytes);
        }
        if last {
            break;
        }
    }
    Ok(if room { spool.finish().map_err(|_| Status::OUT_OF_RESOURCES) } else { Err(Status::OUT_OF_RESOURCES) })
}
