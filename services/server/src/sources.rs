//! Which adapter speaks to a repository.

use std::sync::Arc;

use adapter_api::ImagingSource;
use adapter_archive::{ArchiveOptions, ArchiveSource};
use adapter_dicomweb::{DicomwebOptions, DicomwebSource, Secrets};
use adapter_dimse::{Deliveries, DimseOptions, DimseSource};
use dimse::TlsConnector;
use index_model::{AeTitle, Protocol, RepositoryDefinition};
use registry::SourceFactory;
use runtime::CpuPool;

/// Makes sources; `own_ae` and `tls` are how we call on DIMSE archives, `secrets` where those are that definitions name, `incoming` where
/// large objects are spooled, `deliveries` what the storage receiver tells of C-MOVEs under way.
pub(crate) fn factory(
    (own_ae, tls): (AeTitle, TlsConnector),
    secrets: Secrets,
    incoming: std::path::PathBuf,
    cpu: CpuPool,
    deliveries: Deliveries,
) -> SourceFactory {
    Arc::new(move |definition: &RepositoryDefinition| {
        let source: Arc<dyn ImagingSource> = match definition.protocol {
            Protocol::Dicomweb => Arc::new(
                DicomwebSource::new(
                    definition,
                    DicomwebOptions { cpu: Some(cpu.clone()), ..DicomwebOptions::new(&incoming, secrets.clone()) },
                )
                .map_err(|error| error.to_string())?,
            ),
            Protocol::Dimse => Arc::new(
                DimseSource::new(
                    definition.clone(),
                    own_ae.clone(),
                    DimseOptions {
                        spool_folder: incoming.clone(),
                        deliveries: deliveries.clone(),
                        tls: Some(tls.clone()),
                        ..DimseOptions::default()
                    },
                )
                .map_err(|error| error.to_string())?,
            ),
            Protocol::Archive => Arc::new(
                ArchiveSource::new(definition, ArchiveOptions::new(&incoming)).map_err(|error| error.to_string())?,
            ),
            Protocol::Push => return Ok(None),
        };
        Ok(Some(source))
    })
}
