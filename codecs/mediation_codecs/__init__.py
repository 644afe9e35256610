"""G.711 for telephony: payload octets in, payload octets out."""
