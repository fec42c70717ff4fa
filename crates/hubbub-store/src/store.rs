//! The store as a server sees it: opened once, then asked from every worker.

use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use hubbub_hub::{
    AccountAnswer, AccountAsk, Fault, LogAnswer, LogAsk, PapersAnswer, PapersAsk, SessionKey, StoredVerifier,
    Ticket, VerifierHash, WorkerId,
};
use rusqlite::Connection;

use crate::accounts::{Account, rounds};
use crate::error::StoreError;
use crate::line::{Busy, Line};
use crate::papers::{Look, PapersLimits};
use crate::passwords::{self, Passwords, Whose};
use crate::reader::Sight;
use crate::writer::{self, AccountChange, AccountJob, Job, PapersJob, Writer};
use crate::{database, reader, removal, secrets};

/// Where the store is and how it works.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The data directory. Made with permissions 0700 if it is not there.
    pub dir: PathBuf,
    /// Whether a commit waits for the disk itself. If not, what was acknowledged survives a crash of the server, but its
    /// last moments may be lost with the machine's power.
    pub sync_full: bool,
    /// The host of accounts' addresses.
    pub domain: String,
    /// How many workers there are: what concerns all of them is told to each.
    pub workers: u16,
    /// Most questions in one transaction; 0 counts as 1.
    pub batch_max: usize,
    /// Most passwords that wait to be checked, or to be made verifiers of.
    pub password_queue: usize,
    /// Rounds of PBKDF2 for new passwords, and spent on names that nobody has.
    pub iterations: u32,
    /// Most verifiers and accounts that wait to be looked up or removed.
    pub verifier_queue: usize,
    /// How much one owner may keep.
    pub papers: PapersLimits,
    /// Most bytes of questions about papers that wait, by [`PapersAsk::weight`]. One that is larger is taken when no other
    /// waits.
    pub papers_queue: usize,
}

/// What the store has to say to a worker.
#[derive(Debug)]
pub enum Answer {
    /// To a [`LogAsk`].
    Log(LogAnswer),
    /// To [`StoreHandle::password`].
    Password {
        /// Who asked.
        session: SessionKey,
        /// As asked.
        ticket: Ticket,
        /// Whose name and password they were; `Ok(None)` if nobody's.
        account: Result<Option<Account>, Fault>,
    },
    /// To [`StoreHandle::verifier`].
    Verifier {
        /// Who asked.
        session: SessionKey,
        /// As asked.
        ticket: Ticket,
        /// What the account has; `Ok(None)` if there is no such account.
        verifier: Result<Option<StoredVerifier>, Fault>,
    },
    /// To [`StoreHandle::papers`].
    Papers {
        /// Who asked.
        session: SessionKey,
        /// As asked.
        ticket: Ticket,
        /// What there is, or what became of the changes.
        answer: PapersAnswer,
    },
    /// To [`StoreHandle::account`].
    Account {
        /// Who asked.
        session: SessionKey,
        /// As asked.
        ticket: Ticket,
        /// What there is, or what became of it.
        answer: AccountAnswer,
    },
}

/// An opened store whose threads do not run yet.
#[derive(Debug)]
pub struct Store {
    settings: StoreSettings,
    writer: Connection,
    reader: Connection,
    passwords: Connection,
    signing_key: [u8; 32],
    lock: File,
}

impl Store {
    /// Opens the data directory for this server alone, makes the database if there is none, and brings it up to date.
    ///
    /// # Errors
    /// The directory cannot be used, another server uses it, or the database is newer than this version or broken.
    pub fn open(settings: StoreSettings) -> Result<Self, StoreError> {
        database::prepare(&settings.dir)?;
        let lock = database::lock(&settings.dir)?;
        let writer = database::connect(&settings.dir)?;
        let signing_key = secrets::get_or_make(&writer, secrets::SIGNING_KEY)?;
        database::sync(&writer, settings.sync_full)?;
        let reader = database::connect(&settings.dir)?;
        let passwords = database::connect(&settings.dir)?;
        Ok(Self { settings, writer, reader, passwords, signing_key, lock })
    }

    /// Whose accounts were removed, by prepared localpart, and when, in seconds since 1970, as far back as it may still matter.
    ///
    /// # Errors
    /// The store failed.
    pub fn removed(&self) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(removal::lately(&self.reader)?)
    }

    /// Starts the threads. `reply` is called on them, and must not wait.
    ///
    /// # Panics
    /// The operating system gives no thread, as with [`std::thread::spawn`].
    pub fn start(self, reply: impl Fn(WorkerId, Answer) + Send + Clone + 'static) -> StoreHandle {
        let Self { settings, writer, reader, passwords, signing_key, lock } = self;
        let (to_writer, writer_mail) = mpsc::channel();
        let (to_reader, reader_mail) = mpsc::channel();
        let (to_passwords, passwords_mail) = mpsc::sync_channel(settings.password_queue);
        let (batch_max, iterations) = (settings.batch_max, rounds(settings.iterations));
        let writer = Writer::new(writer, settings.papers, settings.workers, &settings.domain);
        let passwords = Passwords { connection: passwords, iterations, to_writer: to_writer.clone() };
        let threads = vec![
            spawn("store-writer", {
                let reply = reply.clone();
                move || {
                    let _lock = lock;
                    writer.run(batch_max, &writer_mail, reply);
                }
            }),
            spawn("store-reader", {
                let reply = reply.clone();
                move || reader::run(reader, &reader_mail, reply)
            }),
            spawn("passwords", move || passwords.run(&passwords_mail, reply)),
        ];
        StoreHandle {
            to_writer,
            to_reader,
            to_passwords,
            verifiers: Line::new(settings.verifier_queue),
            papers: Line::new(settings.papers_queue),
            signing_key,
            threads: Arc::new(Mutex::new(threads)),
        }
    }
}

