"""Text cut into words, questions cut into terms, and the lines that say them; without a database."""

import pytest

from recordings.search.asking import Question, Term, asked
from recordings.search.lines import LONGEST_SHOWN, Lines, matches, packed, unpacked
from recordings.search.words import LONGEST, placed, words

pytestmark = pytest.mark.only("single")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl delete pod/web-7d4b9c -n prod", "kubectl delete pod web 7d4b9c n prod"),
        ("10.0.4.17:8080", "10 0 4 17 8080"),
        ("/var/log/nginx.access_log", "var log nginx access log"),
        ("it's DONE. (really)", "it s done really"),
        ("żółć Ångström ﬁne", "żółć ångström fine"),
        ("\uff37\uff29\uff24\uff25 ｶﾅ", "wide カ ナ"),
        ("東京タワー is 日本", "東 京 タ ワ ー is 日 本"),
        ("서버를 재시작", "서 버 를 재 시 작"),
        ("👩‍🚀 │ ── ✓", ""),
        ("", ""),
        ("\x1b[31m\0a\ud800b", "31m a b"),
    ],
)
def test_what_is_a_word(text: str, expected: str) -> None:
    assert words(text) == expected.split()
    assert [word.text for word in placed(text)] == expected.split()


def test_places_are_those_in_the_text() -> None:
    wide = "\uff37\uff25\uff22"
    text = f"pod {wide}-1: 再起動"
    assert [text[word.start : word.end] for word in placed(text)] == ["pod", wide, "1", "再", "起", "動"]


def test_long_words_are_alike_where_they_begin() -> None:
    assert words("x" * 5000) == words("x" * 6000) == ["x" * LONGEST]
    assert words("é" * 5000) == ["é" * LONGEST]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kubectl delete", (Term(("kubectl",), True), Term(("delete",), True))),
        ('"kubectl delete" pod', (Term(("kubectl", "delete")), Term(("pod",), True))),
        ("10.0.4.1", (Term(("10", "0", "4", "1")),)),
        ("rm -rf /", (Term(("rm",)), Term(("rf",)))),
        ('say "unfinished', (Term(("say",), True), Term(("unfinished",)))),
        ("NOT a AND b OR -c * ^", (Term(("not",), True), Term(("a",)), Term(("and",), True), Term(("b",)),
                                   Term(("or",)), Term(("c",)))),
        ("日本", (Term(("日", "本")),)),
        ('"" - ! |', ()),
        ("same same", (Term(("same",), True),)),
    ],
)  # fmt: skip
def test_what_is_asked(text: str, expected: tuple[Term, ...]) -> None:
    assert asked(text).terms == expected
    assert bool(asked(text)) is bool(expected)


def test_questions_without_end_are_cut() -> None:
    question = asked(" ".join(f"w{i}" for i in range(1000)) + "/".join("x" for _ in range(1000)))
    assert len(question.terms) <= 8
    assert all(len(term.words) <= 24 for term in question.terms)


def found(question: str, *lines: str, follow: tuple[str, ...] = ()) -> list[str]:
    """The lines that say it, with what was looked for in brackets."""
    own = tuple((100 * i, line) for i, line in enumerate(lines))
    shown = []
    for match in matches(Lines(own, tuple((0, line) for line in follow)), asked(question)):
        text = match.text
        for start, end in reversed(match.marks):
            text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
        shown.append(text)
    return shown


def test_lines_are_found_and_marked() -> None:
    shown = ["$ [kubectl] get", "[kubectl2] [KUBECTL]"]
    assert found("kubectl", "$ kubectl get", "no", "kubectl2 KUBECTL") == shown
    assert found('"kubectl"', "kubectl2") == []
    assert found("10.0.4.17", "from 10.0.4.17, not 10.0.4.18") == ["from [10.0.4.17], not 10.0.4.18"]
    assert found("再起動", "サービスを再起動しました") == ["サービスを[再起動]しました"]
    assert found("delete pod", "pod deleted") == ["[pod] [deleted]"]


def test_a_phrase_goes_on_over_lines_and_belongs_where_it_begins() -> None:
    assert found('"one two three"', "zero one", "two", "three four") == ["zero [one]"]
    assert found('"one two"', "zero one", follow=("two",)) == ["zero [one]"]
    assert found("two", "zero one", follow=("two",)) == []


def test_of_a_long_line_the_part_that_says_it_is_shown() -> None:
    [line] = found("needle", "a" * 500 + " needle " + "b" * 500)
    assert "[needle]" in line
    assert line.startswith("…")
    assert line.endswith("…")
    assert len(line) <= LONGEST_SHOWN + 4
    [line] = found("needle", "needle " * 200)
    assert line.startswith("[needle] [needle]")


def test_marks_are_within_what_is_shown() -> None:
    for length in range(150, 260):
        own = ((0, "x" * length + " needle " + "y" * 300),)
        [match] = matches(Lines(own), asked("needle"))
        assert all(0 <= start < end <= len(match.text) for start, end in match.marks)


def test_lines_are_kept_as_they_are() -> None:
    lines = Lines(((0, 'żółć 日本 \\ " 👩‍🚀'), (5, "")), ((7, "next"),))
    assert unpacked(packed(lines)) == lines
    assert unpacked(memoryview(packed(Lines(())))) == Lines(())


def test_how_many_terms_begin_in_a_line() -> None:
    own = ((0, "kubectl get"), (1, "kubectl delete pod"))
    assert [match.terms for match in matches(Lines(own), asked("kubectl delete"))] == [1, 2]
    assert list(matches(Lines(own), Question(()))) == []


def test_lines_that_say_less_than_one_before_can_be_left_out() -> None:
    said = ("kubectl get", "delete it", "kubectl delete pod", "pod", "日本 delete kubectl", "kubectl delete")
    lines = Lines(tuple(enumerate(said)))

    def rising(question: str, start: int) -> list[int]:
        return [match.at_ms for match in matches(lines, asked(question), rising_from=start)]

    assert rising("kubectl delete", 1) == [0, 1, 2, 4, 5]
    assert rising("kubectl delete", 2) == [2, 4, 5]
    assert rising("delete kubectl pod", 1) == [0, 1, 2]
    assert rising("kubectl", 2) == []
