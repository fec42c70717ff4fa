//! What an account's own clients do with it: another password, or its end (XEP-0077 §3.2, §3.3).

use hubbub_hub::{AccountAnswer, AccountAsk, IdentityKind};
use hubbub_xmpp::stanza::Condition;
use hubbub_xmpp::stream::NS_REGISTER;
use hubbub_xmpp::xml::Tag;

use super::Account;
use super::iq::{Answer, Asked, Reply};
use super::papers::Keeper;
use crate::session::{Answer as Told, Cx, Question};
use crate::xmpp::letters::ToClient;
use crate::xmpp::parcel::Parcel;
use crate::xmpp::register::{credentials, local};

/// Says that there is an account, or asks the store for what is to become of it.
pub(super) fn answer(account: &mut Account, asked: &Asked<'_>, cx: &mut Cx<'_>) -> Answer {
    if !cx.settings.xmpp.stream.register {
        return Err(Condition::ServiceUnavailable);
    }
    let Keeper::Store(user) = &account.keeper else {
        return Err(if asked.set { Condition::RegistrationRequired } else { Condition::NotAllowed });
    };
    if !asked.set {
        return Ok(Reply::Now(Some(form(account.bare.local().unwrap_or_default()))));
    }
    if !account.may_change(asked.parcel) {
        return Err(Condition::Forbidden);
    }
    let ask = if asked.payload.child("remove", NS_REGISTER).is_some() {
        if asked.payload.children().count() > 1 {
            return Err(Condition::BadRequest);
        }
        AccountAsk::Remove { user: user.clone() }
    } else {
        let (Some(name), Some(password)) = credentials(asked.payload) else {
            return Err(Condition::BadRequest);
        };
        if local(&name, &cx.settings.domain).as_ref() != Some(user) {
            return Err(Condition::NotAllowed);
        }
        AccountAsk::ChangePassword { user: user.clone(), password }
    };
    let ticket = account.ask(Question::Account(ask), cx);
    account.changing.insert(ticket, asked.parcel.clone());
    Ok(Reply::Later)
}

/// §3.1: who has registered is told what is on file.
fn form(local: &str) -> Tag {
    Tag::new("query", NS_REGISTER)
        .child(Tag::new("registered", NS_REGISTER))
        .child(Tag::new("username", NS_REGISTER).text(local))
        .child(Tag::new("password", NS_REGISTER))
        .child(Tag::new("instructions", NS_REGISTER).text("Choose another password."))
}

impl Account {
    /// Who has come with a token has not shown that he knows the password, and keeps nothing longer than the token.
    fn may_change(&self, parcel: &Parcel) -> bool {
        let resource = self.devices().find(|resource| resource.jid == *parcel.from());
        resource.is_some_and(|one| one.who.kind == IdentityKind::Account && one.who.expires_unix_ms.is_none())
    }

    /// The store's answer to what a client wanted to become of the account.
    pub(super) fn changed(&mut self, asked: &Parcel, answer: &Told, cx: &mut Cx<'_>) {
        let why = match answer {
            Told::Account(AccountAnswer::Done) => {
                self.reply(asked, None, cx);
                // Who removes his account hears that it is done before his streams end (§3.2).
                if self.is_removed {
                    self.end_streams(cx);
                }
                return;
            }
            Told::Account(AccountAnswer::Unknown) => Condition::RegistrationRequired,
            Told::Account(AccountAnswer::Unacceptable) => Condition::NotAcceptable,
            Told::Account(AccountAnswer::Unavailable) => Condition::ResourceConstraint,
            _ => Condition::InternalServerError,
        };
        self.refuse(asked, why, cx);
    }

    /// The account is no more. Its streams end, after those that wait for an answer about it have had theirs.
    pub(super) fn removed(&mut self, cx: &mut Cx<'_>) {
        self.is_removed = true;
        if self.changing.is_empty() {
            self.end_streams(cx);
        }
    }

    fn end_streams(&self, cx: &mut Cx<'_>) {
        self.devices().for_each(|resource| cx.write_to(resource.key, ToClient::Removed));
    }
}
