//! Reads JSON objects as the middleware writes them: compact, with plain strings, whole numbers and lists
//! of them as values. Whatever else there is in JSON is left to serde_json, which takes 4,000 instructions
//! more for a state of six values (`benches/middleware`).

use std::ops::Range;

/// Where the entries of an object are in its text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entries(Vec<(Range<usize>, Range<usize>)>);

impl Entries {
    /// `None` if the object is not written like this, or is not JSON at all.
    pub(crate) fn of(json: &str) -> Option<Self> {
        let mut reader = Reader { json: json.as_bytes(), at: 0 };
        let mut entries = Vec::with_capacity(8);
        reader.expect(b'{')?;
        if !reader.takes(b'}') {
            loop {
                let key = reader.string()?;
                reader.expect(b':')?;
                entries.push((key.start + 1..key.end - 1, reader.value()?));
                if !reader.takes(b',') {
                    break;
                }
            }
            reader.expect(b'}')?;
        }
        (reader.at == json.len()).then_some(Self(entries))
    }

    /// Whether the object that was read has this entry.
    pub(crate) fn has(&self, json: &str, key: &str, value: &str) -> bool {
        let json = json.as_bytes();
        let is = |range: &Range<usize>, text: &str| {
            range.len() == text.len() && json.get(range.clone()) == Some(text.as_bytes())
        };
        self.0.iter().any(|(ours, its_value)| is(ours, key) && is(its_value, value))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The keys, without their quotes, and the values of the object that was read.
    pub(crate) fn in_text<'a>(&'a self, json: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let text = |range: &Range<usize>| json.get(range.clone()).unwrap_or_default();
        self.0.iter().map(move |(key, value)| (text(key), text(value)))
    }
}

struct Reader<'a> {
    json: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.json.get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.takes(byte).then_some(())
    }

    /// A scalar, or a list of them.
    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if !self.takes(b'[') {
            return self.scalar();
        }
        if !self.takes(b']') {
            self.scalar()?;
            while self.takes(b',') {
                self.scalar()?;
            }
            self.expect(b']')?;
        }
        Some(start..self.at)
    }

    /// A string, a whole number or a word.
    fn scalar(&mut self) -> Option<Range<usize>> {
        match self.peek()? {
            b'"' => self.string(),
            b'0'..=b'9' | b'-' => self.number(),
            _ => self.word(),
        }
    }

    /// A string in which nothing needs escaping, with its quotes.
    fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        self.expect(b'"')?;
        self.at += plain_prefix(&self.json[self.at..]);
        self.expect(b'"')?;
        Some(start..self.at)
    }

    /// A whole number without leading zeros.
    fn number(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let is_negative = self.takes(b'-');
        let first = self.at;
        self.at += self.json[first..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_whole = !matches!(self.peek(), Some(b'.' | b'e' | b'E'));
        let is_canonical = match self.json[first..self.at] {
            [b'0'] => !is_negative,
            [b'1'..=b'9', ..] => true,
            _ => false,
        };
        (is_whole && is_canonical).then_some(start..self.at)
    }

    fn word(&mut self) -> Option<Range<usize>> {
        let (start, rest) = (self.at, &self.json[self.at..]);
        let word =
            ["true", "false", "null"].iter().find(|word| rest.starts_with(word.as_bytes()))?;
        self.at += word.len();
        Some(start..self.at)
    }
}

/// How many bytes there are before the first that ends a string or needs escaping: a quote, a backslash or a
/// control character.
///
/// Eight at a time: where a byte of a word is zero, `(word - 0x01…) & !word` has its highest bit set, and the
/// lowest such bit is exact (Hacker's Delight, section 6-1).
fn plain_prefix(text: &[u8]) -> usize {
    const fn every(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    let is_less = |word: u64, byte: u8| word.wrapping_sub(every(byte)) & !word & every(0x80);
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = is_less(word ^ every(b'"'), 1);
        let backslash = is_less(word ^ every(b'\\'), 1);
        let special = quote | backslash | is_less(word, 0x20);
        if special != 0 {
            return 8 * index + special.trailing_zeros() as usize / 8;
        }
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..0x20);
    8 * words.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, value::RawValue};

    use super::*;

    fn read(json: &str) -> Option<Vec<(String, String)>> {
        let entries = Entries::of(json)?;
        let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
        Some(entries.in_text(json).map(owned).collect())
    }

    #[test]
    fn what_is_written_by_us_is_read() {
        let json = r#"{"a":"x","b":[],"c":[1,"y",null],"d":-17,"e":true,"f":0,"g":"ö"}"#;
        let expected = [
            ("a", r#""x""#),
            ("b", "[]"),
            ("c", r#"[1,"y",null]"#),
            ("d", "-17"),
            ("e", "true"),
            ("f", "0"),
            ("g", r#""ö""#),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(read(json).unwrap(), expected);
        assert_eq!(read("{}").unwrap(), []);
    }

    #[test]
    fn everything_else_is_left_to_serde_json() {
        for value in [
            "", "tru", "01", "-", "-0", "-01", "1.5", "1e3", "{}", "[[]]", "[1,]", "[1", r#""\n""#,
            "\"\n\"", r#""x"#, "1 ", " 1", "nul", "+1", "\"x\"y", "[1]2", "truex",
        ] {
            assert!(read(&format!(r#"{{"a":{value}}}"#)).is_none(), "{value}");
        }
        for json in
            ["", "{", "[]", r#"{"a":1,}"#, r#"{,"a":1}"#, r#"{"a":1"b":2}"#, r#"{"a" :1}"#, "{}x"]
        {
            assert!(read(json).is_none(), "{json}");
        }
    }

    #[test]
    fn a_string_ends_wherever_it_ends() {
        for length in 0..40 {
            for special in ['"', '\\', '\n', '\0', '\u{1f}'] {
                for before in ["x", "ö", "\u{80}", "\u{7f}", "!", "#", " "] {
                    let plain = before.repeat(length);
                    let text = format!("{plain}{special}\"\n");
                    assert_eq!(plain_prefix(text.as_bytes()), plain.len(), "{text:?}");
                }
            }
        }
        assert_eq!(plain_prefix(b"no end"), 6);
    }

    proptest! {
        /// What is read at all is JSON, and read as serde_json reads it.
        #[test]
        fn nothing_is_read_otherwise_than_by_serde_json(
            json in r#"\{("[a-c]?":("[xö\\" ]{0,2}"|[-0-9.e]{0,3}|\[[0-9,"a]{0,5}\]|true|null|x|\{\}),?){0,3}\}"#
        ) {
            let Some(entries) = read(&json) else { return Ok(()) };
            let all: Map<String, Value> = serde_json::from_str(&json).unwrap();
            prop_assert!(all.len() <= entries.len());
            for (key, value) in entries {
                prop_assert!(all.contains_key(&key));
                prop_assert_eq!(serde_json::from_str::<&RawValue>(&value).unwrap().get(), &value);
            }
        }
    }
}
