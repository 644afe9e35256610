"""Plans for tests, in as few words as they take."""

from pathlib import Path

from mediation.planning.answer import Answer, SiteAnswer, answer
from mediation.planning.read import inspect_plan_file
from mediation.settings.problems import SettingsError

EXAMPLE = Path(__file__).parents[3] / "config" / "plan.example.toml"


def site(name: str, country: str = "AT", users: int = 200, more: str = "") -> str:
    return (
        f'[[site]]\nname = "{name}"\ncountry = "{country}"\nusers = {users}\nerlang_per_user = 0.1\n{more}\n'
    )


def trunk(name: str, sites: str, country: str = "AT", more: str = "price_per_channel = 5.0") -> str:
    where = "" if sites == "*" else f"sites = [{', '.join(repr(each) for each in sites.split())}]\n"
    kind = "" if "connection" in more else 'connection = "private"\n'
    return f'[[trunk]]\nname = "{name}"\ncountry = "{country}"\n{where}{kind}{more}\n'


def link(one: str, other: str, more: str = "") -> str:
    kind = "" if "connection" in more else 'connection = "mpls"\n'
    return f'[[link]]\nsites = ["{one}", "{other}"]\n{kind}{more}\n'


def answered(folder: Path, *parts: str) -> Answer:
    path = folder / "plan.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    reading = inspect_plan_file(path)
    return answer(reading.plan, reading.log)


def at(found: Answer, name: str) -> SiteAnswer:
    return next(each for each in found.sites if each.site.name == name)


def problems(folder: Path, *parts: str) -> list[str]:
    """Everything that is said of a plan, without the name of the file; warnings too."""
    path = folder / "plan.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    try:
        found = inspect_plan_file(path).warnings
    except SettingsError as error:
        found = error.problems
    return [str(problem).removeprefix(f"{path}:") for problem in found]
