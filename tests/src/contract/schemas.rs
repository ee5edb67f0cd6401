//! `GET /schemas`, `GET /schemas/{id}`

use super::{ids, reason};

on_both_databases! {
    async fn schemas_list_has_ids_and_schemas_with_a_total_and_mixed_links(house: House) {
        let owner = &house.alpha.owner;
        let reply = owner.get("/schemas?page_size=1").await.expect(200);
        assert_eq!((ids(&reply), reply.header("x-total-count")), (vec!["customer".to_owned()], "2"));
        assert_eq!(reply.json()[0]["schema"], crate::house::customer_schema());
        let next = reply.header("link").split(',').find(|link| link.contains("next")).expect("a next page");
        for name in ["page=1", "per_page=1", "page_size=1", "page_token="] {
            assert!(next.contains(name), "{name}: {next}");
        }
        let path = next.trim_start_matches('<').split('>').next().expect("a target");
        assert_eq!(ids(&owner.get(path).await.expect(200)), ["default"]);
    }

    async fn schemas_get_takes_the_id_raw_or_in_base64url(house: House) {
        let owner = &house.alpha.owner;
        for id in ["customer", "Y3VzdG9tZXI"] {
            let reply = owner.get(&format!("/schemas/{id}")).await.expect(200);
            assert_eq!(reply.json(), crate::house::customer_schema());
        }
        let url = super::read(owner, &house.alpha.ada).await["schema_url"].as_str().expect("a URL").to_owned();
        let path = url.strip_prefix(owner.base()).expect("it is here");
        owner.get(path).await.expect(200);
    }

    async fn schemas_get_of_none_is_404_in_orys_words(house: House) {
        let reply = house.alpha.owner.get("/schemas/nothing").await;
        reply.refused(404, "not_found");
        assert_eq!(reason(&reply), "Identity schema `nothing` could not be found.");
    }
}
