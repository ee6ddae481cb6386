use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ParsedPublicKey, RsaPublicKeyComponents};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::algorithm::Algorithm;
use super::key::KeyId;
use super::key_error::KeyError;
use super::public_key;
use crate::json::{self, JsonLimits};

/// A public key as others read it: a JSON Web Key (RFC 7517 §4) for one algorithm. There is no form of it for a shared
/// secret, so none can be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicJwk {
    id: KeyId,
    algorithm: Algorithm,
    key: Members,
}

/// The members that make the key (RFC 7518 §6, RFC 8037 §2), as raw bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    Ec { x: Vec<u8>, y: Vec<u8> },
    Okp { x: Vec<u8> },
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

/// The members as JSON. Others are ignored, as RFC 7517 §4 demands.
#[derive(Serialize, Deserialize)]
struct Form {
    kty: String,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    usage: Option<String>,
    #[serde(skip_serializing)]
    key_ops: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    /// The private half, which has no place here.
    #[serde(skip_serializing)]
    d: Option<serde::de::IgnoredAny>,
}

/// The most keys of a set that are looked at.
pub const MAX_KEYS: usize = 100;

impl PublicJwk {
    /// A key named by its own thumbprint.
    pub(super) fn named_by_thumbprint(
        algorithm: Algorithm,
        key: Members,
    ) -> Result<Self, KeyError> {
        let id = KeyId::parse(&thumbprint(algorithm, &key)).map_err(|_| KeyError::Rejected)?;
        Ok(Self { id, algorithm, key })
    }

    /// Reads one key: RSA, P-256, P-384 or Ed25519, to verify signatures with. Without `alg` it serves the algorithm of its
    /// curve, or RS256.
    ///
    /// # Errors
    /// [`KeyError`] for a key of another kind or use, a private key, one without a `kid`, and one with members that do not fit.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        json::check(text.as_bytes(), JsonLimits::default()).map_err(|_| KeyError::Rejected)?;
        let form: Form = serde_json::from_str(text).map_err(|_| KeyError::Rejected)?;
        Self::from_form(&form)
    }

    /// Reads the keys of a set (RFC 7517 §5) that verify signatures and that we know; the others are left out, as §5 demands.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the text is no set of keys.
    pub fn parse_set(text: &str) -> Result<Vec<Self>, KeyError> {
        #[derive(Deserialize)]
        struct Set<'a> {
            #[serde(borrow)]
            keys: Vec<&'a serde_json::value::RawValue>,
        }
        json::check(text.as_bytes(), JsonLimits::default()).map_err(|_| KeyError::Rejected)?;
        let set: Set<'_> = serde_json::from_str(text).map_err(|_| KeyError::Rejected)?;
        Ok(set
            .keys
            .into_iter()
            .take(MAX_KEYS)
            .filter_map(|key| Self::parse(key.get()).ok())
            .collect())
    }

    fn from_form(form: &Form) -> Result<Self, KeyError> {
        if form.d.is_some() {
            return Err(KeyError::PrivateKey);
        }
        let verifies = form.usage.as_deref().is_none_or(|usage| usage == "sig")
            && form
                .key_ops
                .as_ref()
                .is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        let alg = form.alg.as_deref();
        let (algorithm, key) = match (form.kty.as_str(), form.crv.as_deref()) {
            ("EC", Some("P-256")) => (Algorithm::Es256, form.point(32)?),
            ("EC", Some("P-384")) => (Algorithm::Es384, form.point(48)?),
            ("OKP", Some("Ed25519")) => {
                let x = member(form.x.as_ref(), 32)?;
                (Algorithm::EdDsa, Members::Okp { x })
            }
            ("RSA", None) => {
                let n = integer(form.n.as_ref())?;
                let e = integer(form.e.as_ref())?;
                if n.len() < 256 {
                    return Err(KeyError::ShortRsa);
                }
                let named = alg.map_or(Ok(Algorithm::Rs256), str::parse);
                (
                    named.map_err(|_| KeyError::UnknownKind)?,
                    Members::Rsa { n, e },
                )
            }
            _ => return Err(KeyError::UnknownKind),
        };
        let fits = alg.is_none_or(|name| name == algorithm.as_str());
        let of_family = matches!(key, Members::Rsa { .. })
            == matches!(algorithm.family(), super::algorithm::Family::Rsa);
        if !verifies || !fits || !of_family {
            return Err(KeyError::UnknownKind);
        }
        let id = form.kid.as_deref().unwrap_or_default();
        let id = KeyId::parse(id).map_err(|_| KeyError::NoKeyId)?;
        let jwk = Self { id, algorithm, key };
        jwk.prepare()?;
        Ok(jwk)
    }

    /// Its `kid`.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The algorithm that it verifies.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The thumbprint with SHA-256, in base64url (RFC 7638 §3).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        thumbprint(self.algorithm, &self.key)
    }

    /// The key as `PUBLIC KEY` in PEM (RFC 7468 §13).
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the members make no key.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self.prepare()?.as_der().map_err(|_| KeyError::Rejected)?;
        let text = STANDARD.encode(der.as_ref());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let (line, more) = rest.split_at(rest.len().min(64));
            pem.push_str(line);
            pem.push('\n');
            rest = more;
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Ok(pem)
    }

    pub(super) fn prepare(&self) -> Result<ParsedPublicKey, KeyError> {
        let rejected = |_| KeyError::Rejected;
        if let Members::Rsa { n, e } = &self.key {
            let parameters = public_key::rsa(self.algorithm).ok_or(KeyError::UnknownKind)?;
            let key = RsaPublicKeyComponents { n, e };
            let key = key.to_parsed_public_key(parameters).map_err(rejected)?;
            // An exponent of 1 or an even one is noticed by the library when it reads a whole key, and not before.
            let der: PublicKeyX509Der<'_> = key.as_der().map_err(|_| KeyError::Rejected)?;
            return ParsedPublicKey::new(parameters, der.as_ref()).map_err(rejected);
        }
        let verification = public_key::verification(self.algorithm).ok_or(KeyError::UnknownKind)?;
        let raw = match &self.key {
            // An uncompressed point (SEC 1 §2.3.3).
            Members::Ec { x, y } => [&[4], x.as_slice(), y].concat(),
            Members::Okp { x } => x.clone(),
            Members::Rsa { .. } => Vec::new(),
        };
        ParsedPublicKey::new(verification, raw).map_err(rejected)
    }

    fn form(&self) -> Form {
        let encode = |bytes: &Vec<u8>| Some(URL_SAFE_NO_PAD.encode(bytes));
        let empty = Form {
            kty: String::new(),
            usage: Some("sig".to_owned()),
            key_ops: None,
            alg: Some(self.algorithm.as_str().to_owned()),
            kid: Some(self.id.as_str().to_owned()),
            crv: None,
            x: None,
            y: None,
            n: None,
            e: None,
            d: None,
        };
        match &self.key {
            Members::Ec { x, y } => Form {
                kty: "EC".to_owned(),
                crv: Some(curve(self.algorithm).to_owned()),
                x: encode(x),
                y: encode(y),
                ..empty
            },
            Members::Okp { x } => Form {
                kty: "OKP".to_owned(),
                crv: Some(curve(self.algorithm).to_owned()),
                x: encode(x),
                ..empty
            },
            Members::Rsa { n, e } => Form {
                kty: "RSA".to_owned(),
                n: encode(n),
                e: encode(e),
                ..empty
            },
        }
    }
}

