//! scrypt (RFC 7914), whatever the notation; and the notation of PHC and passlib:
//! `$scrypt$ln=15,r=8,p=1$salt$hash`.

use scrypt::Params;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::HashError;
use super::encoding::Base64;
use super::{Form, HashFormatError, Parsed, Scheme, ceilings, decimal};

#[derive(Clone)]
pub(super) struct ScryptHash {
    pub(super) costs: ScryptCosts,
    pub(super) salt: Zeroizing<Vec<u8>>,
    pub(super) hash: Zeroizing<Vec<u8>>,
}

/// N, r and p within the ceilings.
#[derive(Clone, Copy)]
pub(super) struct ScryptCosts {
    pub(super) log_n: u8,
    pub(super) r: u32,
    pub(super) p: u32,
}

/// Reads `$scrypt$…`.
pub(super) fn parse(stored: &str) -> Option<Result<Parsed, HashFormatError>> {
    let rest = stored.strip_prefix("$scrypt$")?;
    Some(parse_rest(rest).map(|hash| Parsed {
        scheme: Scheme::Scrypt,
        form: Form::Scrypt(hash),
    }))
}

fn parse_rest(rest: &str) -> Result<ScryptHash, HashFormatError> {
    let mut fields = rest.split('$');
    let (Some(costs), Some(salt), Some(hash), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(HashFormatError::corrupt(
            "a scrypt hash has not its three fields",
        ));
    };
    let costs = ScryptCosts::parse_phc(costs)?;
    let decode = |text| {
        Base64::Plain.decode(text).ok_or(HashFormatError::corrupt(
            "a scrypt salt or hash is not unpadded base64",
        ))
    };
    let (salt, hash) = (decode(salt)?, decode(hash)?);
    if !(1..=128).contains(&salt.len()) {
        return Err(HashFormatError::corrupt(
            "a scrypt salt has not 1 to 128 bytes",
        ));
    }
    if !(16..=64).contains(&hash.len()) {
        return Err(HashFormatError::corrupt(
            "a scrypt hash has not 16 to 64 bytes",
        ));
    }
    Ok(ScryptHash { costs, salt, hash })
}

impl ScryptCosts {
    /// What Werkzeug 2.3 and later write, and take when a hash names no parameters.
    pub(super) const WERKZEUG: Self = Self {
        log_n: 15,
        r: 8,
        p: 1,
    };

    fn parse_phc(costs: &str) -> Result<Self, HashFormatError> {
        let mut costs = costs.split(',');
        let mut next = |name| costs.next().and_then(|cost| cost.strip_prefix(name));
        let (Some(log_n), Some(r), Some(p), None) =
            (next("ln="), next("r="), next("p="), costs.next())
        else {
            return Err(HashFormatError::corrupt(
                "scrypt parameters are not exactly ln, r and p in this order",
            ));
        };
        // With r = 1 all the memory is N's.
        let most = (ceilings::SCRYPT_MEMORY_BYTES / 128).ilog2();
        let log_n = decimal::cost(log_n, "scrypt ln", most)?;
        Self::new(u8::try_from(log_n).unwrap_or(u8::MAX), r, p)
    }

    /// Reads N itself, r and p.
    pub(super) fn parse(n: &str, r: &str, p: &str) -> Result<Self, HashFormatError> {
        let most = u32::try_from(ceilings::SCRYPT_MEMORY_BYTES / 128).unwrap_or(u32::MAX);
        let n = decimal::cost(n, "scrypt N", most)?;
        if n == 1 || !n.is_power_of_two() {
            return Err(HashFormatError::corrupt(
                "scrypt N is not a power of two above one",
            ));
        }
        Self::new(u8::try_from(n.trailing_zeros()).unwrap_or(u8::MAX), r, p)
    }

    fn new(log_n: u8, r: &str, p: &str) -> Result<Self, HashFormatError> {
        let r = decimal::cost(r, "scrypt r", ceilings::SCRYPT_R)?;
        let p = decimal::cost(p, "scrypt p", ceilings::SCRYPT_P)?;
        let costs = Self { log_n, r, p };
        if costs.main_bytes() > ceilings::SCRYPT_MEMORY_BYTES {
            return Err(HashFormatError::TooCostly {
                parameter: "scrypt memory in bytes",
                ceiling: ceilings::SCRYPT_MEMORY_BYTES,
            });
        }
        if costs.work_bytes() > ceilings::SCRYPT_WORK_BYTES {
            return Err(HashFormatError::TooCostly {
                parameter: "scrypt work in bytes",
                ceiling: ceilings::SCRYPT_WORK_BYTES,
            });
        }
        Params::new(log_n, r, p)
            .map_err(|_| HashFormatError::corrupt("scrypt parameters do not go together"))?;
        Ok(costs)
    }

    /// N itself.
    pub(super) const fn n(self) -> u64 {
        1 << self.log_n
    }

    const fn main_bytes(self) -> u64 {
        128 * self.n() * self.r as u64
    }

    /// Bytes filled in all.
    pub(super) const fn work_bytes(self) -> u64 {
        self.main_bytes() * self.p as u64
    }

    pub(super) fn memory_kib(self) -> u32 {
        let small = 128 * u64::from(self.r) * (u64::from(self.p) + 1);
        u32::try_from((self.main_bytes() + small).div_ceil(1024)).unwrap_or(u32::MAX)
    }
}

impl ScryptHash {
    /// Derives a hash of `bytes` bytes.
    pub(super) fn compute(
        password: &[u8],
        costs: ScryptCosts,
        salt: &[u8],
        bytes: usize,
    ) -> Result<Self, HashError> {
        Ok(Self {
            costs,
            salt: Zeroizing::new(salt.to_vec()),
            hash: derive(password, costs, salt, bytes)?,
        })
    }

    pub(super) fn matches(&self, password: &[u8]) -> Result<bool, HashError> {
        let derived = derive(password, self.costs, &self.salt, self.hash.len())?;
        Ok(derived.ct_eq(&self.hash).into())
    }
}

fn derive(
    password: &[u8],
    costs: ScryptCosts,
    salt: &[u8],
    bytes: usize,
) -> Result<Zeroizing<Vec<u8>>, HashError> {
    let refused = HashError::Refused {
        scheme: Scheme::Scrypt,
    };
    let params = Params::new(costs.log_n, costs.r, costs.p).map_err(|_| refused)?;
    let mut derived = Zeroizing::new(vec![0; bytes]);
    scrypt::scrypt(password, salt, &params, &mut derived).map_err(|_| refused)?;
    Ok(derived)
}
