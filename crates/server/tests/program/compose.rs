//! The structure of `docker-compose.yml` and what it refers to. No container engine runs here: this is as far as
//! reading goes.

use std::{collections::BTreeMap, fs, path::PathBuf};

use palisade_server::config::{Environment, load};
use yaml_rust2::{Yaml, YamlLoader};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .canonicalize()
        .expect("the repository")
}

fn yaml(path: &str) -> Yaml {
    let text = fs::read_to_string(root().join(path)).expect(path);
    let mut documents = YamlLoader::load_from_str(&text).expect(path);
    assert_eq!(documents.len(), 1, "{path}");
    merged(documents.remove(0))
}

/// The document with its `<<` merged in, as compose does: keys of the mapping itself win.
fn merged(yaml: Yaml) -> Yaml {
    match yaml {
        Yaml::Array(items) => Yaml::Array(items.into_iter().map(merged).collect()),
        Yaml::Hash(fields) => {
            let mut whole = yaml_rust2::yaml::Hash::new();
            for (key, value) in fields {
                let value = merged(value);
                if key.as_str() == Some("<<") {
                    for (key, value) in value.into_hash().expect("a mapping is merged") {
                        whole.entry(key).or_insert(value);
                    }
                } else {
                    whole.insert(key, value);
                }
            }
            Yaml::Hash(whole)
        }
        other => other,
    }
}

fn strings(yaml: &Yaml) -> Vec<&str> {
    yaml.as_vec()
        .into_iter()
        .flatten()
        .map(|item| item.as_str().expect("a string"))
        .collect()
}

fn services() -> BTreeMap<String, Yaml> {
    let compose = yaml("docker-compose.yml");
    let services = compose["services"].as_hash().expect("services");
    services
        .iter()
        .map(|(name, service)| (name.as_str().expect("a name").to_owned(), service.clone()))
        .collect()
}

/// What compose puts in the place of `${NAME:-default}` where NAME is not set.
fn interpolated(text: &str) -> String {
    let mut text = text.to_owned();
    while let Some((before, rest)) = text.split_once("${") {
        let (variable, after) = rest.split_once('}').expect("closed");
        let (_, default) = variable.split_once(":-").expect("has a default");
        text = format!("{before}{default}{after}");
    }
    text
}

fn environment(service: &Yaml) -> BTreeMap<String, String> {
    let Some(variables) = service["environment"].as_hash() else {
        return BTreeMap::new();
    };
    variables
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().expect("a name").to_owned(),
                interpolated(value.as_str().expect("a string")),
            )
        })
        .collect()
}

#[test]
fn the_services_are_two_nodes_a_database_a_collector_and_prometheus() {
    let names: Vec<String> = services().into_keys().collect();
    assert_eq!(
        names,
        [
            "gateway-1",
            "gateway-2",
            "migrate",
            "otel-collector",
            "postgres",
            "prometheus"
        ]
    );
}

#[test]
fn every_published_port_is_on_the_loopback_and_published_once() {
    let mut published = Vec::new();
    for (name, service) in services() {
        assert_ne!(service["network_mode"].as_str(), Some("host"), "{name}");
        for port in strings(&service["ports"]) {
            let parts: Vec<&str> = port.split(':').collect();
            assert!(
                matches!(parts.as_slice(), ["127.0.0.1", _, _]),
                "{name}: {port}"
            );
            published.push(parts[1].parse::<u16>().expect("a port"));
        }
    }
    let all = published.len();
    published.sort_unstable();
    published.dedup();
    assert_eq!(
        (
            published.len(),
            published.contains(&4434),
            published.contains(&4435)
        ),
        (all, true, true)
    );
}

#[test]
fn every_file_that_is_referred_to_exists() {
    for (name, service) in services() {
        for volume in strings(&service["volumes"]) {
            let source = volume.split(':').next().expect("a source");
            if source.starts_with('.') {
                assert!(root().join(source).is_file(), "{name}: {source}");
            } else {
                assert!(
                    !yaml("docker-compose.yml")["volumes"][source].is_badvalue(),
                    "{name}: {source}"
                );
            }
        }
        if let Some(dockerfile) = service["build"]["dockerfile"].as_str() {
            assert!(root().join(dockerfile).is_file(), "{name}: {dockerfile}");
        }
    }
}

