//! What a client says when it connects to a namespace (SIO5 "Connection to a namespace"; in SIO4 the namespace's query).

use bytes::Bytes;
use hubbub_auth::Credentials;
use hubbub_hub::Start;
use serde_json::Value;

use crate::params;
use crate::problem::Problem;

/// The payload of a CONNECT. What is not known here is the application's.
#[derive(Debug, Default)]
pub(crate) struct Auth {
    /// Who the client says it is; nothing if it leaves that to what the connection began with.
    pub(crate) credentials: Option<Credentials>,
    /// What it wants restored.
    pub(crate) pid: Option<String>,
    /// How far it got.
    pub(crate) offset: Option<String>,
    /// Where to begin otherwise.
    pub(crate) start: Option<Start>,
    /// All of it, as it was sent.
    pub(crate) whole: Option<Bytes>,
}

impl Auth {
    /// Reads the payload of a CONNECT, JSON that was checked.
    ///
    /// # Errors
    /// A start that is none.
    pub(crate) fn of(payload: Option<&str>) -> Result<Self, Problem> {
        let Some(payload) = payload else { return Ok(Self::default()) };
        let value: Value = serde_json::from_str(payload).unwrap_or_default();
        let mut auth = Self::from_members(|name| value.get(name).and_then(Value::as_str).map(str::to_owned))?;
        if auth.start.is_none()
            && let Some(last) = value.get("last").and_then(Value::as_u64)
        {
            auth.start = Some(Start::Last(u32::try_from(last).unwrap_or(u32::MAX)));
        }
        auth.whole = Some(Bytes::copy_from_slice(payload.as_bytes()));
        Ok(auth)
    }

    /// Reads the query of a namespace, as clients of protocol 4 write it.
    ///
    /// # Errors
    /// A start that is none.
    pub(crate) fn of_query(query: &str) -> Result<Self, Problem> {
        let find = |name: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        Self::from_members(find)
    }

    fn from_members(member: impl Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let credentials = match (member("token"), member("user"), member("password"), member("name")) {
            (Some(token), ..) => Some(Credentials::Bearer(token)),
            (None, Some(user), Some(password), _) => Some(Credentials::Password { user, password }),
            (None, _, _, name @ Some(_)) => Some(Credentials::Nobody { name }),
            _ => None,
        };
        let start = member("since").map(|since| params::since(&since)).transpose()?;
        let (pid, offset) = (member("pid"), member("offset"));
        Ok(Self { credentials, pid, offset, start, whole: None })
    }
}
