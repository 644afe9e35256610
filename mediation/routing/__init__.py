"""Where a call may go: numbers, trunks, routes, admission."""
