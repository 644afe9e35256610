"""A configuration is read whole, or everything that is wrong with it is told at once."""

import tomllib
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mediation.settings.document import MAX_FILE_OCTETS
from mediation.settings.model import Settings
from mediation.settings.peers import Gateway, Internal, Side
from mediation.settings.places import Listener, Target
from mediation.settings.read import SettingsError, inspect, load, read
from mediation.settings.routes import Route
from mediation.settings.server import Cdr, Log, Media, Sip
from mediation.settings.trunks import Trunk
from mediation.sip.flow import Transport
from mediation_codecs.codec import Codec

ISSUED = r"""
[internal]                                  # toward the front-end servers
listen  = ["udp:127.0.0.10:5060", "tcp:127.0.0.10:5060"]
trusted = ["127.0.0.20", "127.0.1.0/24"]    # addresses or networks that may place calls here
targets = ["sip:127.0.0.20:5060"]           # where calls from the trunks go, in order
codecs  = ["PCMU", "PCMA"]
rtp_ports = [20000, 29999]

[gateway]                                   # toward the ITSPs
listen  = ["udp:127.0.0.11:5060", "tcp:127.0.0.11:5060"]
rtp_ports = [30000, 39999]

[[trunk]]
name    = "itsp-a"
targets = ["sip:127.0.0.30:5060", "sip:127.0.0.31:5060;transport=tcp"]
codecs  = ["PCMA"]
max_calls = 1000

[[route]]
match  = "^\\+?[0-9]+$"                     # on the called number; the first route that matches wins
trunks = ["itsp-a"]

[cdr]
file = "cdr.jsonl"
"""

SHORT = """
[internal]
listen = ["udp:127.0.0.10"]
targets = ["sip:127.0.0.20"]
[gateway]
listen = ["udp:127.0.0.11"]
[[trunk]]
name = "north"
targets = ["sip:127.0.0.30"]
[[trunk]]
name = "south"
targets = ["sip:127.0.0.31"]
"""

UDP, TCP = Transport.UDP, Transport.TCP


