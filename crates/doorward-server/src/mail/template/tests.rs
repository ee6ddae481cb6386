use super::*;

const VALUES: LetterValues<'_> = LetterValues {
    username: "<b>una&\"'\r\nBcc: all",
    site: "https://auth.example.org",
    link: "https://auth.example.org/reset#T",
    valid_for: "30m",
};

#[test]
fn the_letters_that_are_compiled_in_can_be_filled_and_escape_what_users_choose() {
    for kind in LetterKind::ALL {
        let letter = LetterTemplate::load(kind, None).unwrap().fill(&VALUES);
        assert_eq!(letter.text.contains(VALUES.link), has_link(kind));
        assert_eq!(letter.html.contains(VALUES.link), has_link(kind));
        assert!(letter.html.contains("&lt;b&gt;una&amp;&quot;&#39;"));
        assert!(!letter.html.contains("<b>"));
        assert!(!letter.text.contains("\nBcc"));
        assert!(!letter.subject.is_empty() && !letter.subject.contains('\n'));
    }
}

#[test]
fn a_template_with_an_unknown_or_a_missing_value_is_refused() {
    let kind = LetterKind::ResetPassword;
    let good = "Subject: x\n\n{{link}}";
    assert!(LetterTemplate::parse(kind, good, "{{ link }}").is_ok());
    for (text, html) in [
        (good, "no link"),
        ("Subject: x\n\nno link", "{{link}}"),
        ("no subject\n\n{{link}}", "{{link}}"),
        ("Subject: {{link}}\n\n{{link}}", "{{link}}"),
        (good, "{{link}} {{password}}"),
        (good, "{{link}} {{link"),
    ] {
        assert!(
            LetterTemplate::parse(kind, text, html).is_err(),
            "{text} {html}"
        );
    }
    assert!(LetterTemplate::parse(LetterKind::PasswordChanged, good, "").is_err());
}
