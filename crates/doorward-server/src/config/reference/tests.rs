use std::path::Path;

use super::*;
use crate::config::{Environment, Sources, load, toml_file};

fn loaded(variables: &[(String, String)]) -> Loaded {
    let directory = tempfile::tempdir().unwrap();
    let sources = Sources {
        environment: variables.iter().cloned().collect::<Environment>(),
        directory: directory.path().to_owned(),
        ..Sources::default()
    };
    load(&sources).unwrap()
}

/// `(variable, text)` of every default that the page states as a value.
fn stated_defaults() -> Vec<(String, String)> {
    let page = reference();
    let settings = page.split("\n## Tables for").next().unwrap();
    let mut stated = Vec::new();
    for section in settings.split("\n### `").skip(1) {
        let (key, rest) = section.split_once('`').unwrap();
        let default = rest
            .split("\n- Default: ")
            .nth(1)
            .unwrap()
            .lines()
            .next()
            .unwrap();
        if let Some(quoted) = default.strip_prefix('`') {
            let variable = crate::config::find_setting(key).unwrap().variable();
            let value = quoted.split('`').next().unwrap();
            stated.push((variable, value.to_owned()));
        }
    }
    stated
}

#[test]
fn every_default_on_the_page_is_the_typed_default() {
    let stated = stated_defaults();
    let expected = SETTINGS
        .iter()
        .filter(|s| !matches!(s.default, DefaultValue::Unset(_) | DefaultValue::Is("")));
    assert_eq!(stated.len(), expected.count());
    assert_eq!(loaded(&stated).config, loaded(&[]).config);
}

#[test]
fn the_page_and_the_template_name_every_setting() {
    let (page, template) = (reference(), template());
    for setting in SETTINGS {
        assert!(
            page.contains(&format!("### `{}`\n", setting.key)),
            "{}",
            setting.key
        );
        assert!(
            page.contains(&format!("`{}`", setting.variable())),
            "{}",
            setting.key
        );
        let (_, name) = setting.table_and_name();
        assert!(
            template.contains(&format!("\n#{name} = ")),
            "{}",
            setting.key
        );
    }
}

#[test]
fn the_template_uncommented_is_a_valid_file_with_every_key() {
    let template = template();
    assert!(
        toml_file::parse(&template, Path::new("x"))
            .unwrap()
            .entries
            .is_empty()
    );
    let uncommented = template.replace("\n#", "\n").replace("\n ", "\n# ");
    let content = toml_file::parse(&uncommented, Path::new("x")).unwrap();
    assert_eq!(content.rows.len(), 2);
    let entries = content.entries;
    assert_eq!(entries.len(), SETTINGS.len());
    for entry in entries {
        let read = entry.setting.kind.read(&entry.raw);
        assert!(read.is_ok(), "{}: {read:?}", entry.setting.key);
    }
}

#[test]
fn every_example_is_a_value_that_its_setting_takes() {
    for setting in SETTINGS.iter().filter(|setting| !setting.secret) {
        // Some settings are of no use without others.
        let companions: &[&str] = match setting.key {
            "smtp.host" => &["public_url", "mail.from"],
            "forward_auth.redirects" => &["public_url", "forward_auth.cookie_domain"],
            "forward_auth.cookie_domain" => &["public_url"],
            _ => &[],
        };
        let variables: Vec<_> = std::iter::once(setting.key)
            .chain(companions.iter().copied())
            .map(|key| {
                let setting = crate::config::find_setting(key).unwrap();
                (setting.variable(), setting.example.to_owned())
            })
            .collect();
        let loaded = loaded(&variables);
        let shown = loaded.origin(setting.key).unwrap().to_string();
        assert!(shown.contains(&setting.variable()), "{}", setting.key);
    }
}

#[test]
fn the_shown_configuration_is_toml_that_reads_back_the_same() {
    let loaded = loaded(&[
        (
            "DOORWARD_TOKEN_ISSUER".to_owned(),
            "a \"quoted\\ realm".to_owned(),
        ),
        (
            "DOORWARD_TOKEN_EXTRA_CLAIMS".to_owned(),
            "user=username,a:b=role,type='access',fresh=false,level=3".to_owned(),
        ),
        (
            "DOORWARD_HTTP_CORS_ORIGINS".to_owned(),
            "https://a.example,http://b.example:81".to_owned(),
        ),
    ]);
    let entries = toml_file::parse(&loaded.show(true), Path::new("x"))
        .unwrap()
        .entries;
    for entry in &entries {
        let effective = loaded
            .settings
            .iter()
            .find(|e| e.setting.key == entry.setting.key);
        let read = entry.setting.kind.read(&entry.raw).unwrap();
        if entry.setting.key != "db.url" {
            assert_eq!(
                effective.unwrap().value,
                Some(read),
                "{}",
                entry.setting.key
            );
        }
    }
    assert!(entries.len() > 40);
    assert!(
        loaded
            .show(true)
            .contains("# environment variable DOORWARD_TOKEN_ISSUER")
    );
    assert!(!loaded.show(false).contains("environment variable"));
}
