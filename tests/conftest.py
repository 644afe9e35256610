"""What holds for every test."""

from hypothesis import settings

# No test is timed: a machine that is busy must not turn one red.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
