//! From an identifier as somebody wrote it to its canonical form, so that two reports of the
//! same identifier say the same.
//!
//! In: text. Out: a [`Selector`], or [`Unfit`] with the reason. Nothing is guessed: a telephone
//! number without a country stays as its digits, a screen name keeps its letter case.
//!
//! Source: RFC 5321 section 4.5.3 (lengths), RFC 5952 (IPv6 text), RFC 3986 (URLs),
//! ITU-T E.164, Ofcom's National Telephone Numbering Plan.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use pendeen_casework::record::referral::{Selector, SelectorKind};

/// Why a text is not an identifier of the kind that it was given as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit(pub &'static str);

/// An identifier in canonical form, with a reservation where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canonical {
    /// The identifier.
    pub selector: Selector,
    /// What a reader must know, such as a number without a country.
    pub reservation: Option<&'static str>,
}

/// The canonical form of `raw` as an identifier of `kind`.
pub fn canonical(kind: SelectorKind, raw: &str) -> Result<Canonical, Unfit> {
    let raw = raw.trim();
    if raw.is_empty() {
        return Err(Unfit("it is empty"));
    }
    let plain = |value| Ok((value, None));
    let (value, reservation) = match kind {
        SelectorKind::Email => email(raw).and_then(plain),
        SelectorKind::Ip => {
            address(raw, None).map(|(ip, port)| (ip_value(ip, port), unroutable(ip)))
        }
        SelectorKind::ScreenName | SelectorKind::DeviceId => name(raw),
        SelectorKind::Phone => phone(raw),
        SelectorKind::Url => url(raw).and_then(plain),
    }?;
    Ok(Canonical { selector: Selector { kind, value }, reservation })
}

fn email(raw: &str) -> Result<String, Unfit> {
    let raw = raw.trim_start_matches('<').trim_end_matches('>');
    let raw = raw.strip_prefix("mailto:").unwrap_or(raw);
    let lower = raw.to_lowercase();
    let (local, domain) = lower.rsplit_once('@').ok_or(Unfit("an e-mail address has an @"))?;
    let odd =
        |c: char| c.is_whitespace() || c.is_control() || hidden(c) || "<>(),;:\\\"[]@".contains(c);
    let local_fits = !local.is_empty()
        && local.len() <= 64
        && !local.contains(odd)
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..");
    let label_fits = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let domain_fits = domain.contains('.') && domain.split('.').all(label_fits);
    if local_fits && domain_fits && lower.len() <= 254 {
        Ok(lower)
    } else {
        Err(Unfit("it is not a valid e-mail address"))
    }
}

/// An address, and the port that stands with it or in `port`. IPv4 addresses written as IPv6
/// become IPv4.
pub fn address(raw: &str, port: Option<&str>) -> Result<(IpAddr, Option<u16>), Unfit> {
    let raw = raw.trim();
    let bare = raw.strip_prefix('[').and_then(|r| r.strip_suffix(']')).unwrap_or(raw);
    let (ip, own) = match bare.parse::<IpAddr>() {
        Ok(ip) => (ip, None),
        Err(_) => raw
            .parse::<SocketAddr>()
            .map(|socket| (socket.ip(), Some(socket.port())))
            .map_err(|_| Unfit("it is not an IPv4 or IPv6 address"))?,
    };
    let stated = match port.map(str::trim).filter(|p| !p.is_empty()) {
        Some(text) => Some(
            text.parse::<u16>().map_err(|_| Unfit("its port is not a number from 1 to 65535"))?,
        ),
        None => None,
    };
    let port = match (own, stated) {
        (Some(a), Some(b)) if a != b => return Err(Unfit("two different ports are given")),
        (a, b) => a.or(b),
    };
    if port == Some(0) {
        return Err(Unfit("its port is not a number from 1 to 65535"));
    }
    Ok((ip.to_canonical(), port))
}

/// An address as a selector's value: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`,
/// `[2001:db8::1]:443`.
pub fn ip_value(ip: IpAddr, port: Option<u16>) -> String {
    match port {
        Some(port) => SocketAddr::new(ip, port).to_string(),
        None => ip.to_string(),
    }
}

