//! An exhibit's custody as a table: every hand it went through, each seal.

use pendeen_casework::record::Kind;
use pendeen_casework::record::exhibit::Exhibit;

use crate::text;

/// One change of hands.
#[derive(Debug, Clone)]
pub(crate) struct Handover {
    /// When it was recorded.
    pub at: String,
    /// What happened.
    pub what: String,
    /// From where or whom.
    pub from: String,
    /// To where or whom.
    pub to: String,
    /// The seal afterwards.
    pub seal: String,
    /// Why the seal changed.
    pub explanation: String,
    /// Who recorded it.
    pub by: String,
}

/// The custody, oldest first: it is read as a chain.
pub(super) fn custody(exhibit: &Exhibit) -> Vec<Handover> {
    let acts = Kind::Exhibit.acts();
    let chain = exhibit.custody.iter().map(|custody| Handover {
        at: text::moment(custody.signed.at),
        what: acts
            .iter()
            .find(|act| act.name == custody.act)
            .map_or_else(|| text::words(&custody.act), |act| act.label.to_owned()),
        from: custody.from.clone(),
        to: custody.to.clone(),
        seal: custody.seal.clone(),
        explanation: custody.explanation.clone().unwrap_or_default(),
        by: custody.signed.name.clone(),
    });
    chain.collect()
}
