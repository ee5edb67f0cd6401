//! Paths of PATCH (RFC 7644 section 3.5.2): `attr`, `attr.sub`, `attr[filter]`, `attr[filter].sub`.

use std::sync::Arc;

use palisade_envelope::Result;

use super::{AttributePath, Named, Unknown, resolve};
use crate::error::ScimType;
use crate::filter::fault::Fault;
use crate::filter::lexer::Piece;
use crate::filter::parser::Parser;
use crate::filter::{ElementFilter, ElementScope};
use crate::schema::{ResourceType, Schema};

/// What an operation of a PATCH is about.
#[derive(Clone, Debug, PartialEq)]
pub enum PatchPath {
    /// An attribute or a sub-attribute; of the values that fit the filter, where there is one.
    Attribute {
        /// The attribute and, behind the brackets or without them, the sub-attribute.
        path: AttributePath,
        /// Which values.
        filter: Option<ElementFilter>,
    },
    /// All that an extension adds.
    Extension(Arc<Schema>),
}

impl PatchPath {
    /// Reads a path.
    ///
    /// # Errors
    /// `invalidPath` with the position, and a hint where there is one.
    pub fn parse(text: &str, of: &ResourceType) -> Result<Self> {
        read(text, of).map_err(|fault| fault.refuse("path", ScimType::InvalidPath))
    }
}

fn read(text: &str, of: &ResourceType) -> Result<PatchPath, Fault> {
    let mut parser = Parser::new(text)?;
    let (name, at) = parser.word("an attribute")?;
    let path = match resolve(name, of).map_err(|unknown| Fault::unknown(at, unknown))? {
        Named::Attribute(path) => path,
        Named::Extension(schema) => {
            parser.end("the end")?;
            return Ok(PatchPath::Extension(schema));
        }
    };
    if parser.peek() != Some(&Piece::OpenBracket) {
        parser.end("`[` or the end")?;
        return Ok(PatchPath::Attribute { path, filter: None });
    }
    if !path.attribute().is_multi_valued() {
        return Err(Fault::new(
            at,
            format!("`{path}` is no list to choose from"),
        ));
    }
    let scope = ElementScope::new(&path, at)?;
    let filter = parser.brackets(&scope)?;
    let sub = match parser.peek() {
        Some(Piece::Word(word)) if word.starts_with('.') => {
            let (word, at) = parser.word("a sub-attribute")?;
            sub_attribute(&path, word, at)?
        }
        _ => path.clone(),
    };
    parser.end("`.`, a sub-attribute or the end")?;
    Ok(PatchPath::Attribute { path: sub, filter })
}

fn sub_attribute(path: &AttributePath, word: &str, at: usize) -> Result<AttributePath, Fault> {
    let name = word.strip_prefix('.').unwrap_or(word);
    super::within(path.extension.as_ref(), &path.attribute, Some(name)).ok_or_else(|| {
        let names = path.attribute.sub_attributes.iter().map(|sub| sub.name());
        Fault::unknown(
            at,
            Unknown {
                what: format!(
                    "`{path}` has no sub-attribute `{}`",
                    crate::error::shortened(name)
                ),
                hint: super::closest(name, names).map(|name| format!("did you mean `{name}`?")),
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::scim_type;
    use crate::urn;

    fn user(text: &str) -> Result<PatchPath> {
        PatchPath::parse(text, &ResourceType::user())
    }

    #[test]
    fn entra_07_a_path_chooses_values_and_a_sub_attribute_in_any_case() {
        let path = user("emails[type eq \"other\"].Value").expect("reads");
        let PatchPath::Attribute {
            path,
            filter: Some(filter),
        } = path
        else {
            panic!("{path:?}");
        };
        assert_eq!(path.to_string(), "emails.value");
        assert_eq!(filter.to_string(), "type eq \"other\"");
    }

    #[test]
    fn entra_09_any_path_may_stand_behind_its_urn() {
        for text in [
            "userName",
            "name.givenName",
            "emails[type eq \"work\"].value",
        ] {
            let qualified = format!("{}:{text}", urn::USER);
            assert_eq!(user(&qualified).expect("reads"), user(text).expect("reads"));
        }
        let manager = format!("{}:manager.value", urn::ENTERPRISE_USER);
        assert!(user(&manager).is_ok());
        assert!(matches!(
            user(urn::ENTERPRISE_USER),
            Ok(PatchPath::Extension(_))
        ));
    }

    #[test]
    fn abuse_43_a_malformed_path_is_invalid_path_with_its_position() {
        for (text, position) in [
            ("", 1),
            ("emails[", 8),
            ("emails[type eq \"work\"", 22),
            ("emails[type eq \"work\"]]", 23),
            ("emails[type eq \"work\"].", 23),
            ("emails[type eq \"work\"].valu", 23),
            ("emails[type eq \"work\"] value", 24),
            ("members[value eq \"x\"]", 1),
            ("userName[value eq \"x\"]", 1),
            ("name[givenName eq \"x\"]", 1),
            ("emails.value[type eq \"x\"]", 1),
            ("emails[primary gt true]", 19),
            ("emails[]", 8),
            ("usrName", 1),
        ] {
            let error = user(text).expect_err(text);
            assert_eq!(scim_type(&error), Some(ScimType::InvalidPath), "{text}");
            assert_eq!(
                error.envelope().details["position"],
                position,
                "{text}: {error}"
            );
        }
        let error = user("emails[type eq \"work\"].valu").expect_err("is misspelled");
        assert_eq!(error.envelope().details["hint"], "did you mean `value`?");
    }
}
