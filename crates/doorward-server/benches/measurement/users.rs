//! Many users from one file.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::Path;

/// The plan that adopts what [`write_csv`] writes.
const PLAN: &str = "version = 1\nmode = \"copy\"\n[users]\nid = \"id\"\nusername = \"username\"\npassword = \"password\"\nrole = { column = \"role\" }\n";

/// Two that Werkzeug 3.1.9 made.
const HASHES: [&str; 2] = [
    "scrypt:32768:8:1$gT6O0AyhNKnrQKDk$1005f196f05d1433572bb0148b3202b5da2ed671d2f991a189241e33b9525591de0d6306d284c2e54ec6fc4e1e6f6e30a54926e0a61dc1eefc31f469c7e9aae1",
    "pbkdf2:sha256:600000$FUWOCLALYSVGtaVm$9193ff4066ce1166d8eb4a0b1252ba426c5767c791fca8a9f76f3fdbae89e183",
];

/// Writes `plan.toml` into a folder.
pub(crate) fn write_plan(folder: &Path) {
    fs::write(folder.join("plan.toml"), PLAN).unwrap();
}

/// Writes a file of users, in an order of names that is not that of the numbers, each thousandth an administrator, half of the
/// hashes scrypt and half PBKDF2.
pub(crate) fn write_csv(path: &Path, users: usize) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    writeln!(file, "id,username,password,role").unwrap();
    for id in 1..=users {
        let scattered = (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let hash = HASHES[id % 2];
        let role = if id % 1000 == 0 { "admin" } else { "user" };
        writeln!(file, "{id},{scattered:08x}.{id},{hash},{role}").unwrap();
    }
    file.flush().unwrap();
}
