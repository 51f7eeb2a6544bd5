//! The four texts of an entry in one piece of memory.
//!
//! In: forensic path, path, name and address. Out: the same four, whenever they are asked for. A
//! path is nearly always a part of its forensic path, and a name the end of its path: then they are
//! kept as places in it, and the address behind it. Whatever is not so (names that are no UTF-8,
//! the files of a backup under the names that they had on the phone) is kept as it is.

/// The four texts, whichever way they are kept. The same texts are always kept the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Names {
    Within(Within),
    Apart(Box<Texts>),
}

/// Path and name are places in the forensic path, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Within {
    /// The forensic path, and the address behind it.
    text: Box<str>,
    /// Where the forensic path ends.
    forensic_end: u32,
    path_at: u32,
    name_at: u32,
    /// Where path and name end.
    path_end: u32,
}

/// The four texts, each by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) forensic_path: Box<str>,
    pub(super) path: Box<str>,
    pub(super) name: Box<[u8]>,
    pub(super) fs_address: Box<str>,
}

impl Names {
    pub(super) fn new(forensic_path: &str, path: &str, name: &[u8], fs_address: &str) -> Self {
        Within::new(forensic_path, path, name, fs_address).map_or_else(
            || {
                Self::Apart(Box::new(Texts {
                    forensic_path: forensic_path.into(),
                    path: path.into(),
                    name: name.into(),
                    fs_address: fs_address.into(),
                }))
            },
            Self::Within,
        )
    }

    pub(super) fn forensic_path(&self) -> &str {
        match self {
            Self::Within(within) => &within.text[..at(within.forensic_end)],
            Self::Apart(texts) => &texts.forensic_path,
        }
    }

    pub(super) fn path(&self) -> &str {
        match self {
            Self::Within(within) => &within.text[at(within.path_at)..at(within.path_end)],
            Self::Apart(texts) => &texts.path,
        }
    }

    pub(super) fn name(&self) -> &[u8] {
        match self {
            Self::Within(within) => {
                &within.text.as_bytes()[at(within.name_at)..at(within.path_end)]
            }
            Self::Apart(texts) => &texts.name,
        }
    }

    pub(super) fn fs_address(&self) -> &str {
        match self {
            Self::Within(within) => &within.text[at(within.forensic_end)..],
            Self::Apart(texts) => &texts.fs_address,
        }
    }

    /// About how many bytes of memory the texts take beside this value.
    pub(super) fn held(&self) -> usize {
        match self {
            Self::Within(within) => within.text.len(),
            Self::Apart(texts) => {
                let paths = texts.forensic_path.len() + texts.path.len();
                size_of::<Texts>() + paths + texts.name.len() + texts.fs_address.len()
            }
        }
    }
}

impl Within {
    /// None where the path is no part of the forensic path, the name not the end of the path, or
    /// a text of 4 GiB or more.
    fn new(forensic_path: &str, path: &str, name: &[u8], fs_address: &str) -> Option<Self> {
        let path_at = match forensic_path.strip_suffix(path) {
            Some(before) => before.len(),
            None => forensic_path.rfind(path)?,
        };
        let path_end = path_at + path.len();
        let name_at = path_at + path.as_bytes().strip_suffix(name)?.len();
        Some(Self {
            forensic_end: u32::try_from(forensic_path.len()).ok()?,
            path_at: u32::try_from(path_at).ok()?,
            name_at: u32::try_from(name_at).ok()?,
            path_end: u32::try_from(path_end).ok()?,
            text: [forensic_path, fs_address].concat().into(),
        })
    }
}

fn at(place: u32) -> usize {
    place as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn same(forensic_path: &str, path: &str, name: &[u8], fs_address: &str) -> Names {
        let names = Names::new(forensic_path, path, name, fs_address);
        assert_eq!(names.forensic_path(), forensic_path);
        assert_eq!(names.path(), path);
        assert_eq!(names.name(), name);
        assert_eq!(names.fs_address(), fs_address);
        names
    }

    #[test]
    fn an_ordinary_path_and_name_are_kept_once() {
        for (forensic_path, path, name) in [
            ("p1/ext4:/DCIM/a.jpg", "/DCIM/a.jpg", "a.jpg"),
            ("p1/ntfs:/r.txt:ads@27-128-1", "/r.txt:ads", "r.txt:ads"),
            ("/a.zip!/b/\u{fc}.txt", "/b/\u{fc}.txt", "\u{fc}.txt"),
            ("ext4:carved/4096.jpg", "carved/4096.jpg", "4096.jpg"),
        ] {
            let names = same(forensic_path, path, name.as_bytes(), "27-128-1");
            assert!(matches!(&names, Names::Within(_)), "{forensic_path}");
            assert_eq!(names.held(), forensic_path.len() + 8);
        }
    }

    #[test]
    fn a_name_that_is_no_utf8_and_a_path_from_elsewhere_are_kept_apart() {
        let lossy = same("ext4:/d/\u{fffd}.jpg", "/d/\u{fffd}.jpg", b"\xff.jpg", "12");
        let phone = same("/backup/ab/abcdef", "/Media/DCIM/a.jpg", b"a.jpg", "7");
        let folder = same("/a\\\\b", "/a\\b", b"a\\b", "9");
        for names in [lossy, phone, folder] {
            assert!(matches!(names, Names::Apart(_)));
        }
    }

    fn text() -> impl Strategy<Value = String> {
        // Few characters, some of more than one byte, so that one is often a part of another.
        let letter = prop::sample::select(vec!["/", "a", "b", "\u{fc}", "\u{fffd}", "@"]);
        prop::collection::vec(letter, 0..6).prop_map(|letters| letters.concat())
    }

    proptest! {
        #[test]
        fn any_texts_come_back_as_they_were(
            (before, path, behind, address) in (text(), text(), text(), text()),
            other in text(),
            name in prop::collection::vec(prop::sample::select(b"/a\xc3\xbc\xff".to_vec()), 0..4),
            cut in 0_usize..12,
        ) {
            let forensic_path = format!("{before}{path}{behind}");
            let end = path.as_bytes().get(cut..).unwrap_or_default();
            same(&forensic_path, &path, end, &address);
            same(&forensic_path, &path, &name, &address);
            same(&other, &path, end, &address);
        }
    }
}
