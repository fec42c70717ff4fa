//! Settling who is asking, the same way for everything that is asked.

use hubbub_auth::{Credentials, Denied, Verdict};

use crate::problem::Problem;
use crate::respond::respond_problem;
use crate::session::{Answer, Close, Cx, Input, Question, Session};
use crate::want::Want;

/// A request whose sender is not known yet. It goes on as what [`Want`] says.
#[derive(Debug)]
pub struct Admission {
    credentials: Option<Credentials>,
    want: Option<Want>,
    /// The account whose password is being checked.
    account: String,
    deadline: u64,
}

impl Admission {
    /// A request that brings `credentials`.
    #[must_use]
    pub fn new(credentials: Credentials, want: Want) -> Self {
        Self { credentials: Some(credentials), want: Some(want), account: String::new(), deadline: u64::MAX }
    }

    fn ask(&mut self, cx: &mut Cx<'_>) -> Result<(), Close> {
        let Some(credentials) = self.credentials.take() else { return Ok(()) };
        if self.want.as_ref().is_some_and(Want::is_admin) && !cx.doorman.has_server_token() {
            let detail = "There is no admin API here. Set api.token in the settings to have one.";
            return respond_problem(&Problem::not_found(detail), cx);
        }
        match cx.doorman.admit(credentials, cx.now.unix_ms, cx.rng) {
            Verdict::In(who) => {
                if let Some(want) = self.want.take() {
                    want.begin(who, cx);
                }
                Ok(())
            }
            Verdict::CheckPassword { user, password } => {
                self.account.clone_from(&user);
                self.deadline = cx.now.mono_ms + cx.settings.answer_ms;
                cx.ask(Question::Password { user, password }, 0);
                Ok(())
            }
            Verdict::Out(denied) if denied.is_bad_request() => {
                self.refuse(&Problem::bad_request(denied.to_string()), cx)
            }
            Verdict::Out(denied) => self.refuse(&Problem::unauthorized(denied.to_string()), cx),
        }
    }

    fn answered(&mut self, answer: Answer, cx: &mut Cx<'_>) -> Result<(), Close> {
        self.deadline = u64::MAX;
        match answer {
            Answer::Password(Some(name)) => {
                if let Some(want) = self.want.take() {
                    want.begin(cx.doorman.account_in(&self.account, &name), cx);
                }
                Ok(())
            }
            Answer::Password(None) => {
                self.refuse(&Problem::unauthorized(Denied::WrongPassword.to_string()), cx)
            }
            _ => {
                let detail = "Too many passwords are being checked. Try again, or use a token.";
                self.refuse(&Problem::too_many(detail), cx)
            }
        }
    }

    fn refuse(&mut self, problem: &Problem, cx: &mut Cx<'_>) -> Result<(), Close> {
        match self.want.take() {
            Some(want) => want.refuse(problem, cx),
            None => respond_problem(problem, cx),
        }
    }
}

impl Session for Admission {
    fn handle(&mut self, input: Input<'_>, cx: &mut Cx<'_>) -> Result<(), Close> {
        match input {
            Input::Opened => self.ask(cx),
            Input::Answer(_, answer) => self.answered(answer, cx),
            Input::Timeout => {
                self.refuse(&Problem::unavailable("The password could not be checked in time."), cx)
            }
            Input::Shutdown => self.refuse(&Problem::unavailable("The server is closing."), cx),
            Input::LinkLost => Err(Close::Done),
            _ => Ok(()),
        }
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline)
    }
}
