use std::collections::BTreeMap;

/// The variables of the environment that are configuration: those that begin with `PALISADE__`.
/// All others are none of ours and not kept.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What every variable begins with.
    pub const PREFIX: &'static str = "PALISADE__";

    /// The environment of this process.
    ///
    /// # Errors
    /// When a variable of ours is not UTF-8.
    pub fn of_process() -> Result<Self, String> {
        let mut variables = BTreeMap::new();
        for (name, value) in std::env::vars_os() {
            let Some(name) = name.to_str().filter(|name| name.starts_with(Self::PREFIX)) else {
                continue;
            };
            let value = value
                .into_string()
                .map_err(|_| format!("the environment variable `{name}` is not UTF-8"))?;
            variables.insert(name.to_owned(), value);
        }
        Ok(Self(variables))
    }

    /// These variables, and no others.
    pub fn of<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let ours = |(name, _): &(&str, &str)| name.starts_with(Self::PREFIX);
        Self(
            variables
                .into_iter()
                .filter(ours)
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// Each variable: its name, the key that it names, and its value.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, String, &str)> {
        self.0.iter().map(|(name, value)| {
            let key = name
                .strip_prefix(Self::PREFIX)
                .unwrap_or(name)
                .to_ascii_lowercase()
                .replace("__", ".");
            (name.as_str(), key, value.as_str())
        })
    }

    /// The variable that sets `key`.
    pub(super) fn variable(key: &str) -> String {
        format!(
            "{}{}",
            Self::PREFIX,
            key.to_ascii_uppercase().replace('.', "__")
        )
    }
}

/// The name of the variable that holds the key of commands that act for a tenant.
const API_KEY: &str = "PALISADE_API_KEY";

/// The API key in the environment, for commands that act for a tenant; `None` where there is none, or an empty one. It is
/// no configuration: what serves requests does not look at it.
///
/// # Errors
/// When it is not UTF-8.
pub fn api_key() -> Result<Option<String>, String> {
    match std::env::var_os(API_KEY) {
        None => Ok(None),
        Some(key) => key
            .into_string()
            .map(|key| Some(key).filter(|key| !key.is_empty()))
            .map_err(|_| format!("the environment variable `{API_KEY}` is not UTF-8")),
    }
}

/// The secret in the file that a `*_FILE` variable names; a line end after it is not part of it.
pub(super) fn read_secret(variable: &str, path: &str) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("the file `{path}` that `{variable}` names can't be read: {error}")
    })?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(format!(
            "the file `{path}` that `{variable}` names is empty"
        ));
    }
    Ok(secret.to_owned())
}