pub(crate) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .expect("there is a thread to be had at the start")
}

/// The way to a running store. Cheap to clone. When the last is gone the threads finish what is queued and end.
#[derive(Clone)]
pub struct StoreHandle {
    to_writer: Sender<writer::Mail>,
    to_reader: Sender<reader::Mail>,
    to_passwords: SyncSender<passwords::Mail>,
    verifiers: Line,
    papers: Line,
    signing_key: [u8; 32],
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl StoreHandle {
    /// Asks on behalf of a worker; the answer goes there. Never waits. Workers bound what they have pending.
    pub fn log(&self, from: WorkerId, ask: LogAsk) {
        // Whoever still asks after `stop` gets no answer: there is nobody left to give one.
        match ask {
            LogAsk::Read { .. } | LogAsk::Find { .. } | LogAsk::Archive { .. } => {
                let _ = self.to_reader.send(reader::Mail::Log(from, ask));
            }
            LogAsk::Open { .. } | LogAsk::Append { .. } | LogAsk::Affairs { .. } => {
                let _ = self.to_writer.send(writer::Mail::Do(Job::Log(from, ask)));
            }
        }
    }

    /// Asks whose name (prepared) and password these are. Never waits.
    ///
    /// # Errors
    /// As many as may are waiting already.
    pub fn password(
        &self,
        session: SessionKey,
        ticket: Ticket,
        user: String,
        password: String,
    ) -> Result<(), Busy> {
        let mail = passwords::Mail::Check { session, ticket, user, password };
        self.to_passwords.try_send(mail).map_err(|_| Busy)
    }

    /// Asks what the account of this (prepared) name has instead of a password. Never waits.
    ///
    /// # Errors
    /// As many as may are waiting already.
    pub fn verifier(
        &self,
        session: SessionKey,
        ticket: Ticket,
        user: String,
        hash: VerifierHash,
    ) -> Result<(), Busy> {
        let place = self.verifiers.join(1)?;
        let mail = reader::Mail::Look(session, ticket, Sight::Verifier(user, hash), place);
        self.to_reader.send(mail).map_err(|_| Busy)
    }

    /// Asks about an account, or wants it made, changed or removed. Never waits.
    ///
    /// # Errors
    /// As many as may are waiting already.
    pub fn account(&self, session: SessionKey, ticket: Ticket, ask: AccountAsk) -> Result<(), Busy> {
        let (whose, password) = match ask {
            AccountAsk::Exists { user } => {
                let place = self.verifiers.join(1)?;
                let mail = reader::Mail::Look(session, ticket, Sight::Account(user), place);
                return self.to_reader.send(mail).map_err(|_| Busy);
            }
            AccountAsk::Remove { user } => {
                let (change, place) = (AccountChange::Remove(user), self.verifiers.join(1)?);
                let job = AccountJob { session, ticket, change, _place: Some(place) };
                let job = Job::Account(Box::new(job));
                return self.to_writer.send(writer::Mail::Do(job)).map_err(|_| Busy);
            }
            AccountAsk::Register { user, name, password } => {
                let name = name.trim().to_owned();
                (Whose::New(Account { user, name }), password)
            }
            AccountAsk::ChangePassword { user, password } => (Whose::Known(user), password),
        };
        let mail = passwords::Mail::Make { session, ticket, whose, password };
        self.to_passwords.try_send(mail).map_err(|_| Busy)
    }

    /// Asks about papers. Never waits. Whoever was told that his changes are kept finds them from then on.
    ///
    /// # Errors
    /// As much as may is waiting already.
    pub fn papers(&self, session: SessionKey, ticket: Ticket, ask: PapersAsk) -> Result<(), Busy> {
        let place = self.papers.join(ask.weight())?;
        let look = match ask {
            PapersAsk::Read { owner, shelf } => Look { owner, shelf, key: None },
            PapersAsk::Get { owner, shelf, key } => Look { owner, shelf, key: Some(key) },
            PapersAsk::Write { owner, changes } => {
                let job = Job::Papers(PapersJob { session, ticket, owner, changes, _place: place });
                return self.to_writer.send(writer::Mail::Do(job)).map_err(|_| Busy);
            }
        };
        let mail = reader::Mail::Look(session, ticket, Sight::Papers(look), place);
        self.to_reader.send(mail).map_err(|_| Busy)
    }

    /// The server's own secret for the tokens that it issues: made once, kept in the database.
    #[must_use]
    pub fn signing_key(&self) -> [u8; 32] {
        self.signing_key
    }

    /// Commits and answers all that is queued, then ends the threads and waits for them.
    pub fn stop(self) {
        let _ = self.to_writer.send(writer::Mail::Stop);
        let _ = self.to_reader.send(reader::Mail::Stop);
        let _ = self.to_passwords.send(passwords::Mail::Stop);
        let threads = std::mem::take(&mut *self.threads.lock().expect("nobody panics while it is held"));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a thread of the store panicked");
            }
        }
    }
}
