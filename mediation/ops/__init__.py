"""Observers of the engine's facts: logs and call records."""
