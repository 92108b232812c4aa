//! The names of a struct's fields.

use serde::{
    Deserialize, Deserializer,
    de::{Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The names under which `T` reads its fields; `None` for what is no plain struct.
pub(crate) fn field_names<'de, T: Deserialize<'de>>() -> Option<&'static [&'static str]> {
    let mut names = None;
    let _never_ok = T::deserialize(Ask(&mut names)).is_ok();
    names
}

/// Has nothing to read, but listens to what is asked for.
struct Ask<'a>(&'a mut Option<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Ask<'_> {
    type Error = Error;

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        *self.0 = Some(fields);
        self.deserialize_any(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("nothing to read"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[derive(Deserialize)]
    struct User {
        #[serde(rename = "user_id")]
        _id: String,
        #[serde(rename = "theme", alias = "colours")]
        _theme: Option<String>,
    }

    #[test]
    fn a_struct_has_names_and_a_map_has_none() {
        assert_eq!(field_names::<User>(), Some(["user_id", "colours", "theme"].as_slice()));
        assert_eq!(field_names::<HashMap<String, String>>(), None);
    }
}