/// Why an address leads to no provider's customer, if so. The ranges that are set aside for
/// documentation (RFC 5737, RFC 3849) do lead somewhere: examples and the demo use them.
pub fn unroutable(ip: IpAddr) -> Option<&'static str> {
    const PRIVATE: &str = "a private address: it identifies nobody outside its own network";
    const SPECIAL: &str = "a special address that no customer has";
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            if v4.is_private() || v4.is_link_local() || v4.is_loopback() {
                Some(PRIVATE)
            } else if a == 100 && (64..128).contains(&b) {
                Some("an address inside a provider's own network (RFC 6598)")
            } else if v4.is_multicast() || v4.is_broadcast() || a == 0 || a >= 240 {
                Some(SPECIAL)
            } else {
                None
            }
        }
        IpAddr::V6(v6) => {
            if v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local() {
                Some(PRIVATE)
            } else if v6.is_multicast() || v6 == Ipv6Addr::UNSPECIFIED {
                Some(SPECIAL)
            } else {
                None
            }
        }
    }
}

type Fit = Result<(String, Option<&'static str>), Unfit>;

fn phone(raw: &str) -> Fit {
    let raw = raw.strip_prefix("tel:").unwrap_or(raw).replace("(0)", "");
    let odd = |c: char| !c.is_ascii_digit() && !"+ -.()/\u{a0}\u{2011}\u{2013}".contains(c);
    if raw.contains(odd) {
        return Err(Unfit("a telephone number has digits only"));
    }
    let plus = raw.trim_start_matches(['(', ' ']).starts_with('+');
    let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
    let international = if plus { Some(&*digits) } else { digits.strip_prefix("00") };
    if let Some(number) = international {
        let number =
            number.strip_prefix("440").map_or(number.to_owned(), |rest| format!("44{rest}"));
        return match number.len() {
            7..=15 if !number.starts_with('0') => Ok((format!("+{number}"), None)),
            _ => Err(Unfit("a telephone number with its country has 7 to 15 digits")),
        };
    }
    match digits.strip_prefix('0') {
        Some(national) if (9..=10).contains(&national.len()) => {
            Ok((format!("+44{national}"), None))
        }
        Some(_) => Err(Unfit("a British telephone number has 10 or 11 digits")),
        None if (5..=15).contains(&digits.len()) => Ok((digits, Some("its country is not stated"))),
        None => Err(Unfit("a telephone number has 5 to 15 digits")),
    }
}

/// A screen name or device identifier: trimmed, without characters that hide or turn others.
fn name(raw: &str) -> Fit {
    let visible: String = raw.chars().filter(|&c| !hidden(c) && !c.is_control()).collect();
    let visible = visible.trim();
    if visible.is_empty() {
        return Err(Unfit("it has no visible character"));
    }
    if visible.chars().count() > 2083 {
        return Err(Unfit("it is longer than 2083 characters"));
    }
    let changed = visible != raw;
    Ok((visible.to_owned(), changed.then_some("invisible characters were left out")))
}

/// Characters that show as nothing or turn the writing direction.
fn hidden(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

fn url(raw: &str) -> Result<String, Unfit> {
    if raw.contains(|c: char| c.is_whitespace() || c.is_control() || hidden(c)) {
        return Err(Unfit("an address of a page has no spaces or invisible characters"));
    }
    if raw.len() > 4096 {
        return Err(Unfit("it is longer than 4096 bytes"));
    }
    let (scheme, rest) = match raw.split_once("://") {
        Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
        None if raw.contains('.') && !raw.contains(':') => (String::new(), raw),
        None => return Err(Unfit("it is not the address of a page")),
    };
    let scheme_fits = scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if !scheme_fits || authority.is_empty() {
        return Err(Unfit("it is not the address of a page"));
    }
    let (user, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
    let host = host.to_lowercase();
    let host = match scheme.as_str() {
        "http" => host.strip_suffix(":80").unwrap_or(&host),
        "https" => host.strip_suffix(":443").unwrap_or(&host),
        _ => &host,
    };
    let authority = user.map_or(host.to_owned(), |user| format!("{user}@{host}"));
    let path = if path == "/" { "" } else { path };
    let scheme = if scheme.is_empty() { scheme } else { format!("{scheme}://") };
    Ok(format!("{scheme}{authority}{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(kind: SelectorKind, raw: &str) -> Option<String> {
        canonical(kind, raw).ok().map(|c| c.selector.value)
    }

    #[test]
    fn e_mail_addresses_are_lower_case_and_valid() {
        let value = |raw| value(SelectorKind::Email, raw);
        assert_eq!(
            value(" Kite.Harbour@Example.ORG ").as_deref(),
            Some("kite.harbour@example.org")
        );
        assert_eq!(value("<mailto:a+b@example.org>").as_deref(), Some("a+b@example.org"));
        assert_eq!(
            value("j\u{f6}rg@b\u{fc}cher.example").as_deref(),
            Some("j\u{f6}rg@b\u{fc}cher.example")
        );
        for wrong in [
            "",
            "a",
            "a@",
            "@b.example",
            "a@b",
            "a b@c.example",
            "a@@b.example",
            "a@-b.example",
            "a..b@c.example",
            "a@b..example",
        ] {
            assert_eq!(value(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn addresses_are_written_in_one_way() {
        let value = |raw| value(SelectorKind::Ip, raw);
        assert_eq!(value("192.0.2.1").as_deref(), Some("192.0.2.1"));
        assert_eq!(value("192.0.2.1:443").as_deref(), Some("192.0.2.1:443"));
        assert_eq!(value("2001:0DB8:0:0::1").as_deref(), Some("2001:db8::1"));
        assert_eq!(value("[2001:db8::1]").as_deref(), Some("2001:db8::1"));
        assert_eq!(value("[2001:db8::1]:443").as_deref(), Some("[2001:db8::1]:443"));
        assert_eq!(value("::ffff:192.0.2.1").as_deref(), Some("192.0.2.1"));
        for wrong in [
            "192.0.2",
            "192.0.2.256",
            "192.000.002.001",
            "192.0.2.1:0",
            "192.0.2.1:70000",
            "fe80::1%eth0",
            "localhost",
        ] {
            assert_eq!(value(wrong), None, "{wrong:?}");
        }
        assert_eq!(address("192.0.2.1:5", Some("6")), Err(Unfit("two different ports are given")));
    }

    #[test]
    fn telephone_numbers_with_a_country_are_e164() {
        let value = |raw| value(SelectorKind::Phone, raw);
        for raw in [
            "07700 900123",
            "+44 7700 900123",
            "+44 (0)7700 900123",
            "0044 7700-900123",
            "tel:+447700900123",
            "(07700) 900123",
            "+4407700900123",
        ] {
            assert_eq!(value(raw).as_deref(), Some("+447700900123"), "{raw:?}");
        }
        assert_eq!(value("+1 (202) 555-0143").as_deref(), Some("+12025550143"));
        let without = canonical(SelectorKind::Phone, "202-555-0143").unwrap();
        assert_eq!((&*without.selector.value, without.reservation.is_some()), ("2025550143", true));
        for wrong in ["0123", "+12", "call me", "+1234567890123456", "+0123456789"] {
            assert_eq!(value(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn screen_names_lose_what_cannot_be_seen_and_nothing_else() {
        let found = canonical(SelectorKind::ScreenName, " Kite\u{202e}_41 ").unwrap();
        assert_eq!(found.selector.value, "Kite_41");
        assert!(found.reservation.is_some());
        assert_eq!(value(SelectorKind::ScreenName, "\u{430}lex").as_deref(), Some("\u{430}lex"));
        assert_eq!(value(SelectorKind::ScreenName, "\u{200b}"), None);
    }

    #[test]
    fn page_addresses_keep_their_path_and_lose_their_host_s_letter_case() {
        let value = |raw| value(SelectorKind::Url, raw);
        assert_eq!(
            value("HTTPS://Www.Example.ORG:443/Kite?a=B#c").as_deref(),
            Some("https://www.example.org/Kite?a=B#c")
        );
        assert_eq!(value("http://example.org/").as_deref(), Some("http://example.org"));
        assert_eq!(value("Example.org/Kite").as_deref(), Some("example.org/Kite"));
        for wrong in ["javascript:alert(1)", "http://", "a b", "kite", "<script>://x"] {
            assert_eq!(value(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn addresses_of_no_customer_are_told_apart_from_examples() {
        for (raw, routable) in [
            ("192.0.2.7", true),
            ("2001:db8::7", true),
            ("10.0.0.1", false),
            ("100.64.0.1", false),
            ("127.0.0.1", false),
            ("fe80::1", false),
            ("fd00::1", false),
            ("224.0.0.1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(unroutable(raw.parse().unwrap()).is_none(), routable, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn a_canonical_form_is_its_own_canonical_form(raw in "\\PC{0,40}|[a-zA-Z0-9@:/.+() -]{0,40}", kind in 0..6usize) {
            let kind = [SelectorKind::Email, SelectorKind::Ip, SelectorKind::ScreenName, SelectorKind::Phone, SelectorKind::DeviceId, SelectorKind::Url][kind];
            if let Some(once) = value(kind, &raw) {
                prop_assert_eq!(value(kind, &once), Some(once));
            }
        }
    }
}
