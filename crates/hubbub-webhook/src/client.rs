//! The client: a thread that sends what its couriers say, over connections that it keeps.

mod attempt;
mod trust;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use hubbub_hub::{HookAnswer, HookAsk, HookKind, HookName, Now, Refusal, Verdict};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::counters::{Counters, count};
use crate::courier::{Attempt, Courier, Failure, Number, Settings, Step};
use crate::request;
use crate::signature::Signer;
use attempt::{Client, Errand};
pub use trust::{NoTrust, Trust};

/// An application: where it is and how it is asked.
#[derive(Debug)]
pub struct Application {
    /// What rooms call it.
    pub name: HookName,
    /// Where it takes requests: `http` or `https`.
    pub url: Uri,
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Signs requests, if there is a secret.
    pub signer: Option<Signer>,
    /// When it is asked, asked again, and left in peace.
    pub settings: Settings,
    /// Most bytes of questions that wait or are on their way.
    pub queue_bytes: usize,
    /// Largest answer, in bytes.
    pub answer_bytes: usize,
    /// What happens to what it has given no verdict on.
    pub on_failure: OnFailure,
}

/// What happens to what an application has given no verdict on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    /// It is refused.
    Refuse,
    /// It passes.
    Allow,
}

/// Takes answers to where they are awaited: whose, to what. Called on any thread; must not wait.
pub type Reply<F> = Arc<dyn Fn(F, HookAsk, HookAnswer) + Send + Sync>;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Now + Send + Sync>;

/// A question, who awaits the answer, and the request that asks it.
struct Question<F> {
    from: F,
    ask: Box<HookAsk>,
    body: Bytes,
}

enum Order<F> {
    Ask(usize, Question<F>),
    Stop,
}

/// The way to the applications. Questions may come from any thread.
pub struct Webhooks<F> {
    applications: Arc<[Arc<Application>]>,
    by_name: HashMap<HookName, usize>,
    counters: Arc<[Counters]>,
    orders: UnboundedSender<Order<F>>,
    reply: Reply<F>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// How long questions that are on their way may take when the server ends.
const END_MS: u64 = 2000;

impl<F: Send + 'static> Webhooks<F> {
    /// Starts the thread that asks `applications`.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub fn start(applications: Vec<Application>, clock: Clock, reply: Reply<F>) -> io::Result<Self> {
        let applications: Arc<[_]> = applications.into_iter().map(Arc::new).collect();
        let by_name = applications.iter().enumerate().map(|(index, app)| (app.name.clone(), index)).collect();
        let counters: Arc<[_]> = applications.iter().map(|_| Counters::default()).collect();
        let (orders, mail) = unbounded_channel();
        let desk = Desk {
            couriers: applications.iter().map(|app| Courier::new(app.settings)).collect(),
            clients: applications.iter().map(|app| attempt::client(app.settings, &app.trust)).collect(),
            applications: applications.clone(),
            counters: counters.clone(),
            attempts: JoinSet::new(),
            clock,
            reply: reply.clone(),
        };
        let thread = std::thread::Builder::new().name("webhooks".to_owned()).spawn(move || desk.run(mail))?;
        Ok(Self { applications, by_name, counters, orders, reply, thread: Mutex::new(Some(thread)) })
    }

    /// Asks the application that `ask` names; the answer goes to `from`. Never waits.
    pub fn ask(&self, from: F, ask: Box<HookAsk>) {
        let Some(index) = self.by_name.get(&ask.hook).copied() else {
            return (self.reply)(from, *ask, Err(Refusal::NoVerdict));
        };
        let (counters, application) = (&self.counters[index], &self.applications[index]);
        let (settings, body) = (application.settings, request::body(&ask));
        count(&counters.webhook_questions);
        let waiting = counters.webhook_waiting.fetch_add(1, Ordering::Relaxed);
        let bytes = counters.webhook_waiting_bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
        let too_many = waiting >= (settings.queue + settings.parallel) as u64;
        let too_much = waiting > 0 && bytes + body.len() as u64 > application.queue_bytes as u64;
        if too_many || too_much {
            no_longer_waits(counters, &body);
            count(&counters.webhook_unsent);
            let answer = without(application, &ask, &Failure::Full);
            return (self.reply)(from, *ask, answer);
        }
        // Whoever asks after the end gets no answer: there is nobody left to give one.
        let _ = self.orders.send(Order::Ask(index, Question { from, ask, body }));
    }

    /// What is counted, by application.
    pub fn counters(&self) -> impl Fn() -> Vec<(HookName, Vec<u64>)> + Send + Sync + 'static {
        let (applications, counters) = (self.applications.clone(), self.counters.clone());
        move || {
            let values =
                |counters: &Counters| Counters::ALL.iter().map(|(.., read)| read(counters)).collect();
            applications
                .iter()
                .zip(&*counters)
                .map(|(app, counters)| (app.name.clone(), values(counters)))
                .collect()
        }
    }

    /// Lets what is on its way end, for a short while, and ends the thread.
    pub fn stop(&self) {
        let _ = self.orders.send(Order::Stop);
        let thread = self.thread.lock().expect("nobody panics while it is held").take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread of the webhooks panicked");
        }
    }
}

