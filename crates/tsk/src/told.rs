//! The names that libtsk told of one folder, to compare with what lies in its index.

use std::collections::{HashMap, HashSet};

use crate::name::Name;

/// The names of one folder.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The metadata addresses that each name leads to.
    names: HashMap<Vec<u8>, Vec<u64>>,
    /// All of these addresses.
    addresses: HashSet<u64>,
}

impl Told {
    pub(crate) fn note(&mut self, name: &Name) {
        self.names.entry(name.bytes.clone()).or_default().push(name.address);
        self.addresses.insert(name.address);
    }

    /// Whether a name was told, leading to `address` where that is known.
    pub(crate) fn has_name(&self, name: &[u8], address: Option<u64>) -> bool {
        self.names.get(name).is_some_and(|all| address.is_none_or(|address| all.contains(&address)))
    }

    /// Whether any name that leads to this address was told.
    pub(crate) fn has_address(&self, address: u64) -> bool {
        self.addresses.contains(&address)
    }
}
