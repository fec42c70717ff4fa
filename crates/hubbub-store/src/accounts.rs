//! Accounts: names, and verifiers of their passwords. Never a password.

use std::num::NonZeroU32;
use std::path::Path;

use hubbub_hub::address::prepare_local;
use hubbub_hub::{StoredVerifier, VerifierHash};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, named_params, params};
use zeroize::Zeroizing;

use crate::error::{AccountError, StoreError};
use crate::scram::{DEFAULT_ITERATIONS, Mechanism, Password, Verifier};
use crate::{database, removal};

/// Somebody who has a password here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The localpart of his address, prepared.
    pub user: String,
    /// His name as it was typed when the account was added.
    pub name: String,
}

/// The accounts of a data directory, for the command line: works beside a running server, which sees every change at
/// the next password or inbox it is asked about.
pub struct Accounts {
    connection: Connection,
    iterations: NonZeroU32,
}

impl Accounts {
    /// Opens the accounts in `dir`, or makes the database there.
    ///
    /// # Errors
    /// The directory or the database cannot be used.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        database::prepare(dir)?;
        Ok(Self { connection: database::connect(dir)?, iterations: rounds(DEFAULT_ITERATIONS) })
    }

    /// Makes new verifiers with so many rounds of PBKDF2 instead of [`DEFAULT_ITERATIONS`]; 0 counts as 1.
    #[must_use]
    pub fn with_iterations(mut self, iterations: u32) -> Self {
        self.iterations = rounds(iterations);
        self
    }

    /// Adds an account.
    ///
    /// # Errors
    /// The name or the password cannot be used, the account exists, or the store failed.
    pub fn add(&mut self, name: &str, password: String) -> Result<Account, AccountError> {
        let account = Account { user: prepare_local(name)?, name: name.trim().to_owned() };
        let verifiers = self.verifiers(password)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !insert(&transaction, &account, &verifiers)? {
            return Err(AccountError::Exists(account.user));
        }
        transaction.commit()?;
        Ok(account)
    }

    /// Gives an account another password.
    ///
    /// # Errors
    /// There is no such account, the password cannot be used, or the store failed.
    pub fn set_password(&mut self, name: &str, password: String) -> Result<Account, AccountError> {
        let user = prepare_local(name)?;
        let verifiers = self.verifiers(password)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let account = find(&transaction, &user)?.ok_or(AccountError::Unknown(user))?;
        write_verifiers(&transaction, &account.user, &verifiers)?;
        transaction.commit()?;
        Ok(account)
    }

    /// Removes an account, its inbox and its papers. Whoever has the name next begins with nothing.
    ///
    /// # Errors
    /// There is no such account, or the store failed.
    pub fn remove(&mut self, name: &str) -> Result<(), AccountError> {
        let user = prepare_local(name)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        if !delete(&transaction, &user)? {
            return Err(AccountError::Unknown(user));
        }
        transaction.commit()?;
        Ok(())
    }

    /// All accounts, in the order of their addresses.
    ///
    /// # Errors
    /// The store failed.
    pub fn list(&self) -> Result<Vec<Account>, StoreError> {
        let mut statement = self.connection.prepare("SELECT user, name FROM accounts ORDER BY user")?;
        let accounts = statement.query_map([], account)?;
        Ok(accounts.collect::<Result<_, _>>()?)
    }

    /// Whose name and password these are; `None` if they are nobody's.
    ///
    /// # Errors
    /// The store failed.
    pub fn verify(&self, name: &str, password: String) -> Result<Option<Account>, StoreError> {
        let user = prepare_local(name).unwrap_or_default();
        Ok(check(&self.connection, &user, password, self.iterations)?)
    }

    fn verifiers(&self, password: String) -> Result<[Verifier; 2], AccountError> {
        verifiers(password, self.iterations).ok_or(AccountError::Password)
    }
}

/// What is kept instead of this password, which takes time; nothing if it cannot be one.
pub(crate) fn verifiers(password: String, iterations: NonZeroU32) -> Option<[Verifier; 2]> {
    let password = Password::prepare(&Zeroizing::new(password))?;
    Some(Mechanism::ALL.map(|mechanism| Verifier::new(mechanism, &password, iterations)))
}

