"""The command line: what goes where, and with which exit code."""

import json
import subprocess
import sys
import types
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import mediation
from mediation import cli
from mediation.settings.model import Settings

GOOD = """\
[internal]
listen = ["udp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
[gateway]
listen = ["udp:127.0.0.11"]
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return written(tmp_path, GOOD)


def written(folder: Path, text: str) -> Path:
    path = folder / "mediation.toml"
    path.write_text(text, encoding="utf-8")
    return path


def invoke(*arguments: object) -> "tuple[int, str, str]":
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_good_configuration_is_counted_on_standard_output(good: Path) -> None:
    assert invoke("check-config", "-c", good) == (0, f"{good}: good: 2 listeners, 1 trunk, 1 route\n", "")


def test_a_bad_configuration_ends_with_78_its_problems_on_standard_error(tmp_path: Path) -> None:
    path = written(
        tmp_path, GOOD.replace("udp:127.0.0.10", "udp:0.0.0.0").replace("[[trunk]]", "x = 1\n[[trunk]]")
    )
    code, out, err = invoke("check-config", "-c", path)
    assert code == 78
    assert out == f"{path}: not good: 2 errors\n"
    lines = err.splitlines()
    assert lines[0].startswith(
        f"{path}:2:11: internal.listen.0: 0.0.0.0 means every address of this machine; "
    )
    assert lines[1:3] == ['    2 | listen = ["udp:0.0.0.0"]', "      |           ^^^^^^^^^^^^^"]
    assert lines[3].startswith(f"{path}:6:1: gateway.x: ")


def test_warnings_are_shown_and_stop_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + 'trusted = ["0.0.0.0/0"]\n')
    code, out, err = invoke("check-config", "-c", path)
    assert (code, out) == (0, f"{path}: good: 2 listeners, 1 trunk, 1 route\n")
    assert f"{path}:9:12: warning: trunk.north.trusted.0: " in err


def test_errors_and_warnings_are_counted_apart(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + 'trusted = ["0.0.0.0/0"]\nx = 1\n')
    assert invoke("check-config", "-c", path)[1] == f"{path}: not good: 1 error, 1 warning\n"


def test_a_missing_file_is_a_configuration_fault(tmp_path: Path) -> None:
    code, _, err = invoke("check-config", "-c", tmp_path / "none.toml")
    assert code == 78
    assert "there is no such file; give the path of the configuration with -c FILE" in err


def test_json_says_the_same_to_a_machine(tmp_path: Path, good: Path) -> None:
    code, out, err = invoke("check-config", "--json", "-c", good)
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "file": str(good),
        "good": True,
        "listeners": ["udp:127.0.0.10:5060", "udp:127.0.0.11:5060"],
        "trunks": ["north"],
        "routes": [""],
        "problems": [],
    }
    twice = GOOD + '[[trunk]]\nname = "north"\ntargets = ["sip:127.0.0.31"]\n'
    path = written(tmp_path, twice)
    code, out, err = invoke("check-config", "--json", "-c", path)
    assert (code, err) == (78, "")
    result = json.loads(out)
    assert (result["good"], result["listeners"], result["trunks"], result["routes"]) == (
        False,
        None,
        None,
        None,
    )
    assert result["problems"] == [
        {
            "severity": "error",
            "file": str(path),
            "line": 10,
            "column": 8,
            "path": "trunk.north.name",
            "message": 'another trunk is called "north" already',
            "remedy": "give each trunk a name of its own",
            "related": {"path": "trunk.north.name", "line": 7, "column": 8},
        }
    ]


def test_the_file_may_come_from_the_environment(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDIATION_CONFIG", str(good))
    assert invoke("check-config")[0] == 0


def serve_instead(monkeypatch: pytest.MonkeyPatch, code: int) -> list[Settings]:
    served: list[Settings] = []

    def serve(settings: Settings, _file: Path) -> int:
        served.append(settings)
        return code

    server = types.ModuleType("mediation.serving")
    vars(server)["serve"] = serve
    monkeypatch.setitem(sys.modules, "mediation.serving", server)
    return served


@pytest.mark.parametrize("code", [0, 1, 75])
def test_run_serves_what_check_config_takes_and_ends_as_the_server_did(
    good: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    served = serve_instead(monkeypatch, code)
    assert invoke("run", "-c", good) == (code, "", "")
    assert [settings.trunks[0].name for settings in served] == ["north"]


def test_run_does_not_start_with_a_bad_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve_instead(monkeypatch, 0)
    path = written(tmp_path, GOOD + "x = 1\n")
    code, out, err = invoke("run", "-c", path)
    assert (code, out, served) == (78, "", [])
    assert err.splitlines()[-1] == f"{path}: not good: 1 error; not started"


def test_run_shows_warnings_and_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = serve_instead(monkeypatch, 0)
    code, _, err = invoke("run", "-c", written(tmp_path, GOOD + 'trusted = ["0.0.0.0/0"]\n'))
    assert code == 0
    assert len(served) == 1
    assert ": warning: trunk.north.trusted.0: " in err


def test_version_names_product_and_python() -> None:
    code, out, _ = invoke("--version")
    assert code == 0
    assert out.startswith(f"mediation {mediation.__version__} (Python {sys.version_info.major}.")


@pytest.mark.parametrize("arguments", [(), ("zzz",), ("check-config", "--zzz"), ("run", "-c")])
def test_wrong_usage_ends_with_2(arguments: tuple[str, ...]) -> None:
    code, out, err = invoke(*arguments)
    assert (code, out) == (2, "")
    assert "Usage: " in err or "Error: " in err


def test_help_lists_the_commands() -> None:
    code, out, _ = invoke("--help")
    assert code == 0
    assert all(command in out for command in ("run", "check-config", "lab"))


def lab_instead(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    app = typer.Typer()
    seen: list[list[str]] = []

    @app.callback(invoke_without_command=True)
    def whole(calls: int = 2, keep: bool = False) -> None:
        seen.append([str(calls), str(keep)])

    @app.command()
    def sbc(listen: str, reject: int = 0) -> None:
        seen.append([listen, str(reject)])
        raise typer.Exit(1)

    module = types.ModuleType("mediation.lab.cli")
    vars(module)["app"] = app
    monkeypatch.setitem(sys.modules, "mediation.lab.cli", module)
    return seen


def test_lab_hands_on_everything_that_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = lab_instead(monkeypatch)
    assert invoke("lab", "--calls", "3", "--keep")[0] == 0
    assert invoke("lab", "sbc", "udp:127.0.0.30:5060", "--reject", "503")[0] == 1
    assert seen == [["3", "True"], ["2", "False"], ["udp:127.0.0.30:5060", "503"]]


def test_lab_has_its_own_help_and_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    lab_instead(monkeypatch)
    code, out, _ = invoke("lab", "--help")
    assert code == 0
    assert "mediation lab [OPTIONS]" in out
    assert "sbc" in out
    assert invoke("lab", "sbc")[0] == 2


def without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the import of the lab fail because of a module of this name."""

    class Missing(types.ModuleType):
        def __getattr__(self, _: str) -> object:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setitem(sys.modules, "mediation.lab.cli", Missing("mediation.lab.cli"))


