//! `pendeen serve`: the pages, until the program is asked to stop.

use std::sync::Arc;

use anyhow::{Context, Result};
use pendeen_evidence::worker::WorkerCommand;
use pendeen_web::{App, Certificate, Front, Mail, MailSettings, Previews};

use crate::system::{SystemClock, SystemIds};
use crate::witness::Turns;
use crate::{Ended, args, data, examine, oidc, output, settings};

/// Serves until interrupted or terminated; requests under way are finished first.
pub async fn run(args: &args::Serve) -> Result<Ended> {
    let store = data::open_or_make(&args.data).await?;
    let turns = Turns::start(store.clone(), args.data.witness());
    let app = App {
        store,
        checkpoints: args.data.witness().folder().to_owned(),
        clock: Arc::new(SystemClock),
        ids: Arc::new(SystemIds),
        data_dir: args.data.data.clone(),
        secure_cookies: args.secure_cookies || args.tls_certificate.is_some(),
        previews: previews()?,
        notices: pendeen_web::Notices::default(),
        mail: mail(args)?,
        provider: args.oidc.as_deref().map(oidc::read).transpose()?.map(Arc::new),
    };
    let front = Front { listen: args.listen, tls: certificate(args), metrics: args.metrics };
    let scheme = if front.tls.is_some() { "https" } else { "http" };
    output::say(&format!("pendeen: serving {scheme}://{}/ (stop with Ctrl-C)", args.listen));
    let served = pendeen_web::serve(&front, app, stopped()).await;
    turns.finish().await?;
    served?;
    Ok(Ended::Done)
}

/// The way to the relay: the one that a file of its own names, or else the data folder's settings.
fn mail(args: &args::Serve) -> Result<Option<Mail>> {
    let data = args.data.data.join(settings::FILE);
    let file = args.mail.as_deref().unwrap_or(&data);
    let what = || format!("the mail settings in {} (see docs/reference/mail.md)", file.display());
    let found: Option<MailSettings> = match &args.mail {
        Some(file) => {
            let text = std::fs::read_to_string(file).with_context(what)?;
            Some(toml::from_str(&text).with_context(what)?)
        }
        None => settings::mail(&args.data.data)?,
    };
    found.map(|found| Mail::new(&found).with_context(what)).transpose()
}

fn certificate(args: &args::Serve) -> Option<Certificate> {
    let (chain, key) = args.tls_certificate.clone().zip(args.tls_key.clone())?;
    Some(Certificate { chain, key })
}

/// Previews by this very program, started again as a sandboxed process.
fn previews() -> Result<Previews> {
    let file_systems = examine::worker()?;
    let content = WorkerCommand::new(&file_systems.program, &["worker", "content"]);
    Ok(Previews::new(file_systems, content))
}

async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::warn!(%error, "termination cannot be awaited; only Ctrl-C stops the program");
            let _ = tokio::signal::ctrl_c().await;
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