/// Adds an account within the transaction around it; `false`, and nothing done, if there is one.
pub(crate) fn insert(
    connection: &Connection,
    account: &Account,
    verifiers: &[Verifier],
) -> rusqlite::Result<bool> {
    if find(connection, &account.user)?.is_some() {
        return Ok(false);
    }
    removal::clear_again(connection, &account.user)?;
    let sql = "INSERT INTO accounts (user, name) VALUES (?1, ?2)";
    connection.execute(sql, params![account.user, account.name])?;
    write_verifiers(connection, &account.user, verifiers)?;
    Ok(true)
}

/// Gives an account other verifiers within the transaction around it; `false`, and nothing done, if there is none.
pub(crate) fn replace(connection: &Connection, user: &str, verifiers: &[Verifier]) -> rusqlite::Result<bool> {
    let known = find(connection, user)?.is_some();
    if known {
        write_verifiers(connection, user, verifiers)?;
    }
    Ok(known)
}

/// Removes an account and what goes with it within the transaction around it; `false`, and nothing done, if there is none.
pub(crate) fn delete(connection: &Connection, user: &str) -> rusqlite::Result<bool> {
    let known = connection.execute("DELETE FROM accounts WHERE user = ?1", params![user])? > 0;
    if known {
        removal::clear(connection, user)?;
    }
    Ok(known)
}

/// 0 rounds would be no derivation at all.
pub(crate) fn rounds(iterations: u32) -> NonZeroU32 {
    NonZeroU32::new(iterations).unwrap_or(NonZeroU32::MIN)
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account { user: row.get(0)?, name: row.get(1)? })
}

/// The account of a prepared localpart.
pub(crate) fn find(connection: &Connection, user: &str) -> rusqlite::Result<Option<Account>> {
    let mut statement = connection.prepare_cached("SELECT user, name FROM accounts WHERE user = ?1")?;
    statement.query_row(params![user], account).optional()
}

/// Whose (prepared) name and password these are. An unknown name and an impossible password cost as much time as a wrong
/// password does, so that nobody learns from the clock who has an account here; `iterations` says how much that is.
pub(crate) fn check(
    connection: &Connection,
    user: &str,
    password: String,
    iterations: NonZeroU32,
) -> rusqlite::Result<Option<Account>> {
    let account = find(connection, user)?;
    let verifier = read_verifier(connection, user, Mechanism::ScramSha256)?;
    let known = account.is_some() && verifier.is_some();
    let verifier = verifier.unwrap_or_else(|| Verifier::nobody(iterations));
    let prepared = Password::prepare(&Zeroizing::new(password));
    let possible = prepared.is_some();
    let fits = verifier.fits(&prepared.unwrap_or_else(Password::placeholder));
    Ok(account.filter(|_| known && possible && fits))
}

/// What an account has instead of a password, for somebody who is going to prove that he knows it.
pub(crate) fn stored_verifier(
    connection: &Connection,
    user: &str,
    hash: VerifierHash,
) -> rusqlite::Result<Option<StoredVerifier>> {
    let mechanism = match hash {
        VerifierHash::Sha1 => Mechanism::ScramSha1,
        VerifierHash::Sha256 => Mechanism::ScramSha256,
    };
    let Some(account) = find(connection, user)? else { return Ok(None) };
    let verifier = read_verifier(connection, user, mechanism)?;
    Ok(verifier.map(|Verifier { salt, iterations, stored_key, server_key, .. }| StoredVerifier {
        salt,
        iterations: iterations.get(),
        stored_key,
        server_key,
        name: account.name,
    }))
}

fn read_verifier(
    connection: &Connection,
    user: &str,
    mechanism: Mechanism,
) -> rusqlite::Result<Option<Verifier>> {
    let sql =
        "SELECT salt, iterations, stored_key, server_key FROM verifiers WHERE user = ?1 AND mechanism = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let found = statement.query_row(params![user, mechanism.name()], |row| {
        let (salt, iterations) = (row.get(0)?, rounds(row.get(1)?));
        Ok(Verifier { mechanism, salt, iterations, stored_key: row.get(2)?, server_key: row.get(3)? })
    });
    found.optional()
}

