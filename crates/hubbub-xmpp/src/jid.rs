//! Addresses (RFC 7622, prepared as deployed servers do: RFC 6122).
