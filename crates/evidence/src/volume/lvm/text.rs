//! Parses the text in which LVM2 keeps what it knows of a volume group.
//!
//! In: bytes such as `vg { id = "x" seqno = 3 tags = ["a", 2] }`. Out: a tree of named values.
//! Comments run from `#` to the line's end. Refused, with the byte: what is no such text, more
//! than [`MOST_DEPTH`] levels, more than [`MOST_VALUES`] values.
//!
//! Source: LVM2, `libdm/libdm-config.c`, and lvm.conf(5) for the notation.

/// Sections in sections; a volume group has four.
const MOST_DEPTH: usize = 8;
/// Values in all; a group of a thousand volumes has some ten thousand.
const MOST_VALUES: usize = 1 << 20;

/// What stands behind a name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Number(i64),
    Text(String),
    List(Vec<Value>),
    Section(Section),
}

/// Named values in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Section(Vec<(String, Value)>);

impl Section {
    /// The value with this name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// The number with this name, if it is not negative.
    pub fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    /// The text with this name.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The list with this name.
    pub fn list(&self, name: &str) -> Option<&[Value]> {
        match self.get(name)? {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The section with this name.
    pub fn section(&self, name: &str) -> Option<&Self> {
        match self.get(name)? {
            Value::Section(section) => Some(section),
            _ => None,
        }
    }

    /// All sections with their names.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.0.iter().filter_map(|(name, value)| match value {
            Value::Section(section) => Some((name.as_str(), section)),
            _ => None,
        })
    }
}

/// Parses a whole text.
pub(super) fn parse(bytes: &[u8]) -> Result<Section, String> {
    // The text in the metadata area ends with a zero byte.
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let mut parser = Parser { bytes: &bytes[..end], at: 0, values: 0 };
    let section = parser.section(0)?;
    match parser.peek() {
        None => Ok(section),
        Some(_) => Err(parser.wrong("a name")),
    }
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl Parser<'_> {
    /// The next byte that is no space and no comment.
    fn peek(&mut self) -> Option<u8> {
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => {
                    let line = self.bytes[self.at..].iter().position(|b| *b == b'\n');
                    self.at = line.map_or(self.bytes.len(), |len| self.at + len);
                }
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                other => return Some(other),
            }
        }
        None
    }

    fn wrong(&self, wanted: &str) -> String {
        format!("byte {} of the metadata should begin {wanted}", self.at)
    }

    /// Takes `byte` if it is the next one.
    fn take(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn counted(&mut self) -> Result<(), String> {
        self.values += 1;
        if self.values > MOST_VALUES {
            return Err(format!("the metadata has more than {MOST_VALUES} values"));
        }
        Ok(())
    }

    /// Names with values, up to a closing brace or the end.
    fn section(&mut self, depth: usize) -> Result<Section, String> {
        if depth > MOST_DEPTH {
            return Err(format!("the metadata has more than {MOST_DEPTH} levels"));
        }
        let mut all = Vec::new();
        while self.peek().is_some_and(|byte| byte != b'}') {
            self.counted()?;
            let name = self.word();
            if name.is_empty() {
                return Err(self.wrong("a name"));
            }
            let value = if self.take(b'{') {
                let inner = self.section(depth + 1)?;
                if !self.take(b'}') {
                    return Err(self.wrong("a closing brace"));
                }
                Value::Section(inner)
            } else if self.take(b'=') {
                self.value()?
            } else {
                return Err(self.wrong("a value"));
            };
            all.push((name, value));
        }
        Ok(Section(all))
    }

    fn value(&mut self) -> Result<Value, String> {
        if !self.take(b'[') {
            return self.scalar();
        }
        let mut list = Vec::new();
        while !self.take(b']') {
            list.push(self.scalar()?);
            if !self.take(b',') && self.peek() != Some(b']') {
                return Err(self.wrong("a comma or a closing bracket"));
            }
        }
        Ok(Value::List(list))
    }

    fn scalar(&mut self) -> Result<Value, String> {
        self.counted()?;
        if self.take(b'"') {
            return self.quoted();
        }
        let word = self.word();
        match word.parse() {
            Ok(number) => Ok(Value::Number(number)),
            // A number with a fraction: nothing that is asked for.
            Err(_) if !word.is_empty() => Ok(Value::Text(word)),
            Err(_) => Err(self.wrong("a value")),
        }
    }

    fn quoted(&mut self) -> Result<Value, String> {
        let mut text = Vec::new();
        while let Some(&byte) = self.bytes.get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return Ok(Value::Text(String::from_utf8_lossy(&text).into_owned())),
                b'\\' => {
                    text.extend(self.bytes.get(self.at));
                    self.at += 1;
                }
                other => text.push(other),
            }
        }
        Err("a text of the metadata has no end".to_owned())
    }

    /// A name or a number.
    fn word(&mut self) -> String {
        self.peek();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.+-@/".contains(byte);
        let len = rest.iter().take_while(|byte| is_part(byte)).count();
        self.at += len;
        String::from_utf8_lossy(&rest[..len]).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_numbers_texts_and_lists_come_back() {
        let text = b"# made by hand\nvg {\n id = \"a\\\"b\" seqno = 3\n flags = []\n\
                     list = [\"pv0\", 7]\n inner { size = -1 } }\ncontents = \"Text\"\n\0garbage {";
        let root = parse(text).unwrap();
        let vg = root.section("vg").unwrap();
        assert_eq!((vg.text("id"), vg.number("seqno")), (Some("a\"b"), Some(3)));
        assert_eq!(vg.list("flags"), Some(&[][..]));
        assert_eq!(vg.list("list"), Some(&[Value::Text("pv0".into()), Value::Number(7)][..]));
        assert_eq!(vg.section("inner").unwrap().number("size"), None, "no size is negative");
        assert_eq!(root.text("contents"), Some("Text"));
        assert_eq!(root.sections().count(), 1);
    }

    #[test]
    fn what_is_no_such_text_is_refused_with_its_place() {
        for text in ["vg {", "}", "vg", "a = ", "a = [1", "a = \"x", "a = [1 2]", "= 1", "a { } }"]
        {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"vg { a ! }").unwrap_err().contains("byte 7"));
        assert!(parse("a{".repeat(100_000).as_bytes()).unwrap_err().contains("levels"));
        assert!(parse("a=1 ".repeat(MOST_VALUES + 1).as_bytes()).unwrap_err().contains("values"));
    }
}
