"""Ready blocks for well-known peers: the files of config/profiles."""
