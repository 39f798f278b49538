//! The use cases: store, search, locate, retrieve, synchronise, reconcile.
//!
//! IHE actors: Document Registry and Patient Identifier Cross-reference Consumer; towards the repositories an Imaging Document
//! Consumer. Adapters are known by `adapter-api` alone. Every use case takes a [`access::Permit`] or makes one by asking
//! [`access::Access`]; bytes from outside pass the structural scan of `index-guard` before any parser sees them; an acknowledgement
//! is given only after object and index are durable.
#![forbid(unsafe_code)]

mod breaker;
mod commit;
mod derivatives;
mod derived;
mod directory;
mod encapsulated;
mod encoded;
mod error;
mod evict;
mod expire;
mod fetch;
mod fold;
mod frame_run;
mod inbox;
mod ingest;
mod key_objects;
mod launch;
mod manifest;
mod manifest_document;
mod nodes;
mod object_reports;
mod objects;
mod open;
mod options;
mod patients;
mod rendered;
mod repositories;
mod retrieve;
mod rewrite;
mod search;
mod start;
mod synchronise;
mod take_out;
mod uncompressed;

pub use adapter_api::{Object, Spool, TestStep};
pub use derivatives::DerivativePolicy;
pub use encapsulated::{decodes, encodes_to};
pub use error::{Cause, RegistryError};
pub use evict::FetchedSize;
pub use frame_run::FrameRun;
pub use index_extract::PathStep;
pub use index_store::{
    Drift, DriftReport, IdentityConflict, PatientRow, PersonRow, ReportRow, Ruled, SeriesRow, StudyRow,
};
pub use ingest::{Fate, StoredInstance};
pub use launch::{Choice, Launch, LaunchRequest};
pub use manifest::{Manifest, with_origin};
pub use open::OpenedStudy;
pub use options::{Limits, Options, SourceFactory};
pub use patients::OpenedPatient;
pub use rendered::{Picture, ShownFrame};
pub use repositories::{Quarantined, RegisterError, RepositoryState, RepositoryStatus};
pub use retrieve::{Frame, InstanceBytes, PixelBytes, StoredMetadata};
pub use search::{Answer, Header, InstanceRow, MOST_DESCRIBED, MOST_EXAMINED, Missing};
pub use start::Registry;
pub use uncompressed::Uncompressed;

/// Rendered forms, as `transcode` makes them.
pub mod rendering {
    pub use transcode::{
        Annotation, IccProfile, ImageDescription, MAX_ANIMATION_FRAMES, MAX_ANIMATION_PIXELS, Presentation,
        RenderOptions, RenderedMedia, SourceRegion, Viewport, Window, WindowFunction, can_decode,
    };
}