def complaints(text: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(text, "m.toml")
    return [str(problem) for problem in caught.value.problems]


def test_the_issued_configuration_is_accepted_word_for_word() -> None:
    assert read(ISSUED, "m.toml") == Settings(
        internal=Internal(
            listen=(Listener(UDP, "127.0.0.10", 5060), Listener(TCP, "127.0.0.10", 5060)),
            trusted=(ip_network("127.0.0.20"), ip_network("127.0.1.0/24")),
            targets=(Target("sip:127.0.0.20:5060", "127.0.0.20", 5060, UDP),),
            codecs=(Codec.PCMU, Codec.PCMA),
            rtp_ports=(20000, 29999),
        ),
        gateway=Gateway(
            listen=(Listener(UDP, "127.0.0.11", 5060), Listener(TCP, "127.0.0.11", 5060)),
            rtp_ports=(30000, 39999),
        ),
        trunks=(
            Trunk(
                name="itsp-a",
                targets=(
                    Target("sip:127.0.0.30:5060", "127.0.0.30", 5060, UDP),
                    Target("sip:127.0.0.31:5060;transport=tcp", "127.0.0.31", 5060, TCP),
                ),
                codecs=(Codec.PCMA,),
                max_calls=1000,
            ),
        ),
        routes=(Route(match=r"^\+?[0-9]+$", trunks=("itsp-a",)),),
        cdr=Cdr(file="cdr.jsonl"),
    )
    assert inspect(ISSUED, "m.toml").warnings == ()


def test_a_short_file_is_enough_and_the_rest_is_default() -> None:
    settings = read(SHORT, "m.toml")
    assert (settings.media, settings.sip, settings.cdr, settings.log) == (Media(), Sip(), Cdr(), Log())
    assert settings.internal.rtp_ports == (20000, 29999)
    assert settings.gateway.rtp_ports == (30000, 39999)
    assert settings.trunk("south").failover_codes == (408, 500, 502, 503, 504)
    assert settings.trunk("south").no_progress_s == 10


def test_without_routes_every_number_may_go_to_every_trunk_in_the_order_of_the_file() -> None:
    assert read(SHORT, "m.toml").routes == (Route(match="", trunks=("north", "south")),)


def test_who_may_call_is_the_targets_unless_the_file_says_otherwise() -> None:
    settings = read(SHORT, "m.toml")
    assert settings.internal.trusted == (ip_network("127.0.0.20"),)
    assert settings.trunk("north").trusted == (ip_network("127.0.0.30"),)
    closed = read(SHORT + "trusted = []\n", "m.toml")
    assert closed.trunk("south").trusted == ()


def test_two_targets_on_one_address_are_one_source() -> None:
    settings = read(SHORT.replace('"sip:127.0.0.30"', '"sip:127.0.0.30", "sip:127.0.0.30:5070"'), "m.toml")
    assert settings.trunk("north").trusted == (ip_network("127.0.0.30"),)


def test_what_both_interfaces_have_can_be_asked_by_side() -> None:
    settings = read(SHORT, "m.toml")
    assert settings.interface(Side.FRONT_END) is settings.internal
    assert settings.interface(Side.GATEWAY) is settings.gateway
    with pytest.raises(KeyError):
        settings.trunk("west")


def test_settings_of_the_same_text_are_equal_and_can_be_compared_by_a_reload() -> None:
    assert read(SHORT, "a.toml") == read(SHORT, "b.toml")
    assert hash(read(SHORT, "a.toml")) == hash(read(SHORT, "b.toml"))
    assert read(SHORT, "a.toml") != read(SHORT.replace("127.0.0.31", "127.0.0.32"), "a.toml")


def test_six_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    text = """\
[internal]
listen = ["udp:0.0.0.0:5060"]
targets = ["sip:pbx.example.com;lr"]
[gateway]
listen = ["udp:127.0.0.11:5060"]
rtp_ports = [30001, 39999]
[[trunk]]
name = "itsp-a"
targets = ["sip:127.0.0.30"]
codecz = ["PCMA"]
max_calls = "1000"
[[route]]
trunks = ["itps-a"]
"""
    assert complaints(text) == [
        (
            "m.toml:2:11: internal.listen.0: 0.0.0.0 means every address of this machine; "
            "name one address: it stands in our Via, Contact and SDP; add further addresses one by one"
        ),
        (
            'm.toml:3:12: internal.targets.0: ";lr" means nothing on a target; write "sip:ADDRESS:PORT" or "sip:NAME", '
            'with ";transport=tcp" or ";transport=tls" behind it where UDP is not meant'
        ),
        "m.toml:6:14: gateway.rtp_ports.0: 30001 is odd, and RTP begins on an even port; write 30002",
        'm.toml:10:1: trunk.itsp-a.codecz: there is no setting "codecz" in [[trunk]]; did you mean "codecs"?',
        (
            'm.toml:11:13: trunk.itsp-a.max_calls: must be a whole number, and this is the text "1000"; '
            "write 1000 without quotes"
        ),
        'm.toml:13:11: route.0.trunks.0: there is no trunk "itps-a"; did you mean "itsp-a"?',
    ]


def test_an_empty_file_misses_three_sections_and_never_runs_on_defaults() -> None:
    assert [complaint.split(";")[0] for complaint in complaints("")] == [
        "m.toml:1:1: internal: [internal] is missing",
        "m.toml:1:1: gateway: [gateway] is missing",
        "m.toml:1:1: trunk: [[trunk]] is missing",
    ]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (('"udp:127.0.0.10"]', '"udp:127.0.0.10"'), "the list that begins here is not closed"),
        (('listen = ["udp:127.0.0.10"]\n', ""), "internal.listen: is missing; add listen = ["),
        (('"sip:127.0.0.20"', ""), "internal.targets: the list is empty; write at least one: targets = ["),
        (('["sip:127.0.0.20"]', '"sip:127.0.0.20"'), 'must be a list, and this is the text "sip:127.0.0.20"'),
        (('["sip:127.0.0.20"]', '"sip:127.0.0.20"'), 'write ["sip:127.0.0.20"]'),
        (
            ('"sip:127.0.0.20"', "5060"),
            "internal.targets.0: must be text, and this is a number; write it in quotes",
        ),
        (
            ('[[trunk]]\nname = "north"\ntargets = ["sip:127.0.0.30"]\n[[trunk]]', "[trunk]"),
            "write [[trunk]]",
        ),
        (("[gateway]", "[[gateway]]"), "write [gateway] with single brackets"),
        (("[gateway]", "[getaway]"), 'there is no section [getaway]; did you mean "gateway"?'),
        (
            ("[gateway]", "rtp_ports = 7\n[gateway]"),
            "internal.rtp_ports: must be a list, and this is a number",
        ),
        (
            ("[gateway]", "rtp_ports = [20000]\n[gateway]"),
            "must have exactly 2 items; for example [20000, 29999]",
        ),
        (("[gateway]", "rtp_ports = [80, 29999]\n[gateway]"), "internal.rtp_ports.0: 80 is below 1024"),
        (
            ("[gateway]", "rtp_ports = [20000, 70001]\n[gateway]"),
            "internal.rtp_ports.1: 70001 is above 65535",
        ),
        (
            ("[gateway]", "ptime_ms = 25\n[gateway]"),
            "25 is not a multiple of 10; give a number from 10 to 60 in",
        ),
        (
            ("[gateway]", 'telephone_event = "yes"\n[gateway]'),
            'must be true or false, and this is the text "yes"',
        ),
        (("[gateway]", "telephone_event = 1\n[gateway]"), "must be true or false, and this is a number"),
        (("[gateway]", 'codecs = ["pcma"]\n[gateway]'), '"pcma" is not known here; write "PCMA"'),
        (("[gateway]", 'codecs = ["G729"]\n[gateway]'), 'choose from "PCMU", "PCMA", "G722", "opus"'),
        (("[gateway]", "codecs = []\n[gateway]"), 'write at least one: codecs = ["PCMU", "PCMA"]'),
        (
            ('name = "south"', "name = 2026-11-22"),
            'this is a date or a time; write it in quotes: "2026-11-22"',
        ),
        (('name = "south"', 'name = "South"'), '"South" cannot be a name'),
        (('name = "south"\n', ""), "trunk.1.name: is missing; add name = "),
        (("[gateway]", "[gateway]\ntrusted = []"), "it belongs in [internal] or [[trunk]]"),
        (("[internal]", "t1_ms = 500\n[internal]"), '"t1_ms" stands in no section; it belongs in [sip]'),
        (("[internal]", "zzz = 1\n[internal]"), "known here: internal, gateway, trunk, route"),
        (("[gateway]", "[internal.tsl]\n[gateway]"), "there is no section [internal.tsl]"),
    ],
)
def test_a_single_mistake_is_told_with_what_helps(change: tuple[str, str], expected: str) -> None:
    text = SHORT.replace(*change, 1)
    assert text != SHORT
    assert any(expected in problem for problem in complaints(text))


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("[sip]\nt1_ms = 1.5", "must be a whole number, and this is a number with a fraction"),
        ("[sip]\nt1_ms = true", "must be a whole number, and this is true or false"),
        ("[sip]\nt1_ms = 49", "sip.t1_ms: 49 is below 50; give a number from 50 to 5000"),
        ('[log]\nlevel = "INFO"', 'log.level: "INFO" is not known here; write "info"'),
        ('[log]\nlevel = "loud"', 'choose from "debug", "info", "warning", "error"'),
        (
            "[log]\nlevel = 3",
            'must be text, and this is a number; choose from "debug", "info", "warning", "error"',
        ),
        ("[cdr]\nfile = {}", 'must be text, and this is a table; for example "cdr.jsonl"'),
        ("failover_codes = 503", "must be a list, and this is a number; write [503]"),
        (
            "failover_codes = '503'",
            'must be a list, and this is the text "503"; for example [408, 500, 502, 503, 504]',
        ),
        ("codecs = 8", 'must be a list, and this is a number; for example ["PCMU", "PCMA"]'),
        ("log = 3", "log: must be a table, and this is a number; write [log] and its settings below"),
        ('[cdr]\nfile = ["a"]', 'must be text, and this is a list; for example "cdr.jsonl"'),
        ("[[route]]\nmatch = +442071838750\ntrunks = ['north']", 'write it in quotes: "+442071838750"'),
        ("[[route]]\nmatch = '+44'\ntrunks = ['north']", r"a plus sign of the number is written \+: '^\+44'"),
        ('[sip]\nuser_agent = "a\\r\\nVia: x"', "sip.user_agent: this cannot stand in a User-Agent header"),
    ],
)
def test_a_wrong_value_is_told_with_its_bounds_or_choices(section: str, expected: str) -> None:
    (problem,) = complaints(f"{section}\n{SHORT}" if section.startswith("log =") else f"{SHORT}{section}\n")
    assert expected in problem


