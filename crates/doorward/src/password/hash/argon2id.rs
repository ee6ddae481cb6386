//! Argon2id in PHC notation: `$argon2id$v=19$m=19456,t=2,p=1$salt$tag` (RFC 9106).

use argon2::{Algorithm, Argon2, Params, Version};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::{Argon2idParams, HashError, KdfMemory, SALT_BYTES};
use super::{HashFormatError, Scheme, ceilings, decimal};

/// How strings of this form begin.
pub(super) const PREFIX: &str = "$argon2id$";

/// Bytes of tag in a new hash (RFC 9106 section 4).
const TAG_BYTES: usize = 32;

/// The parts of one stored hash. `params` holds m, t and p within the ceilings.
#[derive(Clone)]
pub(super) struct Argon2idHash {
    params: Params,
    salt: Zeroizing<Vec<u8>>,
    tag: Zeroizing<Vec<u8>>,
}

impl Argon2idHash {
    /// Parses what follows [`PREFIX`].
    pub(super) fn parse(rest: &str) -> Result<Self, HashFormatError> {
        let mut fields = rest.split('$');
        match fields.next() {
            Some("v=19") => {}
            Some("v=16") => return Err(HashFormatError::refused("argon2id version 16")),
            Some(field) if field.starts_with("m=") => {
                return Err(HashFormatError::refused(
                    "argon2id without a version, which means 16",
                ));
            }
            _ => return Err(HashFormatError::corrupt("the Argon2 version is not 19")),
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
        Ok(Self { params, salt, tag })
    }

    /// Hashes `password` with a fresh salt.
    pub(super) fn compute(
        password: &[u8],
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        memory: &mut KdfMemory,
    ) -> Result<Self, HashError> {
        let params = Params::new(
            params.memory_kib(),
            params.iterations(),
            params.lanes(),
            None,
        )
        .map_err(|_| HashError::Refused {
            scheme: Scheme::Argon2id,
        })?;
        let tag = derive(&params, password, &salt, TAG_BYTES, memory)?;
        Ok(Self {
            params,
            salt: Zeroizing::new(salt.to_vec()),
            tag,
        })
    }

    /// A hash that costs what a real one with `params` costs and that no password is known for.
    pub(super) fn dummy(
        params: &Argon2idParams,
        salt: [u8; SALT_BYTES],
        tag: [u8; SALT_BYTES],
    ) -> Result<Self, HashError> {
        let params = Params::new(
            params.memory_kib(),
            params.iterations(),
            params.lanes(),
            None,
        )
        .map_err(|_| HashError::Refused {
            scheme: Scheme::Argon2id,
        })?;
        let tag = Zeroizing::new([tag, tag].concat());
        Ok(Self {
            params,
            salt: Zeroizing::new(salt.to_vec()),
            tag,
        })
    }

    /// The PHC string.
    pub(super) fn encode(&self) -> String {
        format!(
            "{PREFIX}v=19$m={},t={},p={}${}${}",
            self.params.m_cost(),
            self.params.t_cost(),
            self.params.p_cost(),
            STANDARD_NO_PAD.encode(&*self.salt),
            STANDARD_NO_PAD.encode(&*self.tag),
        )
    }

    pub(super) fn matches(
        &self,
        password: &[u8],
        memory: &mut KdfMemory,
    ) -> Result<bool, HashError> {
        let tag = derive(&self.params, password, &self.salt, self.tag.len(), memory)?;
        Ok(tag.ct_eq(&self.tag).into())
    }

    pub(super) const fn memory_kib(&self) -> u32 {
        self.params.m_cost()
    }

    /// Less memory or fewer iterations than `wanted`, or a shorter salt or tag than a new hash
    /// has. Lanes are not a strength.
    pub(super) fn is_below(&self, wanted: &Argon2idParams) -> bool {
        self.params.m_cost() < wanted.memory_kib()
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

/// Standard alphabet, no padding, no stray bits: one string per value.
fn decode(text: &str) -> Result<Zeroizing<Vec<u8>>, HashFormatError> {
    STANDARD_NO_PAD
        .decode(text)
        .map(Zeroizing::new)
        .map_err(|_| HashFormatError::corrupt("an Argon2 salt or tag is not unpadded base64"))
}

fn derive(
    params: &Params,
    password: &[u8],
    salt: &[u8],
    tag_bytes: usize,
    memory: &mut KdfMemory,
) -> Result<Zeroizing<Vec<u8>>, HashError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let mut tag = Zeroizing::new(vec![0; tag_bytes]);
    memory
        .with_blocks(params.block_count(), |blocks| {
            argon2.hash_password_into_with_memory(password, salt, &mut tag, blocks)
        })?
        .map_err(|_| HashError::Refused {
            scheme: Scheme::Argon2id,
        })?;
    Ok(tag)
}
