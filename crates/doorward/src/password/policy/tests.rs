use super::*;

fn check(text: &str) -> Result<(), PolicyViolation> {
    let policy = PasswordPolicy::default();
    policy.check(
        &Password::parse(text).unwrap(),
        &PolicyContext::for_username("alice"),
    )
}

fn common(reason: CommonReason) -> Result<(), PolicyViolation> {
    Err(PolicyViolation::Common { reason })
}

#[test]
fn length_is_counted_in_code_points() {
    assert_eq!(
        check("🦀🐙🌵🎈🔑🚲🧊"),
        Err(PolicyViolation::TooShort { min_chars: 8 })
    );
    assert_eq!(check("🦀🐙🌵🎈🔑🚲🧊🪁"), Ok(()));
}

#[test]
fn length_is_counted_on_the_composed_form() {
    assert_eq!(
        check("a\u{308}o\u{308}u\u{308}e\u{301}"),
        Err(PolicyViolation::TooShort { min_chars: 8 })
    );
}

#[test]
fn the_maximum_is_inclusive_and_nothing_is_cut() {
    let text: String = ('\u{4e00}'..).step_by(7).take(256).collect();
    assert_eq!(check(&text), Ok(()));
    assert_eq!(
        check(&format!("{text}x")),
        Err(PolicyViolation::TooLong { max_chars: 256 })
    );
}

#[test]
fn the_short_message_states_the_minimum() {
    let policy = PasswordPolicy::new(15, 256).unwrap();
    let violation = policy
        .check(
            &Password::parse("fourteen chars").unwrap(),
            &PolicyContext::default(),
        )
        .unwrap_err();
    assert_eq!(violation.code(), "password_too_short");
    assert!(
        violation.to_string().contains("at least 15 characters"),
        "{violation}"
    );
    assert!(
        policy
            .check(
                &Password::parse("fifteen  chars!").unwrap(),
                &PolicyContext::default()
            )
            .is_ok()
    );
}

#[test]
fn any_composition_is_accepted() {
    for text in [
        "correct horse",
        "83920174655",
        "ñandú veloz",
        "       x       ",
        "?!?-;:_§$",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn a_nul_is_refused_and_named() {
    let violation = check("abcd\0efgh").unwrap_err();
    assert_eq!(violation, PolicyViolation::ContainsNul);
    assert_eq!(violation.code(), "password_contains_nul");
}

#[test]
fn listed_passwords_are_refused_in_any_case() {
    for text in [
        "password1",
        "PASSWORD1",
        "Password1",
        "qwertyuiop",
        "trustno1",
    ] {
        assert_eq!(check(text), common(CommonReason::Listed), "{text}");
    }
    assert_eq!(check("password1").unwrap_err().code(), "password_common");
}

#[test]
fn a_listed_password_inside_a_longer_one_is_accepted() {
    assert_eq!(check("password1 and a bicycle"), Ok(()));
}

#[test]
fn repetitions_of_short_pieces_and_of_listed_passwords_are_refused() {
    for text in [
        "gggggggggggg",
        "abcabcabcabc",
        "MonkeyMonkey",
        "passwordpassword",
        "        ",
    ] {
        assert!(
            check(text).is_err_and(|v| v.code() == "password_common"),
            "{text}"
        );
    }
    assert_eq!(check("monkeymonkey"), common(CommonReason::Repeated));
    assert_eq!(check("wet bicycle wet bicycle "), Ok(()));
}

#[test]
fn runs_are_refused() {
    assert!(check("12345678").is_err_and(|v| v.code() == "password_common"));
    assert_eq!(check("456789012345"), common(CommonReason::Run));
    assert_eq!(check("nmlkjihgfedcb"), common(CommonReason::Run));
}

#[test]
fn the_user_name_and_the_service_name_are_refused_with_simple_additions() {
    for text in [
        "alice7531",
        "Alice2026",
        "doorwarddoorward26",
        "ALICE_2026!",
        "doorward",
        "Doorward2026!",
    ] {
        assert_eq!(check(text), common(CommonReason::Context), "{text}");
    }
    assert_eq!(check("alice in a boat"), Ok(()));
}

#[test]
fn the_local_part_of_an_address_and_further_words_count() {
    let context = PolicyContext::for_username("bob.builder@example.org").with_word("Fahrradladen");
    let policy = PasswordPolicy::default();
    for text in ["bob.builder@example.org", "bob.builder1", "fahrradladen26"] {
        let password = Password::parse(text).unwrap();
        assert_eq!(
            policy.check(&password, &context),
            common(CommonReason::Context),
            "{text}"
        );
    }
}

#[test]
fn a_decomposed_user_name_is_recognised_in_a_composed_password() {
    let context = PolicyContext::for_username("Jo\u{308}rgen");
    let password = Password::parse("j\u{f6}rgen2026").unwrap();
    assert_eq!(
        PasswordPolicy::default().check(&password, &context),
        common(CommonReason::Context)
    );
}

#[test]
fn a_short_user_name_blocks_nothing() {
    let context = PolicyContext::for_username("x");
    let password = Password::parse("xxxxxxx2718").unwrap();
    assert_eq!(PasswordPolicy::default().check(&password, &context), Ok(()));
}

#[test]
fn messages_do_not_repeat_the_password() {
    for text in ["shortie", "password1", "monkeymonkey", "alice7531"] {
        assert!(
            !check(text).unwrap_err().to_string().contains(text),
            "{text}"
        );
    }
}

#[test]
fn lengths_outside_the_bounds_cannot_be_configured() {
    assert!(PasswordPolicy::new(8, 64).is_ok());
    assert!(PasswordPolicy::new(7, 64).is_err());
    assert!(PasswordPolicy::new(8, 63).is_err());
    assert!(PasswordPolicy::new(65, 64).is_err());
    assert!(PasswordPolicy::new(8, 1025).is_err());
}
