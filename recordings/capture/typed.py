"""What of the typed bytes may be written down: never a password, nothing the terminal said by itself."""

import os
import re

# How programs ask for secrets. Inside ssh the remote terminal's echo cannot be seen, so the words must do.
ASKING = (
    r"passwor[dt]|passwd|passphrase|passcode|\bpin\b|\botp\b|one-time|verification code|secret|token"
    r"|mot de passe|contraseña|senha|hasło|парол|kennwort|wachtwoord|lösenord|heslo|jelszó|şifre"
    r"|密码|密碼|口令|パスワード|暗証番号|비밀번호|암호"
)
PROMPT = rf"(?:{ASKING})[^\r\n]{{0,80}}[:?\uff1a\uff1f]\s*$"
# Escape sequences in a line of output: control sequences, strings, and the short ones.
SEQUENCES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
# What terminals send by themselves: device attributes, cursor position, status, modes, focus, and the answers to
# queries of colours and settings.
REPLIES = re.compile(
    rb"\x1b\[[?>=]?[0-9;]*(?:[cRn]|\$y)|\x1b\[[IO]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
# Enter, line feed, Ctrl-C and Ctrl-D: the end of an answer.
ANSWERED = re.compile(rb"[\r\n\x03\x04]")
REMEMBERED_BYTES = 512


class TypedInput:
    """Follows what was shown, to know a password prompt when something is typed at it."""

    def __init__(self, prompt: str = "") -> None:
        """`prompt` is one more regular expression for the end of a line that asks for a secret. Raises re.error."""
        self._prompt = re.compile(f"(?:{PROMPT})|(?:{prompt})" if prompt else PROMPT, re.IGNORECASE)
        self._shown = b""
        self._answering = False

    @classmethod
    def from_environment(cls) -> "TypedInput":
        """With the prompt of `SORTIE_PROMPT_REGEX`. Raises re.error."""
        return cls(os.environ.get("SORTIE_PROMPT_REGEX", ""))

    def shown(self, data: bytes) -> None:
        """The terminal showed this."""
        self._shown = (self._shown + data[-REMEMBERED_BYTES:])[-REMEMBERED_BYTES:]

    def take(self, data: bytes, *, hidden: bool) -> bytes:
        """What may be written of the bytes typed. `hidden`: they were not echoed."""
        if not self._answering and not hidden:
            self._answering = self._asks()
        if self._answering:
            # What comes after the answer in one piece was typed before anybody knew what it would be for.
            self._answering = ANSWERED.search(data) is None
            return b""
        return b"" if hidden else REPLIES.sub(b"", data)

    def _asks(self) -> bool:
        text = SEQUENCES.sub("", self._shown.decode("utf-8", "replace"))
        line = text.rpartition("\n")[2].rstrip("\r").rpartition("\r")[2]
        return self._prompt.search(line) is not None
