//! The kinds of file system that libtsk tells apart.

/// A kind of file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// NTFS.
    Ntfs,
    /// FAT with 12-bit entries.
    Fat12,
    /// FAT with 16-bit entries.
    Fat16,
    /// FAT with 32-bit entries.
    Fat32,
    /// exFAT.
    ExFat,
    /// UFS 1.
    Ufs1,
    /// UFS 2.
    Ufs2,
    /// ext2.
    Ext2,
    /// ext3.
    Ext3,
    /// ext4.
    Ext4,
    /// ISO 9660.
    Iso9660,
    /// HFS+ or HFSX.
    HfsPlus,
    /// HFS without plus.
    Hfs,
    /// YAFFS2.
    Yaffs2,
    /// APFS.
    Apfs,
    /// A type that this crate has no name for.
    Other,
}

impl Kind {
    /// From `TSK_FS_TYPE_ENUM`.
    pub(crate) fn from_tsk(value: u32) -> Self {
        match value {
            0x0000_0001 => Self::Ntfs,
            0x0000_0002 => Self::Fat12,
            0x0000_0004 => Self::Fat16,
            0x0000_0008 => Self::Fat32,
            0x0000_000a => Self::ExFat,
            0x0000_0010 | 0x0000_0020 => Self::Ufs1,
            0x0000_0040 => Self::Ufs2,
            0x0000_0080 => Self::Ext2,
            0x0000_0100 => Self::Ext3,
            0x0000_2000 => Self::Ext4,
            0x0000_0800 => Self::Iso9660,
            0x0000_1000 => Self::HfsPlus,
            0x0000_4000 => Self::Yaffs2,
            0x0000_8000 => Self::Hfs,
            0x0001_0000 => Self::Apfs,
            _ => Self::Other,
        }
    }

    /// Whether it is ext2, ext3 or ext4.
    pub fn is_ext(self) -> bool {
        matches!(self, Self::Ext2 | Self::Ext3 | Self::Ext4)
    }

    /// Whether it is FAT12, FAT16, FAT32 or exFAT.
    pub fn is_fat(self) -> bool {
        matches!(self, Self::Fat12 | Self::Fat16 | Self::Fat32 | Self::ExFat)
    }

    /// Whether a table chains the clusters of each file, and forgets them when it is deleted.
    pub fn is_chained(self) -> bool {
        matches!(self, Self::Fat12 | Self::Fat16 | Self::Fat32)
    }

    /// Whether files have several attributes, so that an address names type and number too.
    pub fn has_attributes(self) -> bool {
        matches!(self, Self::Ntfs | Self::HfsPlus | Self::Hfs | Self::Apfs)
    }
}
