"""RTP: worker processes and the port through which signalling drives them."""
