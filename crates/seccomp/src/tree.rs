//! A binary search over the numbers of system calls.

use crate::action::Verdict;
use crate::condition::Condition;
use crate::program::Instruction;

/// All of the conditions of one rule must hold.
pub(crate) type Rule = (Vec<Condition>, Verdict);

/// What happens to a call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Leaf {
    /// The same, whatever its arguments are.
    Plain(Verdict),
    /// The first rule that fits, or the verdict.
    Rules {
        /// In order.
        rules: Vec<Rule>,
        /// If none fits.
        otherwise: Verdict,
        /// Arguments have 64 bits, all of which count.
        wide: bool,
    },
}

/// From this number up to the next segment's.
pub(crate) type Segment = (u32, Leaf);

/// The furthest that a comparison can jump.
const FURTHEST: usize = 255;

/// A tree over segments that are sorted by number, the first of which starts at 0 (or where those before
/// can no longer be). The number is in the accumulator.
pub(crate) fn emit(segments: &[Segment]) -> Vec<Instruction> {
    match segments {
        [] => Vec::new(),
        [(_, leaf)] => leaf.emit(),
        _ => {
            let (below, above) = segments.split_at(segments.len() / 2);
            let (border, mut low, mut high) = (above[0].0, emit(below), emit(above));
            let mut out = Vec::with_capacity(2 + low.len() + high.len());
            if let Ok(distance) = u8::try_from(low.len()) {
                out.push(Instruction::if_greater_equal(border, distance, 0));
            } else {
                out.push(Instruction::if_greater_equal(border, 0, 1));
                out.push(Instruction::skip(u32::try_from(low.len()).unwrap_or(u32::MAX)));
            }
            out.append(&mut low);
            out.append(&mut high);
            out
        }
    }
}

impl Leaf {
    fn emit(&self) -> Vec<Instruction> {
        match self {
            Leaf::Plain(verdict) => vec![Instruction::give(verdict.0)],
            Leaf::Rules { rules, otherwise, wide } => {
                let mut out: Vec<_> = rules.iter().flat_map(|rule| emit_rule(rule, *wide)).collect();
                out.push(Instruction::give(otherwise.0));
                out
            }
        }
    }
}

/// One condition after the other, from the last to the first: each must know how far the end is.
fn emit_rule((conditions, verdict): &Rule, wide: bool) -> Vec<Instruction> {
    let mut out = vec![Instruction::give(verdict.0)];
    for condition in conditions.iter().rev() {
        // Six conditions of six instructions are far below this.
        let mut before = condition.emit(wide, out.len().min(FURTHEST));
        before.append(&mut out);
        out = before;
    }
    out
}
