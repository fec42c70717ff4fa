//! Puts defaults, file, environment and command line together, each over the one before.

use std::fs;
use std::path::{Path, PathBuf};

use crate::check;
use crate::file;
use crate::problem::{Place, Problem, Problems};
use crate::section::{Default, Section, Setting};
use crate::value::Written;
use crate::{Config, Secret};

/// What the command line says; it wins over everything else.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    /// `--listen`: instead of `server.listen`, if there is any.
    pub listen: Vec<String>,
    /// `--data`: instead of `server.data`.
    pub data: Option<PathBuf>,
    /// `--domain`: instead of `server.domain`.
    pub domain: Option<String>,
    /// `--workers`: instead of `server.workers`.
    pub workers: Option<u16>,
}

/// The configuration: `file` if there is one, over it the variables `HUBBUB_SECTION_NAME` of `environment` (name and value),
/// over them `flags`. The files that it names (keys) are read too.
///
/// # Errors
/// Everything that is wrong, each with its place, reason and mend.
pub fn load(
    file: Option<&Path>,
    environment: impl Iterator<Item = (String, String)>,
    flags: Flags,
) -> Result<Config, Problems> {
    let mut config = Config::default();
    let mut found = Vec::new();
    if let Some(path) = file {
        match fs::read_to_string(path) {
            Ok(text) => file::read(&mut config, path, &text, &mut found),
            Err(why) => {
                let reason = format!("{} cannot be read: {why}; `hubbub init` writes one", path.display());
                found.push(Problem::new(&Place::Nowhere, "", reason));
            }
        }
    }
    for (name, value) in environment {
        take_variable(&mut config, &name, &value, &mut found);
    }
    take_flags(&mut config, flags, &mut found);
    read_keys(&mut config, &mut found);
    check::all(&mut config, &mut found);
    Problems::unless_none(found, config)
}

/// Lets every default of `section` land.
pub(crate) fn put_defaults(section: &mut dyn Section) {
    for setting in section.sheet().settings {
        if let Default::Is(text) = setting.default {
            let value =
                toml::de::DeValue::parse(text).expect("a default is written as TOML: a test parses them all");
            put(section, setting, Written::Toml(value.get_ref()))
                .expect("a default is within its range: a test puts them all");
        }
    }
}

/// Reads `written` as a value of `setting` and lets it land in its field.
pub(crate) fn put(section: &mut dyn Section, setting: &Setting, written: Written<'_>) -> Result<(), String> {
    let value = setting.kind.read(written)?;
    section.field(setting).land(value)
}

/// `HUBBUB_SECTION_NAME=value`. Variables of other kinds (`HUBBUB_PORT`, as container managers set them) are none of ours.
fn take_variable(config: &mut Config, variable: &str, value: &str, found: &mut Vec<Problem>) {
    let Some(name) = variable.strip_prefix("HUBBUB_").map(str::to_lowercase) else { return };
    let Some((setting, outcome)) = put_variable(config, &name, value) else { return };
    let place = Place::Variable(variable.to_owned());
    match outcome {
        Ok(()) => _ = config.places.insert(setting, place),
        Err(reason) => found.push(Problem::new(&place, setting, reason)),
    }
}

/// Lets `value` land where `name` (`section_name`) says. `None` if it begins with the name of no section.
fn put_variable(config: &mut Config, name: &str, value: &str) -> Option<(String, Result<(), String>)> {
    config.sections().into_iter().find_map(|section| {
        let sheet = section.sheet();
        let name = name.strip_prefix(sheet.name)?.strip_prefix('_')?;
        let outcome = match sheet.find(name) {
            Some(setting) => put(section, setting, Written::Word(value)),
            None => Err(sheet.unknown(name)),
        };
        Some((format!("{}.{name}", sheet.name), outcome))
    })
}

fn take_flags(config: &mut Config, flags: Flags, found: &mut Vec<Problem>) {
    if !flags.listen.is_empty() {
        take_flag(config, "--listen", "listen", &flags.listen.join(","), found);
    }
    if let Some(data) = flags.data {
        config.server.data = Some(data);
        config.places.insert("server.data".to_owned(), Place::Flag("--data"));
    }
    if let Some(domain) = flags.domain {
        take_flag(config, "--domain", "domain", &domain, found);
    }
    if let Some(workers) = flags.workers {
        take_flag(config, "--workers", "workers", &workers.to_string(), found);
    }
}

