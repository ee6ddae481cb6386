//! The forms that users are written in. Shapes: Kratos `identity/handler.go` (`CreateIdentityBody`), Keycloak
//! `PartialImportRepresentation` and `UserRepresentation`, Zitadel `admin.proto` (`ImportDataRequest`).

use doorward::{password::ExportTarget, user::StoredUser};
use serde_json::{Value, json};

use crate::{
    cli::{ExportArgs, ExportFormat},
    commands::timestamp::rfc3339,
};

/// A format with what it needs to know.
pub(super) struct Format {
    format: ExportFormat,
    organisation: String,
}

/// The columns of CSV and the keys of JSON lines.
const COLUMNS: &str = "id,username,password,role,active,disabled_at,created_at\r\n";

/// What `password` is in Werkzeug's CSV where there is no hash for it: `check_password_hash` says no to it.
const NO_PASSWORD: &str = "!";

impl Format {
    pub(super) fn new(arguments: &ExportArgs) -> Self {
        Self {
            format: arguments.format,
            organisation: arguments.organisation.clone().unwrap_or_default(),
        }
    }

    /// Whose notation the hashes are written in; none for as they are stored.
    pub(super) fn target(&self) -> Option<ExportTarget> {
        match self.format {
            ExportFormat::Jsonl | ExportFormat::Csv => None,
            ExportFormat::Kratos => Some(ExportTarget::Kratos),
            ExportFormat::Keycloak => Some(ExportTarget::Keycloak),
            ExportFormat::Zitadel => Some(ExportTarget::Zitadel),
            ExportFormat::Werkzeug => Some(ExportTarget::Werkzeug),
        }
    }

    /// Whether it can say that a user must not log in.
    pub(super) fn has_disabled(&self) -> bool {
        self.format != ExportFormat::Zitadel
    }

    pub(super) fn head(&self) -> &str {
        match self.format {
            ExportFormat::Jsonl => "",
            ExportFormat::Csv | ExportFormat::Werkzeug => COLUMNS,
            ExportFormat::Kratos => "[\n",
            ExportFormat::Keycloak => "{\"ifResourceExists\": \"FAIL\", \"users\": [\n",
            ExportFormat::Zitadel => "{\"dataOrgs\": {\"orgs\": [",
        }
    }

    pub(super) fn between(&self) -> &'static str {
        match self.format {
            ExportFormat::Jsonl | ExportFormat::Csv | ExportFormat::Werkzeug => "",
            ExportFormat::Kratos | ExportFormat::Keycloak | ExportFormat::Zitadel => ",\n",
        }
    }

    pub(super) fn foot(&self) -> &'static str {
        match self.format {
            ExportFormat::Jsonl | ExportFormat::Csv | ExportFormat::Werkzeug => "",
            ExportFormat::Kratos => "\n]\n",
            ExportFormat::Keycloak => "\n]}\n",
            ExportFormat::Zitadel => "\n]}]}}\n",
        }
    }

    /// One user, without a password where there is none.
    pub(super) fn entry(&self, stored: &StoredUser, hash: Option<&str>) -> String {
        match self.format {
            ExportFormat::Jsonl => line(stored, hash),
            ExportFormat::Csv | ExportFormat::Werkzeug => csv(stored, hash),
            ExportFormat::Kratos => kratos(stored, hash).to_string(),
            ExportFormat::Keycloak => keycloak(stored, hash).to_string(),
            ExportFormat::Zitadel => zitadel(stored, hash).to_string(),
        }
    }

    /// What stands before the first user, and depends on the arguments.
    pub(super) fn opening(&self) -> String {
        match self.format {
            ExportFormat::Zitadel => {
                format!(
                    "{{\"orgId\": {}, \"humanUsers\": [\n",
                    Value::from(self.organisation.as_str())
                )
            }
            _ => String::new(),
        }
    }
}

fn line(stored: &StoredUser, hash: Option<&str>) -> String {
    let user = &stored.user;
    let object = json!({
        "id": user.id.get(),
        "username": user.username,
        "password": hash,
        "role": user.role.as_str(),
        "active": user.disabled_at.is_none(),
        "disabled_at": user.disabled_at.map(rfc3339),
        "created_at": rfc3339(user.created_at),
    });
    format!("{object}\n")
}

fn csv(stored: &StoredUser, hash: Option<&str>) -> String {
    let user = &stored.user;
    let fields = [
        user.id.to_string(),
        user.username.clone(),
        hash.unwrap_or(NO_PASSWORD).to_owned(),
        user.role.to_string(),
        if user.disabled_at.is_none() { "1" } else { "0" }.to_owned(),
        user.disabled_at.map(rfc3339).unwrap_or_default(),
        rfc3339(user.created_at),
    ];
    fields.map(|field| quoted(&field)).join(",") + "\r\n"
}

/// RFC 4180.
fn quoted(field: &str) -> String {
    if field.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn kratos(stored: &StoredUser, hash: Option<&str>) -> Value {
    let user = &stored.user;
    let mut identity = json!({
        "schema_id": "default",
        "state": if user.disabled_at.is_none() { "active" } else { "inactive" },
        "traits": { "username": user.username },
        "metadata_public": { "role": user.role.as_str() },
        "metadata_admin": { "doorward_id": user.id.get() },
    });
    if let (Some(hash), Some(identity)) = (hash, identity.as_object_mut()) {
        let credentials = json!({ "password": { "config": { "hashed_password": hash } } });
        identity.insert("credentials".to_owned(), credentials);
    }
    identity
}

fn keycloak(stored: &StoredUser, hash: Option<&str>) -> Value {
    let user = &stored.user;
    // The hash is a whole credential in JSON.
    let credential = hash.and_then(|hash| serde_json::from_str::<Value>(hash).ok());
    let actions: &[&str] = if credential.is_some() {
        &[]
    } else {
        &["UPDATE_PASSWORD"]
    };
    json!({
        "username": user.username,
        "enabled": user.disabled_at.is_none(),
        "createdTimestamp": user.created_at.as_millis(),
        "attributes": { "doorward_id": [user.id.to_string()] },
        "realmRoles": [user.role.as_str()],
        "credentials": credential.into_iter().collect::<Vec<_>>(),
        "requiredActions": actions,
    })
}

fn zitadel(stored: &StoredUser, hash: Option<&str>) -> Value {
    let user = &stored.user;
    let name = &user.username;
    // An address is compulsory. `invalid` is a domain that nobody can own (RFC 6761), so no mail is sent there; whether
    // somebody owns a real one was never asked here.
    let (email, is_verified) = if name.contains('@') {
        (name.clone(), false)
    } else {
        (format!("user-{}@doorward.invalid", user.id), true)
    };
    let mut human = json!({
        "userName": name,
        "profile": { "firstName": name, "lastName": name, "displayName": name },
        "email": { "email": email, "isEmailVerified": is_verified },
    });
    if let (Some(hash), Some(human)) = (hash, human.as_object_mut()) {
        human.insert("hashedPassword".to_owned(), json!({ "value": hash }));
    }
    json!({ "userId": user.id.to_string(), "user": human })
}
