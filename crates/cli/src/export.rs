//! `pendeen export`: a finished examination for other programs.

use std::io::Write;

use anyhow::{Result, bail};
use pendeen_exchange::examination::{Exported, Format, Table, export, export_to_file};

use crate::{Ended, args, output};

/// Exports what the command names, to a file or to standard output.
pub fn run(args: &args::Export) -> Result<Ended> {
    let format = match args.format {
        args::ExportFormat::Csv => Format::Csv(match args.table {
            args::ExportTable::Items => Table::Items,
            args::ExportTable::Gaps => Table::Gaps,
            args::ExportTable::Events => Table::Events,
        }),
        args::ExportFormat::Vics => Format::Vics,
        args::ExportFormat::Case => Format::Case,
        args::ExportFormat::Sfr => bail!(
            "a streamlined forensic report (forms MG22A to MG22D) cannot be made: the forms' \
             text, the grading's totals and the examiner's declaration are not modelled; export \
             csv and write the form by hand"
        ),
    };
    let exported = match &args.out {
        Some(out) => export_to_file(&args.dir, format, out)?,
        None => {
            let mut stdout = std::io::stdout().lock();
            let exported = export(&args.dir, format, &mut stdout)?;
            stdout.flush()?;
            exported
        }
    };
    let Exported { written, left_out } = exported;
    output::say(&format!("pendeen: {written} written"));
    if left_out > 0 {
        output::say(&format!(
            "pendeen: {left_out} left out: they could not be read whole, so they have no digest \
             to be named by; the gaps say why"
        ));
    }
    Ok(Ended::Done)
}
