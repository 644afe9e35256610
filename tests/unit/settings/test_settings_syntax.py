"""Text that is not TOML is told in words for a person, at the place that has to be mended."""

import pytest

from mediation.settings.read import SettingsError, read


def broken(text: str) -> tuple[int, int, str]:
    with pytest.raises(SettingsError) as caught:
        read(text, "m")
    (problem,) = caught.value.problems
    return problem.line, problem.column, f"{problem.message}; {problem.remedy}"


@pytest.mark.parametrize(
    ("text", "line", "column", "expected"),
    [
        ("a = 0044\n", 1, 5, '0044 is neither a number nor a text; write it in quotes: "0044"'),
        ("a = [1, 0044]\n", 1, 9, 'write it in quotes: "0044"'),
        ("a = 127.0.0.1 # us\n", 1, 5, 'write it in quotes: "127.0.0.1"'),
        ("a = [\n  127.0.0.1,\n]\n", 2, 3, 'write it in quotes: "127.0.0.1"'),
        ("a = udp:127.0.0.1:5060\n", 1, 5, 'write it in quotes: "udp:127.0.0.1:5060"'),
        ("a = [b]\n", 1, 6, 'write it in quotes: "b"'),
        ("a = True\n", 1, 5, "True is not understood; write true, in small letters"),
        ("a = no\n", 1, 5, "write false, in small letters"),
        ("a =\n", 1, 4, "a value is missing"),
        ("a = # later\n", 1, 5, "a value is missing"),
        ("a = “x”\n", 1, 5, "typographic quotation marks"),
        ("a = 1 b = 2\n", 1, 7, "something follows the value; write one setting a line"),
        ('a = "b\nc = 1\n', 1, 7, "a text is not closed; put the missing quotation mark"),
        ('b = 1\na = "b', 2, 7, "a text is not closed"),
        ("a = '''b\nc\n", 1, 1, "a text over several lines is not closed; put '''"),
        ('match = "^\\d+$"\n', 1, 11, r"must be doubled; write \\, or use single quotes: '^\d+$'"),
        ('a = "\x07"\n', 1, 6, "invisible control character"),
        ("a = [1, 2\nb = 3\n", 1, 5, "the list that begins here is not closed; write ]"),
        ('a = ["x",\nb = ["y"]\n', 1, 5, "the list that begins here is not closed"),
        ('a = [\n "x",\n\n[b]\nc = 1\n', 1, 5, "the list that begins here is not closed"),
        ('a = ["x" "y"]\n', 1, 10, "a comma is missing in the list"),
        ("a = {b = 1 c = 2}\n", 1, 12, "a comma is missing in the inline table"),
        ("[a\nb = 1\n", 1, 3, "the header of a section is not closed; write [name] or [[name]]"),
        ("[[a]\nb = 1\n", 1, 4, "the header of a section is not closed"),
        ("hello\n", 1, 6, 'this is no "setting = value"; a comment begins with #'),
        ("// hello\n", 1, 1, "cannot begin like this; a comment begins with #"),
        ("[a]\nb = 1\nb = 2\n", 3, 1, "this setting is given twice; keep one of them"),
        ("[a]\nb = 1\n[a]\n", 3, 2, "this section stands there twice; put both parts together"),
        (
            '[[trunk]]\nname = "a"\n[trunk]\n',
            3,
            2,
            "[trunk] and [[trunk]] do not go together; write [[trunk]]",
        ),
        (
            '[trunk]\nname = "a"\n[[trunk]]\n',
            3,
            3,
            "[trunk] and [[trunk]] do not go together; write [[trunk]]",
        ),
        ("a.b = 1\na = 2\n", 2, 1, "this was already given, as something else"),
        ("a = " + "9" * 5000 + "\n", 1, 5, "more digits than anything here could need"),
        ("a = " + "[" * 5000 + "\n", 1, 1, "lists or tables stand in each other too deep"),
    ],
)
def test_broken_text_is_told_with_its_place_and_a_remedy(
    text: str, line: int, column: int, expected: str
) -> None:
    found = broken(text)
    assert expected in found[2]
    assert found[:2] == (line, column)


def test_a_setting_given_twice_names_the_first_place() -> None:
    with pytest.raises(SettingsError) as caught:
        read("[sip]\nt1_ms = 500\nt1_ms = 600\n", "m")
    assert str(caught.value) == (
        "m:3:1: sip.t1_ms: this setting is given twice (see sip.t1_ms at 2:1); keep one of them"
    )


def test_the_caret_stands_under_the_word_that_is_wrong() -> None:
    with pytest.raises(SettingsError) as caught:
        read("[internal]\nlisten = [udp:127.0.0.1:5060]\n", "m")
    assert caught.value.problems[0].excerpt() == (
        "    2 | listen = [udp:127.0.0.1:5060]\n      |           ^^^^^^^^^^^^^^^^^^"
    )
