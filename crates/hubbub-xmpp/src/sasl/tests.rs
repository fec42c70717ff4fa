//! Exchanges from end to end: with the vectors of the RFCs, and with a client written from them.
