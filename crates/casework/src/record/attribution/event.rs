//! The event that a request asks about: an address, a port, a time and the zone it was
//! written in.
//!
//! In: what a person typed. Out: the moment it says. Refused: a time that its zone had twice or
//! never, and a zone that is none.

use std::net::IpAddr;

use jiff::{Timestamp, civil, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::form::{Fields, Refusal};

/// The event asked about, as one person entered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The address, canonical.
    pub address: IpAddr,
    /// The source port.
    pub port: Option<u16>,
    /// The time as written.
    pub local: civil::DateTime,
    /// The zone as written: `UTC`, `Europe/London`, `+02:00`.
    pub zone: String,
    /// The moment that the two say, UTC.
    pub at: Timestamp,
}

impl Event {
    pub(super) fn read(fields: &Fields) -> Result<Self, Refusal> {
        let local: civil::DateTime = fields
            .text("time")?
            .parse()
            .map_err(|_| Refusal::field("time", "enter a time like 2026-11-24T09:30:15"))?;
        let zone = fields.text("zone")?;
        Ok(Self {
            address: address(fields, "address")?,
            port: fields.if_given("port", port)?,
            local,
            at: instant(local, &zone)?,
            zone,
        })
    }

    /// The fields in which two entries of one event differ, without their values.
    pub(super) fn differing(&self, other: &Self) -> Vec<&'static str> {
        [
            ("address", self.address != other.address),
            ("port", self.port != other.port),
            ("time", self.local != other.local),
            ("zone", !self.zone.eq_ignore_ascii_case(&other.zone)),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect()
    }
}

/// Reads an IPv4 or IPv6 address; an IPv4 address written as IPv6 becomes IPv4.
pub fn address(fields: &Fields, name: &str) -> Result<IpAddr, Refusal> {
    let address: IpAddr = fields
        .text(name)?
        .parse()
        .map_err(|_| Refusal::field(name, "enter an IPv4 or IPv6 address without a port"))?;
    Ok(address.to_canonical())
}

/// Reads a port, 1 to 65535.
pub fn port(fields: &Fields, name: &str) -> Result<u16, Refusal> {
    match u16::try_from(fields.count(name)?) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(Refusal::field(name, "enter a port from 1 to 65535")),
    }
}

/// The moment that a written time and zone say; refused where they say two or none.
fn instant(local: civil::DateTime, zone: &str) -> Result<Timestamp, Refusal> {
    let unknown =
        |_| Refusal::field("zone", "enter UTC, Europe/London or an offset such as +02:00");
    let zone = if zone.eq_ignore_ascii_case("utc") || zone == "Z" {
        TimeZone::UTC
    } else if zone.starts_with(['+', '-']) {
        format!("2000-01-01T00:00:00{zone}[{zone}]")
            .parse::<jiff::ZonedDateTime>()
            .map_err(unknown)?
            .time_zone()
            .clone()
    } else {
        TimeZone::get(zone).map_err(unknown)?
    };
    zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| {
        Refusal::field("time", "this time happened twice or never in that zone: give it in UTC")
    })
}

/// Addresses that carriers share among subscribers (RFC 6598).
pub(super) fn is_shared(address: IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 100 && v4.octets()[1] & 0xC0 == 64)
}

/// Addresses that mean something only inside one network, or nothing.
pub(super) fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_and_a_named_zone_give_the_moment_they_say() {
        let local: civil::DateTime = "2026-07-01T10:00:00".parse().unwrap();
        assert_eq!(instant(local, "+02:00").unwrap().to_string(), "2026-07-01T08:00:00Z");
        assert_eq!(instant(local, "Europe/London").unwrap().to_string(), "2026-07-01T09:00:00Z");
        assert!(instant(local, "Mars/Olympus").is_err());
        assert!(instant(local, "+99:99").is_err());
    }
}
