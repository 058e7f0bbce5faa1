"""Which typed bytes may be written down."""

import pytest

from recordings.capture.typed import TypedInput

PROMPTS = [
    "Password:",
    "Password: ",
    "[sudo] password for alice: ",
    "alice@web1's password: ",
    "(alice@web1) Password for alice@web1:",
    "Enter passphrase for key '/home/alice/.ssh/id_ed25519': ",
    "Enter PIN for 'YubiKey': ",
    "Verification code: ",
    "One-time password (OATH) for `alice': ",
    "New password: ",
    "Username for 'https://x': alice\r\nPassword for 'https://alice@x': ",
    "\x1b[1;31mPassword:\x1b[0m ",
    "\r\x1b[KPassword: ",
    "Enter password? ",
    "Vault password: \x1b[K",
    "Hasło: ",
    "Passwort: ",
    "Mot de passe : ",
    "密码\uff1a",
    "パスワード: ",
    "\x1b]0;title\x07Password: ",
]
OTHERS = [
    "alice@web1:~$ ",
    "Shipping address: ",
    "spinning: ",
    "Password: accepted\r\n$ ",
    "the password is wrong\r\n> ",
    "Overwrite? ",
    "passwords.txt\r\n$ ",
]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_nothing_is_kept_between_a_prompt_and_its_answer(prompt: str) -> None:
    typed = TypedInput()
    typed.shown(b"something before\r\n" + prompt.encode())
    assert typed.take(b"s", hidden=False) == b""
    # As programs do that show stars.
    typed.shown(b"*")
    assert typed.take(b"ecret", hidden=False) == b""
    typed.shown(b"*****")
    assert typed.take(b"\r", hidden=False) == b""
    typed.shown(b"\r\nwelcome$ ")
    assert typed.take(b"ls\r", hidden=False) == b"ls\r"


@pytest.mark.parametrize("prompt", OTHERS)
def test_other_lines_are_answered_in_the_open(prompt: str) -> None:
    typed = TypedInput()
    typed.shown(prompt.encode())
    assert typed.take(b"word\r", hidden=False) == b"word\r"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\x03", b"\x04"])
def test_an_answer_ends_with_the_line_or_by_giving_up(end: bytes) -> None:
    typed = TypedInput()
    typed.shown(b"Password: ")
    assert typed.take(b"abc", hidden=False) == b""
    assert typed.take(end, hidden=False) == b""
    typed.shown(b"\r\n$ ")
    assert typed.take(b"x", hidden=False) == b"x"


def test_nothing_is_kept_while_echo_is_off() -> None:
    typed = TypedInput()
    assert typed.take(b"secret\r", hidden=True) == b""
    assert typed.take(b"plain", hidden=False) == b"plain"


def test_a_whole_paste_that_begins_at_a_prompt_is_left_out() -> None:
    typed = TypedInput()
    typed.shown(b"Password: ")
    assert typed.take(b"secret\rother secret\r", hidden=False) == b""


def test_a_pattern_of_ones_own_is_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SORTIE_PROMPT_REGEX", r"magic word> $")
    for prompt in (b"The magic word> ", b"Password: "):
        typed = TypedInput.from_environment()
        typed.shown(prompt)
        assert typed.take(b"x", hidden=False) == b""


@pytest.mark.parametrize(
    "reply",
    [b"\x1b[?1;2c", b"\x1b[>0;276;0c", b"\x1b[24;80R", b"\x1b[0n", b"\x1b]10;rgb:ffff/ffff/ffff\x07",
     b"\x1b]11;rgb:0/0/0\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1b[?2026;2$y", b"\x1b[I", b"\x1b[O"],
)  # fmt: skip
def test_what_the_terminal_answers_by_itself_was_not_typed(reply: bytes) -> None:
    assert TypedInput().take(b"a" + reply + b"b", hidden=False) == b"ab"


@pytest.mark.parametrize("key", [b"\x1b[A", b"\x1bOP", b"\x1b[15~", b"\x1b[1;5C", b"\x1bb", b"\x7f", "é".encode()])
def test_keys_were(key: bytes) -> None:
    assert TypedInput().take(key, hidden=False) == key
