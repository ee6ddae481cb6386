//! Which events of the audit trail somebody asks for, as the API's parameters and the command's flags say it.

use doorward::{
    audit::{EventFilter, EventKind, Outcome},
    caller::Actor,
};

use crate::config::{parse_end_date, parse_since};

/// The texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FilterTexts<'a> {
    /// The name of what happened.
    pub kind: Option<&'a str>,
    /// The name of how it ended.
    pub outcome: Option<&'a str>,
    /// A kind of actor, or the number of a user.
    pub actor: Option<&'a str>,
    /// The number of the user it was about.
    pub subject: Option<&'a str>,
    /// The client's address.
    pub address: Option<&'a str>,
    /// Not before this moment. A date alone is its first moment.
    pub since: Option<&'a str>,
    /// Before this moment. A date alone is its end.
    pub until: Option<&'a str>,
}

/// A text that names no events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' must be {rule}")]
pub struct InvalidFilter {
    /// Which.
    pub name: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

const MOMENT: &str = "a date such as 2027-03-31 or 2027-03-31T18:00:00Z";

/// Each text as a typed value.
///
/// # Errors
/// [`InvalidFilter`] names the first that is none.
pub fn parse(texts: FilterTexts<'_>) -> Result<EventFilter, InvalidFilter> {
    let invalid = |name, rule| move || InvalidFilter { name, rule };
    let mut filter = EventFilter::default();
    if let Some(text) = texts.kind {
        let kind = EventKind::from_name(text);
        let kind = kind.ok_or_else(invalid("kind", "the name of a kind of event"))?;
        filter.kind = Some(kind.as_str().to_owned());
    }
    if let Some(text) = texts.outcome {
        let outcome = Outcome::from_name(text)
            .ok_or_else(invalid("outcome", "'success', 'failure' or 'denied'"))?;
        filter.outcome = Some(outcome.as_str().to_owned());
    }
    if let Some(text) = texts.actor {
        filter.actor_id = number(text);
        let word = if filter.actor_id.is_some() {
            "user"
        } else {
            text
        };
        if !Actor::NAMES.contains(&word) {
            let rule = "a user's number, or 'anonymous', 'user', 'operator' or 'system'";
            return Err(InvalidFilter {
                name: "actor",
                rule,
            });
        }
        filter.actor = Some(word.to_owned());
    }
    if let Some(text) = texts.subject {
        let subject = number(text).ok_or_else(invalid("subject", "a user's number"))?;
        filter.subject_id = Some(subject);
    }
    if let Some(text) = texts.address {
        let address: std::net::IpAddr = text
            .parse()
            .map_err(|_| invalid("address", "an IPv4 or IPv6 address")())?;
        filter.address = Some(address.to_canonical().to_string());
    }
    if let Some(text) = texts.since {
        filter.since = Some(parse_since(text).ok_or_else(invalid("since", MOMENT))?);
    }
    if let Some(text) = texts.until {
        let until = parse_end_date(text).ok();
        filter.until = Some(until.ok_or_else(invalid("until", MOMENT))?);
    }
    Ok(filter)
}

fn number(text: &str) -> Option<i64> {
    text.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_user_and_a_word_a_kind_of_actor() {
        let actor = |text| {
            let texts = FilterTexts {
                actor: Some(text),
                ..FilterTexts::default()
            };
            parse(texts).map(|filter| (filter.actor, filter.actor_id))
        };
        assert_eq!(actor("7"), Ok((Some("user".to_owned()), Some(7))));
        for word in ["anonymous", "user", "operator", "system"] {
            assert_eq!(actor(word), Ok((Some(word.to_owned()), None)));
        }
        // A program with a key acts as its user; the detail names the key.
        for wrong in ["0", "-1", "root", "api_key", ""] {
            assert_eq!(actor(wrong).map_err(|error| error.name), Err("actor"));
        }
    }

    #[test]
    fn a_day_is_whole_from_since_to_until() {
        let texts = FilterTexts {
            since: Some("2027-03-31"),
            until: Some("2027-03-31"),
            ..FilterTexts::default()
        };
        let filter = parse(texts).unwrap();
        let (since, until) = (filter.since.unwrap(), filter.until.unwrap());
        assert_eq!(until.since(since), std::time::Duration::from_hours(24));
    }
}
