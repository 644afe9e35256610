"""RTP as values: headers, rewriting, reception statistics, telephone-event (RFC 3550, RFC 4733)."""
