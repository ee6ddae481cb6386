//! Argon2 in PHC notation: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag` (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::{Argon2idParams, HashError, KdfMemory, SALT_BYTES};
use super::encoding::Base64;
use super::{AcceptedForms, Form, FormGroup, HashFormatError, Parsed, Scheme, ceilings, decimal};

/// Bytes of tag in a new hash (RFC 9106 section 4).
const TAG_BYTES: usize = 32;

/// The parts of one stored hash. `params` holds m, t and p within the ceilings.
#[derive(Clone)]
pub(super) struct Argon2Hash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    pub(super) salt: Zeroizing<Vec<u8>>,
    pub(super) tag: Zeroizing<Vec<u8>>,
}

/// Reads `$argon2…`.
pub(super) fn parse(
    stored: &str,
    accepted: &AcceptedForms,
) -> Option<Result<Parsed, HashFormatError>> {
    let rest = stored.strip_prefix("$argon2")?;
    Some(parse_rest(rest, accepted).map(|hash| Parsed {
        scheme: hash.scheme(),
        form: Form::Argon2(hash),
    }))
}

/// Reads what follows `$argon2`.
pub(super) fn parse_rest(
    rest: &str,
    accepted: &AcceptedForms,
) -> Result<Argon2Hash, HashFormatError> {
    let mut fields = rest.split('$').peekable();
    let algorithm = match fields.next() {
        Some("id") => Algorithm::Argon2id,
        Some("i") => Algorithm::Argon2i,
        Some("d") => Algorithm::Argon2d,
        Some("") => return Err(HashFormatError::refused("argon2 without a type")),
        _ => return Err(HashFormatError::corrupt("there is no such type of Argon2")),
    };
    let version = match fields.peek().copied() {
        Some("v=19") => Version::V0x13,
        Some("v=16") => Version::V0x10,
        // Absent since the first release, when there was no other.
        Some(field) if field.starts_with("m=") => Version::V0x10,
        _ => {
            return Err(HashFormatError::corrupt(
                "the Argon2 version is neither 19 nor 16",
            ));
        }
    };
    if fields.peek().is_some_and(|field| field.starts_with("v=")) {
        fields.next();
    }
    let groups = accepted.groups;
    match (algorithm, version) {
        (Algorithm::Argon2id, Version::V0x13) => {}
        (Algorithm::Argon2id, Version::V0x10) => {
            groups.require(FormGroup::OtherArgon2, "argon2id version 16")?;
        }
        (Algorithm::Argon2i, _) => groups.require(FormGroup::OtherArgon2, "argon2i")?,
        (Algorithm::Argon2d, _) => groups.require(FormGroup::OtherArgon2, "argon2d")?,
    }
    let (Some(costs), Some(salt), Some(tag), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(HashFormatError::corrupt(
            "an Argon2 hash has not its five fields",
        ));
    };
    let params = parse_costs(costs)?;
    let salt = decode(salt)?;
    if !(8..=64).contains(&salt.len()) {
        return Err(HashFormatError::corrupt(
            "an Argon2 salt has not 8 to 64 bytes",
        ));
    }
    let tag = decode(tag)?;
    // A shorter tag would be guessed by chance; other lengths are written by no library.
    if !matches!(tag.len(), 16 | 32 | 64) {
        return Err(HashFormatError::corrupt(
            "an Argon2 tag has not 16, 32 or 64 bytes",
        ));
    }
    Ok(Argon2Hash {
        algorithm,
        version,
        params,
        salt,
        tag,
    })
}

impl Argon2Hash {
    /// Hashes `password` with Argon2id and a fresh salt.
    pub(super) fn compute(
        password: &[u8],
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        memory: &mut KdfMemory,
    ) -> Result<Self, HashError> {
        let mut hash = Self::unfinished(params, salt)?;
        hash.tag = hash.derive(password, TAG_BYTES, memory)?;
        Ok(hash)
    }

    /// A hash that costs what a real one with `params` costs and that no password is known for.
    pub(super) fn dummy(
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        tag: [u8; SALT_BYTES],
    ) -> Result<Self, HashError> {
        let mut hash = Self::unfinished(params, salt)?;
        hash.tag = Zeroizing::new([tag, tag].concat());
        Ok(hash)
    }

