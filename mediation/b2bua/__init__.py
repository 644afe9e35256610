"""The heart: two legs, one call, and what crosses between them."""
