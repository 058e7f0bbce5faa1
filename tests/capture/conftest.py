"""What the recorder's tests share. They need no portal, and no second run with a cluster's parts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.capture.sshd import Sshd
from tests.capture.user import SORTIE, Terminal, environment

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run these with one profile only."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("only") is None:
            item.add_marker(pytest.mark.only("single"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home folder of a user with a plain prompt."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / ".bashrc").write_text("PS1='ready$ '\nbind 'set enable-bracketed-paste off'\n")
    (folder / ".inputrc").write_text("set enable-bracketed-paste off\n")
    return folder


OpenTerminal = Callable[..., Terminal]


@pytest.fixture
def sortie(home: Path) -> OpenTerminal:
    """Start `sortie ARGUMENTS...` in a new terminal; keyword arguments in capitals are environment variables."""

    def start(*arguments: str, **more: Any) -> Terminal:
        variables = {name: str(more.pop(name)) for name in list(more) if name.isupper()}
        return Terminal([*SORTIE, *arguments], environment(home, **variables), **more)

    return start


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A server to log in to."""
    with Sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server
