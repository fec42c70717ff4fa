//! Conversations with a STUN and TURN server, as RFC 8489 and RFC 8656 tell them.

#[cfg(test)]
mod abuse;
#[cfg(test)]
mod allocating;
#[cfg(test)]
mod authenticating;
#[cfg(test)]
mod binding;
#[cfg(test)]
mod discovery;
#[cfg(test)]
mod families;
#[cfg(test)]
mod lifetimes;
#[cfg(test)]
mod malformed;
#[cfg(test)]
mod mobility;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod relaying;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tcp;
#[cfg(test)]
mod world;
