"""The lab: simulators, audio proof, report. Uses only the product's public doors."""
