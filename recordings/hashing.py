"""How passwords are hashed: as Django does it, which takes a third of a second of one core."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from recordings import connections


class Hasher(PBKDF2PasswordHasher):
    """Keeps no database connection meanwhile: a few who sign in at once would leave none for anybody else."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        connections.give_back()
        return super().encode(password, salt, iterations)
