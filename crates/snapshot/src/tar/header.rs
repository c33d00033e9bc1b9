//! One block of 512 bytes that describes a member.
//!
//! Source: POSIX pax, "ustar Interchange Format"; GNU tar, `src/tar.h`; FreeBSD tar(5).

use super::number::{number, until_nul};

/// Bytes of a block.
pub(super) const BLOCK: usize = 512;

/// A header as it was read.
pub(super) struct Header(pub(super) [u8; BLOCK]);

impl Header {
    /// A block of zeroes ends an archive.
    pub(super) fn is_end(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// The sum of all bytes, with the sum's own field as spaces. Some old writers took bytes as signed.
    pub(super) fn has_right_sum(&self) -> bool {
        let (field, rest) = (148..156, self.0.iter().enumerate());
        let byte = |(at, byte): (usize, &u8)| if field.contains(&at) { b' ' } else { *byte };
        let unsigned: i64 = rest.clone().map(|at| i64::from(byte(at))).sum();
        let signed: i64 = rest.map(|at| i64::from(byte(at).cast_signed())).sum();
        number(&self.0[148..156]).is_ok_and(|sum| sum == unsigned || sum == signed)
    }

    /// All its numbers are some, also those that nobody needs: readers end there that look at them.
    pub(super) fn check_numbers(&self) -> Result<(), &'static str> {
        for number in [self.mode(), self.uid(), self.gid(), self.mtime()] {
            number?;
        }
        self.size()?;
        if self.is_posix() || self.is_gnu() { self.device().map(drop) } else { Ok(()) }
    }

    pub(super) fn typeflag(&self) -> u8 {
        self.0[156]
    }

    pub(super) fn mode(&self) -> Result<i64, &'static str> {
        number(&self.0[100..108])
    }

    pub(super) fn uid(&self) -> Result<i64, &'static str> {
        number(&self.0[108..116])
    }

    pub(super) fn gid(&self) -> Result<i64, &'static str> {
        number(&self.0[116..124])
    }

    pub(super) fn size(&self) -> Result<u64, &'static str> {
        u64::try_from(number(&self.0[124..136])?).map_err(|_| "its size is negative")
    }

    pub(super) fn mtime(&self) -> Result<i64, &'static str> {
        number(&self.0[136..148])
    }

    pub(super) fn linkname(&self) -> &[u8] {
        until_nul(&self.0[157..257])
    }

    /// Major and minor number; only archives since POSIX have them.
    pub(super) fn device(&self) -> Result<(i64, i64), &'static str> {
        if !self.is_posix() && !self.is_gnu() {
            return Err("it is a device without numbers");
        }
        Ok((number(&self.0[329..337])?, number(&self.0[337..345])?))
    }

    /// The name, with the prefix that POSIX gave it. GNU keeps other things in that place.
    pub(super) fn name(&self) -> Vec<u8> {
        let name = until_nul(&self.0[..100]);
        let prefix = if self.is_posix() { until_nul(&self.0[345..500]) } else { &[] };
        if prefix.is_empty() { name.to_vec() } else { [prefix, b"/", name].concat() }
    }

    fn is_posix(&self) -> bool {
        &self.0[257..263] == b"ustar\0"
    }

    pub(super) fn is_gnu(&self) -> bool {
        &self.0[257..265] == b"ustar  \0"
    }

    /// GNU's own sparse files: the first pieces, whether more follow, and the true size.
    pub(super) fn gnu_sparse(&self) -> (&[u8], bool, &[u8]) {
        (&self.0[386..482], self.0[482] != 0, &self.0[483..495])
    }
}
