//! An examination as a CASE/UCO graph in JSON-LD.
//!
//! In: the record and the item table. Out: the tool, who used it, the examination as an
//! investigative action on the exhibit, its sources, and each item as a file with its digests,
//! times and place, contained in its source or in the item that it lies in. An item that a known
//! list has is tagged with list and category; one that could not be read whole says why.
//!
//! Identifiers end with a name-based UUID (version 5) of the item table's digest and the thing's
//! place: the same examination gives the same graph, and two examinations never share a node.
//!
//! Source: CASE 1.4, UCO 1.4 (ontology.caseontology.org); RFC 9562, section 5.5.

use std::io::Write;
use std::path::Path;

use pendeen_examine::{Examination, SourceKind, SourceRecord};
use pendeen_item::{Item, Origin, read_items, time};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::{ExportError, Exported, MARKING, Table, table_path};

/// Writes the graph.
pub(super) fn write(
    dir: &Path,
    examination: &Examination,
    sink: &mut impl Write,
) -> Result<Exported, ExportError> {
    let items = table_path(dir, examination, Table::Items)?;
    let mut graph = Graph { sink, of: examination, nodes: 0 };
    graph.begin()?;
    for node in around(examination) {
        graph.node(&node)?;
    }
    for source in &examination.sources {
        graph.node(&source_node(examination, source))?;
    }
    let mut written = 0;
    for item in read_items(&items)? {
        let item = item?;
        graph.node(&file_node(examination, &item))?;
        graph.node(&contained(examination, &item))?;
        written += 1;
    }
    graph.result(&items)?;
    graph.sink.write_all(b"\n]}\n").map_err(ExportError::Sink)?;
    Ok(Exported { written, left_out: 0 })
}

/// The name-based UUID of a thing of this examination.
pub(super) fn uuid(examination: &Examination, thing: &str) -> String {
    let mut hash = Sha1::new();
    let items = examination.files.get(Table::Items.file()).map(|file| file.sha256.as_str());
    hash.update(items.unwrap_or_default());
    hash.update(b"\0");
    hash.update(thing);
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.finalize()[..16]);
    bytes[6] = (bytes[6] & 0x0f) | 0x50;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// The identifier of a thing: its kind and its UUID.
fn id(examination: &Examination, kind: &str, thing: &str) -> String {
    format!("kb:{kind}-{}", uuid(examination, &format!("{kind}\0{thing}")))
}

/// A reference to a thing.
fn to(examination: &Examination, kind: &str, thing: &str) -> Value {
    json!({ "@id": id(examination, kind, thing) })
}

fn typed(kind: &str, value: impl ToString) -> Value {
    json!({ "@type": kind, "@value": value.to_string() })
}

/// The graph on its way.
struct Graph<'a, W> {
    sink: &'a mut W,
    of: &'a Examination,
    nodes: u64,
}

impl<W: Write> Graph<'_, W> {
    fn begin(&mut self) -> Result<(), ExportError> {
        let uco = |part: &str| format!("https://ontology.unifiedcyberontology.org/uco/{part}/");
        let context = json!({
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "kb": format!("urn:pendeen:{}:", uuid(self.of, "namespace")),
            "uco-action": uco("action"),
            "uco-core": uco("core"),
            "uco-identity": uco("identity"),
            "uco-observable": uco("observable"),
            "uco-tool": uco("tool"),
            "uco-types": uco("types"),
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        });
        write!(self.sink, "{{\"@context\":{context},\n\"@graph\":[\n").map_err(ExportError::Sink)
    }

    fn node(&mut self, node: &Value) -> Result<(), ExportError> {
        self.comma()?;
        serde_json::to_writer(&mut *self.sink, node)?;
        Ok(())
    }

    fn comma(&mut self) -> Result<(), ExportError> {
        if self.nodes > 0 {
            self.sink.write_all(b",\n").map_err(ExportError::Sink)?;
        }
        self.nodes += 1;
        Ok(())
    }

    /// What came of the examination: one node that names every file, written file by file.
    fn result(&mut self, items: &Path) -> Result<(), ExportError> {
        self.comma()?;
        let head = json!({
            "@id": id(self.of, "ProvenanceRecord", "result"),
            "@type": "case-investigation:ProvenanceRecord",
            "uco-core:description": format!("{MARKING}. The items found"),
        });
        let head = head.to_string();
        write!(self.sink, "{},\"uco-core:object\":[", head.trim_end_matches('}'))
            .map_err(ExportError::Sink)?;
        let sources = self.of.sources.iter().map(|source| id(self.of, "Source", &source.prefix));
        let mut separator = "";
        for node in sources {
            write!(self.sink, "{separator}{{\"@id\":\"{node}\"}}").map_err(ExportError::Sink)?;
            separator = ",";
        }
        for item in read_items(items)? {
            let node = id(self.of, "File", &item?.forensic_path);
            write!(self.sink, "{separator}{{\"@id\":\"{node}\"}}").map_err(ExportError::Sink)?;
        }
        self.sink.write_all(b"]}").map_err(ExportError::Sink)
    }
}

