//! From characters to a bounded tree of elements.
//!
//! In: text. Out: the outermost [`Node`]; namespaces prefixes are dropped, so that a report
//! reads the same with and without them.
//! Refused: malformed XML, a DOCTYPE, entities other than XML's five, more elements or
//! nesting than the limits. Nothing is expanded and nothing is fetched.
//!
//! Source: XML 1.0, fifth edition; Namespaces in XML 1.0.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::reject::{Cause, Rejected};
use crate::text::Decoded;
use crate::{Limits, NAME_CHARS};

/// One element.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// Its name without a namespace prefix.
    pub(crate) name: String,
    /// Its attributes, without prefixes; namespace declarations are left out.
    pub(crate) attributes: Vec<(String, String)>,
    /// The text directly in it, untrimmed.
    pub(crate) text: String,
    /// The elements in it.
    pub(crate) children: Vec<Node>,
    /// Where it begins, in bytes of the decoded text.
    pub(crate) offset: usize,
}

impl Node {
    /// Its text without white space around it; none if nothing is left.
    pub(crate) fn value(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// Whether it has this name, in whatever case.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of its first child of this name.
    pub(crate) fn child_value(&self, name: &str) -> Option<&str> {
        self.children.iter().find(|child| child.is(name)).and_then(Self::value)
    }

    /// The value of an attribute, without white space around it.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }
}

/// Reads the outermost element with everything in it.
pub(crate) fn read(text: &Decoded, limits: &Limits) -> Result<Node, Rejected> {
    let mut reader = Reader::from_str(text.as_str());
    let mut tree = Tree { text, limits, open: Vec::new(), root: None, elements: 0 };
    loop {
        let at = position(reader.buffer_position());
        let event = reader.read_event().map_err(|error| {
            tree.malformed(position(reader.error_position()), &error.to_string())
        })?;
        match event {
            Event::Start(start) => tree.open(at, &start)?,
            Event::Empty(start) => {
                tree.open(at, &start)?;
                tree.close();
            }
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.append(at, &text.xml10_content())?,
            Event::CData(text) => tree.append(at, &text.xml10_content())?,
            Event::GeneralRef(reference) => tree.refer(at, &reference)?,
            Event::DocType(_) => return Err(Rejected::at(text.place(at), Cause::Doctype)),
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => return tree.finish(at),
        }
    }
}

fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

struct Tree<'a> {
    text: &'a Decoded,
    limits: &'a Limits,
    open: Vec<Node>,
    root: Option<Node>,
    elements: usize,
}

impl Tree<'_> {
    fn rejected(&self, at: usize, cause: Cause) -> Rejected {
        Rejected::at(self.text.place(at), cause)
    }

    fn malformed(&self, at: usize, problem: &str) -> Rejected {
        self.rejected(at, Cause::Malformed { problem: problem.to_owned() })
    }

    fn fits(&self, at: usize, what: &'static str, name: &str) -> Result<(), Rejected> {
        if name.len() <= NAME_CHARS {
            return Ok(());
        }
        Err(self.rejected(at, Cause::TooLong { what, limit: NAME_CHARS }))
    }

    fn open(&mut self, at: usize, start: &BytesStart<'_>) -> Result<(), Rejected> {
        self.elements += 1;
        if self.elements > self.limits.elements {
            let limit = self.limits.elements;
            return Err(self.rejected(at, Cause::TooMany { what: "elements", limit }));
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.rejected(at, Cause::TooDeep { limit: self.limits.depth }));
        }
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.malformed(at, "there is more than one outermost element"));
        }
        let name = start.local_name().as_ref().to_owned();
        self.fits(at, "the name of an element", &name)?;
        let attributes = self.attributes(at, start)?;
        self.open.push(Node { name, attributes, offset: at, ..Node::default() });
        Ok(())
    }

    fn attributes(
        &self,
        at: usize,
        start: &BytesStart<'_>,
    ) -> Result<Vec<(String, String)>, Rejected> {
        let mut attributes = Vec::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|e| self.malformed(at, &e.to_string()))?;
            if attribute.key.as_namespace_binding().is_some() {
                continue;
            }
            let value = attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map_err(|e| self.malformed(at, &e.to_string()))?;
            if let Some(c) = value.chars().find(|&c| forbidden(c)) {
                return Err(self.rejected(at, Cause::Control { code: u32::from(c) }));
            }
            self.fits(at, "the name of an attribute", attribute.key.local_name().as_ref())?;
            attributes.push((attribute.key.local_name().as_ref().to_owned(), value.into_owned()));
        }
        Ok(attributes)
    }

    fn close(&mut self) {
        if let Some(done) = self.open.pop() {
            match self.open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => self.root = Some(done),
            }
        }
    }

    fn append(&mut self, at: usize, text: &str) -> Result<(), Rejected> {
        match self.open.last_mut() {
            Some(node) => node.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(self.malformed(at, "there is text outside the outermost element")),
        }
        Ok(())
    }

    fn refer(&mut self, at: usize, reference: &BytesRef<'_>) -> Result<(), Rejected> {
        let character =
            reference.resolve_char_ref().map_err(|e| self.malformed(at, &e.to_string()))?;
        if let Some(c) = character {
            if forbidden(c) {
                return Err(self.rejected(at, Cause::Control { code: u32::from(c) }));
            }
            return self.append(at, c.encode_utf8(&mut [0; 4]));
        }
        match quick_xml::escape::resolve_xml_entity(reference) {
            Some(text) => self.append(at, text),
            None => Err(self.rejected(at, Cause::Entity { name: (**reference).to_owned() })),
        }
    }

    fn finish(mut self, at: usize) -> Result<Node, Rejected> {
        if let Some(node) = self.open.last() {
            let problem = format!("the document ends before </{}>", node.name);
            return Err(self.malformed(at, &problem));
        }
        self.root.take().ok_or_else(|| self.malformed(at, "there is no element in it"))
    }
}

/// Whether XML 1.0 forbids the character even as a reference.
fn forbidden(c: char) -> bool {
    (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}')
}
