//! When questions to one application are sent, sent again, and given up: a machine without I/O or clock.
//!
//! Questions wait in the order in which they came, at most so many at a time are on their way. A question has one deadline for
//! all attempts. What failed in passing (no connection, a server error) is tried again after a while that doubles; what the
//! application has understood and refused is not.

use std::collections::BTreeMap;

use crate::breaker::Breaker;

/// Limits of one application. Each is a documented setting.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a question may take, with all attempts, in milliseconds.
    pub timeout_ms: u64,
    /// How often it is sent again.
    pub retries: u32,
    /// Most questions on their way at once.
    pub parallel: usize,
    /// Most questions waiting beside those.
    pub queue: usize,
    /// Failed attempts in a row after which nothing is sent for a while; 0 for never.
    pub breaker_failures: u32,
    /// How long that is, in milliseconds.
    pub breaker_pause_ms: u64,
}

/// The first pause before a question is sent again, in milliseconds; each further one is twice as long.
const BACKOFF_MS: u64 = 100;

/// What a courier numbers questions by: in the order in which they came.
pub type Number = u64;

/// What became of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt<A> {
    /// The application has answered.
    Answered(A),
    /// It has not, and may the next time.
    Passing(String),
    /// It has not, and will not.
    Final(String),
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// As many as may are waiting.
    #[error("too many questions are waiting")]
    Full,
    /// The application has failed too often, and is left in peace.
    #[error("it has failed too often and is left in peace for a while")]
    Open,
    /// The time was over before it could be sent.
    #[error("its time was over before it could be sent")]
    TooLate,
    /// The last attempt failed.
    #[error("{0}")]
    Failed(String),
}

/// What is to be done next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// Send this question, and say by [`Courier::finished`] what became of it. The number, and the time left in milliseconds.
    Send(Number, u64),
    /// This question has no answer.
    Give(T, Failure),
}

#[derive(Debug)]
struct Question<T> {
    what: T,
    deadline_ms: u64,
    /// How often it was sent.
    sent: u32,
    place: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// May be sent from then on.
    Waiting(u64),
    OnItsWay,
}

/// All questions to one application.
#[derive(Debug)]
pub struct Courier<T> {
    settings: Settings,
    breaker: Breaker,
    questions: BTreeMap<Number, Question<T>>,
    next: Number,
    on_their_way: usize,
}

impl<T> Courier<T> {
    /// A courier without questions.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        let breaker = Breaker::new(settings.breaker_failures, settings.breaker_pause_ms);
        Self { settings, breaker, questions: BTreeMap::new(), next: 0, on_their_way: 0 }
    }

    /// Takes a question.
    ///
    /// # Errors
    /// As many as may are waiting: here it is again.
    pub fn take(&mut self, what: T, now_ms: u64) -> Result<(), (T, Failure)> {
        if self.questions.len() - self.on_their_way >= self.settings.queue + self.free() {
            return Err((what, Failure::Full));
        }
        let deadline_ms = now_ms.saturating_add(self.settings.timeout_ms);
        let question = Question { what, deadline_ms, sent: 0, place: Place::Waiting(now_ms) };
        self.questions.insert(self.next, question);
        self.next += 1;
        Ok(())
    }

    fn free(&self) -> usize {
        self.settings.parallel.saturating_sub(self.on_their_way)
    }

    /// What is to be done now. Ask again until there is nothing.
    pub fn next(&mut self, now_ms: u64) -> Option<Step<T>> {
        let late =
            |question: &Question<T>| question.place != Place::OnItsWay && question.deadline_ms <= now_ms;
        if let Some(number) = self.first(late) {
            return self.give(number, Failure::TooLate);
        }
        let ready = |question: &Question<T>| matches!(question.place, Place::Waiting(from) if from <= now_ms);
        let number = self.first(ready).filter(|_| self.free() > 0)?;
        if !self.breaker.admits(now_ms) {
            return self.give(number, Failure::Open);
        }
        let question = self.questions.get_mut(&number)?;
        question.place = Place::OnItsWay;
        question.sent += 1;
        self.on_their_way += 1;
        Some(Step::Send(number, question.deadline_ms - now_ms))
    }

    fn first(&self, which: impl Fn(&Question<T>) -> bool) -> Option<Number> {
        self.questions.iter().find(|(_, question)| which(question)).map(|(number, _)| *number)
    }

    fn give(&mut self, number: Number, why: Failure) -> Option<Step<T>> {
        self.questions.remove(&number).map(|question| Step::Give(question.what, why))
    }

    /// A question that was sent.
    #[must_use]
    pub fn question(&self, number: Number) -> Option<&T> {
        self.questions.get(&number).map(|question| &question.what)
    }

    /// What became of an attempt. Gives the question back with its answer, unless it is to be sent again.
    pub fn finished<A>(
        &mut self,
        number: Number,
        attempt: Attempt<A>,
        now_ms: u64,
    ) -> Option<(T, Result<A, Failure>)> {
        let question =
            self.questions.get_mut(&number).filter(|question| question.place == Place::OnItsWay)?;
        self.on_their_way -= 1;
        let again_ms = now_ms.saturating_add(BACKOFF_MS << question.sent.saturating_sub(1).min(16));
        let again = question.sent <= self.settings.retries && again_ms < question.deadline_ms;
        let outcome = match attempt {
            Attempt::Answered(answer) => {
                self.breaker.succeeded();
                Ok(answer)
            }
            Attempt::Passing(_) if again => {
                self.breaker.failed(now_ms);
                question.place = Place::Waiting(again_ms);
                return None;
            }
            Attempt::Passing(why) | Attempt::Final(why) => {
                self.breaker.failed(now_ms);
                Err(Failure::Failed(why))
            }
        };
        self.questions.remove(&number).map(|question| (question.what, outcome))
    }

    /// When to ask for the next step again, if nothing else comes first; in process time.
    #[must_use]
    pub fn wake_at(&self) -> Option<u64> {
        let free = self.free() > 0;
        let due = self.questions.values().filter_map(|question| match question.place {
            Place::Waiting(from) if free => Some(from.min(question.deadline_ms)),
            Place::Waiting(_) => Some(question.deadline_ms),
            Place::OnItsWay => None,
        });
        due.min()
    }

    /// Whether there are no questions.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// Whether the application is left in peace.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.breaker.is_open()
    }
}

#[cfg(test)]
mod tests;