/// Tool, examiner, action, exhibit.
fn around(e: &Examination) -> Vec<Value> {
    let parts: Vec<String> = e.components.iter().map(|(n, v)| format!("{n} {v}")).collect();
    let examiner = e.examiner.as_deref().filter(|name| !name.is_empty());
    let mut action = json!({
        "@id": id(e, "InvestigativeAction", "examination"),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": "examination",
        "uco-core:description": MARKING,
        "uco-action:startTime": typed("xsd:dateTime", e.started),
        "uco-action:endTime": typed("xsd:dateTime", e.finished),
        "uco-action:instrument": to(e, "Tool", "tool"),
        "uco-action:object": to(e, "ProvenanceRecord", "exhibit"),
        "uco-action:result": to(e, "ProvenanceRecord", "result"),
    });
    let mut exhibit = json!({
        "@id": id(e, "ProvenanceRecord", "exhibit"),
        "@type": "case-investigation:ProvenanceRecord",
        "uco-core:description": format!("{MARKING}. What was examined"),
        "uco-core:object":
            e.sources.iter().map(|s| to(e, "Source", &s.prefix)).collect::<Vec<_>>(),
    });
    if !e.exhibit.is_empty() {
        exhibit["case-investigation:exhibitNumber"] = json!(e.exhibit);
    }
    let mut nodes = vec![json!({
        "@id": id(e, "Tool", "tool"),
        "@type": "uco-tool:Tool",
        "uco-core:name": e.tool,
        "uco-core:description": parts.join(", "),
        "uco-tool:version": e.version,
    })];
    if let Some(name) = examiner {
        action["uco-action:performer"] = to(e, "Person", "examiner");
        nodes.push(json!({
            "@id": id(e, "Person", "examiner"),
            "@type": "uco-identity:Person",
            "uco-core:name": name,
        }));
    }
    nodes.push(action);
    nodes.push(exhibit);
    nodes
}

fn source_node(e: &Examination, source: &SourceRecord) -> Value {
    let path = source.path.to_string_lossy();
    let name = source.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let thing = source.prefix.as_str();
    let mut file = json!({
        "@id": id(e, "FileFacet", &format!("source {thing}")),
        "@type": "uco-observable:FileFacet",
        "uco-observable:fileName": name,
        "uco-observable:filePath": path,
        "uco-observable:isDirectory": matches!(source.kind, SourceKind::Folder),
    });
    let SourceKind::Image(image) = &source.kind else {
        return json!({
            "@id": id(e, "Source", thing),
            "@type": "uco-observable:Directory",
            "uco-core:hasFacet": [file],
        });
    };
    file["uco-observable:sizeInBytes"] = typed("xsd:integer", image.len_bytes);
    let verified = image.verified.as_ref();
    let digests = [
        ("MD5", verified.map(|v| &v.md5).or(image.stored_md5.as_ref())),
        ("SHA1", verified.and_then(|v| v.sha1.as_ref()).or(image.stored_sha1.as_ref())),
        ("SHA256", verified.and_then(|v| v.sha256.as_ref())),
    ];
    let digests = digests.map(|(method, digest)| (method, digest.cloned()));
    json!({
        "@id": id(e, "Source", thing),
        "@type": "uco-observable:Image",
        "uco-core:hasFacet": [
            file,
            {
                "@id": id(e, "ImageFacet", thing),
                "@type": "uco-observable:ImageFacet",
                "uco-observable:imageType": image.format.label(),
            },
            content(e, &format!("source {thing}"), image.len_bytes, None, digests),
        ],
    })
}

