//! The client against a real registry, and against one that lies.

mod credentials;
mod garbage;
mod hosts;
mod kit;
mod lies;
mod names;
mod proxy;
mod pull;
mod push;
mod redirects;
mod tags;
mod threads;
mod tls;
mod tokens;
mod uploads;
