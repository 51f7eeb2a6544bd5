//! Project VIC lists: VICS JSON 1.2 to 2.0, as a stream.
//!
//! In: an object with `value`: media records (a hash set), or cases that hold them in `Media`.
//! Which of the two is seen record by record, so that the model's address, which some tools write
//! last or not at all, decides nothing. Of a record: `MD5`, `SHA1`, `SHA256`, `Category` (number
//! or text), `MediaSize`; `PhotoDNA` is counted. Everything else is passed over, however deep.
//! Out: records of a [`crate::KnownSet`]; the list is named after its file; a record without a
//! digest is counted.
//! Refused, with line and column: what is not JSON, a digest that is none.
//!
//! Only one record is in memory at a time, and of it only these fields.
//!
//! Source: Project VIC data models 1.2 to 2.0 (OData); docs/reference/known-lists.md.

use std::fmt;
use std::io::Read;
use std::path::Path;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::KnownError;
use crate::digest::decode;
use crate::load::file_name;
use crate::set::{Loader, Record};

/// Reads the list; what it is, with the version of the model.
pub(crate) fn read(
    loader: &mut Loader,
    path: &Path,
    text: &mut impl Read,
) -> Result<String, KnownError> {
    let mut reading = Reading {
        loader,
        list: file_name(path),
        model: None,
        values: false,
        records: 0,
        failed: None,
    };
    let mut json = serde_json::Deserializer::from_reader(text);
    let end = Object { reading: &mut reading, place: Place::Top }.deserialize(&mut json);
    let end = end.and_then(|()| json.end());
    let Reading { model, values, records, failed, .. } = reading;
    if let Some(failed) = failed {
        return Err(failed);
    }
    end.map_err(|error| refused(path, records, error))?;
    if !values {
        return Err(KnownError::BadLine {
            path: path.to_owned(),
            line: 1,
            problem: "the file is JSON, but has no `value` with records: give a VICS export"
                .to_owned(),
        });
    }
    Ok(model.map_or_else(|| "vics".to_owned(), |version| format!("vics {version}")))
}

fn refused(path: &Path, records: u64, error: serde_json::Error) -> KnownError {
    let line = error.line() as u64;
    if error.is_io() {
        return KnownError::Io { path: path.to_owned(), source: error.into() };
    }
    let place = format!("column {}, after {records} records", error.column());
    KnownError::BadLine { path: path.to_owned(), line, problem: format!("{error} ({place})") }
}

/// What is known while the stream is read.
struct Reading<'a> {
    loader: &'a mut Loader,
    list: String,
    model: Option<String>,
    /// Whether `value` was there.
    values: bool,
    /// Records so far.
    records: u64,
    /// Why a record could not be taken, where it is not the text's fault.
    failed: Option<KnownError>,
}

/// Where an object stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The whole document.
    Top,
    /// An element of `value`: a record, or a case.
    Value,
    /// An element of a case's `Media`.
    Media,
}

/// An object that is read field by field.
struct Object<'r, 'a> {
    reading: &'r mut Reading<'a>,
    place: Place,
}

/// What has been read of a record.
#[derive(Default)]
struct Fields {
    record: Record,
    category: String,
    photodna: bool,
    /// The object holds records, so it is none itself.
    is_case: bool,
}

impl<'de> DeserializeSeed<'de> for Object<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of a VICS export")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut fields = Fields::default();
        while let Some(key) = map.next_key_seed(Key(self.place))? {
            match key {
                Name::Model => self.reading.model = version(&map.next_value_seed(Text)?),
                Name::Records(place) => {
                    self.reading.values |= place == Place::Value;
                    fields.is_case = true;
                    map.next_value_seed(Array { reading: &mut *self.reading, place })?;
                }
                Name::Md5 => fields.record.md5 = map.next_value_seed(Digest)?,
                Name::Sha1 => fields.record.sha1 = map.next_value_seed(Digest)?,
                Name::Sha256 => fields.record.sha256 = map.next_value_seed(Digest)?,
                Name::Category => fields.category = map.next_value_seed(Text)?,
                Name::Size => fields.record.size = map.next_value_seed(Text)?.parse().ok(),
                Name::PhotoDna => fields.photodna = !map.next_value_seed(Text)?.is_empty(),
                Name::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        if self.place == Place::Top || fields.is_case {
            return Ok(());
        }
        self.reading.take(fields).map_err(M::Error::custom)
    }
}

impl Reading<'_> {
    fn take(&mut self, fields: Fields) -> Result<(), &'static str> {
        self.records += 1;
        if fields.photodna
            && let Some(source) = self.loader.source()
        {
            source.photodna += 1;
        }
        let record = Record { sought: true, ..fields.record };
        self.loader.add(&record, &self.list, &fields.category).map_err(|error| {
            self.failed = Some(error);
            "the record could not be taken"
        })
    }
}

/// An array of objects, read one by one.
struct Array<'r, 'a> {
    reading: &'r mut Reading<'a>,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Array<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Array<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut all: S) -> Result<(), S::Error> {
        let Self { reading, place } = self;
        while all.next_element_seed(Object { reading: &mut *reading, place })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The fields that matter.
enum Name {
    Model,
    Records(Place),
    Md5,
    Sha1,
    Sha256,
    Category,
    Size,
    PhotoDna,
    Other,
}

/// A field's name, by where it stands.
struct Key(Place);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Name;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Name, D::Error> {
        json.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = Name;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a field's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        Ok(match (self.0, name) {
            (Place::Top, "odata.metadata" | "@odata.context") => Name::Model,
            (Place::Top, "value") => Name::Records(Place::Value),
            (Place::Top, _) => Name::Other,
            (Place::Value, "Media") => Name::Records(Place::Media),
            (_, "MD5") => Name::Md5,
            (_, "SHA1") => Name::Sha1,
            (_, "SHA256") => Name::Sha256,
            (_, "Category") => Name::Category,
            (_, "MediaSize") => Name::Size,
            (_, "PhotoDNA") => Name::PhotoDna,
            _ => Name::Other,
        })
    }
}

/// Text, a number as text, or nothing as the empty text.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<String, D::Error> {
        json.deserialize_any(self)
    }
}

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number or null")
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.trim().to_owned())
    }

    fn visit_u64<E>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_bool<E>(self, truth: bool) -> Result<String, E> {
        Ok(truth.to_string())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }
}

/// A digest in hexadecimal; none where it is null or empty.
struct Digest<const N: usize>;

impl<'de, const N: usize> DeserializeSeed<'de> for Digest<N> {
    type Value = Option<[u8; N]>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<const N: usize> Visitor<'_> for Digest<N> {
    type Value = Option<[u8; N]>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a digest of {} hexadecimal digits, or null", 2 * N)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.trim() {
            "" => Ok(None),
            text => decode(text).map(Some).map_err(E::custom),
        }
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// The version in the address of a model: `.../DataModels/1.3.xml#Media`.
fn version(address: &str) -> Option<String> {
    let (_, behind) = address.split_once("/DataModels/")?;
    let (version, _) = behind.split_once(".xml")?;
    let plain = !version.is_empty()
        && version.len() < 16
        && version.chars().all(|c| c.is_ascii_digit() || c == '.');
    plain.then(|| version.to_owned())
}
