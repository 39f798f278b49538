//! How a repository is reached, as an administrator writes it down (TOML in `deploy/regions`, JSON on the API).

mod credentials;

use serde::{Deserialize, Serialize};

pub use credentials::{Credentials, SecretAt, TlsFiles};

use crate::{AeTitle, RepositoryCode, Uid};

/// What a repository speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// PS3.18: we search and retrieve over HTTP.
    Dicomweb,
    /// PS3.4: we search with C-FIND and retrieve with C-MOVE or C-GET.
    Dimse,
    /// Part 10 files in a folder or bucket that we list and read.
    Archive,
    /// The repository stores to us, by C-STORE or STOW-RS.
    Push,
}

/// A DICOMweb origin server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DicomwebAddress {
    /// Base URL, such as `https://pacs.example/dicom-web`.
    pub url: String,
    /// How we prove who we are; absent: not at all, or by our certificate alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Credentials>,
    /// Whom we trust there, and our certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsFiles>,
}

impl DicomwebAddress {
    /// A server that asks nobody who they are.
    pub fn open(url: impl Into<String>) -> Self {
        Self { url: url.into(), credentials: None, tls: None }
    }

    /// What is wrong with it, and the remedy. A secret in an address would be kept and shown with the definition.
    fn fault(&self) -> Option<&'static str> {
        let token_url = match &self.credentials {
            Some(Credentials::ClientCredentials { token_url, .. }) => Some(token_url),
            _ => None,
        };
        let has_user = |url: &String| url.split('/').nth(2).is_some_and(|authority| authority.contains('@'));
        if [Some(&self.url), token_url].into_iter().flatten().any(has_user) {
            return Some("no user name or password stands in a url: name them under credentials");
        }
        let tls = self.tls.as_ref()?;
        let half = tls.certificate.is_some() != tls.key.is_some();
        half.then_some("tls.certificate and tls.key go together")
    }
}

/// How objects come from a DIMSE archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RetrieveBy {
    /// C-MOVE to our own storage receiver.
    #[default]
    Move,
    /// C-GET on the same association.
    Get,
}

/// A DIMSE archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DimseAddress {
    /// Host name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Its AE title.
    pub ae_title: AeTitle,
    /// C-MOVE or C-GET.
    #[serde(default)]
    pub retrieve: RetrieveBy,
    /// Whether it is called on over TLS (PS3.15 §B.12).
    #[serde(default)]
    pub tls: bool,
    /// Matches at which it stops an answer to C-FIND, where that is known; a list of so many is asked for in smaller parts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_matches: Option<u32>,
}

/// Part 10 files in an object store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveAddress {
    /// A folder's path, or a `file://` or `s3://` URL.
    pub url: String,
    /// What the bucket's entity tags say of the objects, so that each is held against its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Checksum>,
}

/// A checksum that an archive keeps beside its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Checksum {
    /// Entity tags are the MD5 of what was uploaded in one piece: so with S3 and its kin, unless keys of a key service encrypt the objects.
    Md5Etag,
}

/// Who may store to us in this repository's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PushSource {
    /// Calling AE titles of its storage users.
    pub calling_ae_titles: Vec<AeTitle>,
}

/// How this repository's reports are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Hl7Source {
    /// MSH-4.1 of its messages; several, separated by commas, where several hospitals send for the region.
    pub sending_facility: String,
    /// Where the accession number stands: `OBR-18`, `OBR-20` or `OBR-3`.
    #[serde(default = "default_accession_field")]
    pub accession_field: String,
}

fn default_accession_field() -> String {
    "OBR-18".into()
}

impl Hl7Source {
    /// Whether a message with this MSH-4.1 is the repository's.
    pub fn sends(&self, facility: &str) -> bool {
        !facility.is_empty() && self.sending_facility.split(',').any(|one| one.trim() == facility)
    }
}

