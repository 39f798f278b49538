//! Secrets, read where a definition says that they are kept.
//!
//! A definition may come over the administrators' API, so it can't name just any file or variable of the service: files lie below one
//! folder, and variables begin with `DICS_SECRET_`.

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use index_model::SecretAt;

/// What names of variables begin with.
const PREFIX: &str = "DICS_SECRET_";
/// Largest file, in bytes: a bundle of certificates.
const LIMIT_BYTES: u64 = 1 << 20;

/// A secret. It is sent, never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

/// Why there is no secret, with the remedy. It names the place, never what is there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unreadable {
    #[error(
        "{0} is not below {1}, the service's folder of secrets: move it there, or set `secrets` in the configuration"
    )]
    Outside(String, String),
    #[error("the secret {0} can't be read ({1}): check that it is there and may be read by the service")]
    File(String, std::io::ErrorKind),
    #[error("{0} holds nothing that can be used as a secret: it is empty, too large or not UTF-8")]
    Unusable(String),
    #[error("variables with secrets begin with {PREFIX}; {0} does not")]
    Name(String),
    #[error("the environment variable {0} is not set, or not UTF-8: set it and start the service anew")]
    Unset(String),
}

/// Where secrets may be read.
#[derive(Debug, Clone)]
pub struct Secrets {
    folder: PathBuf,
}

impl Secrets {
    /// Files below this folder, and variables of the environment.
    pub fn below(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// A secret without the end of line that editors add.
    pub(crate) fn read(&self, place: &SecretAt) -> Result<Secret, Unreadable> {
        let (name, text) = match place {
            SecretAt::File(name) => {
                let bytes = self.file(name)?;
                (name, String::from_utf8(bytes).map_err(|_| Unreadable::Unusable(name.clone()))?)
            }
            SecretAt::Env(name) if !name.starts_with(PREFIX) => return Err(Unreadable::Name(name.clone())),
            SecretAt::Env(name) => (name, std::env::var(name).map_err(|_| Unreadable::Unset(name.clone()))?),
        };
        match text.trim_end_matches(['\r', '\n']) {
            "" => Err(Unreadable::Unusable(name.clone())),
            text => Ok(Secret(text.to_owned())),
        }
    }

    /// A file of the folder: a secret, or certificates.
    pub(crate) fn file(&self, name: &str) -> Result<Vec<u8>, Unreadable> {
        let failed = |error: std::io::Error| Unreadable::File(name.to_owned(), error.kind());
        let file = std::fs::File::open(self.path(name)?).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > LIMIT_BYTES {
            return Err(Unreadable::Unusable(name.to_owned()));
        }
        Ok(bytes)
    }

    /// Where a file really is. Links may lead about within the folder, as those of mounted secrets do, and not out of it.
    pub(crate) fn path(&self, name: &str) -> Result<PathBuf, Unreadable> {
        let outside = || Unreadable::Outside(name.to_owned(), self.folder.display().to_string());
        let folder = self
            .folder
            .canonicalize()
            .map_err(|error| Unreadable::File(self.folder.display().to_string(), error.kind()))?;
        let asked = folder.join(name);
        // What lies outside is not even looked at: whether it is there is nobody's business.
        let plain = Path::new(name).components().all(|part| !matches!(part, std::path::Component::ParentDir));
        if !plain || !asked.starts_with(&folder) && !asked.starts_with(&self.folder) {
            return Err(outside());
        }
        let real = asked.canonicalize().map_err(|error| Unreadable::File(name.to_owned(), error.kind()))?;
        if real.starts_with(&folder) && real.is_file() { Ok(real) } else { Err(outside()) }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn file(name: impl Into<String>) -> SecretAt {
        SecretAt::File(name.into())
    }

    #[test]
    fn a_secret_is_read_without_its_end_of_line_and_never_printed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("token"), "hunter2\r\n").unwrap();
        let secrets = Secrets::below(folder.path());
        let secret = secrets.read(&file("token")).unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}")), ("hunter2", "[secret]".into()));
        let absolute = folder.path().join("token").display().to_string();
        assert_eq!(secrets.read(&file(absolute)).unwrap(), secret);
    }

    #[test]
    fn nothing_outside_of_the_folder_or_of_the_prefix_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("secrets");
        std::fs::create_dir(&inside).unwrap();
        std::fs::write(folder.path().join("other"), "hunter2").unwrap();
        std::os::unix::fs::symlink(folder.path().join("other"), inside.join("link")).unwrap();
        let secrets = Secrets::below(&inside);
        for name in ["../other", "/etc/hostname", "link", "."] {
            assert!(matches!(secrets.read(&file(name)), Err(Unreadable::Outside(..))), "{name}");
        }
        assert!(matches!(secrets.read(&SecretAt::Env("PATH".into())), Err(Unreadable::Name(_))));
        assert!(matches!(secrets.read(&SecretAt::Env("DICS_SECRET_NOT_SET".into())), Err(Unreadable::Unset(_))));
    }

    #[test]
    fn an_empty_or_absent_secret_is_said_to_be_so() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        std::fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
        let secrets = Secrets::below(folder.path());
        for name in ["empty", "binary"] {
            assert_eq!(secrets.read(&file(name)), Err(Unreadable::Unusable(name.into())));
        }
        let absent = secrets.read(&file("absent")).unwrap_err();
        assert_eq!(absent, Unreadable::File("absent".into(), std::io::ErrorKind::NotFound));
    }
}
