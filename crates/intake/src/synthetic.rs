//! Synthetic referral documents for the demo and for tests: nobody's names, and only addresses
//! and numbers that are set aside for examples.
//!
//! In: a seed and a number. Out: that many CyberTipline-style reports, one CSV table and one
//! document that is cut short; the same seed gives the same bytes.
//! Reports of one invented user share identifiers, so that they belong together.
//!
//! Source: RFC 2606 (example domains), RFC 5737 and RFC 3849 (documentation addresses), Ofcom
//! (telephone numbers for drama, 07700 900000 to 900999).

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use quick_xml::escape::escape;

/// One document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Its file name.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Reports of how many users stand in a dozen documents.
const REPORTS_PER_USER: usize = 3;

/// `n` XML reports, then one table and one document that cannot be read.
pub fn referrals(seed: u64, n: usize) -> Vec<Sample> {
    let mut chance = Chance(seed);
    let users: Vec<User> =
        (0..n.div_ceil(REPORTS_PER_USER).max(1)).map(|i| User::invent(i, &mut chance)).collect();
    let mut samples: Vec<Sample> = (0..n)
        .map(|i| {
            let user = &users[i % users.len()];
            let xml = report(i, user, &mut chance);
            Sample { name: format!("report-{:02}.xml", i + 1), bytes: xml.into_bytes() }
        })
        .collect();
    samples.push(Sample { name: "hotline.csv".to_owned(), bytes: table(&users, &mut chance) });
    samples.push(Sample { name: "cut-short.xml".to_owned(), bytes: cut_short(&users[0]) });
    samples
}

/// A small generator of pseudo-random numbers (SplitMix64): the demo must not depend on the
/// version of a library for its bytes.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(index).copied().unwrap_or_default()
    }
}

const FIRST: [&str; 8] =
    ["harbour", "meadow", "copper", "winter", "signal", "orchard", "granite", "lantern"];
const SECOND: [&str; 8] =
    ["kite", "heron", "bridge", "compass", "willow", "anchor", "falcon", "pebble"];
const DOMAINS: [&str; 3] = ["example.org", "example.net", "example.com"];
const SERVICES: [&str; 3] = ["Example Share", "Example Chat", "Example Drive"];

/// An invented user of invented services.
struct User {
    screen_name: String,
    email: String,
    phone: String,
    device: String,
    v4: String,
    v6: String,
    port: u64,
}

impl User {
    fn invent(index: usize, chance: &mut Chance) -> Self {
        let name = format!("{}.{}", chance.pick(&FIRST), chance.pick(&SECOND));
        let network = chance.pick(&["192.0.2", "198.51.100", "203.0.113"]);
        let number = u64::try_from(index).unwrap_or(0);
        let device = format!("{:016x}", chance.next());
        Self {
            screen_name: format!("{name}.{}", 10 + number),
            email: format!("{name}.{}@{}", 10 + number, chance.pick(&DOMAINS)),
            phone: format!("07700 900{:03}", (number * 37 + chance.below(37)) % 1000),
            device,
            v4: format!("{network}.{}", 1 + (number * 11 + chance.below(11)) % 250),
            v6: format!("2001:db8:{:x}::{:x}", number + 1, 1 + chance.below(0xffff)),
            port: 1024 + chance.below(60_000),
        }
    }
}

/// 1 June 2026, in seconds since 1970: the reports are of the three months that follow.
const FIRST_DAY: i64 = 1_780_272_000;

/// A moment in those months, as text with its zone.
fn moment(chance: &mut Chance) -> String {
    let start = Timestamp::from_second(FIRST_DAY).unwrap_or_default();
    let later = SignedDuration::from_secs(i64::try_from(chance.below(90 * 86_400)).unwrap_or(0));
    start.checked_add(later).unwrap_or(start).to_string()
}

fn element(xml: &mut String, indent: usize, name: &str, value: &str) {
    let _ = writeln!(xml, "{:indent$}<{name}>{}</{name}>", "", escape(value));
}

/// One report. Every third is sparse, every fourth asks for priority.
fn report(index: usize, user: &User, chance: &mut Chance) -> String {
    let (when, reference) = (moment(chance), 70_000_001 + index * 13);
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>\n");
    element(&mut xml, 2, "reportId", &reference.to_string());
    xml.push_str("  <incidentSummary>\n");
    element(&mut xml, 4, "incidentType", "A file on a list of known files was shared");
    if index % 4 == 1 {
        element(
            &mut xml,
            4,
            "escalateToHighPriority",
            "The account is used from a shared household",
        );
    }
    element(&mut xml, 4, "incidentDateTime", &when);
    xml.push_str("  </incidentSummary>\n");
    let _ = write!(xml, "  <internetDetails>\n    <webPageIncident>\n");
    element(
        &mut xml,
        6,
        "url",
        &format!("https://share.example.com/f/{:08x}", chance.below(1 << 32)),
    );
    xml.push_str("    </webPageIncident>\n  </internetDetails>\n");
    reporter(&mut xml);
    person(&mut xml, index, user, &when, chance);
    file(&mut xml, user, &when, chance);
    element(&mut xml, 2, "additionalInfo", "Synthetic example made for the demonstration.");
    xml.push_str("</report>\n");
    xml
}

