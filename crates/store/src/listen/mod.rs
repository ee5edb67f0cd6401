//! Word of what other nodes changed.

mod postgres;
mod sqlite;

use std::sync::{Arc, PoisonError, RwLock};

use palisade_tenancy::Invalidation;

use crate::{Store, dialect};

/// What a listener tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Something changed that may be cached.
    Changed(Invalidation),
    /// Whether changes are heard of from now on. While they are not, caches count for a short time only.
    Live(bool),
}

type Ear = Arc<dyn Fn(Heard) + Send + Sync>;

/// Where to tell it.
#[derive(Default)]
pub(crate) struct Sink(RwLock<Option<Ear>>);

impl Sink {
    fn set(&self, ear: Ear) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(ear);
    }

    /// Tells the listener, if there is one.
    pub(crate) fn send(&self, heard: Heard) {
        let ear = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(ear) = ear {
            ear(heard);
        }
    }
}

impl Store {
    /// Tells `sink` of changes in tenants, keys, policies, schemas and providers, whoever makes them, until the task
    /// is aborted. What this node changes is told before its caller is answered; what others change, within 1 s.
    pub fn listen(
        &self,
        sink: impl Fn(Heard) + Send + Sync + 'static,
    ) -> tokio::task::JoinHandle<()> {
        let store = self.clone();
        self.inner.sink.set(Arc::new(move |heard| {
            match heard {
                Heard::Changed(what) => store.inner.forget(what),
                Heard::Live(live) => store.inner.set_live(live),
            }
            sink(heard);
        }));
        tokio::spawn(listen_for_ever(self.clone()))
    }

    pub(crate) fn hear_changed(&self, what: Invalidation) {
        self.inner.sink.send(Heard::Changed(what));
    }

    pub(crate) fn hear_live(&self, live: bool) {
        self.inner.sink.send(Heard::Live(live));
    }
}

async fn listen_for_ever(store: Store) {
    if dialect::sends_notifications(&store.inner.common) {
        postgres::listen(&store).await;
    } else {
        sqlite::poll(&store).await;
    }
}
