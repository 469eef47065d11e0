//! Types a key may have: how each is read from TOML and from plain text, and written back.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

/// A type a configuration key can hold.
pub trait Value: Sized {
    /// What to write, in words for a refusal.
    const KIND: &'static str;
    /// Masked wherever values are shown.
    const SECRET: bool = false;

    /// Reads the text of an environment variable, flag or secret file.
    fn from_text(text: &str) -> Option<Self>;

    /// Reads a TOML value of the matching type; text is not coerced to numbers or truth values.
    fn from_toml(value: &toml::Value) -> Option<Self>;

    fn to_toml(&self) -> toml::Value;

    /// The number that bounds are held against.
    fn number(&self) -> Option<u64> {
        None
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            const KIND: &'static str = "a whole number";

            fn from_text(text: &str) -> Option<Self> {
                text.parse().ok()
            }

            fn from_toml(value: &toml::Value) -> Option<Self> {
                value.as_integer()?.try_into().ok()
            }

            fn to_toml(&self) -> toml::Value {
                toml::Value::Integer((*self).try_into().expect("bounds keep numbers within i64"))
            }

            fn number(&self) -> Option<u64> {
                u64::try_from(*self).ok()
            }
        }
    )*};
}

numbers!(u16, u32, u64, usize);

/// Values whose TOML form is their text.
macro_rules! texts {
    ($($type:ty: $kind:literal, $secret:literal, |$text:ident| $read:expr, |$value:ident| $write:expr;)*) => {$(
        impl Value for $type {
            const KIND: &'static str = $kind;
            const SECRET: bool = $secret;

            fn from_text($text: &str) -> Option<Self> {
                $read
            }

            fn from_toml(value: &toml::Value) -> Option<Self> {
                Self::from_text(value.as_str()?)
            }

            fn to_toml(&self) -> toml::Value {
                let $value = self;
                toml::Value::String($write)
            }
        }
    )*};
}

texts! {
    String: "a text", false, |text| Some(text.to_owned()), |value| value.clone();
    PathBuf: "a path", false, |text| (!text.is_empty()).then(|| PathBuf::from(text)), |value| value.display().to_string();
    SocketAddr: "an address with a port, such as 127.0.0.1:8080", false, |text| text.parse().ok(), |value| value.to_string();
    Secret: "a text", true, |text| Some(Secret(text.to_owned())), |value| value.0.clone();
}

impl Value for bool {
    const KIND: &'static str = "true or false";

    fn from_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn from_toml(value: &toml::Value) -> Option<Self> {
        value.as_bool()
    }

    fn to_toml(&self) -> toml::Value {
        toml::Value::Boolean(*self)
    }
}

/// Several of one kind: a TOML array, or text with commas between.
macro_rules! lists {
    ($($type:ty: $kind:literal;)*) => {$(
        impl Value for Vec<$type> {
            const KIND: &'static str = $kind;

            fn from_text(text: &str) -> Option<Self> {
                text.split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| item.parse().ok())
                    .collect()
            }

            fn from_toml(value: &toml::Value) -> Option<Self> {
                value
                    .as_array()?
                    .iter()
                    .map(|item| item.as_str()?.parse().ok())
                    .collect()
            }

            fn to_toml(&self) -> toml::Value {
                toml::Value::Array(
                    self.iter()
                        .map(|item| toml::Value::String(item.to_string()))
                        .collect(),
                )
            }
        }
    )*};
}

lists! {
    String: "a list of texts";
    IpAddr: "a list of addresses without ports";
}

/// A text that is never shown: neither by `config print` nor by `Debug`. Empty means "not set".
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it; `None` where nothing was set.
    pub fn expose(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() {
            "(not set)"
        } else {
            "(masked)"
        })
    }
}

/// A key that takes one of a few words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $kind:literal, { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl Value for $name {
            const KIND: &'static str = $kind;

            fn from_text(text: &str) -> Option<Self> {
                match text {
                    $($word => Some(Self::$variant),)*
                    _ => None,
                }
            }

            fn from_toml(value: &toml::Value) -> Option<Self> {
                Self::from_text(value.as_str()?)
            }

            fn to_toml(&self) -> toml::Value {
                toml::Value::String(self.as_str().to_owned())
            }
        }
    };
}

words!(
    /// When an append counts as durable.
    Durability, "full or relaxed", {
        /// Synced before it is acknowledged: survives kill -9 and power loss.
        Full = "full",
        /// Written but not synced: survives kill -9, not power loss. For rehearsals only.
        Relaxed = "relaxed",
    }
);

words!(
    /// What keeps the logs.
    Engine, "embedded or cql", {
        /// SQLite in the node's folder.
        Embedded = "embedded",
        /// ScyllaDB or Apache Cassandra.
        Cql = "cql",
    }
);

words!(
    /// The least severe event that is logged.
    LogLevel, "error, warn, info, debug or trace", {
        Error = "error",
        Warn = "warn",
        Info = "info",
        Debug = "debug",
        Trace = "trace",
    }
);
