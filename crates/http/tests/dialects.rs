//! The dialects over a real socket. What takes the whole program is in `/tests`.

mod support;

use serde_json::json;
use support::{Gateway, answer};

#[tokio::test]
async fn addresses_in_answers_have_the_scheme_that_a_proxy_names() {
    let gateway = Gateway::start().await;
    let created = gateway.identity("ada@example.org").await;
    let path = format!(
        "/admin/identities/{}",
        created["id"].as_str().expect("an id")
    );
    let host = gateway.base.strip_prefix("http://").expect("plain HTTP");
    for (name, value, scheme) in [
        ("x-forwarded-proto", "https", "https"),
        ("forwarded", "for=192.0.2.7;proto=https", "https"),
        ("x-forwarded-proto", "gopher", "http"),
        ("x-other", "https", "http"),
    ] {
        let (status, read) = answer(gateway.acme("GET", &path).header(name, value)).await;
        let expected = format!("{scheme}://{host}/schemas/ZGVmYXVsdA");
        assert_eq!(
            (status, &read["schema_url"]),
            (200, &json!(expected)),
            "{name}: {value}"
        );
    }
}

#[tokio::test]
async fn an_identity_lives_in_orys_dialect_at_both_mounts() {
    let gateway = Gateway::start().await;
    let created = gateway.identity("ada@example.org").await;
    let id = created["id"].as_str().expect("an id");
    assert!(
        created["schema_url"]
            .as_str()
            .expect("a URL")
            .ends_with("/schemas/ZGVmYXVsdA")
    );
    assert!(created["credentials"]["password"].get("config").is_none());

    let response = gateway
        .acme("GET", &format!("/iam/identities/{id}"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/json; charset=utf-8"
    );
    let tag = response.headers()["etag"]
        .to_str()
        .expect("a tag")
        .to_owned();
    let again = gateway
        .acme("GET", &format!("/admin/identities/{id}"))
        .header("if-none-match", &tag);
    assert_eq!(again.send().await.expect("an answer").status(), 304);

    let body = json!({ "traits": { "email": "ada@example.net" }, "state": "inactive" });
    let put = |tag: &str| {
        gateway
            .acme("PUT", &format!("/admin/identities/{id}"))
            .header("if-match", tag.to_owned())
            .json(&body)
    };
    let (status, changed) = answer(put(&tag)).await;
    assert_eq!(
        (status, &changed["state"]),
        (200, &json!("inactive")),
        "{changed}"
    );
    let (status, stale) = answer(put(&tag)).await;
    assert_eq!((status, &stale["code"]), (412, &json!("stale_resource")));

    let patch = json!([{ "op": "replace", "path": "/traits/email", "value": "ada@example.com" }]);
    let (status, patched) = answer(
        gateway
            .acme("PATCH", &format!("/admin/identities/{id}"))
            .json(&patch),
    )
    .await;
    assert_eq!(
        (status, &patched["traits"]["email"]),
        (200, &json!("ada@example.com")),
        "{patched}"
    );

    assert_eq!(
        answer(gateway.acme("DELETE", &format!("/admin/identities/{id}")))
            .await
            .0,
        204
    );
    let (status, gone) = answer(gateway.acme("GET", &format!("/admin/identities/{id}"))).await;
    assert_eq!((status, &gone["error"]["code"]), (404, &json!(404)));
}

#[tokio::test]
async fn a_list_repeats_its_mount_in_sorted_links() {
    let gateway = Gateway::start().await;
    for name in ["a", "b", "c"] {
        gateway.identity(&format!("{name}@example.org")).await;
    }
    let path = "/iam/identities?state=active&page_size=2";
    let response = gateway.acme("GET", path).send().await.expect("an answer");
    assert_eq!(response.headers()["palisade-consistency"], "strong");
    let link = response.headers()["link"]
        .to_str()
        .expect("a link")
        .to_owned();
    assert!(
        link.starts_with("</iam/identities?page_size=2&state=active>; rel=\"first\",</iam/"),
        "{link}"
    );
    let next = link
        .split(",<")
        .nth(1)
        .and_then(|rest| rest.split('>').next())
        .expect("a next page");
    let response = gateway.acme("GET", next).send().await.expect("an answer");
    let link = response.headers()["link"]
        .to_str()
        .expect("a link")
        .to_owned();
    assert!(!link.contains("next"), "{link}");
    let page: Vec<serde_json::Value> = response.json().await.expect("a page");
    assert_eq!(page.len(), 1);
    assert!(page[0].get("credentials").is_none());

    let (status, error) = answer(gateway.globex("GET", next)).await;
    assert_eq!(
        (status, &error["code"]),
        (400, &json!("invalid_page_token"))
    );
    let (status, error) = answer(gateway.acme("GET", "/admin/identities?page=5")).await;
    assert_eq!((status, &error["details"]["field"]), (400, &json!("page")));
}

#[tokio::test]
async fn abuse_01_a_foreign_id_answers_as_one_that_never_was() {
    let gateway = Gateway::start().await;
    let created = gateway.identity("ada@example.org").await;
    let (foreign, random) = (
        created["id"].as_str().expect("an id"),
        "018f4b1e-0000-7000-8000-00000000beef",
    );
    for (method, path) in [
        ("GET", "/admin/identities/{}"),
        ("DELETE", "/admin/identities/{}"),
        ("GET", "/v1/users/{}"),
        ("GET", "/v1/users/{}/identities"),
    ] {
        let ask = async |id: &str| {
            let request = gateway
                .globex(method, &path.replace("{}", id))
                .header("x-request-id", "same");
            let response = request.send().await.expect("an answer");
            (
                response.status().as_u16(),
                response.text().await.expect("a body"),
            )
        };
        let (one, other) = (ask(foreign).await, ask(random).await);
        assert_eq!(one.0, 404, "{method} {path}: {}", one.1);
        assert_eq!(one, other);
    }
    assert_eq!(
        answer(gateway.acme("GET", &format!("/admin/identities/{foreign}")))
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn refusals_come_in_the_documented_order() {
    let gateway = Gateway::start().await;
    let code = async |request: reqwest::RequestBuilder| {
        let (status, body) = answer(request).await;
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let expect = |status, code: &str| (status, code.to_owned());
    let (owner, viewer) = (&gateway.acme.owner, &gateway.acme.viewer);
    assert_eq!(
        code(gateway.request("GET", "/nowhere")).await,
        expect(404, "not_found")
    );
    assert_eq!(
        code(gateway.request("GET", "/v1/users")).await,
        expect(401, "unauthenticated")
    );
    let in_query = format!("/v1/users?api_key={owner}");
    assert_eq!(
        code(gateway.request("GET", &in_query)).await,
        expect(401, "unauthenticated")
    );
    let keyed = |path| gateway.request("GET", path).header("x-api-key", owner);
    assert_eq!(
        code(keyed("/v1/users")).await,
        expect(400, "tenant_required")
    );
    let foreign = keyed("/v1/users").header("x-tenant-id", &gateway.globex.tenant);
    assert_eq!(code(foreign).await, expect(403, "tenant_mismatch"));
    assert_eq!(
        code(gateway.acme("GET", "/v1/users/x")).await,
        expect(400, "invalid_id")
    );
    assert_eq!(
        code(gateway.acme("GET", "/admin/identities/x")).await,
        expect(404, "not_found")
    );
    assert_eq!(
        code(gateway.acme("GET", "/v1/users?pgae=1")).await,
        expect(400, "invalid_request")
    );
    let twice = gateway
        .acme("GET", "/v1/users")
        .header("x-request-id", "a")
        .header("x-request-id", "b");
    assert_eq!(code(twice).await, expect(400, "invalid_header"));
    // The decision comes before a look at the body, and before the 404.
    let viewer = |method, path| gateway.of(&gateway.acme, viewer, method, path);
    assert_eq!(
        code(viewer("POST", "/admin/identities").body("{")).await,
        expect(403, "forbidden")
    );
    let random = "/admin/identities/018f4b1e-0000-7000-8000-00000000beef";
    assert_eq!(
        code(viewer("DELETE", random)).await,
        expect(403, "forbidden")
    );
    let (status, body) = answer(viewer("DELETE", random)).await;
    assert_eq!(status, 403);
    assert!(!body["notices"].as_array().expect("notices").is_empty());
    assert_eq!(body["notices"], body["error"]["notices"]);

    let response = gateway
        .acme("DELETE", "/v1/users")
        .send()
        .await
        .expect("an answer");
    assert_eq!(
        (
            response.status().as_u16(),
            response.headers()["allow"].to_str().expect("text")
        ),
        (405, "GET")
    );
    // The operator has no business in a tenant, and a tenant none in the operator's.
    assert_eq!(code(keyed("/v1/tenants")).await, expect(403, "forbidden"));
    let operator = gateway
        .request("GET", "/admin/identities")
        .header("x-api-key", &gateway.operator);
    assert_eq!(code(operator).await, expect(403, "forbidden"));
}

#[tokio::test]
async fn bodies_are_refused_by_media_type_size_and_unknown_field() {
    let gateway = Gateway::start().await;
    let post = || gateway.acme("POST", "/v1/identity-providers");
    let (status, body) = answer(post().body("{}")).await;
    assert_eq!(
        (status, &body["code"]),
        (415, &json!("unsupported_media_type"))
    );
    let (status, body) =
        answer(post().json(&json!({ "name": "okta", "type": "oidc", "colour": 1 }))).await;
    assert_eq!(
        (status, &body["details"]["fields"]),
        (400, &json!(["colour"])),
        "{body}"
    );
    let large = "x".repeat(1024 * 1024 + 1);
    let (status, body) = answer(post().json(&json!({ "name": large }))).await;
    assert_eq!((status, &body["code"]), (413, &json!("body_too_large")));
    let (status, body) = answer(
        gateway
            .acme("POST", "/admin/identities")
            .body("{\"traits\": "),
    )
    .await;
    assert_eq!((status, &body["code"]), (400, &json!("invalid_json")));
}

#[tokio::test]
async fn a_link_and_an_oidc_credential_are_one_fact() {
    let gateway = Gateway::start().await;
    let created = gateway.identity("ada@example.org").await;
    let id = created["id"].as_str().expect("an id");
    let provider = json!({ "name": "okta", "type": "oidc" });
    let (status, provider) = answer(
        gateway
            .acme("POST", "/v1/identity-providers")
            .json(&provider),
    )
    .await;
    assert_eq!(status, 201, "{provider}");
    let links = format!("/v1/users/{id}/identities");
    let body = json!({ "identity_provider_id": provider["id"], "external_id": "00u1", "external_email": "a@b.c" });
    let (status, link) = answer(gateway.acme("POST", &links).json(&body)).await;
    assert_eq!(
        (status, &link["linked_by"]),
        (201, &json!("manual")),
        "{link}"
    );
    assert_eq!(link["external_username"], serde_json::Value::Null);
    let (status, again) = answer(gateway.acme("POST", &links).json(&body)).await;
    assert_eq!((status, &again["code"]), (409, &json!("already_linked")));
    let (_, identity) = answer(gateway.acme("GET", &format!("/admin/identities/{id}"))).await;
    assert_eq!(
        identity["credentials"]["oidc"]["identifiers"],
        json!(["okta:00u1"])
    );
    let (status, listed) = answer(gateway.acme("GET", &links)).await;
    assert_eq!((status, &listed["data"][0]["id"]), (200, &link["id"]));
    let one = format!("{links}/{}", link["id"].as_str().expect("an id"));
    let (status, last) = answer(gateway.acme("DELETE", &one)).await;
    assert_eq!(
        (status, &last["code"]),
        (409, &json!("last_credential")),
        "{last}"
    );
    assert_eq!(
        answer(gateway.acme("DELETE", &format!("{one}?force=true")))
            .await
            .0,
        204
    );
    let (_, listed) = answer(gateway.acme("GET", &links)).await;
    assert_eq!(listed["data"], json!([]));
}

#[tokio::test]
async fn a_tenants_policy_speaks_in_both_dialects_and_secrets_need_their_own_action() {
    let gateway = Gateway::start().await;
    let created = gateway.identity("ada@example.org").await;
    let id = created["id"].as_str().expect("an id");
    let text = "@notice(\"ask the help desk\")\nforbid(principal, action == Palisade::Action::\"identity:delete\", resource);";
    let (status, put) = answer(
        gateway
            .acme("PUT", "/v1/policies/no-delete")
            .json(&json!({ "policy": text })),
    )
    .await;
    assert_eq!(status, 201, "{put}");
    // Nothing tells the gate of the change in this test; it looks by itself within half a second.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let (status, refused) =
        answer(gateway.acme("DELETE", &format!("/admin/identities/{id}"))).await;
    assert_eq!(
        (status, &refused["notices"]),
        (403, &json!(["ask the help desk"])),
        "{refused}"
    );
    assert_eq!(refused["error"]["notices"], json!(["ask the help desk"]));

    let path = format!("/admin/identities/{id}?include_credential=password");
    assert_eq!(answer(gateway.acme("GET", &path)).await.0, 200);
    let (status, refused) =
        answer(gateway.of(&gateway.acme, &gateway.acme.viewer, "GET", &path)).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")));
}

#[tokio::test]
async fn the_rest_of_v1_answers() {
    let gateway = Gateway::start().await;
    let (status, me) = answer(gateway.acme("GET", "/v1/whoami")).await;
    assert_eq!((status, &me["roles"]), (200, &json!(["owner"])), "{me}");
    assert!(
        me["actions"]
            .as_array()
            .expect("actions")
            .contains(&json!("identity:create"))
    );
    let (status, schemas) = answer(gateway.acme("GET", "/v1/schemas")).await;
    assert_eq!(
        (status, &schemas["data"][0]["id"]),
        (200, &json!("default"))
    );
    for path in ["/schemas/default", "/schemas/ZGVmYXVsdA"] {
        let (status, schema) = answer(gateway.acme("GET", path)).await;
        assert_eq!(status, 200, "{path}");
        assert!(schema["properties"]["traits"].is_object());
    }
    let key = json!({ "name": "ci", "roles": ["editor"] });
    let (status, key) = answer(gateway.acme("POST", "/v1/api-keys").json(&key)).await;
    assert_eq!(status, 201, "{key}");
    assert!(
        key["secret"]
            .as_str()
            .expect("a secret")
            .starts_with("pal_")
    );
    let (_, keys) = answer(gateway.acme("GET", "/v1/api-keys")).await;
    assert!(
        !keys
            .to_string()
            .contains(key["secret"].as_str().expect("a secret"))
    );
    let one = format!("/v1/api-keys/{}", key["id"].as_str().expect("an id"));
    assert_eq!(answer(gateway.acme("DELETE", &one)).await.0, 204);
    let (status, events) =
        answer(gateway.acme("GET", "/v1/audit-events?action=api_key:create")).await;
    assert_eq!(
        (status, &events["data"][0]["decision"]),
        (200, &json!("allow")),
        "{events}"
    );
    let operator = |method: &str, path: &str| {
        gateway
            .request(method, path)
            .header("x-api-key", &gateway.operator)
    };
    let (status, tenant) =
        answer(operator("POST", "/v1/tenants").json(&json!({ "name": "initech" }))).await;
    assert_eq!(status, 201, "{tenant}");
    let suspend = format!(
        "/v1/tenants/{}/suspend",
        tenant["id"].as_str().expect("an id")
    );
    let (status, suspended) = answer(operator("POST", &suspend)).await;
    assert_eq!((status, &suspended["state"]), (200, &json!("suspended")));
    for path in [
        "/health/alive",
        "/health/ready",
        "/admin/health/ready",
        "/version",
        "/openapi.json",
    ] {
        assert_eq!(answer(gateway.request("GET", path)).await.0, 200, "{path}");
    }
    let page = gateway
        .request("GET", "/docs")
        .send()
        .await
        .expect("an answer");
    assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn abuse_58_a_connection_that_asks_too_much_is_told_when_to_come_again_and_others_are_served()
{
    let gateway = Gateway::start().await;
    let mut tokens = Vec::new();
    for name in ["entra", "okta"] {
        let body = json!({"name": name, "type": "scim"});
        let create = gateway.acme("POST", "/v1/identity-providers").json(&body);
        let (status, provider) = answer(create).await;
        assert_eq!(status, 201, "{provider}");
        let path = format!(
            "/v1/identity-providers/{}/keys",
            provider["id"].as_str().expect("an id")
        );
        for _ in 0..2 {
            let create = gateway.acme("POST", &path).json(&json!({"name": "key"}));
            let (status, key) = answer(create).await;
            assert_eq!(status, 201, "{key}");
            tokens.push(key["secret"].as_str().expect("a secret").to_owned());
        }
    }
    let ask = |token: &str| {
        let url = format!("{}/scim/v2/Users?count=0", gateway.base);
        gateway.client.get(url).bearer_auth(token)
    };
    let mut refused = None;
    for number in 0..40 {
        // Both keys of the connection count together.
        let reply = ask(&tokens[number % 2]).send().await.expect("answers");
        if reply.status() != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("a refusal");
    assert_eq!(refused.status(), 429);
    let wait = refused.headers()["retry-after"].to_str().expect("a text");
    assert!(wait.parse::<u64>().is_ok_and(|wait| wait >= 1), "{wait}");
    let body: serde_json::Value = refused.json().await.expect("JSON");
    assert_eq!(body["status"], "429");
    let (status, _) = answer(ask(&tokens[2])).await;
    assert_eq!(status, 200);
}
