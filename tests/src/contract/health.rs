//! `/health/alive`, `/health/ready`, `/version`

use serde_json::json;

on_both_databases! {
    async fn health_alive_ready_and_version_answer_anybody_with_and_without_admin(house: House) {
        let nobody = house.gateway.anonymous();
        for mount in ["", "/admin"] {
            for what in ["alive", "ready"] {
                let reply = nobody.get(&format!("{mount}/health/{what}")).await.expect(200);
                assert_eq!(reply.json(), json!({"status": "ok"}));
            }
            let version = nobody.get(&format!("{mount}/version")).await.expect(200).json();
            assert!(version["version"].as_str().is_some_and(|text| !text.is_empty()), "{version}");
        }
    }
}
