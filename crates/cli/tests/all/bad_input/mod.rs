//! Bad input: a clear message that says what to do, a recorded gap, or a rejected document kept
//! as it came; never a panic, a silent skip or a half-written output.

mod cycle;
mod output;
mod referral;
mod source;
mod worker;
