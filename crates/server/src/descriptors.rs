//! How many files, sockets included, this process may hold open. The soft limit is 1024 on most machines, for the sake of
//! programs that use `select`; a server that keeps it loses its store's files to a flood of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What the process holds besides connections: the store, its pool, sockets, the log, and files of a backup.
const OWN: u64 = 256;

/// Raises the soft limit to the hard one, and returns how many connections it leaves room for.
pub(crate) fn for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let limit = if raised.is_ok() { maximum } else { current };
    room(limit)
}

/// `None` is no limit at all.
fn room(limit: Option<u64>) -> usize {
    // Half, where even our own would not fit: whoever set such a limit must still be able to look.
    let room = limit.map_or(u64::MAX, |limit| limit.saturating_sub(OWN).max(limit / 2));
    usize::try_from(room).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ops_04_connections_leave_room_for_the_store() {
        assert_eq!(room(Some(1024)), 768);
        assert_eq!(room(Some(300)), 150);
        assert_eq!(room(Some(0)), 0);
        assert_eq!(room(None), usize::MAX);
    }

    #[test]
    fn ops_04_the_soft_limit_is_raised_to_the_hard_one() {
        let room = for_connections();
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        assert_eq!(current, maximum);
        assert_eq!(room, super::room(maximum));
    }
}
