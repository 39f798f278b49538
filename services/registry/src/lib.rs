//! The use cases: store, search, locate, retrieve, synchronise, reconcile.
//!
//! IHE actors: Document Registry and Patient Identifier Cross-reference Consumer; towards the repositories an Imaging Document
//! Consumer. Adapters are known by `adapter-api` alone. Every use case takes a [`access::Permit`] or makes one by asking
//! [`access::Access`]; bytes from outside pass the structural scan of `index-guard` before any parser sees them; an acknowledgement
//! is given only after object and index are durable.
#![forbid(unsafe_code)]

mod derived;
mod error;
mod fetch;
mod intake;
mod keeping;
mod manifest;
mod nodes;
mod objects;
mod open;
mod options;
mod rendered;
mod repositories;
mod retrieve;
mod search;
mod start;
mod synchronise;

pub use adapter_api::{Object, Spool, TestStep};
pub use derived::DerivativePolicy;
pub use error::{Cause, RegistryError};
pub use fetch::prefetch::PrefetchPolicy;
pub use index_extract::PathStep;
pub use index_store::{
    Conflict, Contradiction, Differing, Dismissal, Doubt, Drift, DriftReport, HeldReport, LeftBehind, PatientRow,
    PersonRow, PersonState, ReportRow, ReportVersion, Ruled, SeriesRow, StudyRow, TestPatient, Unconfirmed,
};
pub use intake::{Fate, StoredInstance};
pub use keeping::evict::FetchedSize;
pub use manifest::{Manifest, with_origin};
pub use open::OpenedStudy;
pub use open::copies::CopyOf;
pub use open::launch::{Choice, Launch, LaunchRequest};
pub use open::patients::OpenedPatient;
pub use open::readers::{Reader, Readers, ReadersOf};
pub use options::{Limits, Options, SourceFactory};
pub use rendered::{Picture, ShownFrame};
pub use repositories::{Quarantined, RegisterError, RepositoryState, RepositoryStatus};
pub use retrieve::encapsulated::{decodes, encodes_to};
pub use retrieve::frame_run::FrameRun;
pub use retrieve::reach::OutOfReach;
pub use retrieve::uncompressed::Uncompressed;
pub use retrieve::{Frame, InstanceBytes, PixelBytes, StoredMetadata};
pub use search::{Answer, Header, InstanceRow, MOST_DESCRIBED, MOST_EXAMINED, Missing};
pub use start::Registry;

/// Rendered forms, as `transcode` makes them.
pub mod rendering {
    pub use transcode::{
        Annotation, IccProfile, ImageDescription, MAX_ANIMATION_FRAMES, MAX_ANIMATION_PIXELS, Presentation,
        RenderOptions, RenderedMedia, SourceRegion, Viewport, Window, WindowFunction, can_decode,
    };
}
