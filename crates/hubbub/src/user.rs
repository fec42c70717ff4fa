//! `hubbub user`: accounts.

use std::error::Error;
use std::io::{IsTerminal, stdin};
use std::path::Path;

use hubbub_store::Accounts;

use crate::cli::{Account, UserCommand};

/// Does what was asked.
pub(crate) fn run(command: UserCommand) -> Result<(), Box<dyn Error>> {
    match command {
        UserCommand::Add(Account { name, password, data }) => {
            let added = open(&data.dir)?.add(&name, password.map_or_else(ask, Ok)?)?;
            println!("added {}", added.user);
        }
        UserCommand::Passwd(Account { name, password, data }) => {
            let changed = open(&data.dir)?.set_password(&name, password.map_or_else(ask, Ok)?)?;
            println!("changed the password of {}", changed.user);
        }
        UserCommand::Remove { name, data } => {
            open(&data.dir)?.remove(&name)?;
            println!("removed {name}");
        }
        UserCommand::List { data } => {
            for account in open(&data.dir)?.list()? {
                println!("{}\t{}", account.user, account.name);
            }
        }
    }
    Ok(())
}

fn open(dir: &Path) -> Result<Accounts, Box<dyn Error>> {
    Ok(Accounts::open(dir)?)
}

/// Asks twice at a terminal; takes one line from anything else.
fn ask() -> Result<String, Box<dyn Error>> {
    if !stdin().is_terminal() {
        let mut line = String::new();
        stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let password = rpassword::prompt_password("Password: ")?;
    if rpassword::prompt_password("Again: ")? != password {
        return Err("the two passwords differ; nothing was changed".into());
    }
    Ok(password)
}
