//! The people who use the system: an account with one or more roles, in a force or national.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::agency::AgencyKey;
use crate::force::ForceKey;

/// Identifies one person's account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl PersonId {
    /// Whoever operates the machine and takes documents in from its command line.
    pub const COMMAND_LINE: Self = Self(Uuid::from_u128(0x7065_6e64_6565_6e00_0000_0000_0000_0001));
}

/// What a person is trusted to do. DOMAIN: the words are the users' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Leads the operation across all forces.
    Coordinator,
    /// Takes in referrals, builds subjects and packages.
    IntelligenceOfficer,
    /// Authorises packages and attribution requests as a second person.
    AuthorisingOfficer,
    /// The accredited single point of contact for communications data (IPA 2016 s.76).
    Spoc,
    /// Screens subjects against the sensitive-person list; sees its result alone.
    SensitiveCheckOfficer,
    /// Receives packages for a force.
    ReceivingDesk,
    /// Officer in the case.
    OfficerInCase,
    /// Digital forensic examiner.
    Examiner,
    /// Identifies unknown children.
    VictimIdentification,
    /// Protects children, with Children's Services.
    SafeguardingOfficer,
    /// Keeps the disclosure schedules.
    DisclosureOfficer,
    /// Drafts, approves and publishes figures.
    FiguresOfficer,
    /// Works for a partner agency: Children's Services of a local authority.
    Partner,
    /// Reads the audit log.
    Auditor,
    /// Keeps forces, people and settings; never case data.
    Administrator,
}

impl Role {
    /// Every role, in the order of this file.
    pub const ALL: [Self; 15] = [
        Self::Coordinator,
        Self::IntelligenceOfficer,
        Self::AuthorisingOfficer,
        Self::Spoc,
        Self::SensitiveCheckOfficer,
        Self::ReceivingDesk,
        Self::OfficerInCase,
        Self::Examiner,
        Self::VictimIdentification,
        Self::SafeguardingOfficer,
        Self::DisclosureOfficer,
        Self::FiguresOfficer,
        Self::Partner,
        Self::Auditor,
        Self::Administrator,
    ];

    /// The stable key, as stored and as policies name it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::IntelligenceOfficer => "intelligence_officer",
            Self::AuthorisingOfficer => "authorising_officer",
            Self::Spoc => "spoc",
            Self::SensitiveCheckOfficer => "sensitive_check_officer",
            Self::ReceivingDesk => "receiving_desk",
            Self::OfficerInCase => "officer_in_case",
            Self::Examiner => "examiner",
            Self::VictimIdentification => "victim_identification",
            Self::SafeguardingOfficer => "safeguarding_officer",
            Self::DisclosureOfficer => "disclosure_officer",
            Self::FiguresOfficer => "figures_officer",
            Self::Partner => "partner",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    /// What a person calls the role.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Coordinator => "National coordinator",
            Self::IntelligenceOfficer => "Intelligence officer",
            Self::AuthorisingOfficer => "Authorising officer",
            Self::Spoc => "Single point of contact (SPoC)",
            Self::SensitiveCheckOfficer => "Sensitive-person check officer",
            Self::ReceivingDesk => "Force receiving desk",
            Self::OfficerInCase => "Officer in the case",
            Self::Examiner => "Digital forensic examiner",
            Self::VictimIdentification => "Victim identification officer",
            Self::SafeguardingOfficer => "Safeguarding officer",
            Self::DisclosureOfficer => "Disclosure officer",
            Self::FiguresOfficer => "Press and figures officer",
            Self::Partner => "Partner agency",
            Self::Auditor => "Auditor",
            Self::Administrator => "Administrator",
        }
    }

    /// The role with this key, if there is one.
    pub fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.key() == key)
    }
}

/// What a person is let into one by one, beside what role and force open.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Knows {
    /// The partner agency that the person works for, if any.
    pub agency: Option<AgencyKey>,
    /// The circles of need to know that the person belongs to, by their records' ids.
    pub circles: BTreeSet<Uuid>,
    /// The records that the person opened by breaking the glass, as long as that lasts.
    pub opened: BTreeSet<Uuid>,
}

/// Who acts: what every decision about permission is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Identifies the account.
    pub id: PersonId,
    /// Rank and name, as shown beside every act.
    pub name: String,
    /// What the person is trusted to do.
    pub roles: BTreeSet<Role>,
    /// The person's force; none for national staff.
    pub force: Option<ForceKey>,
    /// What the person is let into one by one.
    #[serde(default)]
    pub knows: Knows,
}

impl Person {
    /// Whether the person holds the role.
    pub fn is(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }
}
