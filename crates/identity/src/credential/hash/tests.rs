use std::time::{Duration, Instant};

use super::*;

#[test]
fn our_own_hash_is_argon2id_with_the_parameters_that_are_promised() {
    let hash = argon2id("correct horse", [7; 16]).expect("hashes");
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"),
        "{hash}"
    );
    assert_eq!(hash, argon2id("correct horse", [7; 16]).expect("hashes"));
    assert_ne!(hash, argon2id("correct horse", [8; 16]).expect("hashes"));
    assert_ne!(hash, argon2id("correct hors", [7; 16]).expect("hashes"));
    assert_eq!(recognise(&hash), Ok(()));
    let parsed = PasswordHash::new(&hash).expect("parses");
    argon2::PasswordVerifier::verify_password(&Argon2::default(), b"correct horse", &parsed)
        .expect("verifies");
}

#[test]
fn hashes_of_every_known_format_are_recognised() {
    for hash in [
        "$2a$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$2$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$2y$15$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2i$v=19$m=65536,t=3,p=4$STVE4CQ9qQ1dK/j224VMbA$o8b+k5wdHgBqf7ES+aWG2K7Y9diQ6ahEhbW8zcstXGo",
        "$pbkdf2-sha256$i=1000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A",
        "$scrypt$ln=16384,r=8,p=1$ZtQva9xCHzlSELH/mA7Kj5KjH2tCrkbwYzdxknkL0QQ=$pnTcXKaWVT+FwFDdk3vO1K0J7ZgOxdSU1tCJNYmn8zI=",
        "$md5$4QrcOUm6Wau+VuBX8g+IPg==",
        "$md5$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$4QrcOUm6Wau+VuBX8g+IPg==",
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$MTIzNDU2",
        "$hmac-sha256$YjhhZDA4YTNhNTQ3ZTM1ODI5YjgyMWI3NTM3MDMwMWRkOGM0YjA2YmRkNzc3MWY5YjU0MWE3NTkxNDA2ODcxOA==$MTIzNDU2",
        "$firescrypt$ln=14,r=8,p=1$MTIz$MTIzNDU2$Bw==$MTIzNDU2",
        "$sha512-crypt$rounds=5000$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO",
        "$md5-crypt$salt$abcdefghijklmnopqrstu.",
        "{SSHA}JFZFs0oHzxbMwkSJmYVeI8MnTDy/276a",
        "{SSHA256}czO44OTV17PcF1cRxWrLZLy9xHd7CWyVYplr1rOhuMlx/7IK",
        "{SSHA512}xPUl/px+1cG55rUH4rzcwxdOIPSB2TingLpiJJumN2xyDWN4Ix1WQG3ihnvHaWUE8MYNkvMi5rf0C9NYixHsE6Yh59M=",
    ] {
        assert_eq!(recognise(hash), Ok(()), "{hash}");
    }
}

#[test]
fn what_is_no_hash_is_refused() {
    for text in [
        "",
        "hunter2",
        "$",
        "$$",
        "$x$y",
        "$2x$10$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "{SHA}x",
        "$hmac-sha3$a$b",
    ] {
        assert_eq!(recognise(text), Err(Refusal::Unknown), "{text}");
    }
    for text in [
        "$2a$10$tooshort",
        "$2a$1$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$argon2id$v=16$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2,p=1$!$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw",
        "$pbkdf2-sha999$i=1000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A",
        "$sha1$MTIz",
        "{SSHA}MTIz",
    ] {
        assert_eq!(recognise(text), Err(Refusal::Broken), "{text}");
    }
}

#[test]
fn abuse_54_hashes_of_excessive_cost_are_refused_before_any_work() {
    let begun = Instant::now();
    for hash in [
        "$argon2id$v=19$m=4194304,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=11,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2,p=0$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$2b$31$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$2b$16$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$pbkdf2-sha256$i=1000000000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A",
        "$scrypt$ln=262144,r=8,p=1$ZtQva9xCHzlSELH/mA7Kj5KjH2tCrkbwYzdxknkL0QQ=$pnTcXKaWVT+FwFDdk3vO1K0J7ZgOxdSU1tCJNYmn8zI=",
        "$firescrypt$ln=18,r=8,p=1$MTIz$MTIzNDU2$Bw==$MTIzNDU2",
        "$sha512-crypt$rounds=999999999$salt$abc",
    ] {
        assert!(
            matches!(recognise(hash), Err(Refusal::TooCostly(_))),
            "{hash}"
        );
    }
    // A bcrypt hash of 60 bytes that are not 60 characters.
    let wide = format!("$2b$10${}", "ü".repeat(27));
    assert!(recognise(&wide).is_err());
    assert!(recognise(&"$".repeat(100_000)).is_err());
    assert!(begun.elapsed() < Duration::from_millis(100));
}

#[test]
fn refusals_name_the_field_and_not_the_hash() {
    let error = Refusal::Unknown.error("credentials.password.config.hashed_password");
    assert_eq!(
        error.envelope().details["field"],
        "credentials.password.config.hashed_password"
    );
    assert_eq!(
        error.envelope().message,
        "the imported password does not match any known hash format"
    );
}
