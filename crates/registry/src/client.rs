//! The client, and what its calls share.

use std::sync::Arc;
use std::time::Duration;

use fault::Fault;

use crate::auth::Memory;
use crate::wire::Wire;
use crate::{Settings, Waiting};

/// A client of registries. Clones share connections and tokens.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

/// What all calls share.
pub(crate) struct Inner {
    pub(crate) wire: Wire,
    pub(crate) memory: Memory,
}

impl Client {
    /// A new one. Nothing is asked of anybody yet.
    pub fn new(settings: Settings) -> Client {
        Client { inner: Arc::new(Inner { wire: Wire::new(settings), memory: Memory::default() }) }
    }
}

impl Inner {
    /// Before the next try.
    pub(crate) fn pause(&self, why: Fault, tried: u32, asked: Option<Duration>) {
        let pause = self.wire.settings.patience.pause(tried, asked);
        if let Some(watch) = &self.wire.settings.watch {
            watch(&Waiting { why, pause, next: tried + 1 });
        }
        std::thread::sleep(pause);
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}
