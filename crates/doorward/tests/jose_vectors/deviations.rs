//! The tests whose result is not the answer, each with the reason. An entry that no longer applies fails the test.

use crate::reader::Reader::{self, KeySet, OneKey};

pub(crate) struct Deviation {
    pub(crate) file: &'static str,
    pub(crate) readers: &'static [Reader],
    pub(crate) ids: &'static [u64],
    pub(crate) reason: &'static str,
}

pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        file: "json_web_signature_test",
        readers: &[KeySet],
        ids: &[345, 346, 349, 350],
        reason: "The key is called `bilbo.baggins@hobbiton.example`. The `kid` of a published key is 1 to 128 characters out of \
                 `A-Z a-z 0-9 . _ -`, so that it can stand in a log, an address and a file's name (RFC 8725 §3.10); \
                 doorward's own is a thumbprint.",
    },
    Deviation {
        file: "json_web_signature_test",
        readers: &[OneKey],
        ids: &[346, 350],
        reason: "The token is PS384, and the key says PS256. A key verifies what it is configured for, and not what is \
                 related to it (RFC 8725 §3.1).",
    },
    Deviation {
        file: "json_web_signature_test",
        readers: &[OneKey, KeySet],
        ids: &[347, 351],
        reason: "P-521 and ES512 are not offered; the key's `alg` says ES521, which RFC 7518 does not have.",
    },
    Deviation {
        file: "json_web_signature_test",
        readers: &[OneKey, KeySet],
        ids: &[367, 370],
        reason: "Named invalid padding, but the text is that of 357, which the file calls valid.",
    },
    Deviation {
        file: "json_web_signature_test",
        readers: &[OneKey, KeySet],
        ids: &[372, 373],
        reason: "The file calls a `?` inside a segment valid. Base64url is read strictly, so that a token has one text \
                 (RFC 7515 §2, RFC 4648 §3.3).",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[OneKey],
        ids: &[1, 4],
        reason: "A set of an HMAC and an EC key, and a set with one `kid` twice. A source of foreign tokens has one key, so \
                 there is no set: each key was asked alone.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[KeySet],
        ids: &[1],
        reason: "A set of an HMAC and an EC key. A server has both while it moves from a secret to a pair. What the file fears \
                 is a public key that verifies an HMAC: here a key has one algorithm, and a token that names another is \
                 refused before its signature is looked at. The secret is in no published set.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[KeySet],
        ids: &[4],
        reason: "Two secrets under one `kid`. The database can't hold that, since `kid` is the primary key of its table; a \
                 verifier that is given both anyway takes the first and never tries the other.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[OneKey, KeySet],
        ids: &[7],
        reason: "An RSA key of the ROCA weakness (CVE-2017-15361), which the library does not look for. doorward makes its own \
                 keys and not with the chip that made these; one that is configured or imported is the operator's choice.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[OneKey],
        ids: &[10, 11, 12],
        reason: "Secrets shorter than the hash. They are another application's, whose tokens would not be accepted otherwise: \
                 the configuration warns of them and refuses those that everybody knows. doorward's own secret must have 32 \
                 bytes, as the key set answers to 10.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[KeySet],
        ids: &[14, 15],
        reason: "HS384 and HS512 are read from other applications, and no algorithms of doorward's own tokens.",
    },
    Deviation {
        file: "json_web_key_test",
        readers: &[OneKey],
        ids: &[21],
        reason: "A key whose `use` is `enc`. The key of a source is a PEM, which says nothing of its use.",
    },
    Deviation {
        file: "json_web_crypto_test",
        readers: &[OneKey, KeySet],
        ids: &[46],
        reason: "A key of the ROCA weakness, as 7 of `json_web_key_test`.",
    },
    Deviation {
        file: "json_web_crypto_test",
        readers: &[OneKey, KeySet],
        ids: &[47],
        reason: "A set of an HMAC and an EC key, as 1 of `json_web_key_test`.",
    },
    Deviation {
        file: "json_web_crypto_test",
        readers: &[OneKey, KeySet],
        ids: &[50, 67],
        reason: "Encrypted tokens (JWE, RFC 7516) are not read: doorward has no secret to keep from who carries a token.",
    },
];