def test_lab_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "matplotlib.figure")
    code, out, err = invoke("lab")
    assert (code, out) == (2, "")
    assert err == (
        "the lab needs its extra: pip install 'mediation-server[lab]' (no module matplotlib.figure)\n"
    )


def test_a_module_of_our_own_that_is_missing_is_no_missing_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "mediation.lab.zzz")
    with pytest.raises(ModuleNotFoundError):
        invoke("lab")


def test_a_bug_of_ours_ends_with_70_and_asks_for_a_report(
    good: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("for the test")

    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 70
    err = capsys.readouterr().err
    assert "ZeroDivisionError: for the test" in err
    assert err.splitlines()[-1].endswith("a bug of ours; please report the lines above")


def test_check_config_needs_neither_the_server_nor_the_lab(good: Path) -> None:
    program = (
        "import sys; from mediation.cli import main\n"
        f"sys.argv = ['mediation', 'check-config', '-c', {str(good)!r}]\n"
        "try: main()\n"
        "finally: print(*(name for name in ('mediation.server', 'mediation.lab', 'mediation.net', 'mediation.media',"
        " 'aiortc', 'av', 'matplotlib', 'structlog') if name in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{good}: good: 2 listeners, 1 trunk, 1 route\n\n"


def test_the_server_loads_what_speaks_to_name_servers_and_reads_certificates_when_there_are_any() -> None:
    program = (
        "import sys, mediation.server; print(*{'dns', 'cryptography', 'rich', 'numpy'} & sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


def test_the_package_runs_as_a_module_too(good: Path) -> None:
    command = [sys.executable, "-m", "mediation", "check-config", "-c", str(good)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith(": good: 2 listeners, 1 trunk, 1 route\n")


def test_check_config_looks_at_certificates_and_tells_their_faults_with_the_others(tmp_path: Path) -> None:
    secure = GOOD.replace('"udp:127.0.0.10"', '"tls:127.0.0.10", "udp:127.0.0.10"').replace(
        "[gateway]", '[internal.tls]\ncertificate = "absent.pem"\nprivate_key = "absent.key"\n[gateway]'
    )
    path = written(tmp_path, secure.replace('"north"', '"North"'))
    code, out, err = invoke("check-config", "-c", path)
    assert (code, out) == (78, f"{path}: not good: 3 errors, 1 warning\n")
    assert f"{path}:5:15: internal.tls.certificate: there is no such file" in err
    assert f"{path}:6:15: internal.tls.private_key: there is no such file" in err
    assert "cannot be a name" in err


PLAN = """\
[[site]]
name = "vienna"
country = "AT"
users = 100
erlang_per_user = 0.1
[[trunk]]
name = "alpha"
connection = "private"
country = "AT"
"""


def test_a_plan_is_answered_on_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    code, out, err = invoke("plan", path)
    assert (code, err) == (0, "")
    assert out.startswith("1 site, 18 channels, 0.00 EUR a month\n")
    code, out, _ = invoke("plan", "--json", path)
    assert code == 0
    assert json.loads(out)["trunks"][0]["channels"] == 18


def test_a_plan_writes_its_page_and_configurations_that_check_config_takes(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    page, folder = tmp_path / "plan.html", tmp_path / "configs"
    code, _, err = invoke("plan", path, "--html", page, "--configs", folder)
    assert (code, err) == (0, f"written: {page}\nwritten: {folder / 'vienna.toml'}\n")
    assert invoke("check-config", "-c", folder / "vienna.toml")[0::2] == (0, "")


def test_a_page_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN, encoding="utf-8")
    code, out, err = invoke("plan", path, "--html", tmp_path / "none" / "plan.html")
    assert (code, out) == (2, "")
    assert "it cannot be written: No such file or directory" in err


def test_a_bad_plan_ends_with_78_and_every_fault(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(
        PLAN.replace('"AT"\nusers', '"Austria"\nuser').replace('"private"', '"internet"'), encoding="utf-8"
    )
    code, out, err = invoke("plan", path)
    assert (code, out) == (78, "")
    told = [line for line in err.splitlines() if line.startswith(f"{path}:")]
    assert [line.removeprefix(f"{path}:").partition(": ")[0] for line in told[:-1]] == ["3:11", "4:1", "8:14"]
    assert told[-1] == f"{path}: not good: 3 errors; not planned"


def test_a_plan_that_does_not_work_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN + "max_channels = 3\n", encoding="utf-8")
    code, out, _ = invoke("plan", path)
    assert code == 1
    assert "IT DOES NOT WORK" in out


def test_bandwidth_is_told_side_by_side() -> None:
    options = ("--ptime", "20", "--ipv6", "--srtp", "--vlan", "--vpn", "esp")
    code, out, err = invoke("bandwidth", "--calls", "100", *options)
    assert (code, err) == (0, "")
    assert "published formula         7,200.0 kbps" in out
    assert "on the wire              13,040.0 kbps" in out
    assert json.loads(invoke("bandwidth", "--calls", "100", "--json")[1])["wire_kbps"] == 8720.0


def test_bandwidth_of_opus_is_less() -> None:
    code, out, _ = invoke("bandwidth", "--calls", "100", "--codec", "opus")
    assert code == 0
    assert "100 calls of Opus at 20 ms" in out
    assert "4,000.0 kbps   calls x (32 kbps + 20 octets a packet)" in out


def test_srtp_and_its_suite_may_stand_together() -> None:
    wire = [
        json.loads(invoke("bandwidth", "--calls", "1", "--json", *options)[1])["wire_kbps"]
        for options in (("--srtp",), ("--srtp-suite", "gcm"), ("--srtp", "--srtp-suite", "gcm"))
    ]
    assert wire == [91.2, 93.6, 93.6]


def test_packets_are_of_whole_tens_of_milliseconds() -> None:
    code, _, err = invoke("bandwidth", "--calls", "1", "--ptime", "25")
    assert code == 2
    assert "packets are of 10, 20, 30, 40, 50 or 60 ms" in err


NUMBERS = (
    GOOD
    + """\
strip_plus = true
identity = { send = "pai" }
[[trunk.number]]
party = "called"
direction = "to-peer"
match = '^\\+49(\\d+)$'
replace = '0$1'
description = "national"
[[trunk.number]]
party = "called"
direction = "to-peer"
match = '^\\+'
replace = '00'
[[trunk.number]]
party = "called"
direction = "from-peer"
match = '^0([1-9]\\d+)$'
replace = '+49$1'
[[trunk.number]]
party = "calling"
direction = "to-peer"
match = '^0*$'
replace = ''
[[trunk]]
name = "south"
targets = ["sip:127.0.0.31"]
[[route]]
match = '^\\+1'
trunks = ["south"]
[[route]]
match = '^\\+'
trunks = ["north", "south"]
"""
)


def test_number_tells_every_rule_tried_and_both_numbers(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBERS)
    assert invoke("number", "+14155551010", "--trunk", "north", "-c", path) == (
        0,
        (
            "rule 1: '^\\+49(\\d+)$' -> '0$1' (national) does not match\n"
            "rule 2: '^\\+' -> '00' makes 0014155551010 of it\n"
            "+14155551010 -> 0014155551010\n"
        ),
        "",
    )
    assert invoke("number", "+49", "--trunk", "north", "--calling", "-c", path)[1].splitlines()[-2:] == [
        "strip_plus takes the plus sign away",
        "+49 -> 49",
    ]
    inward = invoke("number", "030", "--trunk", "north", "--direction", "in", "-c", path)
    assert inward[1].endswith("030 -> +4930\n")


def test_number_for_a_machine(tmp_path: Path) -> None:
    code, out, _ = invoke("number", "+4930", "--trunk", "north", "--json", "-c", written(tmp_path, NUMBERS))
    told = json.loads(out)
    assert (code, told["trunk"], told["party"], told["direction"]) == (0, "north", "called", "to-peer")
    assert (told["before"], told["after"], told["refused"], told["plus_stripped"]) == (
        "+4930", "030", False, False,
    )  # fmt: skip
    assert told["rules"] == [
        {
            "match": "^\\+49(\\d+)$",
            "replace": "0$1",
            "description": "national",
            "matched": True,
            "after": "030",
        }
    ]


def test_number_of_which_no_number_is_made_ends_with_1(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBERS)
    code, out, _ = invoke("number", "00", "--trunk", "north", "--calling", "-c", path)
    assert code == 1
    assert out.endswith("makes nothing of it\nno number comes out: it stays as it is\n00 -> 00\n")


def test_number_of_an_unknown_trunk_is_usage_and_of_a_bad_configuration_78(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBERS)
    code, _, err = invoke("number", "1", "--trunk", "east", "-c", path)
    assert code == 2
    assert "north, south" in err
    assert invoke("number", "1", "--trunk", "north", "-c", written(tmp_path, "x = 1"))[0] == 78


def test_route_explain_tells_what_would_leave_for_each_trunk(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBERS)
    code, out, err = invoke("route", "explain", "+4930123", "--from", "+4930999", "-c", path)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "a call to +4930123 from +4930999, by front-end"
    routes = lines[lines.index("routes") + 1 :][:2]
    assert routes == [
        "  1. '^\\+1', priority 0, to south: does not match",
        "  2. '^\\+', priority 0, to north, south: matches",
    ]
    first, second = (
        lines.index("attempt 1: north, sip:127.0.0.30"),
        lines.index("attempt 2: south, sip:127.0.0.31"),
    )
    assert lines[first:second][-5:-1] == [
        "    INVITE sip:030123@127.0.0.30:5060;user=phone SIP/2.0",
        "    From: <sip:4930999@127.0.0.11:5060>",
        "    To: <sip:030123@127.0.0.30:5060;user=phone>",
        "    P-Asserted-Identity: <sip:4930999@127.0.0.11:5060;user=phone>",
    ]
    assert "    From: <sip:+4930999@127.0.0.11:5060>" in lines[second:]
    assert "P-Asserted-Identity" not in "".join(lines[second:])


def test_route_explain_tells_who_is_transcoded(tmp_path: Path) -> None:
    wide = NUMBERS.replace("[internal]\n", '[internal]\ncodecs = ["PCMU", "opus"]\n')
    assert wide != NUMBERS
    code, out, _ = invoke("route", "explain", "+4930123", "-c", written(tmp_path, wide))
    assert code == 0
    assert "    audio: PCMU, PCMA here, and PCMU, opus with the caller\n" in out
    assert "    opus transcoded where the two differ, of at most 50 parties at a time" in out
    assert "audio:" not in invoke("route", "explain", "+4930123", "-c", written(tmp_path, NUMBERS))[1]


def test_route_explain_shows_a_target_by_its_name_without_asking_the_dns(tmp_path: Path) -> None:
    named = NUMBERS.replace("sip:127.0.0.30", "sip:itsp.example")
    assert named != NUMBERS
    code, out, _ = invoke("route", "explain", "+4930123", "-c", written(tmp_path, named))
    assert code == 0
    assert "attempt 1: north, sip:itsp.example" in out
    assert "INVITE sip:030123@itsp.example;user=phone SIP/2.0" in out


def test_route_explain_of_a_call_from_a_trunk_applies_its_rules_first(tmp_path: Path) -> None:
    code, out, _ = invoke(
        "route", "explain", "030123", "--trunk", "north", "--json", "-c", written(tmp_path, NUMBERS)
    )
    told = json.loads(out)
    assert (code, told["source"], told["calling"], told["routes"]) == (0, "north", None, [])
    assert told["called"]["after"] == "+4930123"
    (attempt,) = told["attempts"]
    assert (attempt["trunk"], attempt["request_uri"]) == (
        "front-end", "sip:+4930123@127.0.0.20:5060;user=phone",
    )  # fmt: skip
    assert {each["name"]: each["value"] for each in attempt["headers"]}["From"] == (
        '"Anonymous" <sip:anonymous@anonymous.invalid>'
    )


def test_route_explain_of_a_number_without_a_route_ends_with_1(tmp_path: Path) -> None:
    code, out, _ = invoke("route", "explain", "112", "-c", written(tmp_path, NUMBERS))
    assert code == 1
    assert out.endswith("  no route is open to it: 404\n")


def test_route_explain_tells_whether_a_policy_would_be_asked_and_asks_nobody(tmp_path: Path) -> None:
    policy = '[policy]\nurl = "http://127.0.0.1:1/never"\nask = "front-ends"\n'
    path = written(tmp_path, NUMBERS + policy)
    code, out, _ = invoke("route", "explain", "+4930123", "-c", path)
    assert code == 0
    assert "a policy would be asked now" in out
    code, out, _ = invoke("route", "explain", "030123", "--trunk", "north", "-c", path)
    assert "no policy is asked: it is not asked about calls from this side" in out
    told = json.loads(invoke("route", "explain", "+4930123", "--json", "-c", path)[1])
    assert told["policy"] == {"asked": True, "why": "asked"}
    assert "policy" not in invoke("route", "explain", "+4930123", "-c", written(tmp_path, NUMBERS))[1]


def test_check_config_looks_whether_the_policy_can_be_asked(tmp_path: Path) -> None:
    for policy, reason in (
        ('python = "nobody-has-this"', "no package that is installed"),
        ('url = "https://policy.example"\nauthorities = "/nowhere.pem"', "/nowhere.pem cannot be read"),
    ):
        code, _, err = invoke("check-config", "-c", written(tmp_path, f"{GOOD}[policy]\n{policy}\n"))
        assert code == 78
        assert reason in " ".join(err.split())


def test_route_explain_tells_whether_audio_would_go_past_us_and_why_not(tmp_path: Path) -> None:
    bypass = NUMBERS + '[bypass]\nmode = "by-site"\n'
    assert "audio" not in invoke("route", "explain", "+4930123", "-c", written(tmp_path, NUMBERS))[1]
    path = written(tmp_path, bypass)
    assert (
        "audio through us: the trunk does not allow it"
        in invoke("route", "explain", "+4930123", "-c", path)[1]
    )
    allowed = bypass.replace(
        "strip_plus = true", 'strip_plus = true\nsite = "berlin"\nmedia.bypass = "allowed"', 1
    )
    path = written(tmp_path, allowed + '[[site]]\nname = "berlin"\nnumbers = ["+4930"]\n')
    out = invoke("route", "explain", "+4930123", "--from", "+4930999", "-c", path)[1]
    assert "audio past us" in out
    attempts = json.loads(invoke("route", "explain", "+4930123", "--from", "+4989", "--json", "-c", path)[1])[
        "attempts"
    ]
    assert attempts[0]["bypass"] == {"possible": False, "why_not": "the parties are not at one site"}


SCREENED = f"""{GOOD}strip_plus = true
identity = {{ own_numbers = '^\\+4930', number = "+49305550" }}
"""


def test_number_tells_what_screening_makes_of_a_caller(tmp_path: Path) -> None:
    path = written(tmp_path, SCREENED)
    asked = ("number", "+4989111", "--trunk", "north", "--calling", "-c", path)
    assert invoke(*asked)[1].endswith("-> 4989111\nFrom shows +49305550 in its place\n")
    assert json.loads(invoke(*asked, "--json")[1])["caller"] == {"shown": "+49305550", "refused": None}
    path.write_text(f'{SCREENED}screening = {{ foreign_out = "refuse", forbidden = "^[+]4930" }}\n')
    told = "the caller is refused, unless he calls for help: 403, "
    assert invoke(*asked)[1].splitlines()[-1] == f"{told}caller-not-ours"
    back = invoke("number", "+493012", "--trunk", "north", "--calling", "--direction", "in", "-c", path)
    assert back[1].splitlines()[-1] == f"{told}caller-forbidden"


def test_route_explain_tells_who_is_shown_and_who_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, f'{SCREENED}screening = {{ foreign_out = "refuse" }}\n')
    asked = ("route", "explain", "+4930123", "-c", path, "--from")
    code, out, _ = invoke(*asked, "+4989111")
    assert code == 1
    assert "trunk north is not called for this caller: caller-not-ours\n" in out
    assert "the caller is refused: 403, caller-not-ours" in out
    refused = {"status": 403, "reason": "caller-not-ours"}
    assert json.loads(invoke(*asked, "+4989111", "--json")[1])["caller"] == {
        "refused": refused, "withheld": False, "refused_by": [{"trunk": "north", **refused}],
    }  # fmt: skip
    assert invoke(*asked, "+4930999")[0] == 0
    path.write_text(path.read_text() + '[[route]]\ntrunks = ["north"]\ncaller_number = "+49305550"\n')
    code, out, _ = invoke(*asked, "+4989111")
    assert code == 0
    assert "with +49305550 as the caller: matches" in out
    assert "    From: <sip:49305550@" in out


def test_route_explain_tells_which_trunks_are_out_of_use(tmp_path: Path) -> None:
    path = written(tmp_path, f"{GOOD}enabled = false\n")
    for source in ((), ("--trunk", "north")):
        code, out, _ = invoke("route", "explain", "+4930123", *source, "-c", path)
        assert code == 1
        assert out.endswith("\n\ntrunk north is out of use\n")


def test_route_explain_takes_numbers_only_that_a_uri_can_hold(tmp_path: Path) -> None:
    path = written(tmp_path, NUMBERS)
    for arguments in (("a b",), ("",), ("1", "--from", "a@b"), ("1", "--trunk", "east")):
        assert invoke("route", "explain", *arguments, "-c", path)[0] == 2


def test_check_config_says_where_a_sound_is_named_that_cannot_be_played(tmp_path: Path) -> None:
    (tmp_path / "music.wav").write_bytes(b"no sound at all")
    named = GOOD + f'[trunk.mid_call]\nmusic = "{tmp_path}/music.wav"\n[trunk.early_media]\nringback = "DE"\n'
    path = written(
        tmp_path, named.replace("[gateway]", '[internal.mid_call]\nmusic = "absent.wav"\n[gateway]')
    )
    code, out, err = invoke("check-config", "-c", path)
    assert (code, out) == (78, f"{path}: not good: 3 errors\n")
    assert "internal.mid_call.music: there is no such file" in err
    assert "mid_call.music: no sound can be read from it" in err
    assert 'how it rings in "DE" is not known; write "de"' in err


def test_check_config_says_which_announcement_cannot_be_heard(tmp_path: Path) -> None:
    rules = (
        '[[trunk.announcement]]\nsound = "file:absent.wav"\n[[trunk.announcement]]\nsound = "tone:busy:DE"\n'
        '[[trunk.announcement]]\nsound = "tone:busy:de"\nreason = "no-rout"\n[[trunk.announcement]]\nstatus = 486\n'
    )
    path = written(tmp_path, GOOD + rules)
    code, out, err = invoke("check-config", "-c", path)
    assert (code, out) == (78, f"{path}: not good: 4 errors\n")
    assert "announcement.0.sound: there is no such file" in err
    assert 'the tones of "DE" are not known' in err
    assert '"no-rout" is no reason of ours' in err
    assert "announcement.3.sound: is missing" in err


SITED = (
    GOOD.replace("[[trunk]]\n", '[[trunk]]\nsite = "berlin"\n')
    + """
[[trunk.header]]
name = "X-A"
direction = "to-peer"
action = "drop"
[[site]]
name = "berlin"
country = "DE"
numbers = ["+4930"]
bound = true
[site.trunk_defaults.session_timer]
mode = "offer"
[trunk_defaults]
max_calls = 30
"""
)


def test_trunk_show_tells_who_has_said_what(tmp_path: Path) -> None:
    code, out, err = invoke("trunk", "show", "north", "-c", written(tmp_path, SITED))
    assert (code, err) == (0, "")
    told = {line.partition("#")[0].strip(): line.partition("# ")[2] for line in out.splitlines()}
    assert told["max_calls = 30"] == "trunk_defaults"
    assert told['session_timer.mode = "offer"'] == "site berlin"
    assert told['header.0.name = "X-A"'] == told['site = "berlin"'] == "trunk"
    assert not any(origin == "default" for origin in told.values())


def test_trunk_show_tells_what_its_calls_are_known_by(tmp_path: Path) -> None:
    code, out, _ = invoke("trunk", "show", "north", "-c", written(tmp_path, SITED))
    assert code == 0
    assert out.startswith("# its calls are known by the addresses of its targets: sip:127.0.0.30\n")


def test_trunk_show_effective_tells_every_setting_there_is(tmp_path: Path) -> None:
    code, out, _ = invoke("trunk", "show", "north", "--effective", "--json", "-c", written(tmp_path, SITED))
    told = {each["key"]: each for each in json.loads(out)["settings"]}
    assert code == 0
    assert told["ptime_ms"] == {"key": "ptime_ms", "value": "20", "origin": "default"}
    assert told["session_timer.mode"]["origin"] == "site berlin"
    assert told["media.srtp"]["origin"] == "default"


def test_trunk_show_of_a_trunk_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    code, _, err = invoke("trunk", "show", "nort", "-c", written(tmp_path, SITED))
    assert code == 2
    assert 'no trunk is called "nort": there are north' in err


def test_route_explain_tells_where_a_call_belongs(tmp_path: Path) -> None:
    path = written(tmp_path, SITED)
    code, out, _ = invoke("route", "explain", "+1425", "--from", "+4930555", "-c", path)
    assert code == 0
    assert "  the call belongs to berlin, and leaves through trunks in DE alone\n" in out
    code, out, _ = invoke("route", "explain", "+1425", "--from", "+4930555", "--json", "-c", path)
    assert json.loads(out)["sites"] == [
        {"name": "berlin", "country": "DE", "bound": True, "local_first": False}
    ]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("itsp-x", "--number", "110"), "north"),
        (("north",), "--number"),
        (("north", "--number", "not a number"), "--number"),
        (("north", "--number", "1", "--busy", "2@x"), "--busy"),
    ],
)
def test_a_probe_that_cannot_be_meant_is_a_fault_of_usage(
    good: Path, arguments: tuple[str, ...], word: str
) -> None:
    code, out, err = invoke("trunk", "probe", *arguments, "--yes", "-c", good)
    assert (code, out) == (2, "")
    assert word in err


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_probe_without_consent_ends_and_has_sent_nothing(
    good: Path, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mediation.probing.survey.probe", None)  # to be called would be a TypeError
    result = CliRunner().invoke(
        cli.app, ["trunk", "probe", "north", "--number", "1", "-c", str(good)], input=answer
    )
    assert result.exit_code == 1
    assert "[[trunk]]" not in result.stdout
    assert "at most 14 calls, one after the other, to 1 at udp:127.0.0.30:5060" in result.stderr
    assert "Some calls cost money" in result.stderr
