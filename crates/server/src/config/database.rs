use serde::{Deserialize, Serialize, Serializer};

/// `[database]`
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Where everything is kept.
    pub url: DatabaseUrl,
    /// A replica for reads that accept old data; empty: they read the primary.
    pub replica_url: DatabaseUrl,
    max_connections: i64,
    /// Whether concurrent commits share one flush to disk. SQLite only.
    pub commit_grouping: bool,
}

impl Database {
    const MOST_CONNECTIONS: i64 = 10_000;

    pub(super) fn check(&self) -> Result<(), String> {
        self.url.check("database.url")?;
        if !self.replica_url.reveal().is_empty() {
            self.replica_url.check("database.replica_url")?;
            if self.url.is_sqlite() != self.replica_url.is_sqlite() {
                return Err(
                    "`database.replica_url` must be of the same kind as `database.url`".to_owned(),
                );
            }
        }
        if !(1..=Self::MOST_CONNECTIONS).contains(&self.max_connections) {
            return Err(format!(
                "`database.max_connections` must be 1 to {}, not `{}`",
                Self::MOST_CONNECTIONS,
                self.max_connections
            ));
        }
        Ok(())
    }

    /// How many connections this node opens at most.
    pub fn max_connections(&self) -> u32 {
        u32::try_from(self.max_connections).unwrap_or(1)
    }
}

/// The URL of a database. It may hold a password: `Debug`, `Display` and serialization show `***` in its place.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// A database at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The URL with its password, for the store alone.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    fn is_sqlite(&self) -> bool {
        self.0.starts_with("sqlite:")
    }

    fn check(&self, key: &str) -> Result<(), String> {
        let known = ["sqlite://", "postgres://", "postgresql://"];
        if known
            .iter()
            .any(|scheme| self.0.len() > scheme.len() && self.0.starts_with(scheme))
        {
            return Ok(());
        }
        // What stands there may be a password in the wrong place: not repeated.
        Err(format!(
            "`{key}` must be `sqlite://<path>` or `postgres://<user>:<password>@<host>/<database>`"
        ))
    }

    fn redacted(&self) -> String {
        if self.0.is_empty() || self.0.starts_with("sqlite://") {
            return self.0.clone();
        }
        let Ok(mut url) = url::Url::parse(&self.0) else {
            return "***".to_owned();
        };
        if url.password().is_some() && url.set_password(Some("***")).is_err() {
            return "***".to_owned();
        }
        if url.query().is_some() {
            let pairs: Vec<(String, String)> = url
                .query_pairs()
                .map(|(name, value)| {
                    let hidden = name.to_ascii_lowercase().contains("password");
                    (
                        name.into_owned(),
                        if hidden {
                            "***".to_owned()
                        } else {
                            value.into_owned()
                        },
                    )
                })
                .collect();
            url.query_pairs_mut().clear().extend_pairs(pairs);
        }
        url.into()
    }
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl std::fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_url_shows_its_password() {
        for url in [
            "postgres://palisade:hunter2@db:5432/palisade",
            "postgres://:hunter2@db/palisade",
            "postgres://db/palisade?user=palisade&password=hunter2&sslpassword=hunter2",
            "postgres://a:hunter2@[broken",
        ] {
            let url = DatabaseUrl::new(url);
            for shown in [
                format!("{url}"),
                format!("{url:?}"),
                serde_json::to_string(&url).expect("serializes"),
            ] {
                assert!(
                    !shown.contains("hunter2") && shown.contains("***"),
                    "{shown}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_secret_stays_readable() {
        let url = DatabaseUrl::new("postgres://palisade:hunter2@db:5432/palisade?sslmode=require");
        assert_eq!(
            url.to_string(),
            "postgres://palisade:***@db:5432/palisade?sslmode=require"
        );
        assert_eq!(
            DatabaseUrl::new("sqlite:///var/lib/p.db").to_string(),
            "sqlite:///var/lib/p.db"
        );
    }
}
