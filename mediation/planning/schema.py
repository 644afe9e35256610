"""`python -m mediation.planning.schema` prints the JSON Schema of a plan: config/plan.schema.json."""

import sys

from mediation.planning.model import Plan
from mediation.planning.numbers import DidRange
from mediation.settings.schema import json_schema, printed


def printed_schema() -> str:
    """Return the schema as config/plan.schema.json has it."""
    pattern = r"^\+[1-9][0-9 ]+(-\+[1-9][0-9 ]+)?$"
    return printed(json_schema(Plan, "Plan of sites and trunks", {DidRange: pattern}))


if __name__ == "__main__":
    sys.stdout.write(printed_schema())
