//! What the OpenAPI document says about an operation; stands beside the route it describes.

use std::borrow::Cow;

use palisade_envelope::Code;
use serde_json::{Value, json};
use utoipa::{
    ToSchema,
    openapi::{RefOr, Schema},
};

use crate::call::Media;

/// The named schemas that a document refers to.
pub(crate) type Named = Vec<(String, RefOr<Schema>)>;

/// Gives the reference to a schema and adds what it refers to.
pub(crate) type Describe = fn(&mut Named) -> Value;

/// A query or header parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The kind of its value.
    pub kind: Kind,
}

/// The kind of a parameter's value.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Text.
    Text,
    /// A UUID.
    Uuid,
    /// An integer.
    Integer,
    /// An integer from the first to the second.
    Between(i64, i64),
    /// An integer; anything else counts as not sent.
    Lenient,
    /// `true` or `false`.
    Flag,
    /// A timestamp.
    Time,
    /// At most so many UUIDs, the parameter repeated.
    Uuids(usize),
    /// Any of these words, the parameter repeated.
    Words(&'static [&'static str]),
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Param {
    /// A parameter.
    pub const fn new(name: &'static str, kind: Kind, about: &'static str) -> Self {
        Self { name, about, kind }
    }

    /// `page_size` and `page_token` of `/v1`.
    pub const PAGE_V1: [Self; 2] = [
        Self::new(
            "page_size",
            Kind::Between(1, 500),
            "how many items a page has: 1 to 500, by default 50",
        ),
        Self::new(
            "page_token",
            Kind::Text,
            "the token that the previous page gave",
        ),
    ];
}

/// A header of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyHeader {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub about: &'static str,
    /// The form of its value, as a regular expression.
    pub pattern: &'static str,
    /// Whether every such reply has it.
    pub always: bool,
}

impl ReplyHeader {
    /// A header that every such reply has.
    pub const fn always(name: &'static str, pattern: &'static str, about: &'static str) -> Self {
        Self {
            name,
            about,
            pattern,
            always: true,
        }
    }

    /// A header that some such replies have.
    pub const fn sometimes(name: &'static str, pattern: &'static str, about: &'static str) -> Self {
        Self {
            always: false,
            ..Self::always(name, pattern, about)
        }
    }

    /// How many there are on all pages.
    pub const TOTAL: Self = Self::always(
        "X-Total-Count",
        "^[0-9]+$",
        "how many there are on all pages together",
    );
}

/// One operation as its callers see it.
#[derive(Clone, Debug)]
pub struct Doc {
    pub(crate) id: Cow<'static, str>,
    pub(crate) name: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) query: Vec<Param>,
    pub(crate) body: Option<(Media, Describe)>,
    pub(crate) without_body: bool,
    pub(crate) status: u16,
    pub(crate) reply: Option<Describe>,
    pub(crate) also: Option<(u16, Describe)>,
    pub(crate) or: Option<Describe>,
    pub(crate) html: bool,
    pub(crate) tagged: bool,
    pub(crate) linked: bool,
    pub(crate) headers: Vec<ReplyHeader>,
    pub(crate) codes: Vec<Code>,
}

impl Doc {
    /// An operation that answers 200. `id` is the `operationId`; `name` stands in spans and metrics.
    pub fn new(
        id: &'static str,
        name: &'static str,
        tag: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            id: id.into(),
            name,
            tag,
            summary,
            query: Vec::new(),
            body: None,
            without_body: false,
            status: 200,
            reply: None,
            also: None,
            or: None,
            html: false,
            tagged: false,
            linked: false,
            headers: Vec::new(),
            codes: Vec::new(),
        }
    }

    /// The same operation at a second mount.
    #[must_use]
    pub fn again(&self, suffix: &str) -> Self {
        Self {
            id: format!("{}{suffix}", self.id).into(),
            ..self.clone()
        }
    }

    /// It takes these query parameters.
    #[must_use]
    pub fn query(mut self, params: &[Param]) -> Self {
        self.query.extend_from_slice(params);
        self
    }

    /// It takes a body.
    #[must_use]
    pub fn body<T: ToSchema>(mut self, media: Media) -> Self {
        self.body = Some((media, describe::<T>));
        self
    }

    /// It takes a body, and does without one.
    #[must_use]
    pub fn optional_body<T: ToSchema>(self, media: Media) -> Self {
        Self {
            without_body: true,
            ..self.body::<T>(media)
        }
    }

    /// It answers with this status and body.
    #[must_use]
    pub fn replies<T: ToSchema>(mut self, status: u16) -> Self {
        self.status = status;
        self.reply = Some(describe::<T>);
        self
    }

    /// It answers 200 with an array of these.
    #[must_use]
    pub fn lists<T: ToSchema>(mut self) -> Self {
        self.reply = Some(describe_array::<T>);
        self.linked = true;
        self
    }

    /// It answers 200 with a collection of these, as `/v1` has them.
    #[must_use]
    pub fn collects<T: ToSchema>(mut self) -> Self {
        self.reply = Some(describe_collection::<T>);
        self.linked = true;
        self
    }

    /// It answers with this status and body, too, without that being an error of the registry.
    #[must_use]
    pub fn also<T: ToSchema>(mut self, status: u16) -> Self {
        self.also = Some((status, describe::<T>));
        self
    }

    /// Where a parameter asks for it, it answers with the same status and this body.
    #[must_use]
    pub fn or<T: ToSchema>(mut self) -> Self {
        self.or = Some(describe::<T>);
        self
    }

    /// Where it succeeds, it answers with these headers, besides those that follow from what is said of it.
    #[must_use]
    pub fn headers(mut self, headers: &[ReplyHeader]) -> Self {
        self.headers.extend_from_slice(headers);
        self
    }

    /// It answers with something for browsers.
    #[must_use]
    pub const fn html(mut self) -> Self {
        self.html = true;
        self
    }

    /// It answers 204.
    #[must_use]
    pub fn empty(mut self) -> Self {
        self.status = 204;
        self
    }

    /// Its reply has an entity tag.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// It can be refused for these reasons, besides those that every operation has.
    #[must_use]
    pub fn refuses(mut self, codes: &[Code]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }
}

fn describe<T: ToSchema>(named: &mut Named) -> Value {
    let name = T::name().into_owned();
    named.push((name.clone(), T::schema()));
    T::schemas(named);
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn describe_array<T: ToSchema>(named: &mut Named) -> Value {
    json!({ "type": "array", "items": describe::<T>(named) })
}

fn describe_collection<T: ToSchema>(named: &mut Named) -> Value {
    json!({
        "type": "object",
        "required": ["data"],
        "properties": {
            "data": describe_array::<T>(named),
            "next_page_token": {
                "type": "string",
                "description": "what to send as `page_token` for the next page; absent on the last",
            },
        },
    })
}
