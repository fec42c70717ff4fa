//! The way between the workers and the applications.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use hubbub_config::{Config, OnFailure, Webhook};
use hubbub_gate::session::Answer;
use hubbub_hub::{HookAnswer, HookAsk, HookName};
use hubbub_net::{Clock, Reading, Readings, SlowHandler};
use hubbub_webhook::signature::Signer;
use hubbub_webhook::{Application, Counters, Settings, Trust, Webhooks, client};
use hubbub_worker::counters::Kind;
use hubbub_worker::{HookFrom, Mail, Post, Slow};

use crate::assemble::millis;

/// Starts to ask the applications of the configuration.
pub(crate) fn start(
    config: &Config,
    clock: Clock,
    post: Post,
) -> Result<Arc<Webhooks<HookFrom>>, Box<dyn Error>> {
    let clock: client::Clock = Arc::new(move || clock.now());
    let reply = Arc::new(move |from, ask, answer| answered(&post, from, ask, answer));
    Ok(Arc::new(Webhooks::start(applications(config)?, clock, reply)?))
}

/// The applications of the configuration.
pub(crate) fn applications(config: &Config) -> Result<Vec<Application>, Box<dyn Error>> {
    config.webhooks.iter().map(application).collect()
}

fn application(webhook: &Webhook) -> Result<Application, Box<dyn Error>> {
    let url: Uri = webhook
        .url
        .parse()
        .map_err(|why| format!("webhook.url: \"{}\" is not an address: {why}", webhook.url))?;
    Ok(Application {
        name: HookName::new(&webhook.name),
        url,
        trust: trust(webhook.ca_file.as_deref())?,
        signer: webhook.secret.as_ref().map(|secret| Signer::new(secret.expose().as_bytes())),
        settings: Settings {
            timeout_ms: millis(webhook.timeout),
            retries: webhook.retries,
            parallel: webhook.parallel,
            queue: webhook.queue,
            breaker_failures: webhook.breaker_failures,
            breaker_pause_ms: millis(webhook.breaker_pause),
        },
        queue_bytes: webhook.queue_bytes,
        answer_bytes: webhook.answer_bytes,
        on_failure: match webhook.on_failure {
            OnFailure::Refuse => client::OnFailure::Refuse,
            OnFailure::Allow => client::OnFailure::Allow,
        },
    })
}

/// The public authorities, and those of the file.
fn trust(file: Option<&Path>) -> Result<Trust, Box<dyn Error>> {
    let Some(file) = file else { return Ok(Trust::default()) };
    let wrong = |why: &dyn Error| format!("webhook.ca_file: {}: {why}", file.display());
    let pem = std::fs::read(file).map_err(|why| wrong(&why))?;
    Ok(Trust::also(&pem).map_err(|why| wrong(&why))?)
}

fn answered(post: &Post, from: HookFrom, ask: HookAsk, answer: HookAnswer) {
    match (from, ask.room) {
        (HookFrom::Session(session, ticket), _) => {
            post.send(session.worker, Mail::Answer(session, ticket, Answer::Hook(answer)));
        }
        (HookFrom::Home(worker), Some(room)) => post.send(worker, Mail::Verdict(room, ask.id, answer)),
        // A home asks of its rooms only.
        (HookFrom::Home(_), None) => {}
    }
}

/// Takes questions for applications to them, and all others to the store.
pub(crate) fn questions(webhooks: Arc<Webhooks<HookFrom>>, store: SlowHandler) -> SlowHandler {
    Arc::new(move |worker, slow| match slow {
        Slow::Hook(from, ask) => webhooks.ask(from, ask),
        other => store(worker, other),
    })
}

/// What is counted of the applications, for `/metrics`.
pub(crate) fn readings(webhooks: &Webhooks<HookFrom>) -> Readings {
    let counters = webhooks.counters();
    Arc::new(move || {
        let applications = counters();
        let families = Counters::ALL.iter().enumerate();
        let readings = families.flat_map(|(index, (name, help, grows, _))| {
            applications.iter().map(move |(application, values)| Reading {
                name,
                help,
                kind: if *grows { Kind::Counter } else { Kind::Gauge },
                label: ("webhook", application.as_str().to_owned()),
                value: values[index],
            })
        });
        readings.collect()
    })
}
