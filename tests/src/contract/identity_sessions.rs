//! `GET` and `DELETE /admin/identities/{id}/sessions`

use serde_json::json;

use super::{ids, reason};
use crate::{database::random_id, house::Tenant, isolation::next_token};

/// This many sessions of Ada's besides the one that she has: all of them, the newest first.
async fn issue(tenant: &Tenant, count: usize) -> Vec<String> {
    let mut made = vec![tenant.ada_session.clone()];
    for _ in 0..count {
        let path = format!("/v1/users/{}/sessions", tenant.ada);
        let issued = tenant.owner.post(&path, json!({})).await.expect(201);
        made.push(issued.text("/id"));
    }
    made.reverse();
    made
}

/// The targets of a `Link` header by relation.
fn links(header: &str) -> Vec<(&str, &str)> {
    header
        .split(',')
        .filter_map(|link| link.split_once("; rel="))
        .map(|(target, rel)| (rel.trim_matches('"'), target.trim_matches(['<', '>'])))
        .collect()
}

on_both_databases! {
    async fn identity_sessions_a_bad_uuid_is_400_and_an_unknown_identity_has_none(house: House) {
        let owner = &house.alpha.owner;
        owner.get("/admin/identities/x/sessions").await.refused(400, "invalid_id");
        let nobodys = owner.get(&format!("/admin/identities/{}/sessions", random_id())).await.expect(200);
        assert_eq!((nobodys.body.as_str(), nobodys.header("x-total-count")), ("[]\n", "0"));
    }

    async fn identity_sessions_active_is_a_flag_as_go_reads_it(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        issue(alpha, 1).await;
        owner.delete(&format!("/admin/sessions/{}", alpha.ada_session)).await.expect(204);
        let path = format!("/admin/identities/{}/sessions", alpha.ada);
        for yes in ["1", "t", "T", "TRUE", "true", "True"] {
            let found = owner.get(&format!("{path}?active={yes}")).await.expect(200);
            assert_eq!((ids(&found).len(), found.header("x-total-count")), (1, "1"), "{yes}");
        }
        for no in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(ids(&owner.get(&format!("{path}?active={no}")).await.expect(200)), [alpha.ada_session.as_str()], "{no}");
        }
        for neither in ["yes", "tRUE", "2"] {
            let reply = owner.get(&format!("{path}?active={neither}")).await;
            reply.refused(400, "invalid_request");
            assert_eq!(reason(&reply), "could not parse parameter active");
        }
    }

    async fn identity_sessions_sizes_and_numbers_that_are_none_count_as_not_sent(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let made = issue(alpha, 2).await;
        let path = format!("/admin/identities/{}/sessions", alpha.ada);
        for query in ["page_size=x", "page_size=-1", "page_size=0", "page=x", "page=-1", "per_page=x", "page_size=1000000"] {
            assert_eq!(ids(&owner.get(&format!("{path}?{query}")).await.expect(200)), made, "{query}");
        }
        let capped = owner.get(&format!("{path}?page_size=1000000")).await;
        assert!(capped.header("link").contains("page_size=1000&"), "{}", capped.header("link"));
        let default = owner.get(&path).await;
        assert!(default.header("link").contains("page_size=250&"), "{}", default.header("link"));
    }

    async fn identity_sessions_pages_are_by_token_or_by_number_from_0_the_newest_first(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let made = issue(alpha, 4).await;
        let path = format!("/admin/identities/{}/sessions", alpha.ada);
        for (page, expected) in [(0, &made[..2]), (1, &made[2..4]), (2, &made[4..]), (3, &[][..])] {
            let reply = owner.get(&format!("{path}?page={page}&per_page=2")).await.expect(200);
            assert_eq!(ids(&reply), expected, "page {page}");
        }
        let first = owner.get(&format!("{path}?page_size=2")).await.expect(200);
        assert_eq!(ids(&first), made[..2]);
        let token = next_token(first.header("link")).expect("another page");
        let second = owner.get(&format!("{path}?page_size=2&page_token={token}")).await.expect(200);
        assert_eq!(ids(&second), made[2..4]);
        owner.get(&format!("{path}?page_token=x")).await.refused(400, "invalid_page_token");
    }

    async fn identity_sessions_have_a_total_and_links_with_both_ways_always(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let made = issue(alpha, 4).await;
        let path = format!("/admin/identities/{}/sessions", alpha.ada);
        for query in ["", "?page_size=2", "?page=1&per_page=2", "?page=9&per_page=2"] {
            let reply = owner.get(&format!("{path}{query}")).await.expect(200);
            assert_eq!(reply.header("x-total-count"), "5", "{query}");
            for (_, target) in links(reply.header("link")) {
                for name in ["page=", "per_page=", "page_size="] {
                    assert!(target.contains(name), "{name}: {target}");
                }
            }
        }
        // Whichever way one came, `next` leads on, all the way, and says where one is.
        for start in ["?page_size=2", "?per_page=2", "?page=0&per_page=2"] {
            let (mut found, mut at, mut rels) = (Vec::new(), format!("{path}{start}"), Vec::new());
            loop {
                let reply = owner.get(&at).await.expect(200);
                found.extend(ids(&reply));
                let all = links(reply.header("link"));
                rels.push(all.iter().map(|(rel, _)| *rel).collect::<Vec<_>>().join(" "));
                match all.iter().find(|(rel, _)| *rel == "next") {
                    Some((_, target)) => {
                        assert!(target.contains("page_token="), "{target}");
                        at = (*target).to_owned();
                    }
                    None => break,
                }
            }
            assert_eq!(found, made, "{start}");
            assert_eq!(rels, ["first next last", "first next prev last", "first prev"], "{start}");
        }
        let last = owner.get(&format!("{path}?page=0&per_page=2")).await.expect(200);
        let target = links(last.header("link")).into_iter().find(|(rel, _)| *rel == "last").expect("a last page").1.to_owned();
        assert_eq!(ids(&owner.get(&target).await.expect(200)), made[4..]);
    }

    async fn identity_sessions_show_the_identity_with_metadata_admin_and_no_credentials_and_devices(house: House) {
        let alpha = &house.alpha;
        let device = json!({"device": {"ip_address": "198.51.100.7", "user_agent": "App", "location": "Oslo"}});
        alpha.owner.post(&format!("/v1/users/{}/sessions", alpha.bob), device).await.expect(201);
        let list = alpha.owner.get(&format!("/admin/identities/{}/sessions", alpha.bob)).await.expect(200).json();
        let session = &list[0];
        assert_eq!((&session["identity"]["id"], &session["identity"]["metadata_admin"]["seat"]), (&json!(alpha.bob), &json!(1)));
        assert_eq!(session["identity"].get("credentials"), None);
        assert_eq!(session["devices"][0]["location"], "Oslo");
    }

    async fn identity_sessions_delete_is_204_then_404_and_400_for_a_bad_uuid(house: House) {
        let (owner, alpha) = (&house.alpha.owner, &house.alpha);
        let path = format!("/admin/identities/{}/sessions", alpha.ada);
        owner.delete(&path).await.expect(204);
        owner.get(&format!("/admin/sessions/{}", alpha.ada_session)).await.refused(404, "not_found");
        owner.delete(&path).await.refused(404, "not_found");
        owner.delete(&format!("/admin/identities/{}/sessions", random_id())).await.refused(404, "not_found");
        owner.delete("/admin/identities/x/sessions").await.refused(400, "invalid_id");
    }
}
