"""The image and the compose file, as far as they can be judged without an engine that builds them."""

import fnmatch
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from mediation.settings.read import read

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "docker" / "Dockerfile"
COMPOSE = ROOT / "docker" / "compose.yaml"
CONFIGURATION = ROOT / "docker" / "mediation.toml"


def run(tool: str, *arguments: str | Path) -> None:
    """A tool of our own virtual environment must have no objection."""
    command = [Path(sys.executable).with_name(tool), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, arguments), comments left out and continued lines joined."""
    kept = "\n".join(line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#"))
    joined = kept.replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in joined.splitlines() if line.strip()]


def final_stage() -> list[tuple[str, str]]:
    every = instructions()
    last = max(index for index, (name, _) in enumerate(every) if name == "FROM")
    return every[last:]


def test_hadolint_has_no_objection_to_the_dockerfile() -> None:
    run("hadolint", "--no-color", DOCKERFILE)


def test_compose_yaml_keeps_the_compose_specification() -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE)


def test_the_image_ends_as_a_user_who_is_not_root_and_stays_so() -> None:
    users = [arguments for name, arguments in final_stage() if name == "USER"]
    assert users == ["10001:10001"]
    after = [name for name, _ in final_stage()][[name for name, _ in final_stage()].index("USER") :]
    assert not {"RUN", "COPY", "ADD"} & set(after)


def test_nothing_is_installed_in_the_final_stage() -> None:
    commands = " ".join(arguments for name, arguments in final_stage() if name == "RUN")
    assert not re.search(r"pip3? install|apt|curl|wget|gcc", commands)
    assert "pip uninstall" in commands
    copied = [arguments for name, arguments in final_stage() if name == "COPY"]
    assert copied == ["--from=venv /opt/mediation /opt/mediation"]


def test_the_image_runs_the_command_that_the_package_declares() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    stage = dict(final_stage())
    assert stage["ENTRYPOINT"] == '["mediation"]'
    assert "mediation" in declared
    assert stage["CMD"] == '["run", "-c", "/etc/mediation/mediation.toml"]'
    assert stage["STOPSIGNAL"] == "SIGTERM"


def sources() -> list[str]:
    copies = [arguments.split() for name, arguments in instructions() if name == "COPY"]
    return [source for words in copies if not words[0].startswith("--from") for source in words[:-1]]


def test_whatever_the_build_copies_exists_and_is_let_through_by_dockerignore() -> None:
    patterns = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] not in ("#", "")
    ]
    assert patterns[0] == "*"
    admitted = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert set(sources()) == admitted
    for source in sources():
        assert (ROOT / source).exists(), source


def test_what_the_build_copies_is_enough_for_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = [
        "pyproject.toml",
        project["project"]["readme"],
        *project["project"]["license-files"],
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    ]
    for path in needed:
        assert any(fnmatch.fnmatch(path, source) or path.startswith(source + "/") for source in sources()), (
            path
        )


@pytest.mark.parametrize("service", ["front-end", "sbc"])
def test_every_simulator_listens_where_the_compose_file_puts_it(service: str) -> None:
    block = COMPOSE.read_text().split(f"\n  {service}:\n")[1].split("\n\n")[0]
    address = re.search(r"ipv4_address: (\S+)", block)
    assert address
    assert f'[lab, {service}, --listen, "udp:{address[1]}:5060"' in block


def test_the_servers_own_reader_takes_the_configuration() -> None:
    settings = read(CONFIGURATION.read_text(), str(CONFIGURATION))
    laws = (settings.internal.codecs, settings.trunks[0].codecs)
    assert laws == (("PCMU",), ("PCMA",)), "a call in the compose file is one that is transcoded"


def test_configuration_and_compose_file_speak_of_the_same_addresses() -> None:
    configuration = re.findall(r"\d+\.\d+\.\d+\.\d+", CONFIGURATION.read_text())
    compose = re.findall(r"ipv4_address: (\S+)", COMPOSE.read_text())
    assert set(configuration) == set(compose)
