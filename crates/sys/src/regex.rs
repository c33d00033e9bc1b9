//! Extended regular expressions of POSIX: regcomp(3).

use std::ffi::{CStr, CString};
use std::fmt;
use std::io;
use std::mem::MaybeUninit;

/// An expression, ready to be used.
pub struct Regex(Box<libc::regex_t>);

impl Regex {
    /// Reads an extended expression.
    ///
    /// # Errors
    /// `InvalidInput`, with the C library's words about what is wrong with it.
    ///
    /// Source: <https://man7.org/linux/man-pages/man3/regcomp.3.html>
    pub fn parse(text: &str) -> io::Result<Regex> {
        let text = CString::new(text)?;
        let mut regex = Box::new(MaybeUninit::uninit());
        // SAFETY: the expression is NUL-terminated and outlives the call, and there is room for what is made of it.
        let code =
            unsafe { libc::regcomp(regex.as_mut_ptr(), text.as_ptr(), libc::REG_EXTENDED | libc::REG_NOSUB) };
        if code != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words(code)));
        }
        // SAFETY: regcomp(3) has filled it in, because it returned 0.
        Ok(Regex(unsafe { regex.assume_init() }))
    }

    /// Whether it fits some part of the text.
    pub fn fits(&self, text: &str) -> bool {
        let Ok(text) = CString::new(text) else { return false };
        // SAFETY: the expression was made by regcomp(3) and not freed; the text is NUL-terminated; no room for
        // matches is asked for.
        unsafe { libc::regexec(&raw const *self.0, text.as_ptr(), 0, std::ptr::null_mut(), 0) == 0 }
    }
}

fn words(code: libc::c_int) -> String {
    let mut text = [0_u8; 128];
    // SAFETY: the buffer is as long as is said; without an expression only the code counts.
    unsafe { libc::regerror(code, std::ptr::null(), text.as_mut_ptr().cast(), text.len()) };
    CStr::from_bytes_until_nul(&text).map_or(String::new(), |text| text.to_string_lossy().into_owned())
}

impl fmt::Debug for Regex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Regex")
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: it was made by regcomp(3), and nobody can use it after this.
        unsafe { libc::regfree(&raw mut *self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_fits_unless_the_ends_are_named() {
        let web = Regex::parse("^web-[0-9]+$").unwrap();
        assert!(web.fits("web-12") && !web.fits("web-12x") && !web.fits("my-web-1"));
        assert!(Regex::parse("b|c").unwrap().fits("abc"));
        assert!(!Regex::parse("(").unwrap_err().to_string().is_empty());
        assert!(Regex::parse("a\0b").is_err());
    }
}
