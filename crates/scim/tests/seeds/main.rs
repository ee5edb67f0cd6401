//! The seeds of the fuzz targets (`fuzz/corpus/`), each held against what must hold of any input.

#[cfg(test)]
#[path = "../../fuzz/src/checks.rs"]
mod checks;
#[cfg(test)]
mod corpus;
