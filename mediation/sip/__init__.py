"""SIP of our own, usable alone: messages, transactions, dialogs (RFC 3261)."""
