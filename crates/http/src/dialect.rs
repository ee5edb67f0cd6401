//! Which dialect a path speaks.

/// The way that replies, and errors above all, are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ory's identity admin API: `/admin`, `/iam`, `/schemas`, `/sessions`.
    Ory,
    /// SCIM 2.0: `/scim`.
    Scim,
    /// Palisade's own: everything else.
    V1,
}

impl Dialect {
    /// The dialect of a request path. By whole segments: `/administer` is not `/admin`.
    pub fn of(path: &str) -> Self {
        let first = path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default();
        match first {
            "admin" | "iam" | "schemas" | "sessions" => Self::Ory,
            "scim" => Self::Scim,
            _ => Self::V1,
        }
    }

    /// The most bytes that a request body may have on this path.
    pub fn body_limit(path: &str) -> usize {
        const MIB: usize = 1024 * 1024;
        match path
            .trim_start_matches('/')
            .split('/')
            .next()
            .unwrap_or_default()
        {
            "admin" | "iam" => 5 * MIB,
            _ => MIB,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_decides() {
        assert_eq!(Dialect::of("/admin/identities"), Dialect::Ory);
        assert_eq!(Dialect::of("/iam/identities/x"), Dialect::Ory);
        assert_eq!(Dialect::of("/schemas"), Dialect::Ory);
        assert_eq!(Dialect::of("/v1/schemas"), Dialect::V1);
        assert_eq!(Dialect::of("/administer"), Dialect::V1);
        assert_eq!(Dialect::of("/scim/v2/Users"), Dialect::Scim);
    }
}
