//! The cage that the worker enters before it sees a byte of evidence.
//!
//! In: a process that has everything open that it will ever need. Out: a process that can read
//! what it has open, use memory up to a limit, answer its parent, and end; and a [`Report`] of
//! what the kernel enforces. Three layers, each of which alone would stop a new file:
//! - limits: no new descriptors at all (`RLIMIT_NOFILE` 0), no file may grow
//!   (`RLIMIT_FSIZE` 0), no core dump, limits on address space and processor time;
//! - Landlock, where the kernel has it: no path of the file system, no port, no signal outward;
//! - seccomp: a list of allowed system calls; any other fails with `EPERM`. In particular no
//!   socket, no opening, no `exec`, no new process or thread, no `ptrace`, no executable memory.
//!
//! Seccomp is required: without it the worker does not start. The others are reported.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{Resource, Rlimit, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Address space of a worker in bytes.
pub const MEMORY: u64 = 4 << 30;

/// Seconds of processor time of a worker: as long as an answer may take by default.
pub const CPU_SECONDS: u64 = 6 * 60 * 60;

/// What is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The list of allowed system calls.
    pub seccomp: bool,
    /// The kernel's answer to the Landlock rules.
    pub landlock: Landlock,
    /// All limits on memory, files and dumps.
    pub limits: bool,
    /// Descriptors that were inherited by mistake are closed.
    pub descriptors_closed: bool,
}

impl Report {
    /// No protection at all.
    pub const NOTHING: Self =
        Self { seccomp: false, landlock: Landlock::None, limits: false, descriptors_closed: false };
}

/// How much of Landlock the kernel enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Landlock {
    /// All that was asked.
    Full,
    /// Some: an older kernel.
    Partial,
    /// Nothing: the kernel has no Landlock, or it is switched off.
    None,
}

/// The cage could not be closed: the worker must not go on.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// No list of system calls for this processor, or the kernel refused it.
    #[error("seccomp could not be switched on: {0}")]
    Seccomp(String),
}

/// Enters the sandbox, for good. The calling thread must be the only one.
pub fn enter(descriptors_closed: bool) -> Result<Report, SandboxError> {
    let landlock = restrict_paths();
    let limits = set_limits();
    let program = system_calls()?;
    seccompiler::apply_filter(&program).map_err(|e| SandboxError::Seccomp(e.to_string()))?;
    Ok(Report { seccomp: true, landlock, limits, descriptors_closed })
}

fn set_limits() -> bool {
    let limits = [
        (Resource::Core, 0),
        (Resource::Fsize, 0),
        (Resource::As, MEMORY),
        (Resource::Cpu, CPU_SECONDS),
        (Resource::Nproc, 0),
        (Resource::Nofile, 0),
    ];
    // Each is set, even where another could not be.
    limits.into_iter().fold(true, |all, (resource, most)| {
        let rlimit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, rlimit).is_ok() && all
    })
}

/// Denies every path and port: a ruleset without a single exception.
fn restrict_paths() -> Landlock {
    let abi = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(abi))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(abi)))
        .and_then(|rules| rules.scope(Scope::from_all(abi)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    match status.map(|status| status.ruleset) {
        Ok(RulesetStatus::FullyEnforced) => Landlock::Full,
        Ok(RulesetStatus::PartiallyEnforced) => Landlock::Partial,
        _ => Landlock::None,
    }
}

/// Allowed whatever their arguments. None of them opens, creates, connects or starts anything.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_sendto,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_fadvise64,
    libc::SYS_close,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_clock_gettime,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_sched_yield,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

fn system_calls() -> Result<BpfProgram, SandboxError> {
    let failed = |e: seccompiler::BackendError| SandboxError::Seccomp(e.to_string());
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(failed)?;
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
        ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    // Memory, as long as it cannot be executed.
    for (call, argument) in [(libc::SYS_mmap, 2), (libc::SYS_mprotect, 2)] {
        rules.insert(call, vec![rule(argument, masked(libc::PROT_EXEC), 0).map_err(failed)?]);
    }
    // A process may end itself by a signal (abort), but send none to others.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![rule(0, SeccompCmpOp::Eq, own).map_err(failed)?]);
    // Whether a descriptor is still open, which the standard library asks.
    let query = rule(1, SeccompCmpOp::Eq, unsigned(libc::F_GETFD)).map_err(failed)?;
    rules.insert(libc::SYS_fcntl, vec![query]);
    let denied = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    SeccompFilter::new(rules, denied, SeccompAction::Allow, arch)
        .and_then(TryInto::try_into)
        .map_err(failed)
}

fn rule(
    argument: u8,
    comparison: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?;
    SeccompRule::new(vec![condition])
}

fn masked(bits: libc::c_int) -> SeccompCmpOp {
    SeccompCmpOp::MaskedEq(unsigned(bits))
}

fn unsigned(value: libc::c_int) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
