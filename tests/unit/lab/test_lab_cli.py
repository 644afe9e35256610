"""The simulators' command line: what it takes, and what it says to what it does not take."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from mediation.lab import cli, session
from mediation.lab.behaviour import BEHAVIOURS
from mediation.lab.simulator import SimulatorSettings
from mediation.lab.user_agent import Placement
from mediation.net.listening import ListenError
from mediation.settings.places import Listener
from mediation.sip.flow import Transport
from mediation_codecs.law import Law

LISTEN = ("--listen", "udp:127.9.9.9:5060")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, list(arguments), terminal_width=200)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[SimulatorSettings]:
    """The settings that simulators were started with; they end at once."""
    started: list[SimulatorSettings] = []

    async def simulate(settings: SimulatorSettings, say: Callable[[str], None]) -> None:
        started.append(settings)

    monkeypatch.setattr(cli, "simulate", simulate)
    return started


@pytest.mark.parametrize("command", ["sbc", "front-end"])
def test_the_help_names_every_behaviour_and_every_option(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    text = " ".join(result.stdout.split())
    for word in (
        *BEHAVIOURS,
        "reject=CODE",
        "--listen",
        "--behaviour",
        "--call",
        "--to",
        "--law",
        "--journal",
    ):
        assert word in text, word


def test_the_labs_own_help_names_its_simulators() -> None:
    text = run("--help").stdout
    assert "sbc" in text
    assert "front-end" in text
    assert "--output" in text


@pytest.mark.parametrize(("command", "law"), [("sbc", Law.PCMA), ("front-end", Law.PCMU)])
def test_with_nothing_but_an_address_it_rings_and_answers(
    command: str, law: Law, told: list[SimulatorSettings]
) -> None:
    assert run(command, *LISTEN).exit_code == 0
    [settings] = told
    assert settings.listen == (Listener(Transport.UDP, "127.9.9.9", 5060),)
    assert settings.default is BEHAVIOURS["ring-then-answer"]
    assert (settings.name, settings.law, settings.calls, settings.journal) == (command, law, (), None)


def test_everything_can_be_chosen(told: list[SimulatorSettings], tmp_path: Path) -> None:
    result = run(
        "sbc", *LISTEN, "--listen", "tcp:[::1]:5070", "--behaviour", "busy", "--behaviour", "+4420=reject=404",
        "--behaviour", "0800=slow", "--to", "sip:127.9.9.8:5080;transport=tcp", "--law", "PCMU", "--name", "itsp",
        "--call", "+4930", "--call", "112,at=1.5,talk=20,cancel=0.25", "--rtp-port", "50000", "--wait",
        "--journal", str(tmp_path / "j"),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    [settings] = told
    assert settings.listen[1] == Listener(Transport.TCP, "::1", 5070)
    assert settings.default is BEHAVIOURS["busy"]
    assert {number: each.name for number, each in settings.behaviours.items()} == {
        "+4420": "reject=404",
        "0800": "slow",
    }
    assert settings.target is not None
    assert (settings.target.endpoint, settings.target.transport) == (("127.9.9.8", 5080), Transport.TCP)
    assert settings.calls == ((0.0, Placement("+4930", 3.0)), (1.5, Placement("112", 20.0, 0.25)))
    assert (settings.law, settings.name, settings.first_rtp_port) == (Law.PCMU, "itsp", 50000)
    assert settings.wait_for_line
    assert settings.journal == tmp_path / "j"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--listen"),
        (("--listen", "127.9.9.9:5060"), "udp:, tcp: or tls:"),
        (("--listen", "tls:127.9.9.9:5061"), "the simulators speak no TLS"),
        ((*LISTEN, "--to", "sip:127.9.9.8;transport=tls"), "the simulators speak no TLS"),
        (("--listen", "udp:nowhere:5060"), "IP address"),
        ((*LISTEN, "--behaviour", "anwser"), "choose one of answer, ring-then-answer"),
        ((*LISTEN, "--behaviour", "reject"), "choose one of"),
        ((*LISTEN, "--behaviour", "reject=200"), "reject=300 to reject=699"),
        ((*LISTEN, "--behaviour", "+44="), "choose one of"),
        ((*LISTEN, "--behaviour", "=busy"), "digits"),
        ((*LISTEN, "--behaviour", "bob=busy"), "digits"),
        ((*LISTEN, "--call", "+44"), "--to"),
        ((*LISTEN, "--to", "127.9.9.8"), "sip:"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "sip:+44@127.9.9.8"), "digits"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", ""), "digits"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "+44,later"), "at=, talk= and cancel="),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "+44,at=soon"), "in seconds"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "+44,at=nan"), "in seconds"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "+44,talk=-1"), "in seconds"),
        ((*LISTEN, "--to", "sip:127.9.9.8", "--call", "+44,talk=1_0"), "in seconds"),
        ((*LISTEN, "--law", "G729"), "PCMA"),
        ((*LISTEN, "--rtp-port", "80"), "1024"),
        ((*LISTEN, "--rtp-port", "40001"), "odd"),
    ],
)
def test_what_it_does_not_take_is_named_with_a_remedy_and_exit_code_2(
    arguments: tuple[str, ...], says: str, told: list[SimulatorSettings]
) -> None:
    result = run("sbc", *arguments)
    assert result.exit_code == 2
    assert says in " ".join(result.output.split())
    assert "Traceback" not in result.output
    assert not told


def test_a_taken_address_is_exit_code_75(monkeypatch: pytest.MonkeyPatch) -> None:
    async def simulate(settings: SimulatorSettings, say: Callable[[str], None]) -> None:
        raise ListenError(98, "cannot listen at udp:127.9.9.9:5060: Address already in use")

    monkeypatch.setattr(cli, "simulate", simulate)
    result = run("sbc", *LISTEN)
    assert result.exit_code == 75
    assert result.output.strip() == (
        "cannot listen at udp:127.9.9.9:5060: Address already in use; "
        "another process listens there: stop it, or choose another port"
    )


def test_the_lab_itself_takes_a_configuration_a_place_and_plain_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[tuple[Path | None, Path, bool]] = []

    def run_lab(config: Path | None, output: Path, *, tui: bool) -> int:
        asked.append((config, output, tui))
        return 3

    monkeypatch.setattr(session, "run_lab", run_lab)
    assert run("-c", "my.toml", "-o", str(tmp_path), "--no-tui").exit_code == 3
    assert run().exit_code == 3
    assert asked == [(Path("my.toml"), tmp_path, False), (None, Path("lab-out"), True)]
