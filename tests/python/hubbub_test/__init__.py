"""What the tests share: the server as a process, and one small module for each kind of client."""
