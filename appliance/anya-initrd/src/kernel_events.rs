//! The kernel's notices of devices that come (netlink(7), `NETLINK_KOBJECT_UEVENT`). What they say is looked up in
//! `/sys` anyway; here they only end the waiting.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, socket,
};

/// The group of the kernel's own notices.
const KERNEL: u32 = 1;

/// The notices.
pub(crate) struct KernelEvents(OwnedFd);

impl KernelEvents {
    /// Begins to listen.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn listen() -> Result<Self> {
        let listen = || -> nix::Result<OwnedFd> {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let protocol = SockProtocol::NetlinkKObjectUEvent;
            let events = socket(AddressFamily::Netlink, SockType::Datagram, flags, protocol)?;
            bind(events.as_raw_fd(), &NetlinkAddr::new(0, KERNEL))?;
            Ok(events)
        };
        listen().map(Self).context("cannot listen to the kernel's notices of devices")
    }

    /// Waits for a notice, at most for this long, and takes all that there are.
    pub(crate) fn wait(&self, at_most: Duration) {
        let time = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
        // Whatever ends the waiting, the caller looks for itself.
        let _ = poll(&mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)], time);
        let mut notice = [0; 8192];
        while recv(self.0.as_raw_fd(), &mut notice, MsgFlags::empty()).is_ok() {}
    }
}
