//! The four regions as they are registered.

use std::net::SocketAddr;
use std::path::Path;

use fixtures::Region;
use index_model::{
    AeTitle, ArchiveAddress, DicomwebAddress, DimseAddress, Hl7Source, InvalidCode, Protocol, PushSource,
    RepositoryCode, RepositoryDefinition, RetrieveBy,
};

/// Seconds between looks for changes: a demo's repositories are small and near.
const POLL_SECONDS: u32 = 5;

/// AE title of SWODIN's archive.
pub(super) const SWODIN_AE: &str = "SWODIN";
/// AE title by which HDIRS stores.
pub(super) const HDIRS_AE: &str = "HDIRS";

fn definition(code: &str, region: Region, protocol: Protocol) -> Result<RepositoryDefinition, InvalidCode> {
    let facilities: Vec<&str> = region.facilities().iter().map(|facility| facility.number).collect();
    Ok(RepositoryDefinition {
        code: RepositoryCode::parse(code)?,
        name: region.title().into(),
        region: region.code().into(),
        protocol,
        patient_id_issuer: region.code().into(),
        accession_issuer: None,
        location_uid: None,
        issuer_aliases: vec![region.oid().into(), region.system_oid().into()],
        character_set: Some("ISO_IR 100".into()),
        time_zone: "America/Toronto".into(),
        concurrency: 4,
        poll_seconds: POLL_SECONDS,
        dicomweb: None,
        dimse: None,
        archive: None,
        push: None,
        hl7: Some(Hl7Source { sending_facility: facilities.join(","), accession_field: "OBR-18".into() }),
    })
}

pub(super) fn neodin(url: String) -> Result<RepositoryDefinition, InvalidCode> {
    let mut definition = definition("neodin", Region::Neodin, Protocol::Dicomweb)?;
    definition.dicomweb = Some(DicomwebAddress::open(url));
    Ok(definition)
}

pub(super) fn swodin(at: SocketAddr) -> Result<RepositoryDefinition, InvalidCode> {
    let mut definition = definition("swodin", Region::Swodin, Protocol::Dimse)?;
    definition.dimse = Some(DimseAddress {
        host: at.ip().to_string(),
        port: at.port(),
        ae_title: AeTitle::parse(SWODIN_AE)?,
        retrieve: RetrieveBy::Move,
        tls: false,
        most_matches: None,
    });
    Ok(definition)
}

pub(super) fn gta_west(folder: &Path) -> Result<RepositoryDefinition, InvalidCode> {
    let mut definition = definition("gtaw", Region::GtaWest, Protocol::Archive)?;
    definition.archive = Some(ArchiveAddress { url: folder.display().to_string(), checksum: None });
    Ok(definition)
}

pub(super) fn hdirs() -> Result<RepositoryDefinition, InvalidCode> {
    let mut definition = definition("hdirs", Region::Hdirs, Protocol::Push)?;
    definition.push = Some(PushSource { calling_ae_titles: vec![AeTitle::parse(HDIRS_AE)?] });
    Ok(definition)
}