def test_an_empty_list_of_trunks_is_told_with_the_least_trunk_there_can_be() -> None:
    (problem,) = complaints("trunk = []\n" + SHORT.split("[[trunk]]")[0])
    assert problem == (
        'm.toml:1:9: trunk: the list is empty; add one: [[trunk]] with name = "itsp-a" and '
        'targets = ["sip:127.0.0.30:5060", "sip:127.0.0.31:5060;transport=tcp"]'
    )


def test_a_trunk_goes_by_its_name_and_one_without_by_its_index() -> None:
    problems = complaints(SHORT + "max_calls = -1\n[[trunk]]\nmax_calls = -1\n")
    assert [problem.split(": ")[1] for problem in problems] == [
        "trunk.south.max_calls",
        "trunk.2.name",
        "trunk.2.targets",
        "trunk.2.max_calls",
    ]


def test_a_problem_shows_its_line_with_carets_under_what_is_wrong() -> None:
    with pytest.raises(SettingsError) as caught:
        read(SHORT + '\tmax_calls = "10"\n', "m.toml")
    (problem,) = caught.value.problems
    assert problem.excerpt() == '   13 | \tmax_calls = "10"\n      | \t            ^^^^'
    assert (problem.line, problem.column, problem.path) == (13, 14, "trunk.south.max_calls")


