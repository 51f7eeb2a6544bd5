//! From the tree of a CyberTipline-style document to reports.
//!
//! In: a `<report>`, several of them in some envelope, or a `<fileDetails>` that follows a
//! report. Out: a [`Report`] each. Nearly every element is optional, so nothing is demanded but
//! some content; elements are known by their name wherever they stand, in any letter case, and
//! belong to the party of the section around them (reporter, person reported, recipient,
//! victim, incident, file). An element that has no field of its own is kept as text.
//!
//! Source: NCMEC, CyberTipline Reporting API Technical Documentation: `report`,
//! `fileDetails`, `ipCaptureEvent`, `deviceId`.

use pendeen_casework::record::referral::SelectorKind;

use crate::reject::{Cause, Rejected};
use crate::report::{Digest, MediaDigest, Observation, Party, PartyRole, Report};
use crate::summary::Summary;
use crate::text::Decoded;
use crate::xml::Node;
use crate::{Limits, NAME_CHARS, selector, time};

/// Who sends CyberTipline reports.
const SOURCE: &str = "NCMEC";

/// Longest path that is kept whole, in characters.
const PATH_CHARS: usize = 240;

/// Every report in the document, and those that say nothing.
pub(crate) fn reports(
    root: &Node,
    text: &Decoded,
    limits: &Limits,
    digest: &Digest,
) -> Result<(Vec<Report>, Vec<Rejected>), Rejected> {
    let mut nodes = Vec::new();
    find(root, &mut nodes);
    if nodes.is_empty() {
        let cause = Cause::NotAReport { root: root.name.clone() };
        return Err(Rejected::at(text.place(root.offset), cause));
    }
    let several = nodes.len() > 1;
    let (mut reports, mut rejected) = (Vec::new(), Vec::new());
    let mut known = (0, text.place(0));
    for (index, node) in nodes.into_iter().enumerate() {
        let place = text.place_after(known, node.offset);
        known = (node.offset, place);
        let report = read(node, digest, place.line, several.then_some(index + 1));
        match report.ok_or(Cause::Blank).and_then(|r| r.finish(limits.identifiers)) {
            Ok(report) => reports.push(report),
            Err(cause) => rejected.push(Rejected::at(place, cause)),
        }
    }
    if reports.is_empty() {
        return Err(rejected.swap_remove(0));
    }
    Ok((reports, rejected))
}

/// The outermost reports, in the order of the document.
fn find<'a>(node: &'a Node, found: &mut Vec<&'a Node>) {
    if node.is("report") || node.is("fileDetails") {
        found.push(node);
    } else {
        node.children.iter().for_each(|child| find(child, found));
    }
}

/// One report; none if it says nothing.
fn read(node: &Node, digest: &Digest, line: usize, ordinal: Option<usize>) -> Option<Report> {
    let mut walk = Walk {
        report: Report::new(digest.clone(), line),
        path: Vec::new(),
        role: PartyRole::Incident,
        party: None,
        file_name: None,
        summary: Summary::default(),
    };
    if node.is("fileDetails") {
        walk.file(node);
    } else {
        walk.attributes(node);
        walk.children(node);
    }
    let mut report = walk.report;
    let stated = reference(node).and_then(|stated| {
        let fits = stated.chars().count() <= NAME_CHARS;
        if !fits {
            report.doubt("reference", &stated, "it is too long for a reference");
        }
        fits.then_some(stated)
    });
    let says_nothing = stated.is_none()
        && walk.summary.is_empty()
        && report.selectors.is_empty()
        && report.other_selectors.is_empty()
        && report.observations.is_empty()
        && report.media.is_empty()
        && report.parties.is_empty()
        && report.extra.is_empty()
        && report.doubts.is_empty()
        && report.incident_raw.is_none();
    if says_nothing {
        return None;
    }
    SOURCE.clone_into(&mut report.source);
    report.reference_stated = stated.is_some();
    report.reference = stated.unwrap_or_else(|| match ordinal {
        Some(n) => format!("document {} part {n}", &digest.as_str()[..16]),
        None => format!("document {}", &digest.as_str()[..16]),
    });
    report.summary = walk.summary.text(&report);
    Some(report)
}

const REFERENCES: [&str; 4] =
    ["reportId", "reportNumber", "cyberTipReportId", "cyberTiplineReportNumber"];

/// The reference that the report carries. The details of a file are another document of the
/// report whose number they name, so theirs has the file's number too.
fn reference(node: &Node) -> Option<String> {
    let number = REFERENCES
        .iter()
        .find_map(|name| node.child_value(name).or_else(|| node.attribute(name)))
        .or_else(|| node.attribute("id"))?;
    match node.child_value("fileId") {
        Some(file) if node.is("fileDetails") => Some(format!("{number} file {file}")),
        _ => Some(number.to_owned()),
    }
}

/// A walk over one report.
struct Walk {
    report: Report,
    path: Vec<String>,
    role: PartyRole,
    /// The party of the section, by its place in the report.
    party: Option<usize>,
    file_name: Option<String>,
    summary: Summary,
}

