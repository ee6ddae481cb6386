//! Argon2: RFC 9106, the reference implementation, PHC strings, hostile ones.

use doorward::password::{
    Argon2idParams, FormGroup, FormGroups, HashFormatError, Password, PasswordHash,
};
use serde::Deserialize;

use super::{
    SkipList, accepting, all_but, for_each_on_all_cores, is_unsupported, verifies,
    verifies_its_password_only,
};

#[derive(Deserialize)]
struct File {
    rfc9106: Vec<Rfc9106Vector>,
    reference_hashtest_rows: Vec<ReferenceRow>,
    phc_valid: Vec<PhcHash>,
    phc_hostile: Vec<HostileHash>,
}

#[derive(Deserialize)]
struct Rfc9106Vector {
    #[serde(rename = "type")]
    kind: String,
    version: u32,
    m_kib: u32,
    t: u32,
    p: u32,
    password_hex: String,
    salt_hex: String,
    secret_hex: String,
    ad_hex: String,
    tag_hex: String,
}

#[derive(Deserialize)]
struct ReferenceRow {
    version: u32,
    #[serde(rename = "type")]
    kind: String,
    log2_m_kib: u32,
    password: String,
    encoded: String,
}

#[derive(Deserialize)]
struct PhcHash {
    password_name: String,
    password: String,
    m: u32,
    t: u32,
    hash: String,
}

#[derive(Deserialize)]
struct HostileHash {
    name: String,
    password: String,
    hash: String,
}

fn file() -> File {
    serde_json::from_str(include_str!("../vectors/argon2_vectors.json")).unwrap()
}

#[test]
fn phc_strings_verify_their_password_only() {
    let vectors = file().phc_valid;
    assert_eq!(vectors.len(), 15);
    for_each_on_all_cores(&vectors, |vector, memory| {
        let hash = PasswordHash::parse(&vector.hash).unwrap();
        assert_eq!(hash.memory_kib(), vector.m);
        assert_eq!(
            hash.needs_upgrade(&Argon2idParams::default().into()),
            vector.m < 19_456 || vector.t < 2
        );
        // Skipped: `empty`. Its hash is sound, but there is no empty `Password` to verify.
        if vector.password_name == "empty" {
            assert!(Password::parse(vector.password.as_str()).is_err());
            return;
        }
        verifies_its_password_only(&hash, &vector.password, memory);
    });
}

#[test]
fn the_rows_of_the_reference_implementation_verify_where_the_settings_accept_their_type() {
    let rows = file().reference_hashtest_rows;
    assert_eq!(rows.len(), 26);
    let mut skipped = SkipList::new(&[
        ("16 Argon2_i 20", "1 GiB is above the ceiling"),
        ("19 Argon2_i 20", "1 GiB is above the ceiling"),
    ]);
    let other = accepting(FormGroups::NONE.with(FormGroup::OtherArgon2));
    let mut run = Vec::new();
    for row in rows {
        let name = format!("{} {} {}", row.version, row.kind, row.log2_m_kib);
        if skipped.skips(&name) {
            assert!(matches!(
                PasswordHash::parse_with(&row.encoded, &other),
                Err(HashFormatError::TooCostly { .. })
            ));
            continue;
        }
        let is_default = row.version == 19 && row.kind == "Argon2_id";
        if is_default {
            assert!(PasswordHash::parse(&row.encoded).is_ok());
        } else {
            is_unsupported(&row.encoded, &all_but(&[FormGroup::OtherArgon2]));
        }
        run.push(row);
    }
    skipped.assert_used_up();
    assert_eq!(run.len(), 24);
    for_each_on_all_cores(&run, |row, memory| {
        let hash = PasswordHash::parse_with(&row.encoded, &other).unwrap();
        verifies_its_password_only(&hash, &row.password, memory);
    });
}

#[test]
fn hostile_strings_are_refused_before_any_derivation() {
    let vectors = file().phc_hostile;
    assert_eq!(vectors.len(), 27);
    for vector in vectors {
        // None is skipped. Where the vector leaves a choice, this crate refuses by default:
        // `argon2i`, `version_16` and `no_version` (other algorithms), and always `reordered` (one
        // spelling per value).
        let error = PasswordHash::parse(&vector.hash).unwrap_err();
        let as_expected = match vector.name.as_str() {
            "argon2i" | "argon2d" | "version_16" | "no_version" => {
                matches!(error, HashFormatError::Unsupported { .. })
            }
            "m_over_ceiling" | "m_u32_max" | "t_over_ceiling" | "p_over_ceiling" => {
                matches!(error, HashFormatError::TooCostly { .. })
            }
            _ => matches!(error, HashFormatError::Corrupt { .. }),
        };
        assert!(as_expected, "{}: {error}", vector.name);
    }
}

#[test]
fn every_setting_accepts_only_the_other_types_among_the_hostile_strings() {
    let every = accepting(FormGroups::EVERY);
    let memory = &mut doorward::password::KdfMemory::new(19_456);
    let mut accepted = Vec::new();
    for vector in file().phc_hostile {
        if let Ok(hash) = PasswordHash::parse_with(&vector.hash, &every) {
            // The string without a version was made by version 19, and means 16.
            let right = vector.name != "no_version";
            assert_eq!(
                verifies(&hash, &vector.password, memory),
                right,
                "{}",
                vector.name
            );
            accepted.push(vector.name);
        }
    }
    assert_eq!(accepted, ["argon2i", "argon2d", "version_16", "no_version"]);
}

#[test]
fn the_implementation_gives_the_answers_of_rfc_9106() {
    let vectors = file().rfc9106;
    assert_eq!(vectors.len(), 3);
    for vector in vectors {
        assert_eq!(vector.version, 19);
        let secret = bytes(&vector.secret_hex);
        let params = argon2::ParamsBuilder::new()
            .m_cost(vector.m_kib)
            .t_cost(vector.t)
            .p_cost(vector.p)
            .data(argon2::AssociatedData::new(&bytes(&vector.ad_hex)).unwrap())
            .output_len(32)
            .build()
            .unwrap();
        let algorithm = argon2::Algorithm::new(&vector.kind).unwrap();
        let argon2 =
            argon2::Argon2::new_with_secret(&secret, algorithm, argon2::Version::V0x13, params)
                .unwrap();
        let mut tag = [0; 32];
        argon2
            .hash_password_into(
                &bytes(&vector.password_hex),
                &bytes(&vector.salt_hex),
                &mut tag,
            )
            .unwrap();
        assert_eq!(tag.as_slice(), bytes(&vector.tag_hex), "{}", vector.kind);
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}
