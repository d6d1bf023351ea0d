use crate::api::{self, Initialised, Invocation, NotIdle, Reply, RuntimeApi};
use crate::channel::{self, Broken, Channel};

/// The conversation with one process, whichever way it goes.
#[derive(Debug)]
pub enum Conversation<'a> {
    /// The public way: the process asks the Runtime API.
    Http(&'a RuntimeApi),
    /// The private way of our own shims.
    Channel(&'a mut Channel),
}

impl<'a> Conversation<'a> {
    /// By the channel if the process has one.
    pub fn of(api: &'a RuntimeApi, channel: Option<&'a mut Channel>) -> Self {
        channel.map_or(Conversation::Http(api), Conversation::Channel)
    }

    /// Waits until the process asks for its first event or reports that it cannot start. Never
    /// resolves for a process that does neither (or died): the caller watches the time and the process.
    ///
    /// # Errors
    /// [`Broken`], as below: only by a channel.
    pub async fn initialised(&mut self) -> Result<Initialised, Broken> {
        match self {
            Conversation::Http(api) => Ok(api.initialised().await),
            Conversation::Channel(channel) => channel.initialised().await,
        }
    }

    /// Lets a process that was initialised ahead go on, and run its hooks for that;
    /// [`Conversation::initialised`] then waits for it again. By HTTP, one that did not ask to be told
    /// is ready as it is.
    ///
    /// # Errors
    /// It is not initialised, or busy.
    pub fn restore(&mut self) -> Result<(), NotIdle> {
        match self {
            Conversation::Http(api) => api.restore(),
            Conversation::Channel(channel) => channel.restore(),
        }
    }

    /// Hands `invocation` to the process. The returned [`Pending`] resolves with its answer.
    ///
    /// # Errors
    /// The process has not asked for an event: it is still starting, or still busy.
    pub fn invoke(&mut self, invocation: Invocation) -> Result<Pending<'_>, NotIdle> {
        match self {
            Conversation::Http(api) => api.invoke(invocation).map(Pending::Http),
            Conversation::Channel(channel) => channel.invoke(invocation).map(Pending::Channel),
        }
    }

    /// Waits until the process, having answered, asks for the next event. A streamed answer may arrive
    /// only while this is waited for, and is held back while its reader does not read.
    ///
    /// # Errors
    /// [`Broken`]
    pub async fn idle(&mut self) -> Result<(), Broken> {
        match self {
            Conversation::Http(api) => {
                api.idle().await;
                Ok(())
            }
            Conversation::Channel(channel) => channel.idle().await,
        }
    }
}

/// An invocation on its way. Dropping it gives up waiting; it does not stop the process.
#[derive(Debug)]
pub enum Pending<'a> {
    Http(api::Pending),
    Channel(channel::Pending<'a>),
}

impl Pending<'_> {
    /// The process's answer. Cancel-safe; never resolves when the process does not answer.
    pub async fn reply(&mut self) -> Reply {
        match self {
            Pending::Http(pending) => pending.reply().await,
            Pending::Channel(pending) => pending.reply().await,
        }
    }
}
