"""The planner: what an operator must know before buying trunks."""
