//! Invented people and places for the full operation: the same ones for the same index.
//!
//! No surname of a suspect is one of a sensitive person ([`crate::demo::sensitive`]); postcodes
//! are of the area ZZ, which the Royal Mail does not use.

/// First names.
const FIRST: [&str; 40] = [
    "Alan", "Barry", "Clive", "Derek", "Ewan", "Frank", "Gavin", "Howard", "Ian", "Jeffrey",
    "Keith", "Lewis", "Malcolm", "Neil", "Owen", "Patrick", "Roland", "Stuart", "Trevor", "Vernon",
    "Walter", "Adam", "Bruce", "Carl", "Dylan", "Eric", "Fergus", "Graham", "Hugh", "Ivor", "Joel",
    "Kevin", "Leonard", "Martin", "Nigel", "Oscar", "Philip", "Rhys", "Simon", "Toby",
];

/// Surnames.
const LAST: [&str; 44] = [
    "Applegarth",
    "Birkenshaw",
    "Coppice",
    "Dunmarsh",
    "Eastlake",
    "Fernhill",
    "Garside",
    "Hollowell",
    "Inglefen",
    "Jarrowby",
    "Kelmoor",
    "Langstrand",
    "Millbrook",
    "Netherby",
    "Oakenfold",
    "Pennyrigg",
    "Quarmby",
    "Ravenscar",
    "Saltmarsh",
    "Thornbeck",
    "Underhay",
    "Vinegarth",
    "Westerdale",
    "Yewbarrow",
    "Ashcombe",
    "Brackenridge",
    "Cloudsley",
    "Dalefoot",
    "Elderwick",
    "Foxdale",
    "Greensward",
    "Hazelrigg",
    "Ivelet",
    "Kettlewell",
    "Lowmoor",
    "Marshgate",
    "Nightingill",
    "Orchardson",
    "Pebblewick",
    "Rushmere",
    "Sedgefield-Lane",
    "Turfmoor",
    "Wheatcroft",
    "Withybrook",
];

const STREETS: [&str; 16] = [
    "Lapwing Close",
    "Cooper Street",
    "Station Rise",
    "Beacon Road",
    "Mill Lane",
    "Foundry Row",
    "Orchard Way",
    "Chapel Hill",
    "Tanner Court",
    "Wharf Street",
    "Rectory Gardens",
    "Quarry Bank",
    "Larch Avenue",
    "Moor View",
    "Ropewalk",
    "Almond Drive",
];

const TOWNS: [&str; 12] = [
    "Exmere",
    "Netherwick",
    "Calderstow",
    "Bramhythe",
    "Ostwell",
    "Penmarsh",
    "Lowmill",
    "Thorngate",
    "Harrowfen",
    "Wexcombe",
    "Aldermoor",
    "Stoneley",
];

/// Work and volunteering that gives access to children.
const TRUST: [&str; 6] = [
    "Teaches at a primary school.",
    "Leads a Scout group.",
    "Works as a hospital doctor.",
    "Works as a carer in a children's home.",
    "Coaches a junior football team.",
    "Former police officer; volunteers at a youth centre.",
];

/// A person who is nobody.
#[derive(Debug, Clone)]
pub struct Invented {
    /// Name.
    pub name: String,
    /// Date of birth.
    pub born: String,
    /// Address.
    pub address: String,
    /// Postcode.
    pub postcode: String,
    /// Risk band.
    pub band: &'static str,
    /// Position of trust, if any.
    pub trust: Option<&'static str>,
}

/// The person of this index.
pub fn person(index: usize) -> Invented {
    let (first, last) =
        (FIRST[index % FIRST.len()], LAST[(index / FIRST.len() + index) % LAST.len()]);
    let middle = letter(index / (FIRST.len() * LAST.len()) + index * 11);
    Invented {
        name: format!("{first} {middle} {last}"),
        born: format!("{}-{:02}-{:02}", 1948 + index * 37 % 52, 1 + index % 12, 1 + index * 5 % 28),
        address: address(index),
        postcode: postcode(index),
        band: ["very_high", "high", "medium", "medium", "low"][index * 7 % 5],
        trust: (index % 13 == 4).then(|| TRUST[index / 13 % TRUST.len()]),
    }
}

/// The address of this index: several thousand differ.
pub fn address(index: usize) -> String {
    let (street, town) =
        (STREETS[index % STREETS.len()], TOWNS[index / STREETS.len() % TOWNS.len()]);
    format!("{} {street}, {town}", 1 + index / (STREETS.len() * TOWNS.len()) * 2 + index % 2)
}

/// A postcode of no area that exists.
pub fn postcode(index: usize) -> String {
    let digit = index / 676 % 10;
    format!("ZZ{} {digit}{}{}", 10 + index / 6_760 % 90, letter(index / 26), letter(index))
}

fn letter(index: usize) -> char {
    char::from(b'A' + u8::try_from(index % 26).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::sensitive;

    #[test]
    fn no_invented_suspect_has_the_name_of_a_sensitive_person() {
        assert!((0..20_000).all(|index| !sensitive::holds(&person(index).name)));
    }
}
