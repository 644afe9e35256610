"""What an exit code of ours means."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The codes from 64 are those of sysexits.h."""

    GOOD = 0
    NOT_GOOD = 1
    """Checked, and the answer is no."""
    USAGE = 2
    UNREACHABLE = 69
    """The daemon does not answer."""
    OUR_BUG = 70
    TRY_AGAIN = 75
    CONFIGURATION = 78
