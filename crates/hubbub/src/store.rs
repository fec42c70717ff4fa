//! The way between the workers and the store.

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hubbub_config::Config;
use hubbub_gate::session::Answer as Told;
use hubbub_hub::{SessionKey, Ticket};
use hubbub_net::SlowHandler;
use hubbub_store::{Answer, Store, StoreHandle, StoreSettings};
use hubbub_worker::{Mail, Post, Slow};

/// Who asked for which password to be checked. Passwords are off the message path: a lock does no harm here.
type Asking = Arc<Mutex<HashMap<u64, (SessionKey, Ticket)>>>;

/// Opens the store in `dir`, and hands its answers to the post.
pub(crate) fn open(dir: &Path, config: &Config, post: Post) -> Result<(StoreHandle, SlowHandler), Box<dyn Error>> {
    let store = Store::open(StoreSettings {
        dir: dir.to_owned(),
        sync_full: config.store.sync,
        batch_max: config.store.batch,
        password_queue: config.store.password_queue,
        iterations: config.store.password_iterations,
    })?;
    let asking = Asking::default();
    let handle = store.start(answers(post.clone(), asking.clone()));
    let slow = questions(handle.clone(), post, asking);
    Ok((handle, slow))
}

fn answers(post: Post, asking: Asking) -> impl Fn(u16, Answer) + Send + Clone + 'static {
    move |worker, answer| match answer {
        Answer::Log(answer) => post.send(worker, Mail::Log(answer)),
        Answer::Password { ticket, account } => {
            let Some((session, ticket)) = locked(&asking).remove(&ticket) else { return };
            let told = account.map_or(Told::Unavailable, |account| Told::Password(account.map(|account| account.name)));
            post.send(session.worker, Mail::Answer(session, ticket, told));
        }
    }
}

fn questions(store: StoreHandle, post: Post, asking: Asking) -> SlowHandler {
    let next = std::sync::atomic::AtomicU64::new(0);
    Arc::new(move |worker, slow| match slow {
        Slow::Log(ask) => store.log(worker, ask),
        Slow::Password { session, ticket, user, password } => {
            let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            locked(&asking).insert(number, (session, ticket));
            if store.password(worker, number, user, password).is_err() {
                locked(&asking).remove(&number);
                post.send(session.worker, Mail::Answer(session, ticket, Told::Unavailable));
            }
        }
    })
}

/// A server without a data folder: no accounts, no durable rooms.
pub(crate) fn none(post: Post) -> SlowHandler {
    Arc::new(move |_, slow| {
        if let Slow::Password { session, ticket, .. } = slow {
            post.send(session.worker, Mail::Answer(session, ticket, Told::Password(None)));
        }
    })
}

fn locked(asking: &Asking) -> std::sync::MutexGuard<'_, HashMap<u64, (SessionKey, Ticket)>> {
    asking.lock().unwrap_or_else(PoisonError::into_inner)
}
