use proptest::prelude::*;

use super::*;

#[test]
fn an_origin_is_written_the_way_a_browser_sends_it() {
    for (text, shown) in [
        ("https://Auth.Example.org", "https://auth.example.org"),
        ("https://auth.example.org:443/", "https://auth.example.org"),
        ("HTTP://localhost:5000", "http://localhost:5000"),
        ("http://[0:0::1]:8080", "http://[::1]:8080"),
        ("https://10.0.0.1:80", "https://10.0.0.1:80"),
    ] {
        assert_eq!(text.parse::<PublicUrl>().unwrap().to_string(), shown);
    }
}

#[test]
fn more_than_scheme_host_and_port_is_refused() {
    for (text, error) in [
        ("auth.example.org", WebOriginError::Scheme),
        ("ftp://auth.example.org", WebOriginError::Scheme),
        ("https://a.example/auth", WebOriginError::Path),
        ("https://a.example/?x=1", WebOriginError::Path),
        ("https://a.example#top", WebOriginError::Path),
        ("https://u:p@a.example", WebOriginError::UserInfo),
        ("https://", WebOriginError::Host),
        ("https://a b", WebOriginError::Host),
        ("https://é.example", WebOriginError::Host),
        ("https://::1", WebOriginError::Host),
        ("https://a.example:0", WebOriginError::Port),
        ("https://a.example:65536", WebOriginError::Port),
        ("https://a.example:+80", WebOriginError::Port),
        ("https://a.example:", WebOriginError::Port),
    ] {
        assert_eq!(text.parse::<WebOrigin>(), Err(error), "{text}");
    }
}

#[test]
fn only_this_machine_is_loopback() {
    for (text, loopback) in [
        ("http://localhost:5000", true),
        ("http://app.localhost", true),
        ("http://127.8.8.8", true),
        ("http://[::1]", true),
        ("http://localhost.example.org", false),
        ("http://127.0.0.1.example.org", false),
        ("http://10.0.0.1", false),
    ] {
        assert_eq!(
            text.parse::<WebOrigin>().unwrap().is_loopback(),
            loopback,
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn what_is_shown_reads_back_the_same(text in "(http|https)://[a-z0-9.\\[\\]:-]{0,20}(:[0-9]{0,6})?") {
        if let Ok(origin) = text.parse::<WebOrigin>() {
            prop_assert_eq!(origin.to_string().parse::<WebOrigin>(), Ok(origin));
        }
    }
}