fn reporter(xml: &mut String) {
    xml.push_str("  <reporter>\n    <reportingPerson>\n");
    element(xml, 6, "firstName", "Reporting desk");
    element(xml, 6, "email", "reports@example.com");
    xml.push_str("    </reportingPerson>\n  </reporter>\n");
}

fn person(xml: &mut String, index: usize, user: &User, when: &str, chance: &mut Chance) {
    let sparse = index % 3 == 2;
    xml.push_str("  <personOrUserReported>\n");
    if !sparse {
        xml.push_str("    <personOrUserReportedPerson>\n");
        let _ = writeln!(xml, "      <phone type=\"Mobile\">{}</phone>", user.phone);
        element(xml, 6, "email", &user.email);
        xml.push_str("    </personOrUserReportedPerson>\n");
    }
    element(xml, 4, "espIdentifier", &chance.below(1_000_000_000).to_string());
    element(xml, 4, "espService", chance.pick(&SERVICES));
    element(xml, 4, "screenName", &user.screen_name);
    if !sparse {
        let profile = format!("https://chat.example.net/u/{}", user.screen_name);
        element(xml, 4, "profileUrl", &profile);
    }
    capture(xml, 4, &user.v4, Some(user.port), "Login", when);
    if index.is_multiple_of(2) {
        capture(xml, 4, &user.v6, None, "Upload", when);
    }
    if !sparse {
        xml.push_str("    <deviceId>\n");
        element(xml, 6, "idType", "Android ID");
        element(xml, 6, "idValue", &user.device);
        xml.push_str("    </deviceId>\n");
    }
    xml.push_str("  </personOrUserReported>\n");
}

fn capture(xml: &mut String, at: usize, ip: &str, port: Option<u64>, event: &str, when: &str) {
    let _ = writeln!(xml, "{:at$}<ipCaptureEvent>", "");
    element(xml, at + 2, "ipAddress", ip);
    element(xml, at + 2, "eventName", event);
    element(xml, at + 2, "dateTime", when);
    if let Some(port) = port {
        element(xml, at + 2, "port", &port.to_string());
    }
    let _ = writeln!(xml, "{:at$}</ipCaptureEvent>", "");
}

/// A file by its digests, which are random and no file's.
fn file(xml: &mut String, user: &User, when: &str, chance: &mut Chance) {
    let digits = |count: usize, chance: &mut Chance| -> String {
        let mut digits = String::new();
        while digits.len() < count {
            let _ = write!(digits, "{:016x}", chance.next());
        }
        digits.truncate(count);
        digits
    };
    xml.push_str("  <fileDetails>\n");
    element(xml, 4, "originalFileName", &format!("landscape-{:04}.jpg", chance.below(10_000)));
    for (kind, count) in [("MD5", 32), ("SHA1", 40)] {
        let digest = digits(count, chance);
        let _ =
            writeln!(xml, "    <originalFileHash hashType=\"{kind}\">{digest}</originalFileHash>");
    }
    capture(xml, 4, &user.v4, Some(user.port), "Upload", when);
    xml.push_str("  </fileDetails>\n");
}

/// A table of a hotline: a row for each of the first three users, and one of a user of its own.
fn table(users: &[User], chance: &mut Chance) -> Vec<u8> {
    let own = User::invent(users.len(), chance);
    let mut csv = String::from(
        "reference,source,incident_time,summary,email,ip,port,screen_name,phone,device_id,url,urgent\r\n",
    );
    for (i, user) in users.iter().take(3).chain([&own]).enumerate() {
        let _ = write!(
            csv,
            "HL-{:04},Example Hotline,{},\"A page was reported, synthetic example\",{},{},{},{},{},,https://pages.example.net/{},{}\r\n",
            1201 + i,
            moment(chance),
            user.email,
            user.v4,
            user.port,
            user.screen_name,
            user.phone,
            user.screen_name,
            if i == 2 { "yes" } else { "no" },
        );
    }
    csv.into_bytes()
}

/// A report whose transfer stopped in the middle of an element.
fn cut_short(user: &User) -> Vec<u8> {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<report>\n");
    element(&mut xml, 2, "reportId", "70000999");
    xml.push_str("  <personOrUserReported>\n");
    element(&mut xml, 4, "screenName", &user.screen_name);
    xml.push_str("    <ipCaptureEvent>\n      <ipAddress>192.0.");
    xml.into_bytes()
}