    fn unfinished(params: &Argon2idParams, salt: [u8; SALT_BYTES]) -> Result<Self, HashError> {
        let params = Params::new(
            params.memory_kib(),
            params.iterations(),
            params.lanes(),
            None,
        )
        .map_err(|_| HashError::Refused {
            scheme: Scheme::Argon2id,
        })?;
        Ok(Self {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params,
            salt: Zeroizing::new(salt.to_vec()),
            tag: Zeroizing::default(),
        })
    }

    /// The PHC string.
    pub(super) fn encode(&self) -> String {
        format!(
            "${}$v={}$m={},t={},p={}${}${}",
            self.algorithm.as_str(),
            self.version as u32,
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            Base64::Plain.encode(&self.salt),
            Base64::Plain.encode(&self.tag),
        )
    }

    pub(super) fn matches(
        &self,
        password: &[u8],
        memory: &mut KdfMemory,
    ) -> Result<bool, HashError> {
        let tag = self.derive(password, self.tag.len(), memory)?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    fn derive(
        &self,
        password: &[u8],
        tag_bytes: usize,
        memory: &mut KdfMemory,
    ) -> Result<Zeroizing<Vec<u8>>, HashError> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let mut tag = Zeroizing::new(vec![0; tag_bytes]);
        memory
            .with_blocks(self.params.block_count(), |blocks| {
                argon2.hash_password_into_with_memory(password, &self.salt, &mut tag, blocks)
            })?
            .map_err(|_| HashError::Refused {
                scheme: self.scheme(),
            })?;
        Ok(tag)
    }

    pub(super) const fn scheme(&self) -> Scheme {
        match self.algorithm {
            Algorithm::Argon2id => Scheme::Argon2id,
            Algorithm::Argon2i => Scheme::Argon2i,
            Algorithm::Argon2d => Scheme::Argon2d,
        }
    }

    /// The type without `argon2`: `id`, `i` or `d`.
    pub(super) const fn type_letters(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Argon2id => "id",
            Algorithm::Argon2i => "i",
            Algorithm::Argon2d => "d",
        }
    }

    pub(super) fn is_version_19(&self) -> bool {
        self.version == Version::V0x13
    }

    pub(super) const fn iterations(&self) -> u32 {
        self.params.t_cost()
    }

    pub(super) const fn lanes(&self) -> u32 {
        self.params.p_cost()
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.params.m_cost()
    }

    /// Another type or version than new hashes have, less memory or fewer iterations than
    /// `wanted`, or a shorter salt or tag than a new hash has. Lanes are not a strength.
    pub(super) fn is_below(&self, wanted: &Argon2idParams) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params.m_cost() < wanted.memory_kib()
            || self.params.t_cost() < wanted.iterations()
            || self.salt.len() < SALT_BYTES
            || self.tag.len() < TAG_BYTES
    }
}

fn parse_costs(costs: &str) -> Result<Params, HashFormatError> {
    const UNEXPECTED: HashFormatError =
        HashFormatError::corrupt("Argon2 parameters are not exactly m, t and p in this order");
    let mut costs = costs.split(',');
    let mut next = |name, parameter, ceiling| match costs.next().and_then(|c| c.strip_prefix(name))
    {
        Some(text) => decimal::cost(text, parameter, ceiling),
        None => Err(UNEXPECTED),
    };
    let memory = next("m=", "Argon2 memory in KiB", ceilings::ARGON2_MEMORY_KIB)?;
    let iterations = next(
        "t=",
        "number of Argon2 iterations",
        ceilings::ARGON2_ITERATIONS,
    )?;
    let lanes = next("p=", "number of Argon2 lanes", ceilings::ARGON2_LANES)?;
    if costs.next().is_some() {
        return Err(UNEXPECTED);
    }
    Params::new(memory, iterations, lanes, None)
        .map_err(|_| HashFormatError::corrupt("Argon2 memory is less than 8 KiB per lane"))
}

fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, HashFormatError> {
    Base64::Plain.decode(text).ok_or(HashFormatError::corrupt(
        "an Argon2 salt or tag is not unpadded base64",
    ))
}
