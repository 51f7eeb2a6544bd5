//! Writes down where a carved file lies: `1048576+34567`, further pieces behind commas.

use crate::entry::Run;
use crate::unit::{ByteLen, ByteOffset};

/// The address of these runs: position and length in bytes of each.
pub fn address(runs: &[Run]) -> String {
    let pieces = runs.iter().filter_map(|run| match run {
        Run::Data { at, len } => Some(format!("{at}+{len}")),
        Run::Hole { .. } | Run::Lost { .. } => None,
    });
    pieces.collect::<Vec<_>>().join(",")
}

/// The runs that an address names; none if it is no such address.
pub fn runs_of(address: &str) -> Option<Vec<Run>> {
    let piece = |piece: &str| {
        let (at, len) = piece.split_once('+')?;
        Some(Run::Data { at: ByteOffset(at.parse().ok()?), len: ByteLen(len.parse().ok()?) })
    };
    address.split(',').map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_leads_back_to_its_runs() {
        let data = |at, len| Run::Data { at: ByteOffset(at), len: ByteLen(len) };
        let runs = vec![data(512, 4096), data(1 << 40, 7)];
        assert_eq!(address(&runs), "512+4096,1099511627776+7");
        assert_eq!(runs_of(&address(&runs)), Some(runs));
        for other in ["", "5", "27-128-1", "5+", "+5", "5+6,", "x+1"] {
            assert_eq!(runs_of(other), None, "{other}");
        }
    }
}
