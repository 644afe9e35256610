"""Values as the file writes them."""


def toml(value: object) -> str:
    """Return a plain value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        case list():
            return f"[{', '.join(toml(item) for item in value)}]"
        case _:
            return str(value)


def shown(value: object) -> str:
    """Return a value of the model as the file would have it."""
    if isinstance(value, tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    if isinstance(value, bool | int | float | str):
        return toml(value)
    return toml(str(value).removesuffix("/32").removesuffix("/128"))
