//! The way between the workers and the store.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hubbub_config::Config;
use hubbub_gate::session::Answer as Told;
use hubbub_net::SlowHandler;
use hubbub_store::{Answer, Store, StoreHandle, StoreSettings};
use hubbub_worker::{Mail, Post, Slow};

/// Opens the store in `dir`, and hands its answers to the post.
pub(crate) fn open(
    dir: &Path,
    config: &Config,
    post: Post,
) -> Result<(StoreHandle, SlowHandler), Box<dyn Error>> {
    let store = Store::open(StoreSettings {
        dir: dir.to_owned(),
        sync_full: config.store.sync,
        batch_max: config.store.batch,
        password_queue: config.store.password_queue,
        iterations: config.store.password_iterations,
    })?;
    let handle = store.start(answers(post.clone()));
    let slow = questions(handle.clone(), post);
    Ok((handle, slow))
}

fn answers(post: Post) -> impl Fn(u16, Answer) + Send + Clone + 'static {
    move |worker, answer| match answer {
        Answer::Log(answer) => post.send(worker, Mail::Log(answer)),
        Answer::Password { session, ticket, account } => {
            let told = account
                .map_or(Told::Unavailable, |account| Told::Password(account.map(|account| account.name)));
            post.send(worker, Mail::Answer(session, ticket, told));
        }
    }
}

fn questions(store: StoreHandle, post: Post) -> SlowHandler {
    Arc::new(move |worker, slow| match slow {
        Slow::Log(ask) => store.log(worker, ask),
        // Applications are asked elsewhere.
        Slow::Hook(..) => {}
        Slow::Password { session, ticket, user, password } => {
            if store.password(session, ticket, user, password).is_err() {
                post.send(worker, Mail::Answer(session, ticket, Told::Unavailable));
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
