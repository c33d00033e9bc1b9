//! Lists of numbers as the kernel writes them: `0-3,7`.

use std::fmt;

/// A set of processors or memory nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Numbers {
    text: String,
    words: Vec<u64>,
}

impl Numbers {
    /// Reads a list of numbers below `end`. The other half of the answer says what is wrong with it.
    pub(crate) fn parse(text: &str, end: usize) -> Result<Numbers, String> {
        let mut words = Vec::new();
        for part in text.trim().split(',').map(str::trim) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first, end)?, number(last, end)?);
            if first > last {
                return Err(format!("`{part}` runs backwards"));
            }
            words.resize(words.len().max(last / 64 + 1), 0);
            (first..=last).for_each(|number| words[number / 64] |= 1 << (number % 64));
        }
        Ok(Numbers { text: text.trim().to_string(), words })
    }

    /// A bit for each number, the first in the lowest bit of the first word.
    pub fn words(&self) -> &[u64] {
        &self.words
    }
}

fn number(text: &str, end: usize) -> Result<usize, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits && number < end => Ok(number),
        Ok(number) if digits => Err(format!("{number} is more than {}", end - 1)),
        _ => Err(format!("expected a list such as `0-3,7`, got `{text}` in it")),
    }
}

impl fmt::Display for Numbers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_numbers_in_any_order() {
        let words = |text| Numbers::parse(text, 8192).unwrap().words().to_vec();
        assert_eq!(words("0"), [1]);
        assert_eq!(words(" 3, 0-1,7\n"), [0b1000_1011]);
        assert_eq!(words("63-64"), [1 << 63, 1]);
        assert_eq!(words("8191").len(), 128);
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", ",", "1,", "-1", "1-", "3-1", "0x1", "+1", "1-2-3", "8192", "99999999999999999999", "a"]
        {
            assert!(Numbers::parse(text, 8192).is_err(), "{text:?}");
        }
    }
}
