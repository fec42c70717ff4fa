"""STUN and TURN by hand: a client that can be as wrong as a test wants it, on the sockets of the standard library."""
