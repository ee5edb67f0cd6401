//! What must hold of any input, for the fuzz targets and for the test that runs their seeds.

use palisade_scim::filter;
use palisade_scim::patch::{self, PatchRequest};
use palisade_scim::path::PatchPath;
use palisade_scim::resource::Incoming;
use palisade_scim::{Resource, ResourceType};
use serde_json::{Map, Value, json};

fn before(of: &ResourceType) -> Map<String, Value> {
    let before = match of.name() {
        "User" => json!({
            "userName": "ada", "active": true, "name": {"givenName": "Ada"},
            "emails": [{"value": "a@work", "type": "work", "primary": true}, {"value": "a@home", "type": "home"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": {"value": "m", "$ref": "r"}}
        }),
        _ => json!({"displayName": "G"}),
    };
    match before {
        Value::Object(before) => before,
        _ => Map::new(),
    }
}

/// A text is refused as a filter, or read; what was read is shown as a text that is read as the same.
pub(crate) fn filter(text: &str) {
    for of in [ResourceType::user(), ResourceType::group()] {
        let read = match filter::parse(text, &of) {
            Ok(read) => read,
            Err(error) => {
                assert!([400, 403].contains(&error.code().status()), "{error}");
                continue;
            }
        };
        let fits = read.matches(&before(&of));
        let shown = read.to_string();
        // It may be longer or deeper than what may be sent: names are written out, brackets set.
        if let Ok(again) = filter::parse(&shown, &of) {
            assert_eq!(shown, again.to_string());
            assert_eq!(fits, again.matches(&before(&of)), "{shown}");
        }
    }
}

/// A text is refused as a path, or read.
pub(crate) fn path(text: &str) {
    for of in [ResourceType::user(), ResourceType::group()] {
        if let Err(error) = PatchPath::parse(text, &of) {
            assert_eq!(error.code().status(), 400, "{error}");
        }
    }
}

/// A body is refused as a PATCH, or makes a state that could have been posted, and the same one when it is done again where
/// it only replaces.
pub(crate) fn patch(body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return;
    };
    let Ok(request) = PatchRequest::parse(&body) else {
        return;
    };
    for of in [ResourceType::user(), ResourceType::group()] {
        let current = Resource::from_kept(before(&of));
        let Ok(patched) = patch::apply(&request, &of, &current) else {
            continue;
        };
        assert_eq!(patched.changed, patched.resource != current);
        let kept = Value::Object(patched.resource.into_map());
        let mut posted = match Incoming::create(&kept, &of) {
            Ok(posted) => posted.resource.into_map(),
            Err(error) => panic!("{kept}: {error}"),
        };
        if kept.get("active").is_none() {
            posted.remove("active");
        }
        assert_eq!(kept, Value::Object(posted));
    }
}
