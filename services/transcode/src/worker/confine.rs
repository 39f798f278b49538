//! What a worker process may use. A codec that is taken over by its input finds little to take.
#![expect(unsafe_code, reason = "system calls without a safe wrapper in the standard library")]

use std::time::Duration;

/// Limits this process, for good: address space, no core dumps (they would hold pixels), no files grown, no new privileges; and
/// larger pipes, so that a frame goes through in few steps.
///
/// # Errors
/// When the address space can't be limited. The rest is done as far as the system allows.
pub(super) fn confine(memory_limit_bytes: u64) -> std::io::Result<()> {
    limit(libc::RLIMIT_AS, memory_limit_bytes)?;
    let _ = limit(libc::RLIMIT_CORE, 0);
    let _ = limit(libc::RLIMIT_FSIZE, 0);
    // SAFETY: plain system calls with integer arguments; descriptors 0 and 1 are this process's pipes, and on anything
    // else the second call fails without effect.
    unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::fcntl(0, libc::F_SETPIPE_SZ, PIPE_BYTES);
        libc::fcntl(1, libc::F_SETPIPE_SZ, PIPE_BYTES);
    }
    Ok(())
}

const PIPE_BYTES: libc::c_int = 1 << 20;

fn limit(resource: libc::__rlimit_resource_t, value: u64) -> std::io::Result<()> {
    let limit = libc::rlimit { rlim_cur: value, rlim_max: value };
    // SAFETY: the pointer is to a live struct of the right type.
    match unsafe { libc::setrlimit(resource, &limit) } {
        0 => Ok(()),
        _ => Err(std::io::Error::last_os_error()),
    }
}

/// Ends this process after `after`, unless it is called again before; `None` takes the last call back.
///
/// The parent ends a worker that is late. This is for the worker whose parent is gone.
pub(super) fn end_after(after: Option<Duration>) {
    let seconds = after.map_or(0, |after| after.as_secs().saturating_add(1).min(3600) as libc::c_uint);
    // SAFETY: takes an integer; SIGALRM keeps its default action, which ends the process.
    unsafe { libc::alarm(seconds) };
}
