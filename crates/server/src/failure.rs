use palisade_authz::Refusal;
use palisade_envelope::{Code, Error};

/// Why the program ends with exit code 1: one line that says what is wrong and what to do.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message. Line ends in it become spaces.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self(
            message
                .as_ref()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl From<String> for Failure {
    fn from(message: String) -> Self {
        Self::new(message)
    }
}

impl From<Error> for Failure {
    /// Who runs the program has the database's credentials: unlike a caller of the API, they are told the cause.
    fn from(error: Error) -> Self {
        let envelope = error.envelope();
        let mut message = match (envelope.code, error.cause()) {
            (Code::Unavailable, None) => {
                "the database can't be reached; check `database.url` and that the database runs"
                    .to_owned()
            }
            (Code::Unavailable, Some(cause)) => {
                format!(
                    "the database can't be reached; check `database.url` and that the database runs: {cause}"
                )
            }
            (_, None) => envelope.message.clone().into_owned(),
            (Code::Internal, Some(cause)) => cause.to_string(),
            (_, Some(cause)) => format!("{}: {cause}", envelope.message),
        };
        for notice in &envelope.notices {
            message.push_str("; ");
            message.push_str(notice.as_str());
        }
        Self::new(message)
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_one_line_with_its_cause() {
        let failure = Failure::from(Error::internal("disk full\n  at page 3"));
        assert_eq!(failure.to_string(), "disk full at page 3");
        let failure = Failure::from(Error::new(Code::Unavailable).caused_by("connection refused"));
        assert!(
            failure
                .to_string()
                .ends_with("that the database runs: connection refused")
        );
    }
}