impl Serialize for PublicJwk {
    /// The JSON object of RFC 7517 §4, with `use`, `alg` and `kid`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.form().serialize(serializer)
    }
}

impl Form {
    fn point(&self, length: usize) -> Result<Members, KeyError> {
        Ok(Members::Ec {
            x: member(self.x.as_ref(), length)?,
            y: member(self.y.as_ref(), length)?,
        })
    }
}

/// A member of fixed length, leading zeros included (RFC 7518 §6.2.1.2).
fn member(text: Option<&String>, length: usize) -> Result<Vec<u8>, KeyError> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes
        .filter(|bytes| bytes.len() == length)
        .ok_or(KeyError::Rejected)
}

/// A positive integer in as few bytes as it takes (RFC 7518 §2, `Base64urlUInt`).
fn integer(text: Option<&String>) -> Result<Vec<u8>, KeyError> {
    let bytes = text.and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    bytes
        .filter(|bytes| bytes.first().is_some_and(|first| *first != 0))
        .ok_or(KeyError::Rejected)
}

fn curve(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::EdDsa => "Ed25519",
        Algorithm::Es384 => "P-384",
        _ => "P-256",
    }
}

/// The required members in the order of their names, without white space (RFC 7638 §3.2, RFC 8037 §2).
fn thumbprint(algorithm: Algorithm, key: &Members) -> String {
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let curve = curve(algorithm);
    let text = match key {
        Members::Ec { x, y } => format!(
            r#"{{"crv":"{curve}","kty":"EC","x":"{}","y":"{}"}}"#,
            encode(x),
            encode(y)
        ),
        Members::Okp { x } => format!(r#"{{"crv":"{curve}","kty":"OKP","x":"{}"}}"#, encode(x)),
        Members::Rsa { n, e } => {
            format!(r#"{{"e":"{}","kty":"RSA","n":"{}"}}"#, encode(e), encode(n))
        }
    };
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests;
