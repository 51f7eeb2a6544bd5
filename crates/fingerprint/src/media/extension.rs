//! The extension of a name against the type of its content.

/// Extensions by media type: those that do not surprise.
const EXTENSIONS: &[(&str, &[&str])] = &[
    ("image/jpeg", &["jpg", "jpeg", "jpe", "jfif", "thm", "jps", "mpo"]),
    ("image/png", &["png", "apng"]),
    ("image/gif", &["gif"]),
    ("image/webp", &["webp"]),
    ("image/bmp", &["bmp", "dib"]),
    ("image/heic", &["heic", "heif", "hif"]),
    ("image/heif", &["heic", "heif", "hif"]),
    ("image/avif", &["avif"]),
    ("image/tiff", &["tif", "tiff", "dng", "nef", "cr2", "arw", "pef", "sr2", "3fr", "iiq"]),
    ("image/svg+xml", &["svg"]),
    ("image/vnd.adobe.photoshop", &["psd"]),
    ("video/mp4", &["mp4", "m4v", "mov", "f4v", "mp4v", "insv", "lrv"]),
    ("video/quicktime", &["mov", "qt", "mp4"]),
    ("video/3gpp", &["3gp", "3gpp", "mp4"]),
    ("video/3gpp2", &["3g2", "mp4"]),
    ("video/x-msvideo", &["avi", "divx"]),
    ("video/matroska", &["mkv", "mka", "mks", "mk3d"]),
    ("video/webm", &["webm"]),
    ("video/mpeg", &["mpg", "mpeg", "vob", "m2v", "mod"]),
    ("video/mp2t", &["ts", "mts", "m2ts"]),
    ("video/x-ms-asf", &["wmv", "wma", "asf"]),
    ("video/x-flv", &["flv"]),
    ("audio/mpeg", &["mp3", "mp2", "mpga"]),
    ("audio/wav", &["wav"]),
    ("audio/mp4", &["m4a", "m4b", "m4p", "mp4"]),
    ("audio/flac", &["flac"]),
    ("audio/amr", &["amr"]),
    ("audio/aac", &["aac"]),
    ("application/ogg", &["ogg", "oga", "ogv", "opus", "spx"]),
    ("application/pdf", &["pdf", "ai"]),
    ("application/rtf", &["rtf", "doc"]),
    ("application/x-7z-compressed", &["7z"]),
    ("application/vnd.rar", &["rar", "cbr"]),
    ("application/gzip", &["gz", "tgz", "svgz", "emz"]),
    ("application/x-bzip2", &["bz2", "tbz", "tbz2"]),
    ("application/x-xz", &["xz", "txz"]),
    ("application/msword", &["doc", "dot"]),
    ("application/vnd.ms-excel", &["xls", "xlt", "xla"]),
    ("application/vnd.ms-powerpoint", &["ppt", "pps", "pot"]),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        &["docx", "docm", "dotx", "dotm"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        &["xlsx", "xlsm", "xltx", "xltm", "xlsb"],
    ),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        &["pptx", "pptm", "ppsx", "potx"],
    ),
    ("application/vnd.oasis.opendocument.text", &["odt", "ott"]),
    ("application/vnd.oasis.opendocument.spreadsheet", &["ods", "ots"]),
    ("application/vnd.oasis.opendocument.presentation", &["odp", "otp"]),
    ("application/vnd.oasis.opendocument.graphics", &["odg", "otg"]),
    // Where the head does not show which document a container holds, any of them is fair.
    (
        "application/zip",
        &[
            "zip", "docx", "docm", "xlsx", "xlsm", "pptx", "pptm", "odt", "ods", "odp", "odg",
            "cbz", "jar", "apk", "epub",
        ],
    ),
    ("application/x-ole-storage", &["doc", "dot", "xls", "xlt", "ppt", "pps", "msg", "msi"]),
];

/// Whether the extension of a file belongs to another type than its signature: it has been
/// renamed, or damaged.
///
/// False where the name has no extension, nothing was recognised, or the extension promises no
/// particular type (`bin`, `tmp`, `dat`).
pub fn extension_mismatch(name: &str, media_type: Option<&str>) -> bool {
    let Some(extension) = extension(name) else { return false };
    let Some(media_type) = media_type else { return false };
    let promised = !shared_with_text(&extension, media_type)
        && EXTENSIONS.iter().any(|(_, all)| all.contains(&extension.as_str()));
    match EXTENSIONS.iter().find(|(kind, _)| *kind == media_type) {
        Some((_, usual)) => !usual.contains(&extension.as_str()) && (promised || hides(&extension)),
        None => promised,
    }
}

/// Extensions that a text format uses as well: TypeScript, modules, translations.
fn shared_with_text(extension: &str, media_type: &str) -> bool {
    media_type.starts_with("text/") && matches!(extension, "ts" | "mod" | "pot" | "ai" | "dot")
}

/// Extensions of text and programs, under which a picture or an archive is out of place.
fn hides(extension: &str) -> bool {
    matches!(extension, "txt" | "log" | "csv" | "ini" | "dll" | "exe" | "sys" | "htm" | "html")
}

/// The lower-case extension of a file name; an alternate stream's name counts by itself.
fn extension(name: &str) -> Option<String> {
    let last = name.rsplit(':').next()?;
    let (stem, extension) = last.rsplit_once('.')?;
    let plausible = !stem.is_empty()
        && (1..=5).contains(&extension.len())
        && extension.bytes().all(|b| b.is_ascii_alphanumeric());
    plausible.then(|| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_named_as_a_text_or_a_document_is_a_mismatch() {
        assert!(extension_mismatch("notes.txt", Some("image/jpeg")));
        assert!(extension_mismatch("report.PDF", Some("image/jpeg")));
        assert!(extension_mismatch("holiday.jpg", Some("application/zip")));
        assert!(extension_mismatch("holiday.jpg", Some("text/plain")));
        assert!(extension_mismatch("a.txt:hidden.dll", Some("image/png")));
    }

    #[test]
    fn usual_absent_and_meaningless_extensions_are_no_mismatch() {
        assert!(!extension_mismatch("IMG_1.JPG", Some("image/jpeg")));
        assert!(!extension_mismatch("letter.docx", Some("application/zip")));
        assert!(!extension_mismatch("cache.tmp", Some("image/jpeg")));
        assert!(!extension_mismatch("f_000001", Some("image/jpeg")));
        assert!(!extension_mismatch("main.ts", Some("text/plain")));
        assert!(!extension_mismatch("holiday.jpg", None));
        assert!(!extension_mismatch(".jpg", Some("text/plain")));
    }
}
