"""The importer: the trunk configuration of Lync and Skype for Business, as their PowerShell writes it, made ours."""
