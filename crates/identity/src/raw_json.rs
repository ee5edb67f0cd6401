//! JSON that is stored and sent as it is: parsed once at the door, then carried as text.

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

/// One JSON value as text, known to be valid.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// The text of `value`.
    pub fn from_value(value: &Value) -> Self {
        // A `Value` always serializes: its keys are strings. `null` stands for the case that can't be.
        Self(serde_json::value::to_raw_value(value).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// The value in this text, checked to be JSON.
    ///
    /// # Errors
    /// When the text is not one JSON value.
    pub fn parse(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value, parsed. `null` in the case that can't be: the text is valid by construction.
    pub fn to_value(&self) -> Value {
        serde_json::from_str(self.0.get()).unwrap_or(Value::Null)
    }
}

impl PartialEq for RawJson {
    /// Equal as JSON values, whatever the white space and the order of members.
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str() || self.to_value() == other.to_value()
    }
}