#[test]
fn every_variable_of_the_nodes_is_a_known_key_with_a_good_value() {
    let services = services();
    for name in ["gateway-1", "gateway-2", "migrate"] {
        let variables = environment(&services[name]);
        assert!(
            variables
                .keys()
                .all(|variable| variable.starts_with(Environment::PREFIX)),
            "{name}"
        );
        let pairs = variables
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        load(None, &Environment::of(pairs)).expect(name);
    }
}

#[test]
fn the_nodes_are_configured_alike_and_wait_for_the_migration() {
    let services = services();
    let (first, second) = (&services["gateway-1"], &services["gateway-2"]);
    assert_eq!(environment(first), environment(second));
    for node in [first, second] {
        let waits = &node["depends_on"]["migrate"]["condition"];
        assert_eq!(waits.as_str(), Some("service_completed_successfully"));
        assert!(!node["healthcheck"]["test"].is_badvalue());
    }
    assert_eq!(strings(&services["migrate"]["command"]), ["migrate", "up"]);
    assert_eq!(
        services["migrate"]["depends_on"]["postgres"]["condition"].as_str(),
        Some("service_healthy")
    );
    assert_eq!(first["image"], services["migrate"]["image"]);
}

#[test]
fn a_node_has_longer_to_stop_than_its_requests_have() {
    let grace = services()["gateway-1"]["stop_grace_period"]
        .as_str()
        .expect("set")
        .to_owned();
    let grace: u64 = grace
        .strip_suffix('s')
        .expect("seconds")
        .parse()
        .expect("a number");
    let config = load(None, &Environment::default()).expect("the defaults");
    assert!(grace > config.server.shutdown_timeout().as_secs());
}

#[test]
fn the_collector_and_prometheus_are_configured_for_these_services() {
    let services = services();
    let node = environment(&services["gateway-1"]);
    let collector = yaml("config/docker/otel-collector.yaml");
    let receives = collector["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"]
        .as_str()
        .expect("an endpoint");
    let port = receives.rsplit(':').next().expect("a port");
    assert_eq!(
        node["PALISADE__TELEMETRY__OTLP_ENDPOINT"],
        format!("http://otel-collector:{port}")
    );
    let pipeline = &collector["service"]["pipelines"]["traces"];
    for kind in ["receivers", "processors", "exporters"] {
        for name in strings(&pipeline[kind]) {
            assert!(!collector[kind][name].is_badvalue(), "{kind}: {name}");
        }
    }
    let prometheus = yaml("config/docker/prometheus.yml");
    let targets = strings(&prometheus["scrape_configs"][0]["static_configs"][0]["targets"]);
    let port = node["PALISADE__METRICS__LISTEN"]
        .rsplit(':')
        .next()
        .expect("a port");
    assert_eq!(
        targets,
        ["gateway-1", "gateway-2"].map(|name| format!("{name}:{port}"))
    );
}

#[test]
fn the_image_runs_the_program_by_a_user_without_rights() {
    let text = fs::read_to_string(root().join("config/docker/Dockerfile")).expect("the Dockerfile");
    let instructions: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(instructions.contains(&"ENTRYPOINT [\"palisade\"]"));
    let user = instructions
        .iter()
        .rposition(|line| line.starts_with("USER "))
        .expect("a user");
    let stage = instructions
        .iter()
        .rposition(|line| line.starts_with("FROM "))
        .expect("a stage");
    assert!(user > stage && instructions[user] != "USER root" && instructions[user] != "USER 0");
    for line in &instructions {
        if let Some(assignment) = line.strip_prefix("ENV ") {
            let (name, value) = assignment.split_once('=').expect("an assignment");
            load(None, &Environment::of([(name, value)])).expect(name);
        }
    }
    let compiler = fs::read_to_string(root().join("Cargo.toml")).expect("the manifest");
    let least = compiler
        .lines()
        .find_map(|line| line.strip_prefix("rust-version = \""))
        .expect("a version");
    let least: u32 = least
        .trim_end_matches('"')
        .split('.')
        .nth(1)
        .expect("minor")
        .parse()
        .expect("a number");
    let image = instructions
        .iter()
        .find_map(|line| line.strip_prefix("FROM rust:1."))
        .expect("a compiler");
    let image: u32 = image
        .split(['-', '.'])
        .next()
        .expect("minor")
        .parse()
        .expect("a number");
    assert!(image >= least);
}
