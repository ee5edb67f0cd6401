//! Schemas that would fetch something, or cost too much.

use std::{
    io::ErrorKind,
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::json;

use super::names;

on_both_databases! {
    async fn abuse_51_a_schema_makes_the_gateway_fetch_nothing(house: House) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("can be set");
        let url = format!(
            "http://{}/schema.json",
            listener.local_addr().expect("has one")
        );
        for reference in [
            url.as_str(),
            "file:///etc/passwd",
            "//127.0.0.1/x",
            "other.json",
            "urn:x",
            "#/$defs/missing",
        ] {
            for schema in [
                json!({"type": "object", "properties": {"traits": {"$ref": reference}}}),
                json!({"type": "object", "properties": {"traits": {
                    "type": "object",
                    "properties": {"a": {"anyOf": [{"$ref": reference}]}},
                }}}),
            ] {
                let reply = house
                    .alpha
                    .owner
                    .put("/v1/schemas/fetching", json!({"schema": schema}))
                    .await;
                assert_eq!(reply.status, 422, "{reference}: {reply}");
                names(&reply, "$ref");
            }
        }
        let meta =
            json!({"$schema": url, "type": "object", "properties": {"traits": {"type": "object"}}});
        house
            .alpha
            .owner
            .put("/v1/schemas/fetching", json!({"schema": meta}))
            .await
            .expect(422);
        let dynamic =
            json!({"$id": url, "type": "object", "properties": {"traits": {"type": "object"}}});
        house
            .alpha
            .owner
            .put("/v1/schemas/naming", json!({"schema": dynamic}))
            .await;
        let connection = listener.accept().expect_err("nobody connects");
        assert_eq!(connection.kind(), ErrorKind::WouldBlock);
        house
            .alpha
            .owner
            .get("/v1/schemas/fetching")
            .await
            .refused(404, "not_found");
    }

    async fn abuse_52_a_schema_that_fans_out_is_refused_at_once(house: House) {
        let mut definitions = json!({"d0": {"type": "string"}});
        for level in 1..=26 {
            let below = json!({"$ref": format!("#/definitions/d{}", level - 1)});
            definitions[format!("d{level}")] = json!({"anyOf": [below.clone(), below]});
        }
        let fan = json!({"definitions": definitions, "type": "object", "properties": {"traits": {
            "type": "object", "properties": {"a": {"$ref": "#/definitions/d26"}},
        }}});
        let mut deep = json!({"type": "string"});
        for _ in 0..100 {
            deep = json!({"type": "object", "properties": {"a": deep}});
        }
        let deep = json!({"type": "object", "properties": {"traits": deep}});
        let recursive =
            json!({"type": "object", "properties": {"traits": {"$ref": "#/properties/traits"}}});
        let large = json!({"type": "object", "description": "x".repeat(70_000), "properties": {"traits": {"type": "object"}}});
        // What is nested too deep is no JSON that is read at all.
        for (schema, status) in [(fan, 422), (deep, 400), (recursive, 422), (large, 422)] {
            let start = Instant::now();
            let reply = house
                .alpha
                .owner
                .put("/v1/schemas/heavy", json!({"schema": schema}))
                .await;
            assert!(
                start.elapsed() < Duration::from_secs(1),
                "took {:?}",
                start.elapsed()
            );
            assert_eq!(reply.status, status, "{reply}");
        }
        house
            .alpha
            .owner
            .get("/v1/schemas/heavy")
            .await
            .refused(404, "not_found");
    }
}
