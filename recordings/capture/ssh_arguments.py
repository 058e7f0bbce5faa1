"""Which host an ssh command line leads to."""

# The options of ssh(1) that take a value, OpenSSH 9.
WITH_VALUE = frozenset("BbcDEeFIiJLlmOoPpQRSWw")


class Destination:
    """`host` and `user` as ssh's arguments have them (`user` may be ""); `place` is the index of the host."""

    __slots__ = ("host", "place", "user")

    def __init__(self, place: int, host: str, user: str) -> None:
        self.place = place
        self.host = host
        self.user = user


def destination(arguments: list[str]) -> Destination | None:
    """Where `ssh *arguments` goes; None if no host is named."""
    place = 0
    login = ""
    while place < len(arguments):
        argument = arguments[place]
        if argument == "--":
            place += 1
            break
        if not argument.startswith("-") or argument == "-":
            break
        letters = argument[1:]
        valued = next((index for index, letter in enumerate(letters) if letter in WITH_VALUE), None)
        place += 1
        if valued is None:
            continue
        value = letters[valued + 1 :] or (arguments[place] if place < len(arguments) else "")
        place += not letters[valued + 1 :]
        login = value if letters[valued] == "l" else login
    if place >= len(arguments):
        return None
    host, user = host_and_user(arguments[place])
    return Destination(place, host, user or login)


def host_and_user(text: str) -> tuple[str, str]:
    """From `host`, `user@host` or `ssh://user@host:port/`."""
    if text.startswith("ssh://"):
        text = text.removeprefix("ssh://").rstrip("/")
        user, _, rest = text.rpartition("@")
        bracketed = rest.startswith("[")
        return (rest[1:].partition("]")[0] if bracketed else rest.partition(":")[0]), user
    user, _, host = text.rpartition("@")
    return host, user
