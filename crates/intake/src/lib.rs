//! Referrals from outside: documents in, typed reports and observations out.
