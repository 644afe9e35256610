"""What a trunk supports, found out by calls that the operator has agreed to."""
