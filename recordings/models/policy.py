"""Switches an admin can turn while the portal runs."""

from typing import Self

from django.db import models


class Policy(models.Model):
    """A single row; read it with `Policy.current()`."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    auto_record = models.BooleanField(
        "Auto-record sessions",
        default=False,
        help_text="When enabled, recording starts automatically for all new sessions.",
    )

    keep_input = models.BooleanField(
        "Keep what is typed in terminals",
        default=False,
        help_text="When enabled, terminal recordings keep what their recorders say was typed. When not, it is left "
        "out of every new recording for good. What the screen showed is always kept.",
    )

    class Meta:
        verbose_name_plural = "policy"
        constraints = [models.CheckConstraint(name="policy_is_one_row", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return "Recording policy"

    @classmethod
    def current(cls) -> Self:
        return cls.objects.filter(pk=1).first() or cls()
