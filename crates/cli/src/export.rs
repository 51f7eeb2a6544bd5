//! `pendeen export`: a finished examination for other programs.

use std::io::Write;

use anyhow::{Result, bail};
use pendeen_exchange::examination::{Exported, Format, Table, export, export_to_file, portable};

use crate::{Ended, args, output};

/// Exports what the command names, to a file or to standard output.
pub fn run(args: &args::Export) -> Result<Ended> {
    let Exported { written, left_out } = match args.format {
        args::ExportFormat::Csv => text(args, Format::Csv(table(args.table)))?,
        args::ExportFormat::Vics => text(args, Format::Vics)?,
        args::ExportFormat::Case => text(args, Format::Case)?,
        args::ExportFormat::Portable => match &args.out {
            Some(out) => portable(&args.dir, out)?,
            None => bail!("a portable case is a folder: name it with --out"),
        },
        args::ExportFormat::Sfr => bail!(
            "a streamlined forensic report (forms MG22A to MG22D) cannot be made: the forms' \
             text, the grading's totals and the examiner's declaration are not modelled; export \
             csv and write the form by hand"
        ),
    };
    output::say(&format!("pendeen: {written} written"));
    if left_out > 0 {
        output::say(&format!(
            "pendeen: {left_out} left out: they could not be read whole, so they have no digest \
             to be named by; the gaps say why"
        ));
    }
    Ok(Ended::Done)
}

/// One text, to where it goes.
fn text(args: &args::Export, format: Format) -> Result<Exported> {
    if let Some(out) = &args.out {
        return Ok(export_to_file(&args.dir, format, out)?);
    }
    let mut stdout = std::io::stdout().lock();
    let exported = export(&args.dir, format, &mut stdout)?;
    stdout.flush()?;
    Ok(exported)
}

fn table(table: args::ExportTable) -> Table {
    match table {
        args::ExportTable::Items => Table::Items,
        args::ExportTable::Gaps => Table::Gaps,
        args::ExportTable::Events => Table::Events,
    }
}
