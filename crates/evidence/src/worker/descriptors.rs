//! Hands the evidence's open files from the parent to the worker, and closes all others there.
//!
//! The files go through the worker's own socket (`SCM_RIGHTS`), so no other child of the parent
//! can inherit them. Each message is one byte with up to [`BATCH`] files; a full stop ends them.
#![expect(unsafe_code, reason = "closing what this process never opened has no safe form")]

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};

/// Files of one message; the kernel allows 253.
const BATCH: usize = 64;
/// Files in all: an image has fewer segments.
const MOST: usize = 20_000;
const FILES: u8 = b'f';
const END: u8 = b'.';

/// Sends `files` in order.
pub(super) fn send(socket: impl AsFd, files: &[BorrowedFd<'_>]) -> io::Result<()> {
    for batch in files.chunks(BATCH) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(BATCH))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !control.push(SendAncillaryMessage::ScmRights(batch)) {
            return Err(io::Error::other("no room for the descriptors of a batch"));
        }
        sendmsg(&socket, &[IoSlice::new(&[FILES])], &mut control, SendFlags::NOSIGNAL)?;
    }
    let mut none = SendAncillaryBuffer::default();
    sendmsg(&socket, &[IoSlice::new(&[END])], &mut none, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Receives what [`send`] sent.
pub(super) fn receive(socket: impl AsFd) -> io::Result<Vec<OwnedFd>> {
    let mut files = Vec::new();
    loop {
        let mut byte = [0];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(BATCH))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let flags = RecvFlags::CMSG_CLOEXEC;
        let got = recvmsg(&socket, &mut [IoSliceMut::new(&mut byte)], &mut control, flags)?;
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(batch) = message {
                files.extend(batch);
            }
        }
        match (got.bytes, byte[0]) {
            (1, FILES) if files.len() <= MOST => {}
            (1, END) => return Ok(files),
            _ => return Err(io::Error::other("the descriptors of the evidence did not arrive")),
        }
    }
}

/// Closes every descriptor from 3 on. To be called before this process opened anything.
pub fn close_all_others() -> io::Result<()> {
    // SAFETY: called first thing in a fresh process, by a worker's `main`: nothing in it owns a
    // descriptor from 3 on yet; those that are open were inherited by mistake.
    let answer = unsafe { libc::close_range(3, libc::c_uint::MAX, 0) };
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::{Read, Seek, SeekFrom, Write};
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn files_arrive_in_order_however_many_there_are() {
        let files: Vec<File> = (0..150)
            .map(|n| {
                let mut file = tempfile::tempfile().unwrap();
                write!(file, "{n}").unwrap();
                file
            })
            .collect();
        let (one, mut two) = UnixStream::pair().unwrap();
        let borrowed: Vec<_> = files.iter().map(AsFd::as_fd).collect();
        send(&one, &borrowed).unwrap();
        (&one).write_all(b"x").unwrap();
        let received = receive(&two).unwrap();
        assert_eq!(received.len(), files.len());
        for (n, fd) in received.into_iter().enumerate() {
            let mut text = String::new();
            let mut file = File::from(fd);
            file.seek(SeekFrom::Start(0)).unwrap();
            file.read_to_string(&mut text).unwrap();
            assert_eq!(text, n.to_string());
        }
        let mut next = [0];
        two.read_exact(&mut next).unwrap();
        assert_eq!(&next, b"x", "what follows is left in the socket");
    }

    #[test]
    fn a_peer_that_says_something_else_or_nothing_is_refused() {
        let (one, two) = UnixStream::pair().unwrap();
        (&one).write_all(b"?").unwrap();
        assert!(receive(&two).is_err());
        drop(one);
        assert!(receive(&two).is_err());
    }
}
