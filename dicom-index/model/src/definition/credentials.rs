//! How we prove to a repository who we are: which secrets, and where each is kept. The secrets themselves are never part of a definition.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// What is said to whoever writes the secret itself.
const ELSEWHERE: &str =
    "a secret is kept in a file or an environment variable: write { file = \"…\" } or { env = \"DICS_SECRET_…\" }";

/// Where a secret is kept. What is read in its place is never repeated in an error, because it may be the secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SecretAt {
    /// A file below the service's folder of secrets.
    File(String),
    /// An environment variable of the service.
    Env(String),
}

impl<'de> Deserialize<'de> for SecretAt {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Place)
    }
}

struct Place;

impl<'de> Visitor<'de> for Place {
    type Value = SecretAt;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the place of a secret")
    }

    fn visit_str<E: de::Error>(self, _: &str) -> Result<SecretAt, E> {
        Err(E::custom(ELSEWHERE))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretAt, A::Error> {
        let wrong = |_: A::Error| <A::Error as de::Error>::custom(ELSEWHERE);
        let place = match map.next_entry::<String, String>().map_err(wrong)? {
            Some((key, file)) if key == "file" => SecretAt::File(file),
            Some((key, name)) if key == "env" => SecretAt::Env(name),
            _ => return Err(de::Error::custom(ELSEWHERE)),
        };
        match map.next_key::<de::IgnoredAny>().map_err(wrong)? {
            None => Ok(place),
            Some(_) => Err(de::Error::custom(ELSEWHERE)),
        }
    }
}

/// What is sent in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Credentials {
    /// A bearer token that somebody else renews (RFC 6750).
    Bearer {
        /// The token.
        token: SecretAt,
    },
    /// User and password (RFC 7617).
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretAt,
    },
    /// Bearer tokens that we ask a token endpoint for (RFC 6749 §4.4).
    ClientCredentials {
        /// The token endpoint.
        token_url: String,
        /// Who we are there.
        client_id: String,
        /// How we prove it.
        client_secret: SecretAt,
        /// What the token is for, where the endpoint wants to be told.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        scope: Option<String>,
    },
}

/// Whom we trust over TLS, and who we are to those who ask: files in PEM below the service's folder of secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsFiles {
    /// Who must have signed the server's certificate. Absent: whom the machine trusts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Our certificate, then those between it and its root.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The key of our certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Credentials, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn credentials_name_the_place_of_a_secret_and_are_written_as_they_were_read() {
        for text in [
            r#"{"bearer":{"token":{"file":"neodin.token"}}}"#,
            r#"{"basic":{"user":"dics","password":{"env":"DICS_SECRET_NEODIN"}}}"#,
            r#"{"clientCredentials":{"tokenUrl":"https://id.example/token","clientId":"dics","clientSecret":{"file":"s"},"scope":"read"}}"#,
        ] {
            assert_eq!(serde_json::to_string(&read(text).unwrap()).unwrap(), text);
        }
        assert!(read(r#"{"basic":{"user":"dics","password":{"file":"p"},"realm":"x"}}"#).is_err());
    }

    #[test]
    fn a_secret_that_is_written_itself_is_refused_and_not_repeated() {
        for place in [
            r#""hunter2""#,
            r#"{"hunter2":"x"}"#,
            r#"{"value":"hunter2"}"#,
            r#"{"file":"a","hunter2":"b"}"#,
            r#"{"file":["hunter2"]}"#,
            r#"{"env":{"hunter2":1}}"#,
        ] {
            let error = read(&format!(r#"{{"bearer":{{"token":{place}}}}}"#)).unwrap_err();
            assert!(error.contains("a secret is kept in a file") && !error.contains("hunter2"), "{error}");
        }
    }
}
