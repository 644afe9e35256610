"""`mediation import` and `mediation profile`: what goes where, and with which exit code."""

import json
from pathlib import Path

import pytest

from tests.unit.importing.imports import EVERYTHING, EXPORTS
from tests.unit.test_cli import invoke
from tests.wire.authority import Authority


def exported(folder: Path) -> list[Path]:
    """An export of which everything can be had: one gateway by its address, over TCP."""
    file = folder / "export.txt"
    file.write_text(
        "Identity : Global\nConcentratedTopology : True\nRemovePlusFromUri : True\n\n"
        "Identity : Global\nEncryptionLevel : RequireEncryption\n\n"
        "Identity : PstnGateway:10.0.0.9\nGatewaySipClientTcpPort : 5066\n"
    )
    return [file]


def test_the_configuration_goes_to_standard_output_and_the_table_to_standard_error(tmp_path: Path) -> None:
    code, out, err = invoke("import", "lync", *exported(tmp_path))
    assert code == 0
    assert out.startswith("# Imported from export.txt.\n")
    assert "[[trunk]]" in out
    assert "RemovePlusFromUri" in err
    assert err.endswith("1 trunk, 0 routes; 0 not taken over, 6 to be filled in\n")


def test_with_what_the_export_does_not_say_the_file_is_taken_as_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    papers = authority.signs("ours", "10.1.0.5")
    export = exported(tmp_path)
    export[0].write_text(export[0].read_text() + "GatewaySipClientTlsPort : 5067\n")
    file = tmp_path / "mediation.toml"
    code, out, _ = invoke(
        "import", "lync", *export, "-o", file, "--inside", "10.1.0.5", "--outside", "10.1.0.6",
        "--front-end", "10.1.0.20", "--front-end", "10.1.0.21", "--certificate", papers.certificate,
        "--private-key", papers.private_key, "--authorities", authority.file,
    )  # fmt: skip
    assert code == 0
    assert out.endswith("1 trunk, 0 routes; 0 not taken over, 0 to be filled in\n")
    assert invoke("check-config", "-c", file) == (0, f"{file}: good: 2 listeners, 1 trunk, 1 route\n", "")


def test_with_output_the_table_goes_to_standard_output(tmp_path: Path) -> None:
    file = tmp_path / "mediation.toml"
    code, out, err = invoke("import", "lync", *exported(tmp_path), "-o", file)
    assert (code, err) == (0, f"written: {file}\n")
    assert "RemovePlusFromUri" in out
    assert "[[trunk]]" in file.read_text()
    assert invoke("import", "lync", *exported(tmp_path), "-o", tmp_path / "no" / "x.toml")[0] == 2


def test_what_is_lost_ends_with_1() -> None:
    code, out, err = invoke("import", "lync", *EVERYTHING)
    assert code == 1
    assert "[[trunk]]" in out
    assert "NOT TAKEN OVER (2)" in err


def test_the_same_for_a_machine() -> None:
    code, out, err = invoke("import", "lync", *EVERYTHING, "--json")
    told = json.loads(out)
    assert (code, err, told["schema"], told["whole"], told["trunks"], told["routes"]) == (
        1,
        "",
        1,
        False,
        2,
        2,
    )
    assert {row["parameter"] for row in told["parameters"]} >= {
        "SRTPMode",
        "NumberPattern",
        "Usage",
        "SipServerPort",
    }
    assert {each["weight"] for each in told["findings"]} == {"lost", "fill in", "note"}
    assert told["configuration"].startswith("# Imported from ")


def test_a_file_that_is_no_export_ends_with_78(tmp_path: Path) -> None:
    file = tmp_path / "photo.xml"
    file.write_text("<!DOCTYPE x><Objs/>")
    code, out, err = invoke("import", "lync", file, EXPORTS / "PstnGateway.txt")
    assert (code, out) == (78, "")
    assert err.startswith(f"{file}:1:")
    assert err.endswith("not good: 1 error; not imported\n")


@pytest.mark.parametrize(
    "options", [("--inside", "gw.example"), ("--front-end", "0.0.0.0"), ("--authorities", "/x/")]
)
def test_what_is_no_address_or_file_is_usage(tmp_path: Path, options: tuple[str, str]) -> None:
    assert invoke("import", "lync", *exported(tmp_path), *options)[0] == 2


def test_profiles_are_listed_and_shown() -> None:
    code, out, err = invoke("profile", "list")
    assert (code, err) == (0, "")
    assert [line.split()[0] for line in out.splitlines()] == [
        "direct-routing", "lync", "sipconnect-internet", "sipconnect-registering", "sipconnect-static",
        "skype-for-business",
    ]  # fmt: skip
    code, out, err = invoke("profile", "show", "skype-for-business", "sipconnect-static")
    assert (code, err) == (0, "")
    assert out.index("[internal]\n") < out.index("[gateway]\n") < out.index("[[trunk]]\n")
    code, _, err = invoke("profile", "show", "skype")
    assert code == 2
    assert "there are direct-routing, lync" in err.replace("\n", " ").replace("│", "").replace("  ", " ")