/// A question has its answer, or will have none.
fn no_longer_waits(counters: &Counters, body: &Bytes) {
    counters.webhook_waiting.fetch_sub(1, Ordering::Relaxed);
    counters.webhook_waiting_bytes.fetch_sub(body.len() as u64, Ordering::Relaxed);
}

/// What becomes of a question without an answer.
fn without(application: &Application, ask: &HookAsk, why: &Failure) -> HookAnswer {
    let (name, kind) = (application.name.as_str(), ask.kind.as_str());
    match why {
        Failure::Full | Failure::Open => tracing::debug!(webhook = name, kind, "not asked: {why}"),
        Failure::TooLate | Failure::Failed(_) => tracing::warn!(webhook = name, kind, "no answer: {why}"),
    }
    match application.on_failure {
        OnFailure::Allow => Ok(Verdict::default()),
        // Nobody can be kept from leaving.
        OnFailure::Refuse if ask.kind == HookKind::Leave => Ok(Verdict::default()),
        OnFailure::Refuse => Err(Refusal::NoVerdict),
    }
}

/// What became of an attempt: of which application, which question.
type Done = (usize, Number, Attempt<Verdict>);

/// All that the thread owns.
struct Desk<F> {
    applications: Arc<[Arc<Application>]>,
    couriers: Vec<Courier<Question<F>>>,
    clients: Vec<Client>,
    counters: Arc<[Counters]>,
    attempts: JoinSet<Done>,
    clock: Clock,
    reply: Reply<F>,
}

impl<F: Send + 'static> Desk<F> {
    fn run(self, mail: UnboundedReceiver<Order<F>>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime needs only an epoll descriptor");
        runtime.block_on(self.work(mail));
    }

    async fn work(mut self, mut mail: UnboundedReceiver<Order<F>>) {
        let mut ends_ms = None;
        loop {
            let now = (self.clock)();
            (0..self.couriers.len()).for_each(|index| self.go_on(index, now));
            let idle = self.couriers.iter().all(Courier::is_empty);
            if ends_ms.is_some_and(|ends| idle || ends <= now.mono_ms) {
                return;
            }
            let wake = self.couriers.iter().filter_map(Courier::wake_at).chain(ends_ms).min();
            let pause = Duration::from_millis(wake.unwrap_or(u64::MAX / 4).saturating_sub(now.mono_ms));
            tokio::select! {
                order = mail.recv(), if ends_ms.is_none() => match order {
                    Some(Order::Ask(index, question)) => self.take(index, question),
                    Some(Order::Stop) | None => ends_ms = Some(now.mono_ms + END_MS),
                },
                Some(done) = self.attempts.join_next() => {
                    if let Ok(done) = done {
                        self.finished(done);
                    }
                }
                () = tokio::time::sleep(pause), if wake.is_some() => {}
            }
        }
    }

    fn take(&mut self, index: usize, question: Question<F>) {
        let now_ms = (self.clock)().mono_ms;
        if let Err((question, why)) = self.couriers[index].take(question, now_ms) {
            self.conclude(index, question, Err(why));
        }
    }

    /// Sends what may be sent, and gives up what must be.
    fn go_on(&mut self, index: usize, now: Now) {
        while let Some(step) = self.couriers[index].next(now.mono_ms) {
            match step {
                Step::Send(number, left_ms) => self.send(index, number, left_ms, now),
                Step::Give(question, why) => self.conclude(index, question, Err(why)),
            }
        }
        let open = u64::from(self.couriers[index].is_open());
        if self.counters[index].webhook_breaker_open.swap(open, Ordering::Relaxed) != open {
            let name = self.applications[index].name.as_str();
            match open {
                0 => tracing::info!(webhook = name, "answers again"),
                _ => tracing::warn!(webhook = name, "failed too often; it is left in peace for a while"),
            }
        }
    }

    fn send(&mut self, index: usize, number: Number, left_ms: u64, now: Now) {
        let Some(question) = self.couriers[index].question(number) else { return };
        count(&self.counters[index].webhook_requests);
        let errand = Errand {
            client: self.clients[index].clone(),
            application: self.applications[index].clone(),
            ask: question.ask.clone(),
            body: question.body.clone(),
            unix_s: now.unix_ms / 1000,
            left: Duration::from_millis(left_ms),
        };
        self.attempts.spawn(async move { (index, number, errand.run().await) });
    }

    fn finished(&mut self, (index, number, attempt): Done) {
        let now_ms = (self.clock)().mono_ms;
        if let Some((question, outcome)) = self.couriers[index].finished(number, attempt, now_ms) {
            self.conclude(index, question, outcome);
        }
    }

    fn conclude(&self, index: usize, question: Question<F>, outcome: Result<Verdict, Failure>) {
        let Question { from, ask, body } = question;
        let counters = &self.counters[index];
        no_longer_waits(counters, &body);
        match &outcome {
            Ok(verdict) => {
                count(&counters.webhook_answers);
                if verdict.refuse.is_some() {
                    count(&counters.webhook_refusals);
                }
            }
            Err(Failure::Full | Failure::Open) => count(&counters.webhook_unsent),
            Err(Failure::TooLate | Failure::Failed(_)) => count(&counters.webhook_failures),
        }
        let answer = outcome.or_else(|why| without(&self.applications[index], &ask, &why));
        (self.reply)(from, *ask, answer);
    }
}
