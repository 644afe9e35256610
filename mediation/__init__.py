"""An open Mediation Server: a SIP B2BUA and G.711 transcoder between a voice system and its ITSP."""

__version__ = "0.1.0"
