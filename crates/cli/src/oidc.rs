//! `pendeen serve --oidc FILE`: the settings of the sign-in service.
//!
//! In: a TOML file. Out: the service, of which nothing is asked yet. Refused: a file that is not
//! there or not TOML, an unknown name, an address that is neither HTTPS nor on this machine, a
//! secret or authorities that cannot be read. Paths in the file are taken from the file's folder.
//! What can be set stands in docs/reference/oidc.md.

use std::path::Path;

use anyhow::{Context, Result};
use pendeen_web::oidc::{Provider, Settings};

/// Reads the settings and what they name.
pub fn read(file: &Path) -> Result<Provider> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("reading the sign-in service's settings, {}", file.display()))?;
    let about = || {
        format!("the sign-in service's settings, {} (see docs/reference/oidc.md)", file.display())
    };
    let mut settings: Settings = toml::from_str(&text).with_context(about)?;
    let folder = file.parent().unwrap_or(Path::new(""));
    settings.client_secret_file = folder.join(settings.client_secret_file);
    settings.ca_file = settings.ca_file.map(|ca| folder.join(ca));
    Provider::open(&settings).with_context(about)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        issuer = "https://id.force.example"
        client_id = "pendeen"
        client_secret_file = "secret"
        address = "https://pendeen.force.example"
        label = "Force sign-in"
        [second_factor]
        amr = ["mfa"]
    "#;

    /// Reads this text, with a secret of this text beside it.
    fn read_text(text: &str, secret: &str) -> Result<Provider, String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("oidc.toml");
        std::fs::write(&file, text).unwrap();
        std::fs::write(folder.path().join("secret"), secret).unwrap();
        read(&file).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn settings_of_a_sign_in_service_are_read_with_the_secret_beside_them() {
        let read = read_text(WHOLE, "a secret\n");
        assert!(read.is_ok(), "{read:?}");
        assert!(!format!("{read:?}").contains("a secret"), "the secret is never printed");
    }

    #[test]
    fn wrong_settings_of_a_sign_in_service_are_refused_with_what_is_wrong() {
        for (from, to, wanted) in [
            ("client_id", "client", "unknown field `client`"),
            ("https://id.force.example", "http://id.force.example", "issuer is"),
            ("https://id.force.example", "nonsense", "issuer is"),
            ("https://pendeen.force.example", "http://pendeen.force.example", "address is"),
            ("pendeen.force.example", "pendeen.force.example/sign-in", "host and port alone"),
            ("\"secret\"", "\"elsewhere\"", "elsewhere"),
            ("label", "ca_file = \"nowhere.pem\"\nlabel", "nowhere.pem"),
            ("amr", "acm", "unknown field `acm`"),
        ] {
            assert!(WHOLE.contains(from), "{from}");
            let refusal = read_text(&WHOLE.replacen(from, to, 1), "a secret").unwrap_err();
            assert!(refusal.contains(wanted) && refusal.contains("oidc.toml"), "{refusal}");
        }
        let refusal = read_text(WHOLE, "\n").unwrap_err();
        assert!(refusal.contains("must be the client's secret"), "{refusal}");
    }
}
