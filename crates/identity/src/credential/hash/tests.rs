use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use super::*;

const VECTORS: &str = include_str!("../../../../../tests/vectors/password-hashes.tsv");

struct Vector {
    family: &'static str,
    password: &'static str,
    hash: &'static str,
}

fn vectors() -> impl Iterator<Item = Vector> {
    VECTORS
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [family, password, hash, _source] = fields[..] else {
                panic!("four fields: {line}")
            };
            Vector {
                family,
                password,
                hash,
            }
        })
}

#[test]
fn our_own_hash_is_argon2id_with_the_parameters_that_are_promised() {
    let hash = argon2id("correct horse", [7; 16]).expect("hashes");
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$BwcHBwcHBwcHBwcHBwcHBw$"),
        "{hash}"
    );
    assert_eq!(hash, argon2id("correct horse", [7; 16]).expect("hashes"));
    assert_ne!(hash, argon2id("correct horse", [8; 16]).expect("hashes"));
    let kept = Hash::parse(&hash).expect("parses");
    assert!(kept.is_strong() && !kept.is_heavy());
    assert!(kept.verify("correct horse") && !kept.verify("correct hors"));
}

#[test]
fn the_password_of_each_familys_vector_verifies_and_a_wrong_one_does_not() {
    let mut families = BTreeSet::new();
    for Vector {
        family,
        password,
        hash,
    } in vectors()
    {
        let kept = Hash::parse(hash).unwrap_or_else(|refusal| panic!("{refusal:?}: {hash}"));
        assert!(kept.verify(password), "{hash}");
        for wrong in ["", "x", &password[1..], &format!("{password}x")] {
            assert!(!kept.verify(wrong), "`{wrong}` verifies: {hash}");
        }
        families.insert(family);
    }
    let all = [
        "SSHA",
        "SSHA256",
        "SSHA512",
        "argon2i",
        "argon2id",
        "bcrypt",
        "firescrypt",
        "hmac-md4",
        "hmac-md5",
        "hmac-sha1",
        "hmac-sha224",
        "hmac-sha256",
        "hmac-sha384",
        "hmac-sha512",
        "md5",
        "md5-crypt",
        "pbkdf2-sha1",
        "pbkdf2-sha224",
        "pbkdf2-sha256",
        "pbkdf2-sha384",
        "pbkdf2-sha512",
        "scrypt",
        "sha1",
        "sha256",
        "sha256-crypt",
        "sha512",
        "sha512-crypt",
    ];
    assert_eq!(families, BTreeSet::from(all));
}

#[test]
fn a_hash_that_lacks_a_character_or_has_one_more_never_panics_nor_verifies() {
    for Vector { password, hash, .. } in vectors() {
        let cut = (0..hash.len()).map(|length| hash[..length].to_owned());
        let more = ["$", "=", "A", "\0", "ü"].map(|end| format!("{hash}{end}"));
        for text in cut.chain(more) {
            // To verify would take long for the costly families; most are refused by their form. A key that is cut
            // is a shorter key.
            if let Ok(kept) = Hash::parse(&text)
                && !matches!(
                    kept.0,
                    Family::Argon2(_)
                        | Family::Scrypt(_)
                        | Family::Firescrypt(_)
                        | Family::Pbkdf2(_)
                )
                && text.trim_end_matches('=') != hash.trim_end_matches('=')
            {
                assert!(!kept.verify(password), "{text}");
            }
        }
    }
}

#[test]
fn bcrypt_looks_at_72_bytes_and_then_keeps_its_hash() {
    // With the bcrypt of PyPI: 72 times `x`.
    let kept = Hash::parse("$2b$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q")
        .expect("parses");
    for length in [72, 73, 200] {
        let checked = check(&"x".repeat(length), Some(&kept), [1; 16]).expect("checks");
        assert!(checked.verified && checked.rehashed.is_none(), "{length}");
    }
    assert!(!kept.verify(&"x".repeat(71)));
}

