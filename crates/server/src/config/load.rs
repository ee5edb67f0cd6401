use std::path::Path;

use config::{
    ConfigBuilder, File, FileFormat, Source as _, Value, ValueKind, builder::DefaultState,
};

use super::{
    Config, DEFAULTS, Environment,
    environment::read_secret,
    keys::{Keys, leaves},
};

type Layers = ConfigBuilder<DefaultState>;

/// The configuration of the defaults, the file and the environment.
///
/// # Errors
/// One line that names the key, where it stands, and what is expected or meant.
pub fn load(file: Option<&Path>, environment: &Environment) -> Result<Config, String> {
    let keys = Keys::known()?;
    let mut layers =
        config::Config::builder().add_source(File::from_str(DEFAULTS, FileFormat::Toml));
    if let Some(path) = file {
        layers = add_file(layers, &keys, path)?;
    }
    layers = add_environment(layers, &keys, environment)?;
    let config: Config = layers
        .build()
        .and_then(config::Config::try_deserialize)
        .map_err(|error| format!("the configuration can't be read: {error}"))?;
    config.check()?;
    Ok(config)
}

fn add_file(layers: Layers, keys: &Keys, path: &Path) -> Result<Layers, String> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("the configuration file `{shown}` can't be read: {error}"))?;
    let source = File::from_str(&text, FileFormat::Toml);
    let tree = source.collect().map_err(|error| {
        let error = error
            .to_string()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        format!("the configuration file `{shown}` is not TOML: {error}")
    })?;
    for (key, value) in leaves(tree) {
        // An empty section sets nothing.
        if value.kind == ValueKind::Nil && keys.is_section(&key) {
            continue;
        }
        let Some(kind) = keys.kind(&key) else {
            return Err(format!(
                "unknown key `{key}` in `{shown}`; did you mean `{}`?",
                keys.nearest(&key)
            ));
        };
        if !kind.accepts(&value.kind) {
            return Err(format!("`{key}` in `{shown}` must be {}", kind.name()));
        }
    }
    Ok(layers.add_source(source))
}