def test_a_very_long_line_is_shown_around_its_caret_and_never_with_control_characters() -> None:
    listed = ", ".join(f'"sip:127.0.1.{n}"' for n in range(1, 100))
    with pytest.raises(SettingsError) as caught:
        read(
            SHORT.replace('"sip:127.0.0.20"', listed + ', "sip:\\u001b\x7f"', 1).replace("\x7f", "\u200f"),
            "m.toml",
        )
    shown, carets = caught.value.problems[0].excerpt().split("\n")
    assert len(shown) < 200
    assert shown[carets.index("^") :].startswith('"sip:')
    assert all(character.isprintable() for character in shown)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    assert read("\ufeff" + SHORT.replace("\n", "\r\n"), "m.toml") == read(SHORT, "m.toml")
    assert complaints("\ufeff" + (SHORT + "x = 1\n").replace("\n", "\r\n"))[0].startswith("m.toml:13:1: ")


def test_a_file_is_loaded_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mediation.toml"
    path.write_text(SHORT, encoding="utf-8")
    assert load(path) == load(str(path)) == read(SHORT, "m.toml")


def test_a_file_that_cannot_be_read_is_a_problem_like_any_other(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'[cdr]\nfile = "\xfcber"\n')
    large = tmp_path / "large.toml"
    large.write_bytes(b"#" * (MAX_FILE_OCTETS + 1))
    cases: list[tuple[Path | str, str]] = [
        (
            tmp_path / "none.toml",
            "none.toml: there is no such file; give the path of the configuration with -c FILE",
        ),
        (tmp_path, ": this is a directory; give the path of the file in it"),
        (latin, "latin.toml:2:9: octet 0xfc is not UTF-8; save the file as UTF-8"),
        (large, "large.toml: the file is larger than 1048576 octets"),
        (tmp_path / ("n" * 300), "it cannot be read: file name too long"),
        ("\0", "this cannot be the name of a file"),
    ]
    for path, expected in cases:
        with pytest.raises(SettingsError) as caught:
            load(path)
        (problem,) = caught.value.problems
        assert expected in str(problem)


def test_no_permission_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path / "m.toml")
    assert "no permission to read it; let the user that runs mediation read it" in str(caught.value)


pieces = st.sampled_from(
    ["[internal]\n", "[gateway]\n", "[[trunk]]\n", "[[route]]\n", "[sip]\n", "[media.x]\n", "[trunk]\n"]
    + [
        f"{key} = "
        for key in ("listen", "targets", "trusted", "codecs", "rtp_ports", "name", "match", "trunks")
    ]
    + [
        '["udp:127.0.0.1"]\n',
        '["sip:127.0.0.2", 1]\n',
        '"a"\n',
        "1\n",
        "[1, [2]]\n",
        "{a = 1}\n",
        "true\n",
        "1e9\n",
    ]
    + [
        "[20000, 29999]\n",
        '["a"]\n',
        '"+"\n',
        "nan\n",
        "[]\n",
        "x",
        '"',
        "'",
        "\\",
        "\n",
        "#",
        "1979-05-27\n",
    ]
)


@given(st.lists(pieces, max_size=14).map("".join) | st.text(max_size=40))
@example('a = "x\\')
def test_any_text_is_settings_or_problems_that_stand_in_it(text: str) -> None:
    try:
        read(text, "m.toml")
    except SettingsError as error:
        lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
        assert error.problems  # noqa: PT017  # either outcome is right
        for problem in error.problems:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1
            assert problem.message
            assert problem.source == lines[problem.line - 1]
            problem.excerpt()


@given(st.data())
def test_any_value_in_any_place_is_taken_or_told(data: st.DataObject) -> None:
    document = tomllib.loads(ISSUED)
    section = data.draw(st.sampled_from(sorted(document)))
    table = document[section][0] if isinstance(document[section], list) else document[section]
    key = data.draw(st.sampled_from(sorted(table)))
    spelled = data.draw(
        st.sampled_from(["true", "-1", "1.5", '""', "[]", "[[]]", "{}", "[1]", '["x"]', "nan", "07:32:00"])
    )
    lines = [
        f"{key} = {spelled}" if line.split("=")[0].strip() == key else line for line in ISSUED.split("\n")
    ]
    try:
        read("\n".join(lines), "m.toml")
    except SettingsError as error:
        assert all(problem.path for problem in error.problems)  # noqa: PT017  # either outcome is right
