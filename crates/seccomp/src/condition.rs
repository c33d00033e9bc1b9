//! What an argument of a system call is compared with.

use fault::{Fault, Result};
use oci::seccomp::{Argument, Operator};

use crate::program::{Instruction, argument};

/// System calls have six arguments.
const ARGUMENTS: u32 = 6;

/// A comparison of one argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Condition {
    argument: u32,
    operator: Operator,
    value: u64,
    mask: u64,
}

impl Condition {
    /// As the config has it, in the field of this name.
    pub(crate) fn of(asked: &Argument, field: &str) -> Result<Condition> {
        if asked.index >= ARGUMENTS {
            let why = format!("{} is not an argument: they are counted from 0 to 5", asked.index);
            return Err(Fault::invalid(format!("{field}.index"), why));
        }
        // For this operator the first value is the mask and the second is what is left.
        let (value, mask) = match asked.operator {
            Operator::MaskedEqual => (asked.value_two & asked.value, asked.value),
            _ => (asked.value, u64::MAX),
        };
        Ok(Condition { argument: asked.index, operator: asked.operator, value, mask })
    }

    /// Instructions that go on behind themselves if it holds, and jump to their end plus `otherwise` if not.
    /// `wide`: the argument has 64 bits.
    pub(crate) fn emit(self, wide: bool, otherwise: usize) -> Vec<Instruction> {
        let high = |number: u64| u32::try_from(number >> 32).unwrap_or_default();
        let low = |number: u64| u32::try_from(number & 0xffff_ffff).unwrap_or_default();
        let upper = wide.then(|| Word { offset: 4, value: high(self.value), mask: high(self.mask) });
        let lower = Word { offset: 0, value: low(self.value), mask: low(self.mask) };
        let mut code = Code { argument: self.argument, out: Vec::new() };
        match self.operator {
            Operator::Equal | Operator::MaskedEqual => {
                upper.into_iter().chain([lower]).for_each(|word| code.equal(word));
            }
            Operator::NotEqual => code.not_equal(upper, lower),
            Operator::GreaterEqual => code.order(upper, lower, Instruction::if_greater_equal, true),
            Operator::Greater => code.order(upper, lower, Instruction::if_greater, true),
            Operator::Less => code.order(upper, lower, Instruction::if_greater_equal, false),
            Operator::LessEqual => code.order(upper, lower, Instruction::if_greater, false),
        }
        code.finish(otherwise)
    }
}

/// Half of an argument.
#[derive(Debug, Clone, Copy)]
struct Word {
    offset: u32,
    value: u32,
    mask: u32,
}

/// Where a jump goes, before it is known how far that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// To the next instruction.
    Next,
    /// It holds: behind all of them.
    Holds,
    /// It does not.
    Fails,
}

struct Code {
    argument: u32,
    out: Vec<(Instruction, To, To)>,
}

impl Code {
    fn plain(&mut self, instruction: Instruction) {
        self.out.push((instruction, To::Next, To::Next));
    }

    fn load(&mut self, word: Word) {
        self.plain(Instruction::load(argument(self.argument) + word.offset));
        if word.mask != u32::MAX {
            self.plain(Instruction::and(word.mask));
        }
    }

    fn equal(&mut self, word: Word) {
        // Nothing of it is looked at.
        if word.mask == 0 {
            return;
        }
        self.load(word);
        self.out.push((Instruction::if_equal(word.value, 0, 0), To::Next, To::Fails));
    }

    fn not_equal(&mut self, upper: Option<Word>, lower: Word) {
        if let Some(word) = upper {
            self.load(word);
            self.out.push((Instruction::if_equal(word.value, 0, 0), To::Next, To::Holds));
        }
        self.load(lower);
        self.out.push((Instruction::if_equal(lower.value, 0, 0), To::Fails, To::Next));
    }

    /// The upper halves decide, unless they are equal. `wanted`: it holds if the argument is the larger one.
    fn order(
        &mut self,
        upper: Option<Word>,
        lower: Word,
        compare: fn(u32, u8, u8) -> Instruction,
        wanted: bool,
    ) {
        let (larger, smaller) = if wanted { (To::Holds, To::Fails) } else { (To::Fails, To::Holds) };
        if let Some(word) = upper {
            self.load(word);
            self.out.push((Instruction::if_greater(word.value, 0, 0), larger, To::Next));
            self.out.push((Instruction::if_equal(word.value, 0, 0), To::Next, smaller));
        }
        self.load(lower);
        self.out.push((compare(lower.value, 0, 0), larger, smaller));
    }

    /// Writes the distances. There are at most six instructions here, and `otherwise` is below 250.
    fn finish(self, otherwise: usize) -> Vec<Instruction> {
        let count = self.out.len();
        let distance = |to: To, at: usize| match to {
            To::Next => 0,
            To::Holds => count - at - 1,
            To::Fails => count - at - 1 + otherwise,
        };
        let set = |(at, (instruction, yes, no)): (usize, (Instruction, To, To))| {
            let byte = |distance: usize| u8::try_from(distance).unwrap_or(u8::MAX);
            Instruction { yes: byte(distance(yes, at)), no: byte(distance(no, at)), ..instruction }
        };
        self.out.into_iter().enumerate().map(set).collect()
    }
}

/// All operators, as the specification names them.
pub fn operators() -> &'static [&'static str] {
    &[
        "SCMP_CMP_EQ",
        "SCMP_CMP_GE",
        "SCMP_CMP_GT",
        "SCMP_CMP_LE",
        "SCMP_CMP_LT",
        "SCMP_CMP_MASKED_EQ",
        "SCMP_CMP_NE",
    ]
}
