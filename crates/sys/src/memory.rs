//! Memory that a process has and does not need: madvise(2), malloc_trim(3).

use std::ffi::c_void;

/// Gives memory back to the kernel that was needed once and may never be again: what the allocator keeps, and pages of the
/// program's own file, which come back from there when they are touched. Of the stack what deeper calls have used.
///
/// Source: <https://man7.org/linux/man-pages/man2/madvise.2.html>, getauxval(3), elf(5)
pub fn give_back() {
    // SAFETY: takes an integer; the allocator gives back only what nobody has.
    unsafe { libc::malloc_trim(0) };
    give_back_stack();
    for segment in read_only_segments() {
        // SAFETY: the pages belong to a segment of this program that was mapped from its file without the right to write, so
        // they are as in the file, which nobody can change while it runs, and are read from there again when touched.
        unsafe { libc::madvise(segment.0 as *mut c_void, segment.1, libc::MADV_DONTNEED) };
    }
}

/// So much of the stack is looked at; what making a container uses is less.
const STACK: usize = 512 << 10;

/// Only the first thread's: below the stacks of others there is something else.
fn give_back_stack() {
    let here = 0_u8;
    // SAFETY: takes an integer.
    let page = unsafe { libc::getauxval(libc::AT_PAGESZ) };
    let Ok(page) = usize::try_from(page) else { return };
    if page == 0 || rustix::thread::gettid() != rustix::process::getpid() {
        return;
    }
    // This call, and the next one, have their frames above.
    let end = ((&raw const here as usize) / page).saturating_sub(2) * page;
    let start = end.saturating_sub(STACK) / page * page;
    // SAFETY: below the frames of the calls that are at work nothing of a stack is anybody's. It is this thread's, and the
    // kernel maps nothing else within 128 MiB of its first thread's stack (arch/x86/mm/mmap.c, `mmap_base`).
    unsafe { libc::madvise(start as *mut c_void, end - start, libc::MADV_DONTNEED) };
}

/// Address and length, in whole pages, of what was mapped from our own file without the right to write.
#[expect(clippy::cast_possible_truncation, reason = "an address of this program is as long as its pointers")]
fn read_only_segments() -> Vec<(usize, usize)> {
    // SAFETY: these take an integer.
    let (headers, count, page) = unsafe {
        (libc::getauxval(libc::AT_PHDR), libc::getauxval(libc::AT_PHNUM), libc::getauxval(libc::AT_PAGESZ))
    };
    let (Ok(headers), Ok(count), Ok(page)) =
        (usize::try_from(headers), usize::try_from(count), usize::try_from(page))
    else {
        return Vec::new();
    };
    if headers == 0 || page == 0 {
        return Vec::new();
    }
    // SAFETY: the kernel says that so many headers of this program are there; they are mapped as long as it runs.
    let headers = unsafe { std::slice::from_raw_parts(headers as *const libc::Elf64_Phdr, count) };
    let own = headers.iter().find(|header| header.p_type == libc::PT_PHDR);
    let at = own.map_or(0, |own| (headers.as_ptr() as usize).wrapping_sub(own.p_vaddr as usize));
    let read_only =
        headers.iter().filter(|header| header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0);
    let whole = |header: &libc::Elf64_Phdr| {
        let start = at.wrapping_add(header.p_vaddr as usize);
        let end = start + header.p_filesz as usize;
        // A page that it shares with a neighbour is not its own.
        let (start, end) = (start.next_multiple_of(page), end / page * page);
        (start, end.saturating_sub(start))
    };
    read_only.map(whole).filter(|(_, length)| *length > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_goes_on() {
        let before: Vec<u8> = (0..100_000_u32).map(|number| (number % 7) as u8).collect();
        give_back();
        give_back();
        assert!(before.iter().zip(0..).all(|(byte, number)| u32::from(*byte) == number % 7));
        assert!(!read_only_segments().is_empty());
        assert_eq!(format!("{:?}", Some(1)), "Some(1)");
    }
}
