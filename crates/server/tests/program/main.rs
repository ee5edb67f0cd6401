//! The built program from outside, and the files that come with it.

#[cfg(test)]
mod command_line;
#[cfg(test)]
mod compose;
#[cfg(test)]
mod quickstart;
#[cfg(test)]
mod support;