impl Walk {
    /// Where the walk is; a path longer than any of the schema's keeps its end.
    fn at(&self) -> String {
        let path = self.path.join("/");
        match path.char_indices().rev().nth(PATH_CHARS) {
            Some((start, _)) => format!("…{}", &path[start..]),
            None => path,
        }
    }

    fn children(&mut self, node: &Node) {
        for child in &node.children {
            self.path.push(child.name.clone());
            self.element(child);
            self.path.pop();
        }
    }

    /// One element by its name.
    fn element(&mut self, node: &Node) {
        let name = node.name.to_ascii_lowercase();
        match name.as_str() {
            "reporter" | "lawenforcement" => self.section(node, PartyRole::Reporter),
            "personoruserreported" => self.section(node, PartyRole::Reported),
            "intendedrecipient" => self.section(node, PartyRole::Recipient),
            "victim" => {
                self.report.urgent |= has_content(node);
                self.section(node, PartyRole::Victim);
            }
            "internetdetails" => self.section(node, PartyRole::Incident),
            "filedetails" => self.file(node),
            "ipcaptureevent" => self.capture(node),
            "reportannotations" => self.annotations(node),
            "deviceid" => self.device(node),
            _ if !node.children.is_empty() => {
                self.attributes(node);
                self.own_text(node);
                self.children(node);
            }
            _ => self.leaf(node, &name),
        }
    }

    /// A section whose identifiers belong to one party.
    fn section(&mut self, node: &Node, role: PartyRole) {
        let outer = std::mem::replace(&mut self.role, role);
        let own = self.report.parties.len();
        let outer_party = self.party.replace(own);
        self.report.parties.push(Party { role, facts: Vec::new() });
        self.attributes(node);
        self.own_text(node);
        self.children(node);
        if self.report.parties.get(own).is_some_and(|party| party.facts.is_empty()) {
            self.report.parties.remove(own);
        }
        self.party = outer_party;
        self.role = outer;
    }

    /// The details of one file: its digests carry its name.
    fn file(&mut self, node: &Node) {
        let name = node.child_value("originalFileName").map(str::to_owned);
        let outer = std::mem::replace(&mut self.file_name, name);
        let role = std::mem::replace(&mut self.role, PartyRole::File);
        self.attributes(node);
        self.own_text(node);
        self.children(node);
        self.file_name = outer;
        self.role = role;
    }

    /// An element without elements in it.
    fn leaf(&mut self, node: &Node, name: &str) {
        let Some(value) = node.value() else {
            return self.empty(node);
        };
        match name {
            "incidenttype" => self.summary.kind = Some(value.to_owned()),
            "platform" if self.role == PartyRole::Incident => {
                self.summary.platform = Some(value.to_owned());
            }
            "incidentdatetime" if self.report.incident_raw.is_none() => self.incident(value),
            "escalatetohighpriority" => self.priority(value),
            "additionalinfo" | "summary" | "description" | "narrative" if self.path.len() == 1 => {
                self.summary.information.push(value.to_owned());
            }
            "email" | "emailaddress" => self.identifier(SelectorKind::Email, value),
            "phone" | "phonenumber" => self.phone(node, value),
            "screenname" | "username" => self.identifier(SelectorKind::ScreenName, value),
            "profileurl" | "url" | "locationoffile" => self.identifier(SelectorKind::Url, value),
            "ipaddress" => self.observe(node, value),
            "originalfilehash" | "originalbinaryhash" | "hash" => self.digest(node, value),
            "firstname" | "middlename" | "lastname" | "dateofbirth" | "age" | "approximateage"
            | "displayname" | "espservice" | "espidentifier" | "schoolname" => {
                self.fact(node, value);
            }
            _ if REFERENCES.iter().any(|r| node.is(r)) && self.path.len() == 1 => {}
            _ => self.report.keep(&self.at(), value),
        }
        self.attributes_beyond(node, &["hashtype", "countrycallingcode"]);
    }

    /// An empty element says something by being there (`<sextortion/>`), or by its attributes.
    fn empty(&mut self, node: &Node) {
        if node.attributes.is_empty() {
            self.report.keep(&self.at(), "");
        } else {
            self.attributes(node);
        }
    }

    fn attributes(&mut self, node: &Node) {
        self.attributes_beyond(node, &[]);
    }

    fn attributes_beyond(&mut self, node: &Node, read: &[&str]) {
        for (name, value) in &node.attributes {
            if !read.contains(&name.to_ascii_lowercase().as_str()) {
                self.report.keep(&format!("{}@{name}", self.at()), value);
            }
        }
    }

    /// Text beside elements.
    fn own_text(&mut self, node: &Node) {
        if let Some(text) = node.value() {
            self.report.keep(&self.at(), text);
        }
    }

    fn incident(&mut self, value: &str) {
        self.report.incident_raw = Some(value.to_owned());
        match time::read(value) {
            Some(moment) => {
                self.report.incident = Some(moment.utc);
                if !moment.zone_stated {
                    self.report.doubt(&self.at(), value, time::NO_ZONE);
                }
            }
            None => self.report.doubt(&self.at(), value, time::UNREADABLE),
        }
    }

