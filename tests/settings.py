"""The portal's own settings, read from the test environment."""

from tests import environment

environment.prepare()

from sortie.settings import *  # noqa: E402, F403