/// One repository as it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RepositoryDefinition {
    /// Its code, for ever.
    pub code: RepositoryCode,
    /// What people call it.
    pub name: String,
    /// The region it belongs to.
    pub region: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// RetrieveLocationUID (0040,E011) of the repository; one made from its code when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location_uid: Option<Uid>,
    /// Issuer of patient ids where its objects name none.
    pub patient_id_issuer: String,
    /// Issuer of accession numbers where its objects name none; `patient_id_issuer` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accession_issuer: Option<String>,
    /// Other names of `patient_id_issuer`, such as the OIDs that its messages use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuer_aliases: Vec<String>,
    /// Specific character set of objects that declare none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub character_set: Option<String>,
    /// IANA time zone of dates that carry none.
    #[serde(default = "default_time_zone")]
    pub time_zone: String,
    /// Requests or associations at a time.
    #[serde(default = "default_concurrency")]
    pub concurrency: u32,
    /// Seconds between looks for changes.
    #[serde(default = "default_poll_seconds")]
    pub poll_seconds: u32,
    /// Set when `protocol` is `dicomweb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dicomweb: Option<DicomwebAddress>,
    /// Set when `protocol` is `dimse`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimse: Option<DimseAddress>,
    /// Set when `protocol` is `archive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive: Option<ArchiveAddress>,
    /// Set when `protocol` is `push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<PushSource>,
    /// Set when reports come over HL7 v2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hl7: Option<Hl7Source>,
}

fn default_time_zone() -> String {
    "America/Toronto".into()
}

const fn default_concurrency() -> u32 {
    4
}

const fn default_poll_seconds() -> u32 {
    30
}

impl RepositoryDefinition {
    /// Issuer of accession numbers where an object names none.
    pub fn accession_issuer(&self) -> &str {
        self.accession_issuer.as_deref().unwrap_or(&self.patient_id_issuer)
    }

    /// RetrieveLocationUID (0040,E011): the configured one, else one below `2.25` that follows from the code.
    pub fn location_uid(&self) -> String {
        match &self.location_uid {
            Some(uid) => uid.as_str().to_owned(),
            // FNV-1a, 128 bits: stable, and as unlikely to collide as it needs to be among some repositories.
            None => {
                let hash =
                    self.code.as_str().bytes().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
                        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
                    });
                format!("2.25.{hash}")
            }
        }
    }

    /// One name for each issuer, whatever an object or message calls it.
    pub fn issuer<'a>(&'a self, named: &'a str) -> &'a str {
        if self.issuer_aliases.iter().any(|alias| alias == named) { &self.patient_id_issuer } else { named }
    }

    /// The first thing that is missing or contradictory: the field and what to do about it.
    pub fn fault(&self) -> Option<(&'static str, &'static str)> {
        let given = match self.protocol {
            Protocol::Dicomweb => self.dicomweb.is_some(),
            Protocol::Dimse => self.dimse.is_some(),
            Protocol::Archive => self.archive.is_some(),
            Protocol::Push => self.push.is_some(),
        };
        if !given {
            return Some(("protocol", "the section of this protocol is missing: dicomweb, dimse, archive or push"));
        }
        if let Some(remedy) = self.dicomweb.as_ref().and_then(DicomwebAddress::fault) {
            return Some(("dicomweb", remedy));
        }
        [
            ("name", self.name.trim().is_empty(), "give the name that people know"),
            ("region", self.region.trim().is_empty(), "give the region"),
            ("patientIdIssuer", self.patient_id_issuer.trim().is_empty(), "give the issuer of its patient ids"),
            ("concurrency", !(1..=64).contains(&self.concurrency), "1 to 64"),
            ("pollSeconds", !(1..=86_400).contains(&self.poll_seconds), "1 to 86400"),
        ]
        .into_iter()
        .find(|(_, wrong, _)| *wrong)
        .map(|(field, _, remedy)| (field, remedy))
    }
}