    /// The element holds the reason; a plain no is a no.
    fn priority(&mut self, value: &str) {
        if matches!(value.to_ascii_lowercase().as_str(), "false" | "no" | "0" | "none" | "n/a") {
            self.report.keep(&self.at(), value);
        } else {
            self.report.urgent = true;
            self.summary.priority = Some(value.to_owned());
        }
    }

    fn annotations(&mut self, node: &Node) {
        let present = node.children.iter().filter(|c| !matches!(c.value(), Some("false" | "0")));
        self.summary.annotations.extend(present.map(|child| child.name.clone()));
        self.own_text(node);
        self.children(node);
    }

    fn fact(&mut self, node: &Node, value: &str) {
        match self.party.and_then(|own| self.report.parties.get_mut(own)) {
            Some(party) => party.facts.push((node.name.clone(), value.to_owned())),
            None => self.report.keep(&self.at(), value),
        }
    }

    fn identifier(&mut self, kind: SelectorKind, value: &str) {
        let path = self.at();
        if self.role == PartyRole::Reporter {
            return self.report.keep(&path, value);
        }
        match selector::canonical(kind, value) {
            Ok(found) => {
                if let Some(why) = found.reservation {
                    self.report.doubt(&path, value, why);
                }
                self.report.add_selector(self.role, found.selector);
            }
            Err(unfit) => self.report.doubt(&path, value, unfit.0),
        }
    }

    /// A number with its country in an attribute is put together from both.
    fn phone(&mut self, node: &Node, value: &str) {
        let code = node.attribute("countryCallingCode").map(|c| c.trim_start_matches(['+', '0']));
        let whole = value.trim_start().starts_with('+') || value.trim_start().starts_with("00");
        match code.filter(|code| !whole && !code.is_empty()) {
            // Italy (39) keeps the 0 that other countries put before a national number.
            Some("39") => self.identifier(SelectorKind::Phone, &format!("+39 {value}")),
            Some(code) => {
                let national = value.trim_start().strip_prefix('0').unwrap_or(value);
                self.identifier(SelectorKind::Phone, &format!("+{code} {national}"));
            }
            None => self.identifier(SelectorKind::Phone, value),
        }
    }

    fn device(&mut self, node: &Node) {
        match node.child_value("idValue").or_else(|| node.value()) {
            Some(value) => self.identifier(SelectorKind::DeviceId, value),
            None => self.report.doubt(&self.at(), "", "the device has no identifier"),
        }
        self.attributes(node);
        self.others(node, &["idvalue"]);
    }

    /// Keeps the children that were not read.
    fn others(&mut self, node: &Node, read: &[&str]) {
        for child in &node.children {
            if !read.contains(&child.name.to_ascii_lowercase().as_str()) {
                self.path.push(child.name.clone());
                self.attributes(child);
                self.own_text(child);
                self.others(child, &[]);
                self.path.pop();
            }
        }
    }

    fn capture(&mut self, node: &Node) {
        match node.child_value("ipAddress").or_else(|| node.value()) {
            Some(value) => self.observe(node, value),
            None => self.report.doubt(&self.at(), "", "the event has no address"),
        }
        self.attributes(node);
        let read = ["ipaddress", "eventname", "datetime", "possibleproxy", "port"];
        self.others(node, &read);
    }

    /// An address, with what the event around it tells.
    fn observe(&mut self, event: &Node, value: &str) {
        let path = self.at();
        if self.role == PartyRole::Reporter {
            return self.report.keep(&path, value);
        }
        let port = event.child_value("port");
        let (ip, port) = match selector::address(value, port) {
            Ok(found) => found,
            Err(unfit) => {
                let whole = port.map_or(value.to_owned(), |port| format!("{value} port {port}"));
                self.report.doubt(&path, &whole, unfit.0);
                return;
            }
        };
        let time_raw = event.child_value("dateTime").map(str::to_owned);
        let moment = time_raw.as_deref().and_then(time::read);
        if let (Some(raw), None) = (&time_raw, moment) {
            self.report.doubt(&format!("{path}/dateTime"), raw, time::UNREADABLE);
        }
        let possible_proxy = event.child_value("possibleProxy").and_then(yes_or_no);
        self.report.add_observation(
            Observation {
                role: self.role,
                ip,
                port,
                event: event.child_value("eventName").map(str::to_owned),
                time: moment.map(|m| m.utc),
                time_raw,
                zone_stated: moment.is_some_and(|m| m.zone_stated),
                possible_proxy,
            },
            &path,
            value,
        );
    }

    fn digest(&mut self, node: &Node, value: &str) {
        let told = node.attribute("hashType").unwrap_or_default();
        match MediaDigest::read(told, value, self.file_name.as_deref()) {
            Ok(digest) => self.report.media.push(digest),
            Err(why) => self.report.doubt(&self.at(), value, why),
        }
    }
}

fn has_content(node: &Node) -> bool {
    node.value().is_some() || node.children.iter().any(has_content)
}

fn yes_or_no(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => Some(true),
        "false" | "0" | "no" => Some(false),
        _ => None,
    }
}
