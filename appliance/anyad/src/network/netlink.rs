//! The kernel's notices, over netlink (`netlink(7)`): that addresses changed, that devices came or went.
//!
//! What a notice says is not read: it wakes up who then looks for himself. So a notice that is lost, as
//! they may be, costs no more than the wait for the next look.

use std::io;
use std::os::fd::AsRawFd;

use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, socket};
use tokio::net::UnixDatagram;

/// What to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Links and addresses of the network (`rtnetlink(7)`).
    Addresses,
    /// Devices, such as what is plugged into USB (kernel object events).
    Devices,
}

/// An open subscription. The standard library has no netlink sockets; waiting and reading are the same for
/// every socket of datagrams.
pub(crate) struct Notices(UnixDatagram);

impl Notices {
    /// Subscribes. Call it on the service's runtime.
    ///
    /// # Errors
    /// When the kernel does not let this process listen.
    pub(crate) fn open(subject: Subject) -> io::Result<Self> {
        let (protocol, groups) = match subject {
            // RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
            Subject::Addresses => (SockProtocol::NetlinkRoute, 0x1 | 0x10 | 0x100),
            // The kernel's own group; the second is udev's.
            Subject::Devices => (SockProtocol::NetlinkKObjectUEvent, 0x1),
        };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, protocol)?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        UnixDatagram::from_std(socket.into()).map(Self)
    }

    /// Waits for the next notice, and takes those that wait with it.
    ///
    /// # Errors
    /// When the socket breaks.
    pub(crate) async fn next(&self) -> io::Result<()> {
        let mut any = false;
        let mut notice = [0; 8192];
        while !any {
            self.0.readable().await?;
            loop {
                match self.0.try_recv(&mut notice) {
                    Ok(_) => any = true,
                    // Notices that were lost are news as well.
                    Err(error) if error.raw_os_error() == Some(Errno::ENOBUFS as i32) => any = true,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_kernel_lets_an_ordinary_process_listen() {
        for subject in [Subject::Addresses, Subject::Devices] {
            assert!(Notices::open(subject).is_ok(), "{subject:?}");
        }
    }
}