fn write_verifiers(connection: &Connection, user: &str, verifiers: &[Verifier]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO verifiers (user, mechanism, salt, iterations, stored_key, server_key)
        VALUES (:user, :mechanism, :salt, :iterations, :stored_key, :server_key)";
    for verifier in verifiers {
        connection.execute(
            sql,
            named_params! {
                ":user": user,
                ":mechanism": verifier.mechanism.name(),
                ":salt": verifier.salt,
                ":iterations": verifier.iterations.get(),
                ":stored_key": verifier.stored_key,
                ":server_key": verifier.server_key,
            },
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts(dir: &tempfile::TempDir) -> Accounts {
        Accounts::open(dir.path()).unwrap().with_iterations(20)
    }

    fn in_with(accounts: &Accounts, name: &str, password: &str) -> Option<String> {
        accounts.verify(name, password.to_owned()).unwrap().map(|account| account.user)
    }

    #[test]
    fn added_changed_and_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = accounts(&dir);
        let alice = accounts.add("Alice", "one".to_owned()).unwrap();
        assert_eq!(alice, Account { user: "alice".to_owned(), name: "Alice".to_owned() });
        assert_eq!(in_with(&accounts, "ALICE", "one").as_deref(), Some("alice"));
        accounts.set_password("alice", "two".to_owned()).unwrap();
        assert_eq!(in_with(&accounts, "alice", "one"), None);
        assert_eq!(in_with(&accounts, "alice", "two").as_deref(), Some("alice"));
        accounts.remove("alice").unwrap();
        assert_eq!(in_with(&accounts, "alice", "two"), None);
        let verifiers: u32 =
            accounts.connection.query_row("SELECT count(*) FROM verifiers", [], |row| row.get(0)).unwrap();
        assert_eq!(verifiers, 0);
    }

    #[test]
    fn refused_with_a_reason() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = accounts(&dir);
        accounts.add("bob", "x".to_owned()).unwrap();
        assert!(
            matches!(accounts.add("BOB", "y".to_owned()), Err(AccountError::Exists(user)) if user == "bob")
        );
        assert!(matches!(accounts.add("eve", String::new()), Err(AccountError::Password)));
        assert!(matches!(accounts.add("", "x".to_owned()), Err(AccountError::Name(_))));
        assert!(matches!(accounts.set_password("carol", "x".to_owned()), Err(AccountError::Unknown(_))));
        assert!(matches!(accounts.remove("carol"), Err(AccountError::Unknown(_))));
        assert_eq!(in_with(&accounts, "bob", "x").as_deref(), Some("bob"));
    }

    #[test]
    fn wrong_names_and_passwords_are_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = accounts(&dir);
        accounts.add("bob", "x".to_owned()).unwrap();
        for (name, password) in
            [("bob", ""), ("bob", "X"), ("bob", "\u{7}"), ("", "x"), ("nobody", "x"), ("bob\0", "x")]
        {
            assert_eq!(in_with(&accounts, name, password), None, "{name:?} {password:?}");
        }
        assert_eq!(in_with(&accounts, "bob", &"x".repeat(4000)), None);
    }

    #[test]
    fn listed_in_order_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut first = accounts(&dir);
        for name in ["Zoe", "anna", "Tea & Cake"] {
            first.add(name, "secret".to_owned()).unwrap();
        }
        drop(first);
        let names: Vec<_> = accounts(&dir).list().unwrap().into_iter().map(|account| account.name).collect();
        assert_eq!(names, ["anna", "Tea & Cake", "Zoe"]);
    }

    #[test]
    fn a_verifier_for_each_mechanism_of_whoever_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut accounts = accounts(&dir);
        accounts.add("Alice", "one".to_owned()).unwrap();
        let of = |user: &str, hash| stored_verifier(&accounts.connection, user, hash).unwrap();
        for (hash, mechanism, length) in [
            (VerifierHash::Sha1, Mechanism::ScramSha1, 20),
            (VerifierHash::Sha256, Mechanism::ScramSha256, 32),
        ] {
            let StoredVerifier { salt, iterations, stored_key, server_key, name } =
                of("alice", hash).unwrap();
            assert_eq!((name.as_str(), iterations, stored_key.len()), ("Alice", 20, length));
            let verifier = Verifier { mechanism, salt, iterations: rounds(20), stored_key, server_key };
            assert!(verifier.fits(&Password::prepare("one").unwrap()));
            assert!(!verifier.fits(&Password::prepare("two").unwrap()));
        }
        assert_eq!(of("bob", VerifierHash::Sha256), None);
        accounts.connection.execute("DELETE FROM verifiers WHERE mechanism = 'SCRAM-SHA-1'", []).unwrap();
        assert_eq!(of("alice", VerifierHash::Sha1), None);
    }

    #[test]
    fn the_file_never_sees_the_password() {
        let dir = tempfile::tempdir().unwrap();
        accounts(&dir).add("alice", "correct horse battery".to_owned()).unwrap();
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(13).any(|window| window == b"correct horse"));
        }
    }
}
