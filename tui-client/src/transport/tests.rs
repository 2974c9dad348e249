//! The transport against a real server, over sockets of this machine.
