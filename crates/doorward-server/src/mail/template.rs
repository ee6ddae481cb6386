//! What letters say: texts with `{{name}}` in them, compiled in, each replaced by a file of the same name in
//! `mail.template_dir`.

use std::path::Path;

use doorward::letter::LetterKind;

use crate::failure::Failure;

/// The values of one letter.
#[derive(Debug)]
pub(super) struct LetterValues<'a> {
    /// The user's name.
    pub(super) username: &'a str,
    /// The public URL.
    pub(super) site: &'a str,
    /// The link, in letters that have one.
    pub(super) link: &'a str,
    /// How long the link is good.
    pub(super) valid_for: &'a str,
}

impl LetterValues<'_> {
    fn get(&self, name: Placeholder) -> &str {
        match name {
            Placeholder::Username => self.username,
            Placeholder::Site => self.site,
            Placeholder::Link => self.link,
            Placeholder::ValidFor => self.valid_for,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Placeholder {
    Username,
    Site,
    Link,
    ValidFor,
}

impl Placeholder {
    fn parse(name: &str, kind: LetterKind) -> Option<Self> {
        let has_link = has_link(kind);
        match name.trim() {
            "username" => Some(Self::Username),
            "site" => Some(Self::Site),
            "link" if has_link => Some(Self::Link),
            "valid_for" if has_link => Some(Self::ValidFor),
            _ => None,
        }
    }
}

fn has_link(kind: LetterKind) -> bool {
    matches!(kind, LetterKind::ResetPassword | LetterKind::VerifyEmail)
}

#[derive(Debug)]
enum Part {
    Text(String),
    Value(Placeholder),
}

/// A text whose placeholders are known to exist.
#[derive(Debug)]
struct Template(Vec<Part>);

impl Template {
    fn parse(text: &str, kind: LetterKind) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after
                .split_once("}}")
                .ok_or("a `{{` has no `}}`".to_owned())?;
            let value = Placeholder::parse(name, kind)
                .ok_or_else(|| format!("`{{{{{}}}}}` is no value of this letter", name.trim()))?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Value(value));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    fn has(&self, wanted: Placeholder) -> bool {
        self.0
            .iter()
            .any(|part| matches!(part, Part::Value(value) if *value == wanted))
    }

    /// The values go through `escape`; the text itself is the operator's.
    fn fill(&self, values: &LetterValues<'_>, escape: impl Fn(&str) -> String) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Value(name) => escape(values.get(*name)),
            })
            .collect()
    }
}

/// The three texts of one kind of letter.
#[derive(Debug)]
pub(super) struct LetterTemplate {
    subject: Template,
    text: Template,
    html: Template,
}

/// A letter's texts.
#[derive(Debug)]
pub(super) struct LetterText {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

impl LetterTemplate {
    /// The template of a kind: the operator's files, or ours where there is none.
    ///
    /// # Errors
    /// [`Failure`] names the file and what is wrong with it.
    pub(super) fn load(kind: LetterKind, folder: Option<&Path>) -> Result<Self, Failure> {
        let (text, html) = compiled_in(kind);
        let read = |extension: &str, own: &str| match folder {
            None => Ok(own.to_owned()),
            Some(folder) => {
                let file = folder.join(format!("{}.{extension}", kind.as_str()));
                match std::fs::read_to_string(&file) {
                    Ok(text) => Ok(text),
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                        Ok(own.to_owned())
                    }
                    Err(error) => Err(Failure::new(format!("{} cannot be read", file.display()))
                        .why(error)
                        .usage()),
                }
            }
        };
        Self::parse(kind, &read("txt", text)?, &read("html", html)?).map_err(|why| {
            Failure::new(format!(
                "the template {} of mail.template_dir cannot be used",
                kind.as_str()
            ))
            .because_text(why)
            .fix("docs/operating.md, section Mail, lists the values of each letter")
            .usage()
        })
    }

    fn parse(kind: LetterKind, text: &str, html: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n");
        let (subject, body) = text
            .strip_prefix("Subject: ")
            .and_then(|rest| rest.split_once("\n\n"))
            .filter(|(subject, _)| !subject.contains('\n'))
            .ok_or("the text must begin with a line `Subject: …` and an empty line".to_owned())?;
        let template = Self {
            subject: Template::parse(subject, kind)?,
            text: Template::parse(body, kind)?,
            html: Template::parse(html, kind)?,
        };
        let lacks = |template: &Template| has_link(kind) && !template.has(Placeholder::Link);
        if lacks(&template.text) || lacks(&template.html) {
            return Err("`{{link}}` is missing".to_owned());
        }
        if template.subject.has(Placeholder::Link) {
            return Err("the subject must not hold `{{link}}`: mail servers log it".to_owned());
        }
        Ok(template)
    }

    pub(super) fn fill(&self, values: &LetterValues<'_>) -> LetterText {
        LetterText {
            subject: self.subject.fill(values, one_line),
            text: self.text.fill(values, one_line),
            html: self.html.fill(values, escaped),
        }
    }
}

fn one_line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut escaped, c| {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
        escaped
    })
}

fn compiled_in(kind: LetterKind) -> (&'static str, &'static str) {
    match kind {
        LetterKind::ResetPassword => (
            include_str!("templates/reset_password.txt"),
            include_str!("templates/reset_password.html"),
        ),
        LetterKind::VerifyEmail => (
            include_str!("templates/verify_email.txt"),
            include_str!("templates/verify_email.html"),
        ),
        LetterKind::PasswordChanged => (
            include_str!("templates/password_changed.txt"),
            include_str!("templates/password_changed.html"),
        ),
        LetterKind::EmailChanged => (
            include_str!("templates/email_changed.txt"),
            include_str!("templates/email_changed.html"),
        ),
    }
}

#[cfg(test)]
mod tests;