/// The facet of a content: its size, media type and digests.
fn content(
    e: &Examination,
    thing: &str,
    size: u64,
    media_type: Option<&str>,
    digests: [(&str, Option<String>); 3],
) -> Value {
    let hashes: Vec<Value> = digests
        .into_iter()
        .filter_map(|(method, digest)| {
            Some(json!({
                "@id": id(e, "Hash", &format!("{method} {thing}")),
                "@type": "uco-types:Hash",
                "uco-types:hashMethod": method,
                "uco-types:hashValue": typed("xsd:hexBinary", digest?),
            }))
        })
        .collect();
    let mut facet = json!({
        "@id": id(e, "ContentDataFacet", thing),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:sizeInBytes": typed("xsd:integer", size),
    });
    if !hashes.is_empty() {
        facet["uco-observable:hash"] = json!(hashes);
    }
    if let Some(media_type) = media_type {
        facet["uco-observable:mimeType"] = json!(media_type);
    }
    facet
}

fn file_node(e: &Examination, item: &Item) -> Value {
    let thing = item.forensic_path.as_str();
    let mut facet = json!({
        "@id": id(e, "FileFacet", thing),
        "@type": "uco-observable:FileFacet",
        "uco-observable:fileName": item.name,
        "uco-observable:filePath": item.path,
        "uco-observable:isDirectory": false,
        "uco-observable:sizeInBytes": typed("xsd:integer", item.size_bytes),
        "uco-observable:allocationStatus": match item.origin {
            Origin::Live => "allocated",
            Origin::Embedded => "embedded",
            Origin::Deleted | Origin::Carved | Origin::Slack => "unallocated",
        },
    });
    for (name, moment) in [
        ("observableCreatedTime", item.created),
        ("modifiedTime", item.modified),
        ("accessedTime", item.accessed),
        ("metadataChangeTime", item.changed),
    ] {
        if let Some(moment) = moment.and_then(time) {
            facet[format!("uco-observable:{name}")] = typed("xsd:dateTime", moment);
        }
    }
    let digests = [
        ("MD5", item.md5.map(hex::encode)),
        ("SHA1", item.sha1.map(hex::encode)),
        ("SHA256", item.sha256.map(hex::encode)),
    ];
    let media_type = item.media_type.as_deref();
    let mut node = json!({
        "@id": id(e, "File", thing),
        "@type": "uco-observable:File",
        "uco-core:name": thing,
        "uco-core:hasFacet": [facet, content(e, thing, item.size_bytes, media_type, digests)],
    });
    if let Some(list) = &item.known_list {
        let category = item.known_category.as_deref().unwrap_or("no category");
        node["uco-core:tag"] = json!([format!("known: {list}: {category}")]);
    }
    if let Some(reason) = &item.gap {
        node["uco-core:description"] = json!(format!("not read whole: {reason}"));
    }
    node
}

/// Where the item lies: in another item, or in its source.
fn contained(e: &Examination, item: &Item) -> Value {
    let target = match &item.parent {
        Some(parent) => to(e, "File", parent),
        None => {
            let of = |source: &&SourceRecord| item.forensic_path.starts_with(&source.prefix);
            let prefix = e.sources.iter().find(of).map_or("", |source| source.prefix.as_str());
            to(e, "Source", prefix)
        }
    };
    json!({
        "@id": id(e, "Relationship", &item.forensic_path),
        "@type": "uco-observable:ObservableRelationship",
        "uco-core:source": to(e, "File", &item.forensic_path),
        "uco-core:target": target,
        "uco-core:kindOfRelationship": "Contained_Within",
        "uco-core:isDirectional": true,
    })
}
