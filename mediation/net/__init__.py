"""Sockets and connections of the signalling process."""
