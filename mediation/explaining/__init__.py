"""What would become of a number, told from the configuration alone: by the code that decides, without a call."""
