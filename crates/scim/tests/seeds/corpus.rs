//! The seeds, one target after the other.

use std::fs;
use std::path::Path;

use crate::checks;

/// The seeds of a target. What a fuzzer has added locally is not run: those files have no ending.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let seeds: Vec<Vec<u8>> = fs::read_dir(folder)
        .expect("the seeds are there")
        .map(|file| file.expect("can be listed").path())
        .filter(|path| path.extension().is_some())
        .map(|path| fs::read(path).expect("can be read"))
        .collect();
    assert!(seeds.len() >= 10, "{target} has {} seeds", seeds.len());
    seeds
}

fn text(seed: &[u8]) -> &str {
    std::str::from_utf8(seed).expect("is text")
}

#[test]
fn seeds_of_filters_are_read_or_refused() {
    seeds("filter")
        .iter()
        .for_each(|seed| checks::filter(text(seed)));
}

#[test]
fn seeds_of_paths_are_read_or_refused() {
    seeds("path")
        .iter()
        .for_each(|seed| checks::path(text(seed)));
}

#[test]
fn seeds_of_patch_are_refused_or_make_what_could_be_posted() {
    seeds("patch").iter().for_each(|seed| checks::patch(seed));
}
