//! The few forms that the kernel writes statistics in.

use std::collections::BTreeMap;
use std::str::FromStr;

use fault::{Fault, Kind, Result};

use super::Read;
use super::shape::{Pressure, PressureLine};

/// One file of one controller.
pub(super) struct File<'a> {
    read: &'a Read<'a>,
    controller: &'a str,
    name: &'a str,
}

impl<'a> File<'a> {
    pub(super) fn new(read: &'a Read<'a>, controller: &'a str, name: &'a str) -> File<'a> {
        File { read, controller, name }
    }

    pub(super) fn text(&self) -> Result<Option<String>> {
        (self.read)(self.controller, self.name)
    }

    pub(super) fn wrong(&self, text: &str) -> Fault {
        Fault::new(Kind::Invalid, format!("read `{}`", self.name))
            .because(format!("it says `{}`", text.trim()))
    }

    fn value<T: FromStr>(&self, word: &str) -> Result<T> {
        word.parse().map_err(|_| self.wrong(word))
    }

    /// A number; `max` and what is not there are `None`.
    pub(super) fn number<T: FromStr>(&self) -> Result<Option<T>> {
        let text = self.text()?;
        let word = text.as_deref().map(str::trim).filter(|word| *word != "max");
        word.map(|word| self.value(word)).transpose()
    }

    /// Numbers with something between them.
    pub(super) fn numbers(&self) -> Result<Vec<u64>> {
        let text = self.text()?.unwrap_or_default();
        text.split_whitespace().map(|word| self.value(word)).collect()
    }

    /// Lines of a key and a number.
    pub(super) fn keys(&self) -> Result<BTreeMap<String, u64>> {
        let text = self.text()?.unwrap_or_default();
        let pair = |line: &str| {
            let (key, value) = line.split_once(' ').ok_or_else(|| self.wrong(line))?;
            Ok((key.to_string(), self.value(value)?))
        };
        text.lines().map(pair).collect()
    }

    /// `0-2,5`: processors, or memory nodes.
    pub(super) fn set(&self) -> Result<Vec<u16>> {
        let text = self.text()?.unwrap_or_default();
        let mut all = Vec::new();
        for part in text.trim().split(',').filter(|part| !part.is_empty()) {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (self.value::<u16>(first)?, self.value::<u16>(last)?);
            if first > last {
                return Err(self.wrong(part));
            }
            all.extend(first..=last);
        }
        Ok(all)
    }

    /// Lines such as `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`. Nothing if the kernel does not count.
    pub(super) fn pressure(&self) -> Result<Option<Pressure>> {
        let Some(text) = self.text()? else { return Ok(None) };
        let mut pressure = Pressure::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let into = match words.next() {
                Some("some") => &mut pressure.some,
                Some("full") => &mut pressure.full,
                _ => continue,
            };
            for word in words {
                self.pressure_word(word, into)?;
            }
        }
        Ok(Some(pressure))
    }

    fn pressure_word(&self, word: &str, into: &mut PressureLine) -> Result<()> {
        let (key, value) = word.split_once('=').ok_or_else(|| self.wrong(word))?;
        match key {
            "avg10" => into.avg10 = self.value(value)?,
            "avg60" => into.avg60 = self.value(value)?,
            "avg300" => into.avg300 = self.value(value)?,
            "total" => into.total = self.value(value)?,
            _ => {}
        }
        Ok(())
    }
}

/// The number behind a key, in a text with one on each line.
pub fn key(text: &str, key: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.trim().parse().ok())
}
