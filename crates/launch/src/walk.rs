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
/// The child waits for the host's turn not at once, but before its first step that needs what the host did
/// ([`Step::needs_host`]): so the two work at the same time where they can.
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
    let mut owed: Vec<&Step> = Vec::new();
    for part in steps.chunk_by(|a, b| a.side() == b.side() && !matches!(b, Step::Gate)) {
        if part[0].side() != me && me == Side::Child {
            owed.push(&part[0]);
            continue;
        }
        let turn = if part[0].side() == me {
            take(
                part,
                me,
                peer,
                |step| {
                    if step.needs_host() {
                        owed.drain(..).try_for_each(|first| hear(first, me, peer).map(drop))?;
                    }
                    Ok(())
                },
                &mut execute,
            )?
        } else {
            hear(&part[0], me, peer)?
        };
        walked.took.extend(turn.took.into_iter().map(Duration::from_nanos));
        if let Some(fault) = turn.failed {
            return Err(fault);
        }
    }
    owed.into_iter().try_for_each(|first| hear(first, me, peer).map(drop))?;
    Ok(walked)
}

/// Does our own turn, and tells the other side.
fn take(
    part: &[Step],
    me: Side,
    peer: &Peer,
    mut wait: impl FnMut(&Step) -> Result<()>,
    execute: &mut impl FnMut(&Step) -> Result<()>,
) -> Result<Turn> {
    let turn = run(part, peer, &mut wait, execute);
    if peer.send(&turn).is_err() {
        // The other side is gone, and has said why if it could; what we failed at may come from that.
        if let Ok(Some(Turn { failed: Some(fault), .. })) = peer.receive() {
            return Err(fault);
        }
        if turn.failed.is_none() {
            return Err(ended(&part[0], me));
        }
    }
    Ok(turn)
}

/// Waits for the other side's turn, which begins with `first`.
fn hear(first: &Step, me: Side, peer: &Peer) -> Result<Turn> {
    let turn = peer.receive().doing(|| format!("hear of `{first}`"))?.ok_or_else(|| ended(first, me))?;
    match turn.failed {
        Some(fault) => Err(fault),
        None => Ok(turn),
    }
}

fn ended(first: &Step, me: Side) -> Fault {
    let (who, hint) = match me {
        Side::Host => (
            "the container's first process",
            "was it killed? a memory limit below 1 MiB is too little to start in; `dmesg | tail` may tell",
        ),
        Side::Child => ("the runtime", "was it killed?"),
    };
    Fault::new(Kind::Failed, first.to_string()).because(format!("{who} ended before it was done")).hint(hint)
}

fn run(
    steps: &[Step],
    peer: &Peer,
    wait: &mut impl FnMut(&Step) -> Result<()>,
    execute: &mut impl FnMut(&Step) -> Result<()>,
) -> Turn {
    let mut turn = Turn::default();
    for step in steps {
        if let Err(fault) = wait(step) {
            turn.failed = Some(fault);
            break;
        }
        if matches!(step, Step::Exec { .. }) {
            // Nothing can be said after this step, so the times are told before it.
            let _ = peer.send(&turn);
            turn.took.clear();
        }
        let start = Instant::now();
        if let Err(fault) = execute(step) {
            turn.failed = Some(fault.during(step.to_string()).shortened());
            break;
        }
        turn.took.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    turn
}
