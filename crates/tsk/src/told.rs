//! What libtsk told of one folder, to compare with what lies in it.

use std::collections::{HashMap, HashSet};

use crate::kind::Kind;
use crate::name::Name;

/// The names of one folder.
pub(crate) struct Told {
    kind: Kind,
    /// FAT: where the entries lie, in bytes from the start of the volume.
    entries: HashSet<u64>,
    /// NTFS: the metadata addresses that each name leads to.
    names: HashMap<Vec<u8>, Vec<u64>>,
    /// NTFS: all of these addresses.
    addresses: HashSet<u64>,
}

impl Told {
    pub(crate) fn new(kind: Kind) -> Self {
        let (entries, names, addresses) = (HashSet::new(), HashMap::new(), HashSet::new());
        Self { kind, entries, names, addresses }
    }

    /// Adds a name, where the file system is one that is looked through again.
    pub(crate) fn note(&mut self, name: &Name) {
        if self.kind.is_chained() {
            self.entries.extend(name.entry_at);
        } else if self.kind == Kind::Ntfs {
            self.names.entry(name.bytes.clone()).or_default().push(name.address);
            self.addresses.insert(name.address);
        }
    }

    /// Whether the directory entry at this byte of the volume was told.
    pub(crate) fn has_entry(&self, at: u64) -> bool {
        self.entries.contains(&at)
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
