//! The way between the workers and the store.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use hubbub_auth::Revoked;
use hubbub_config::Config;
use hubbub_gate::session::Answer as Told;
use hubbub_hub::{AccountAnswer, AccountAsk, LogAnswer, PapersAnswer, SessionKey};
use hubbub_net::{Clock, SlowHandler};
use hubbub_store::{Answer, MemoryPapers, PapersLimits, Store, StoreHandle, StoreSettings};
use hubbub_worker::{Mail, Post, Slow};

/// Opens the store in `dir`, and hands its answers to the post.
pub(crate) fn open(
    dir: &Path,
    config: &Config,
    post: Post,
    (revoked, clock): (Arc<Revoked>, Clock),
) -> Result<(StoreHandle, SlowHandler), Box<dyn Error>> {
    let store = Store::open(StoreSettings {
        dir: dir.to_owned(),
        domain: config.server.domain.clone(),
        sync_full: config.store.sync,
        workers: post.workers(),
        batch_max: config.store.batch,
        password_queue: config.store.password_queue,
        iterations: config.store.password_iterations,
        verifier_queue: config.store.verifier_queue,
        papers: papers_limits(config),
        papers_queue: config.store.papers_queue,
    })?;
    for (user, unix_s) in store.removed()? {
        revoked.note(&user, unix_s);
    }
    let handle = store.start(answers(post.clone(), revoked, clock));
    let slow = questions(handle.clone(), post);
    Ok((handle, slow))
}

fn papers_limits(config: &Config) -> PapersLimits {
    PapersLimits { entries: config.store.papers, bytes: config.store.papers_bytes }
}

fn answers(post: Post, revoked: Arc<Revoked>, clock: Clock) -> impl Fn(u16, Answer) + Send + Clone + 'static {
    move |worker, answer| match answer {
        Answer::Log(answer) => {
            if let LogAnswer::Gone { room } = &answer
                && let Some(user) = room.inbox_owner()
            {
                revoked.note(user, clock.now().unix_ms / 1000);
            }
            post.send(worker, Mail::Log(answer));
        }
        Answer::Password { session, ticket, account } => {
            let told = account
                .map_or(Told::Unavailable, |account| Told::Password(account.map(|account| account.name)));
            post.send(worker, Mail::Answer(session, ticket, told));
        }
        Answer::Verifier { session, ticket, verifier } => {
            let told = verifier.map_or(Told::Unavailable, Told::Verifier);
            post.send(worker, Mail::Answer(session, ticket, told));
        }
        Answer::Papers { session, ticket, answer } => {
            post.send(worker, Mail::Answer(session, ticket, of_papers(answer)));
        }
        Answer::Account { session, ticket, answer } => {
            post.send(worker, Mail::Answer(session, ticket, Told::Account(answer)));
        }
    }
}

fn of_papers(answer: PapersAnswer) -> Told {
    match answer {
        PapersAnswer::Found(papers) => Told::Papers(papers),
        PapersAnswer::Kept => Told::PapersKept,
        PapersAnswer::Full => Told::PapersFull,
        PapersAnswer::Unavailable => Told::Unavailable,
    }
}

fn questions(store: StoreHandle, post: Post) -> SlowHandler {
    Arc::new(move |worker, slow| {
        let (session, ticket, taken) = match slow {
            Slow::Log(ask) => return store.log(worker, ask),
            // Applications and relays are asked elsewhere.
            Slow::Hook(..) | Slow::Allocations(..) => return,
            Slow::Password { session, ticket, user, password } => {
                (session, ticket, store.password(session, ticket, user, password))
            }
            Slow::Verifier { session, ticket, user, hash } => {
                (session, ticket, store.verifier(session, ticket, user, hash))
            }
            Slow::Papers(session, ticket, ask) => (session, ticket, store.papers(session, ticket, ask)),
            Slow::Account(session, ticket, ask) => {
                if store.account(session, ticket, ask).is_err() {
                    let busy = Told::Account(AccountAnswer::Unavailable);
                    post.send(worker, Mail::Answer(session, ticket, busy));
                }
                return;
            }
        };
        if taken.is_err() {
            post.send(worker, Mail::Answer(session, ticket, Told::Unavailable));
        }
    })
}

/// A server without a data folder: no accounts, no durable rooms, papers in memory.
pub(crate) fn none(config: &Config, post: Post) -> Result<SlowHandler, Box<dyn Error>> {
    let reply = {
        let post = post.clone();
        move |session: SessionKey, ticket, answer| {
            post.send(session.worker, Mail::Answer(session, ticket, of_papers(answer)));
        }
    };
    let store = &config.store;
    let papers = MemoryPapers::start(papers_limits(config), store.papers_memory, store.papers_queue, reply)?;
    Ok(Arc::new(move |worker, slow| {
        let (session, ticket, told) = match slow {
            // No room here is durable, and applications and relays are asked elsewhere.
            Slow::Log(_) | Slow::Hook(..) | Slow::Allocations(..) => return,
            Slow::Password { session, ticket, .. } => (session, ticket, Told::Password(None)),
            Slow::Verifier { session, ticket, .. } => (session, ticket, Told::Verifier(None)),
            Slow::Account(session, ticket, AccountAsk::Exists { .. }) => {
                (session, ticket, Told::Account(AccountAnswer::Exists(None)))
            }
            Slow::Account(session, ticket, _) => (session, ticket, Told::Account(AccountAnswer::Unavailable)),
            Slow::Papers(session, ticket, ask) => match papers.ask(session, ticket, ask) {
                Ok(()) => return,
                Err(_) => (session, ticket, Told::Unavailable),
            },
        };
        post.send(worker, Mail::Answer(session, ticket, told));
    }))
}