fn take_flag(config: &mut Config, flag: &'static str, name: &str, value: &str, found: &mut Vec<Problem>) {
    let setting = config.server.sheet().find(name).expect("every flag is a setting of [server]");
    let place = Place::Flag(flag);
    match put(&mut config.server, setting, Written::Word(value)) {
        Ok(()) => _ = config.places.insert(format!("server.{name}"), place),
        Err(reason) => found.push(Problem::new(&place, "", reason)),
    }
}

/// Reads the files that hold the secrets of applications.
fn read_webhook_secrets(config: &mut Config, found: &mut Vec<Problem>) {
    for number in 0..config.webhooks.len() {
        let webhook = &config.webhooks[number];
        let Some(path) = webhook.secret_file.clone() else { continue };
        let read = match &webhook.secret {
            Some(_) => Err("secret is set too; keep one of the two".to_owned()),
            None => secret_in(&path),
        };
        match read {
            Ok(secret) => config.webhooks[number].secret = Some(secret),
            Err(reason) => {
                let place = config.place(&format!("webhook[{number}].secret_file"));
                found.push(Problem::new(&place, "webhook.secret_file", reason));
            }
        }
    }
}

/// Reads the files that hold the secrets of TURN servers: of other people's, and of our own.
fn read_turn_secrets(config: &mut Config, found: &mut Vec<Problem>) {
    for section in ["ice", "turn"] {
        let (secret, file) = match section {
            "ice" => (&mut config.ice.secret, &config.ice.secret_file),
            _ => (&mut config.turn.secret, &config.turn.secret_file),
        };
        let Some(path) = file else { continue };
        let read = match secret {
            Some(_) => Err(format!("{section}.secret is set too; keep one of the two")),
            None => secret_in(path),
        };
        match read {
            Ok(read) => *secret = Some(read),
            Err(reason) => {
                let setting = format!("{section}.secret_file");
                found.push(Problem::new(&config.place(&setting), setting, reason));
            }
        }
    }
}

/// Reads the files that hold keys.
fn read_keys(config: &mut Config, found: &mut Vec<Problem>) {
    read_webhook_secrets(config, found);
    read_turn_secrets(config, found);
    if let Some(path) = config.token.hmac_secret_file.clone() {
        match read_secret(config, &path) {
            Ok(secret) => config.token.hmac_secret = Some(secret),
            Err(reason) => found.push(Problem::new(
                &config.place("token.hmac_secret_file"),
                "token.hmac_secret_file",
                reason,
            )),
        }
    }
    if let Some(path) = config.token.ed25519_public_key_file.clone() {
        match read_public_key(&path) {
            Ok(pem) => config.ed25519_public_key = Some(pem),
            Err(reason) => {
                let place = config.place("token.ed25519_public_key_file");
                found.push(Problem::new(&place, "token.ed25519_public_key_file", reason));
            }
        }
    }
}

fn read_secret(config: &Config, path: &Path) -> Result<Secret, String> {
    if config.token.hmac_secret.is_some() {
        return Err("token.hmac_secret is set too; keep one of the two".to_owned());
    }
    secret_in(path)
}

fn secret_in(path: &Path) -> Result<Secret, String> {
    let text = read_named(path)?;
    crate::land::FromText::from_text(text.trim()).map_err(|why| format!("{}: {why}", path.display()))
}

fn read_public_key(path: &Path) -> Result<String, String> {
    let text = read_named(path)?;
    if !text.contains("-----BEGIN PUBLIC KEY-----") {
        let mend = "write one with `openssl pkey -in private.pem -pubout`";
        return Err(format!("{} holds no public key in PEM; {mend}", path.display()));
    }
    Ok(text)
}

fn read_named(path: &Path) -> Result<String, String> {
    fs::read_to_string(path)
        .map_err(|why| format!("{} cannot be read: {why}; name a file the server may read", path.display()))
}
