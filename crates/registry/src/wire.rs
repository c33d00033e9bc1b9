//! One request and its answer, over a connection that may be used again.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use fault::{Fault, Kind, Result};
use ureq::http::{HeaderName, Method, Request};
use ureq::{Agent, Proxy, SendBody};

use crate::answer::Answer;
use crate::names::{Guard, Names};
use crate::tls::{self, Trust};
use crate::trouble::Trouble;
use crate::url::Url;
use crate::{Patience, Settings};

/// A request.
pub(crate) struct Ask<'a> {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Load<'a>,
    /// What is expected to come back, and so how long that may take.
    pub(crate) comes: Comes,
}

/// What is sent along.
pub(crate) enum Load<'a> {
    Nothing,
    Bytes(Cow<'a, [u8]>),
    /// As many bytes as this.
    Stream(Box<dyn Read + 'a>, u64),
}

/// What comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comes {
    /// Something small.
    Document,
    /// Something of any length.
    Blob,
    /// The news that the server has taken in what was sent.
    Receipt,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(method: Method, url: Url, comes: Comes) -> Ask<'a> {
        Ask { method, url, headers: Vec::new(), body: Load::Nothing, comes }
    }

    pub(crate) fn get(url: Url) -> Ask<'a> {
        Ask::new(Method::GET, url, Comes::Document)
    }

    #[must_use]
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Ask<'a> {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    #[must_use]
    pub(crate) fn load(mut self, body: Load<'a>) -> Ask<'a> {
        self.body = body;
        self
    }
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Way {
    pub(crate) trust: Trust,
    pub(crate) guard: Guard,
}

/// Connections: one pool for each way to reach a host.
pub(crate) struct Wire {
    pub(crate) settings: Settings,
    agents: Mutex<HashMap<(Way, Option<String>), Agent>>,
}

/// Who we are.
const USER_AGENT: &str = concat!("nagaya/", env!("CARGO_PKG_VERSION"));

/// Bytes of headers that are looked at, all together.
const LONGEST_HEADERS: usize = 64 << 10;

/// Connections to one host that are kept open: as many as layers are fetched at a time.
const MOST_IDLE: usize = 8;

impl Wire {
    pub(crate) fn new(settings: Settings) -> Wire {
        Wire { settings, agents: Mutex::default() }
    }

    /// Sends it once. `doing` completes the sentence "cannot ...".
    pub(crate) fn send(
        &self,
        ask: &mut Ask<'_>,
        way: &Way,
        doing: &str,
    ) -> std::result::Result<Answer, Trouble> {
        let agent = self.agent(way, &ask.url).map_err(Trouble::lasting)?;
        let host = self.settings.proxies.shown(&ask.url);
        let sent = self.run(&agent, ask);
        sent.map(|response| Answer::new(response, ask.url.clone()))
            .map_err(|err| Trouble::of(&err, &host, doing))
    }

    fn run(
        &self,
        agent: &Agent,
        ask: &mut Ask<'_>,
    ) -> std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error> {
        let mut request = Request::builder().method(ask.method.clone()).uri(ask.url.to_string());
        for (name, value) in &ask.headers {
            request = request.header(name, value);
        }
        let sends = ask.method != Method::GET && ask.method != Method::HEAD;
        let size = match &ask.body {
            Load::Nothing => 0,
            Load::Bytes(bytes) => bytes.len() as u64,
            Load::Stream(_, size) => *size,
        };
        if sends {
            request = request.header("content-length", size);
        }
        let (stall, whole) = self.limits(ask.comes);
        macro_rules! go {
            ($body:expr) => {
                agent.run(
                    agent
                        .configure_request(request.body($body)?)
                        .timeout_per_read(Some(stall))
                        .timeout_recv_body(whole)
                        .build(),
                )
            };
        }
        match &mut ask.body {
            Load::Nothing if sends => go!(&[][..]),
            Load::Nothing => go!(()),
            Load::Bytes(bytes) => go!(&**bytes),
            Load::Stream(reader, _) => go!(SendBody::from_reader(&mut **reader)),
        }
    }

    /// Without a byte, and for the whole body.
    fn limits(&self, comes: Comes) -> (Duration, Option<Duration>) {
        let Patience { stall, document, commit, .. } = self.settings.patience;
        match comes {
            Comes::Document => (stall, Some(document)),
            Comes::Blob => (stall, None),
            Comes::Receipt => (commit, Some(document)),
        }
    }

    fn agent(&self, way: &Way, url: &Url) -> Result<Agent> {
        let proxy = self.settings.proxies.of(url).map(str::to_string);
        let key = (way.clone(), proxy);
        if let Some(agent) = self.agents().get(&key) {
            return Ok(agent.clone());
        }
        let agent = self.new_agent(way, key.1.as_deref())?;
        Ok(self.agents().entry(key).or_insert(agent).clone())
    }

    fn agents(&self) -> std::sync::MutexGuard<'_, HashMap<(Way, Option<String>), Agent>> {
        // What it guards is whole at any moment, also if a thread has died with it.
        self.agents.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn new_agent(&self, way: &Way, proxy: Option<&str>) -> Result<Agent> {
        let wrong = |err| {
            let hint = "it is from the environment: HTTPS_PROXY or HTTP_PROXY";
            Fault::new(Kind::Invalid, "use the proxy").because(err).hint(hint)
        };
        let by_proxy = proxy.is_some();
        let proxy = proxy.map(Proxy::new).transpose().map_err(wrong)?;
        let patience = &self.settings.patience;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(USER_AGENT)
            // What is asked for is counted and hashed as it is kept.
            .accept_encoding("identity")
            .max_response_header_size(LONGEST_HEADERS)
            .max_idle_connections_per_host(MOST_IDLE)
            .timeout_connect(Some(patience.connect))
            .timeout_per_write(Some(patience.stall))
            .timeout_send_request(Some(patience.stall))
            .proxy(proxy)
            .tls_config(tls::config(&way.trust, self.settings.hosts.authorities.as_deref())?)
            .build();
        let hosts = &self.settings.hosts;
        let file = |path: &Option<PathBuf>, usual: &str| path.clone().unwrap_or_else(|| PathBuf::from(usual));
        let names = Names {
            // With a proxy, what is looked up here is the proxy.
            guard: if by_proxy { Guard::User } else { way.guard },
            hosts: file(&hosts.names, "/etc/hosts"),
            resolv_conf: file(&hosts.resolv_conf, "/etc/resolv.conf"),
        };
        Ok(Agent::with_parts(config, ureq::unversioned::transport::DefaultConnector::default(), names))
    }
}