#[test]
fn a_weak_hash_is_replaced_when_its_password_fits_and_only_then() {
    for Vector { password, hash, .. } in vectors().filter(|vector| vector.password.len() < 40) {
        let kept = Hash::parse(hash).expect("parses");
        if kept.is_heavy() {
            continue;
        }
        let right = check(password, Some(&kept), [1; 16]).expect("checks");
        let fresh = right.rehashed.expect("is weaker than ours");
        let fresh = Hash::parse(&fresh).expect("parses");
        assert!(right.verified && fresh.is_strong() && fresh.verify(password));
        let again = check(password, Some(&fresh), [2; 16]).expect("checks");
        assert!(again.verified && again.rehashed.is_none());
        let wrong = check("wrong", Some(&kept), [1; 16]).expect("checks");
        assert!(!wrong.verified && wrong.rehashed.is_none());
    }
    let none = check("any", None, [1; 16]).expect("checks");
    assert!(!none.verified && none.rehashed.is_none());
}

#[test]
fn an_empty_password_never_verifies() {
    // The MD5 of nothing.
    let kept = Hash::parse("$md5$1B2M2Y8AsgTpgAmY7PhCfg==").expect("parses");
    assert!(!check("", Some(&kept), [1; 16]).expect("checks").verified);
}

#[test]
fn abuse_55_a_wrong_password_takes_as_long_with_a_cheap_hash_a_strong_one_and_none() {
    let strong = Hash::parse(&argon2id("right", [7; 16]).expect("hashes")).expect("parses");
    let cheap = Hash::parse("$md5$4QrcOUm6Wau+VuBX8g+IPg==").expect("parses");
    let took = |kept: Option<&Hash>| {
        let mut times: Vec<Duration> = (0..9)
            .map(|_| {
                let begun = Instant::now();
                assert!(!check("wrong", kept, [1; 16]).expect("checks").verified);
                begun.elapsed()
            })
            .collect();
        times.sort_unstable();
        times[0]
    };
    let (none, cheap, strong) = (took(None), took(Some(&cheap)), took(Some(&strong)));
    let (least, most) = (none.min(cheap).min(strong), none.max(cheap).max(strong));
    // Machines that do other work besides are uneven; without the work of a hash it would be a thousand times less.
    assert!(most < least * 8, "{none:?} {cheap:?} {strong:?}");
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
        // A digest of another length than the family's.
        "$sha256$pf=e1NBTFR9e1BBU1NXT1JEfQ==$MTIz$MTIzNDU2",
        "$hmac-sha256$MTIzNDU2$MTIzNDU2",
        "$sha512-crypt$rounds=5000$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO",
        "$md5-crypt$saltstring$vQr9Mn7QcGwTDK.USnNI8/",
        // A format without the password in it: every password would do.
        "$md5$pf=e1NBTFR9$MTIz$4QrcOUm6Wau+VuBX8g+IPg==",
    ] {
        assert_eq!(recognise(text), Err(Refusal::Broken), "{text}");
    }
}

#[test]
fn abuse_54_hashes_of_excessive_cost_are_refused_before_any_work() {
    let begun = Instant::now();
    let long = "A".repeat(1_360);
    let many_blocks = format!("$pbkdf2-sha1$i=10000000,l=128$e8/arsEf4cvQihdNgqj0Nw${long}");
    for hash in [
        "$argon2id$v=19$m=4194304,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=11,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2,p=0$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=16,t=2,p=16$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$argon2id$v=19$m=99999999999999999999,t=2,p=1$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$2b$31$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$2b$16$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$pbkdf2-sha256$i=1000000000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A",
        &many_blocks,
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
fn the_most_costly_hashes_that_are_taken_in_are_checked_one_at_a_time() {
    for hash in [
        "$argon2id$v=19$m=1048576,t=10,p=16$bVI1aE1SaTV6SGQ3bzdXdw$fnjCcZYmEPOUOjYXsT92Cg",
        "$2b$15$ZsCsoVQ3xfBG/K2z2XpBf.tm90GZmtOqtqWcB5.pYd5Eq8y7RlDyq",
        "$pbkdf2-sha256$i=10000000,l=128$e8/arsEf4cvQihdNgqj0Nw$5xQQKNTyeTHx2Ld5/JDE7A",
        "$scrypt$ln=131072,r=8,p=10$ZtQva9xCHzlSELH/mA7Kj5KjH2tCrkbwYzdxknkL0QQ=$pnTcXKaWVT+FwFDdk3vO1K0J7ZgOxdSU1tCJNYmn8zI=",
    ] {
        assert!(Hash::parse(hash).expect("parses").is_heavy(), "{hash}");
    }
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
        "The imported password does not match any known hash format."
    );
}