fn add_environment(
    mut layers: Layers,
    keys: &Keys,
    environment: &Environment,
) -> Result<Layers, String> {
    let set = |layers: Layers, key: &str, variable: &str, value: ValueKind| {
        let origin = variable.to_owned();
        layers
            .set_override(key, Value::new(Some(&origin), value))
            .map_err(|error| {
                format!("the environment variable `{variable}` can't be used: {error}")
            })
    };
    let mut from_files = Vec::new();
    let mut direct = Vec::new();
    for (variable, key, value) in environment.entries() {
        if let Some(kind) = keys.kind(&key) {
            let value = kind.parse(value).ok_or_else(|| {
                format!(
                    "the environment variable `{variable}` must be {}, not `{value}`",
                    kind.name()
                )
            })?;
            layers = set(layers, &key, variable, value)?;
            direct.push(key);
        } else if let Some(secret) = key
            .strip_suffix("_file")
            .filter(|secret| Keys::SECRETS.contains(secret))
        {
            layers = set(
                layers,
                secret,
                variable,
                ValueKind::String(read_secret(variable, value)?),
            )?;
            from_files.push(secret.to_owned());
        } else {
            let meant = Environment::variable(keys.nearest(&key));
            return Err(format!(
                "unknown environment variable `{variable}`; did you mean `{meant}`?"
            ));
        }
    }
    if let Some(key) = from_files.iter().find(|key| direct.contains(*key)) {
        let variable = Environment::variable(key);
        return Err(format!(
            "`{variable}` and `{variable}_FILE` are both set; keep one"
        ));
    }
    Ok(layers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_environment(variables: &[(&str, &str)]) -> Result<Config, String> {
        load(None, &Environment::of(variables.iter().copied()))
    }

    fn of_file(text: &str) -> Result<Config, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("palisade.toml");
        std::fs::write(&path, text).expect("written");
        load(Some(&path), &Environment::default())
    }

    #[test]
    fn the_defaults_alone_are_a_configuration() {
        let config = of_environment(&[]).expect("good");
        assert_eq!(config.server.listen().expect("an address").port(), 4434);
        assert_eq!(config.metrics.listen(), Ok(None));
        assert_eq!(config.telemetry.otlp_endpoint(), None);
    }

    #[test]
    fn the_environment_wins_over_the_file_and_the_file_over_the_defaults() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("palisade.toml");
        std::fs::write(
            &path,
            "[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n[log]\n",
        )
        .expect("written");
        let config = load(
            Some(&path),
            &Environment::of([("PALISADE__SERVER__LISTEN", "127.0.0.1:2")]),
        )
        .expect("good");
        assert_eq!(
            (
                config.server.listen().expect("an address").port(),
                config.server.workers()
            ),
            (2, 3)
        );
    }

    #[test]
    fn an_unknown_key_is_an_error_that_names_the_nearest() {
        for (text, nearest) in [
            ("[server]\nlisen = \"127.0.0.1:1\"", "server.listen"),
            ("[databse]\nurl = \"sqlite://x\"", "database.url"),
            (
                "[server]\nshutdown_timeout = 3",
                "server.shutdown_timeout_seconds",
            ),
            (
                "[telemetry.otlp]\nendpoint = \"http://x:1\"",
                "telemetry.otlp_endpoint",
            ),
            ("[server.tls]", "server.listen"),
            ("sample_ratio = 1.0", "telemetry.sample_ratio"),
        ] {
            let error = of_file(text).expect_err(text);
            assert!(
                error.starts_with("unknown key `") && error.ends_with(&format!("`{nearest}`?")),
                "{error}"
            );
        }
        let error = of_environment(&[("PALISADE__LOG__LEVLE", "info")]).expect_err("unknown");
        assert_eq!(
            error,
            "unknown environment variable `PALISADE__LOG__LEVLE`; did you mean `PALISADE__LOG__LEVEL`?"
        );
    }

    #[test]
    fn only_the_prefix_with_two_underscores_is_configuration() {
        assert!(
            of_environment(&[
                ("PALISADE_TEST_POSTGRES", "postgres://x"),
                ("PALISADEX__A", "1")
            ])
            .is_ok()
        );
    }

    #[test]
    fn a_wrong_type_names_the_key_and_what_is_expected() {
        let error = of_file("[server]\nworkers = \"many\"").expect_err("wrong type");
        assert!(
            error.starts_with("`server.workers` in `") && error.ends_with("must be a whole number"),
            "{error}"
        );
        let error = of_file("server = 3").expect_err("wrong type");
        assert!(error.contains("`server`"), "{error}");
        let error =
            of_environment(&[("PALISADE__SERVER__WORKERS", "many")]).expect_err("wrong type");
        assert_eq!(
            error,
            "the environment variable `PALISADE__SERVER__WORKERS` must be a whole number, not `many`"
        );
    }

    #[test]
    fn a_wrong_value_names_the_key_and_what_is_expected() {
        for (variable, value, key) in [
            ("PALISADE__SERVER__LISTEN", "4434", "server.listen"),
            (
                "PALISADE__SERVER__PUBLIC_URL",
                "id.example.com",
                "server.public_url",
            ),
            ("PALISADE__SERVER__WORKERS", "-1", "server.workers"),
            (
                "PALISADE__SERVER__SHUTDOWN_TIMEOUT_SECONDS",
                "86400",
                "server.shutdown_timeout_seconds",
            ),
            ("PALISADE__DATABASE__URL", "mysql://x", "database.url"),
            (
                "PALISADE__SESSIONS__LIFESPAN_SECONDS",
                "2592001",
                "sessions.lifespan_seconds",
            ),
            (
                "PALISADE__SESSIONS__LONGEST_LIFESPAN_SECONDS",
                "0",
                "sessions.longest_lifespan_seconds",
            ),
            (
                "PALISADE__SESSIONS__RETENTION_SECONDS",
                "-1",
                "sessions.retention_seconds",
            ),
            (
                "PALISADE__SESSIONS__COOKIE_NAME",
                "a=b",
                "sessions.cookie_name",
            ),
            (
                "PALISADE__PASSWORDS__ATTEMPTS_OF_IDENTITY_PER_MINUTE",
                "0",
                "passwords.attempts_of_identity_per_minute",
            ),
            (
                "PALISADE__PASSWORDS__ATTEMPTS_OF_TENANT_PER_MINUTE",
                "1000001",
                "passwords.attempts_of_tenant_per_minute",
            ),
            (
                "PALISADE__SCIM__REQUESTS_PER_SECOND",
                "24",
                "scim.requests_per_second",
            ),
            ("PALISADE__SCIM__BURST", "0", "scim.burst"),
            ("PALISADE__DATABASE__URL", "", "database.url"),
            (
                "PALISADE__DATABASE__REPLICA_URL",
                "x",
                "database.replica_url",
            ),
            (
                "PALISADE__DATABASE__REPLICA_URL",
                "postgres://db/palisade",
                "database.replica_url",
            ),
            (
                "PALISADE__DATABASE__MAX_CONNECTIONS",
                "0",
                "database.max_connections",
            ),
            (
                "PALISADE__TELEMETRY__OTLP_ENDPOINT",
                "127.0.0.1:4317",
                "telemetry.otlp_endpoint",
            ),
            (
                "PALISADE__TELEMETRY__SAMPLE_RATIO",
                "2",
                "telemetry.sample_ratio",
            ),
            (
                "PALISADE__TELEMETRY__SAMPLE_RATIO",
                "NaN",
                "telemetry.sample_ratio",
            ),
            (
                "PALISADE__TELEMETRY__SERVICE_NAME",
                " ",
                "telemetry.service_name",
            ),
            ("PALISADE__METRICS__LISTEN", ":9464", "metrics.listen"),
            ("PALISADE__LOG__FORMAT", "xml", "log.format"),
            ("PALISADE__LOG__LEVEL", "loud", "log.level"),
            ("PALISADE__LOG__LEVEL", "palisade_store=loud", "log.level"),
        ] {
            let error = of_environment(&[(variable, value)]).expect_err(variable);
            assert!(error.starts_with(&format!("`{key}` must ")), "{error}");
        }
    }

    #[test]
    fn a_secret_can_be_read_from_a_file_and_nothing_else_can() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("url");
        let path = path.to_str().expect("utf-8");
        std::fs::write(path, "postgres://palisade:hunter2@db/palisade\n").expect("written");
        let config = of_environment(&[("PALISADE__DATABASE__URL_FILE", path)]).expect("good");
        assert_eq!(
            config.database.url.reveal(),
            "postgres://palisade:hunter2@db/palisade"
        );
        assert!(!config.redacted().expect("toml").contains("hunter2"));

        let both = [
            ("PALISADE__DATABASE__URL_FILE", path),
            ("PALISADE__DATABASE__URL", "sqlite://x.db"),
        ];
        assert!(
            of_environment(&both)
                .expect_err("both")
                .contains("keep one")
        );
        let absent =
            of_environment(&[("PALISADE__DATABASE__URL_FILE", "/none/here")]).expect_err("no file");
        assert!(
            absent.contains("/none/here") && absent.contains("PALISADE__DATABASE__URL_FILE"),
            "{absent}"
        );
        assert!(of_environment(&[("PALISADE__LOG__LEVEL_FILE", path)]).is_err());
    }

    #[test]
    fn what_is_printed_can_be_read_again() {
        let printed = of_environment(&[])
            .and_then(|config| config.redacted())
            .expect("printed");
        let again = of_file(&printed)
            .and_then(|config| config.redacted())
            .expect("read again");
        assert_eq!(printed, again);
    }
}
