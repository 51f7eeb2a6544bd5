//! What can be carved, and how sure a carved file is.

/// The beginning of a file, as the scanner tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signature {
    /// JPEG: start of image and a marker.
    Jpeg,
    /// PNG: its eight bytes and the first chunk's head.
    Png,
    /// GIF87a or GIF89a.
    Gif,
    /// RIFF of the form `WEBP` or `AVI `.
    Riff,
    /// BMP: `BM`, and a header of a known length.
    Bmp,
    /// ISO base media: an `ftyp` box.
    IsoMedia,
    /// QuickTime without `ftyp`: another first box, at the beginning of a sector.
    QuickTime,
    /// Matroska or `WebM`: an EBML header.
    Ebml,
}

impl Signature {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Riff,
        Self::Bmp,
        Self::IsoMedia,
        Self::QuickTime,
        Self::Ebml,
    ];
}

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each variant is the format of that name")]
pub enum Kind {
    Jpeg,
    Png,
    Gif,
    Webp,
    Bmp,
    Heic,
    Avif,
    Mp4,
    QuickTime,
    ThreeGpp,
    Avi,
    Matroska,
    WebM,
}

impl Kind {
    /// The extension that a carved file gets.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Bmp => "bmp",
            Self::Heic => "heic",
            Self::Avif => "avif",
            Self::Mp4 => "mp4",
            Self::QuickTime => "mov",
            Self::ThreeGpp => "3gp",
            Self::Avi => "avi",
            Self::Matroska => "mkv",
            Self::WebM => "webm",
        }
    }

    /// The media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Heic => "image/heic",
            Self::Avif => "image/avif",
            Self::Mp4 => "video/mp4",
            Self::QuickTime => "video/quicktime",
            Self::ThreeGpp => "video/3gpp",
            Self::Avi => "video/x-msvideo",
            Self::Matroska => "video/matroska",
            Self::WebM => "video/webm",
        }
    }
}

/// How much of a carved file's bytes was checked, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Lengths and tables fit; the body between them was passed over.
    Frame,
    /// Small pieces that lead from one to the next through the whole file.
    Chain,
    /// Every byte: checksums hold, or the data decode to just as many units as there must be.
    Content,
}

/// What a validator found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Which kind of file.
    pub kind: Kind,
    /// Its length in bytes: its true end, by its own structure.
    pub len: u64,
    /// How far that was checked.
    pub proof: Proof,
}
