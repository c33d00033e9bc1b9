//! Host and child walk the same list. Each runs its own steps and waits while it is the other's turn, so
//! the list itself is the protocol.

use std::time::{Duration, Instant};

use fault::{Doing, Fault, Kind, Result};
use plan::{Side, Step};

use crate::message::{Peer, Turn};

/// How far a walk went.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    /// What each step took, on both sides.
    pub took: Vec<Duration>,
}

/// Walks `steps` from `me`'s side.
///
/// The child's last turn ends with a program that replaces it: it tells its times before that step, and the
/// end of the connection is the host's sign that the program runs.
pub(crate) fn walk(
    steps: &[Step],
    me: Side,
    peer: &Peer,
    mut execute: impl FnMut(&Step) -> Result<()>,
) -> Result<Walked> {
    let mut walked = Walked::default();
    for part in steps.chunk_by(|a, b| a.side() == b.side() && !matches!(b, Step::Gate)) {
        let turn = if part[0].side() == me {
            let turn = run(part, peer, &mut execute);
            // A peer that is gone has failed before us, and said why if it could.
            let sent = peer.send(&turn).doing(|| format!("report on `{}`", part[0]));
            if turn.failed.is_none() {
                sent?;
            }
            turn
        } else {
            let turn = peer.receive().doing(|| format!("hear of `{}`", part[0]))?;
            turn.ok_or_else(|| ended(part, me))?
        };
        walked.took.extend(turn.took.into_iter().map(Duration::from_nanos));
        if let Some(fault) = turn.failed {
            return Err(fault);
        }
    }
    Ok(walked)
}

fn ended(part: &[Step], me: Side) -> Fault {
    let (who, hint) = match me {
        Side::Host => (
            "the container's first process",
            "was it killed? a memory limit below 1 MiB is too little to start in; `dmesg | tail` may tell",
        ),
        Side::Child => ("the runtime", "was it killed?"),
    };
    Fault::new(Kind::Failed, part[0].to_string())
        .because(format!("{who} ended before it was done"))
        .hint(hint)
}

fn run(steps: &[Step], peer: &Peer, execute: &mut impl FnMut(&Step) -> Result<()>) -> Turn {
    let mut turn = Turn::default();
    for step in steps {
        if matches!(step, Step::Exec { .. }) {
            // Nothing can be said after this step, so the times are told before it.
            let _ = peer.send(&turn);
            turn.took.clear();
        }
        let start = Instant::now();
        if let Err(fault) = execute(step) {
            turn.failed = Some(fault.during(step.to_string()));
            break;
        }
        turn.took.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    turn
}
