//! Interfaces, addresses and routes: rtnetlink(7).

mod address;
mod link;
mod table;

pub use address::Address;
pub use link::{Bridge, Interface, Kind, Namespace, Plug};
pub use table::RouteEntry;

use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

use crate::message::{ACK, CREATE, DUMP, EXCLUSIVE, Message};
use crate::{Connection, Refused};

const NEW_LINK: u16 = 16;
const DELETE_LINK: u16 = 17;
const GET_LINK: u16 = 18;
const NEW_ADDRESS: u16 = 20;
const GET_ADDRESS: u16 = 22;
const NEW_ROUTE: u16 = 24;
const GET_ROUTE: u16 = 26;

/// A connection about the interfaces of one network namespace: the one that its maker was in.
#[derive(Debug)]
pub struct Route(Connection);

impl Route {
    /// About the namespace that we are in.
    pub fn open() -> io::Result<Route> {
        Connection::route().map(Route)
    }

    /// An interface by its name.
    ///
    /// # Errors
    /// - `ENODEV`: there is none of this name.
    pub fn find(&self, name: &str) -> Result<Interface, Refused> {
        let answers = self.0.ask(link::by_name(GET_LINK, ACK, name))?;
        answers
            .first()
            .and_then(|answer| Interface::read(answer))
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData).into())
    }

    /// All interfaces.
    pub fn interfaces(&self) -> Result<Vec<Interface>, Refused> {
        let answers = self.0.ask(Message::new(GET_LINK, DUMP, &link::header(0, 0, 0)))?;
        Ok(answers.iter().filter_map(|answer| Interface::read(answer)).collect())
    }

    /// Has an interface work, or not.
    pub fn set_up(&self, index: u32, up: bool) -> Result<(), Refused> {
        let flags = if up { link::UP } else { 0 };
        self.0.ask(Message::new(NEW_LINK, ACK, &link::header(index, flags, link::UP))).map(drop)
    }

    /// Its addresses that mean the same everywhere and have no end.
    pub fn addresses(&self, index: u32) -> Result<Vec<Address>, Refused> {
        let answers = self.0.ask(Message::new(GET_ADDRESS, DUMP, &[0; 8]))?;
        Ok(answers.iter().filter_map(|answer| Address::lasting(answer, index)).collect())
    }

    /// Gives an interface an address that another had.
    pub fn add_address(&self, index: u32, address: &Address) -> Result<(), Refused> {
        self.0.ask(address.request(NEW_ADDRESS, ACK | CREATE | EXCLUSIVE, index)).map(drop)
    }

    /// Moves an interface into another network namespace, under another name there: its own name need not be free
    /// on the other side. The new one must be: the kernel finds that out only when it has moved.
    ///
    /// # Errors
    /// - `EINVAL`: it can be in no other, such as `lo`.
    pub fn move_to(&self, index: u32, new_name: &str, namespace: BorrowedFd<'_>) -> Result<(), Refused> {
        let message = Message::new(NEW_LINK, ACK, &link::header(index, 0, 0));
        self.0.ask(Namespace::Fd(namespace).put(message.text(link::NAME, new_name))).map(drop)
    }

    /// Makes a bridge, which does not work yet, and tells its number.
    ///
    /// # Errors
    /// - `EEXIST`: the name is taken.
    pub fn make_bridge(&self, bridge: &Bridge<'_>) -> Result<u32, Refused> {
        self.0.ask(bridge.request()).map(drop)?;
        self.find(bridge.name).map(|made| made.index)
    }

    /// Connects a network namespace to something of this one.
    ///
    /// # Errors
    /// - `EEXIST`: a name is taken, in either.
    pub fn plug(&self, plug: &Plug<'_>) -> Result<(), Refused> {
        self.0.ask(plug.request()).map(drop)?;
        if plug.isolated {
            let index = self.find(plug.outside)?.index;
            self.0.ask(link::isolate(index)).map(drop)?;
        }
        Ok(())
    }

    /// Gives an interface its addresses, has it work, and sends what is for elsewhere to the gateways; in this order, and by
    /// one message.
    pub fn configure(
        &self,
        index: u32,
        addresses: &[(IpAddr, u8)],
        gateways: &[IpAddr],
    ) -> Result<(), Refused> {
        let one = |(address, prefix): &(IpAddr, u8)| address::request(index, *address, *prefix);
        let mut requests: Vec<_> = addresses.iter().map(one).collect();
        requests.push(Message::new(NEW_LINK, 0, &link::header(index, link::UP, link::UP)));
        requests.extend(gateways.iter().map(|gateway| table::default_route(index, *gateway)));
        self.0.batch(requests)
    }

    /// Sends what is for elsewhere to this gateway from now on, whatever was said before.
    pub fn replace_default(&self, index: u32, gateway: IpAddr) -> Result<(), Refused> {
        self.0.ask(table::replace_default(index, gateway)).map(drop)
    }

    /// Removes an interface by its name; its other end goes with it.
    ///
    /// # Errors
    /// - `ENODEV`: there is none of this name.
    pub fn remove(&self, name: &str) -> Result<(), Refused> {
        self.0.ask(link::by_name(DELETE_LINK, ACK, name)).map(drop)
    }

    /// The same, and one that is not there is no failure.
    pub fn remove_if_there(&self, name: &str) -> Result<(), Refused> {
        match self.remove(name) {
            Err(refused) if refused.is(Errno::NODEV) => Ok(()),
            removed => removed,
        }
    }

    /// All routes to somewhere of the main tables, without the default ones.
    pub fn routes(&self) -> Result<Vec<RouteEntry>, Refused> {
        let answers = self.0.ask(Message::new(GET_ROUTE, DUMP, &[0; 12]))?;
        Ok(answers.iter().filter_map(|answer| RouteEntry::read(answer)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_every_machine_has_is_found_and_another_is_not() {
        let kernel = Route::open().unwrap();
        let lo = kernel.find("lo").unwrap();
        assert_eq!((lo.index, lo.name.as_str()), (1, "lo"));
        assert!(kernel.interfaces().unwrap().contains(&lo));
        assert!(kernel.find("nowhere0").unwrap_err().is(Errno::NODEV));
        assert!(kernel.remove_if_there("nowhere0").is_ok());
        // All that `lo` has is for this machine alone.
        assert_eq!(kernel.addresses(1).unwrap(), []);
    }
}
