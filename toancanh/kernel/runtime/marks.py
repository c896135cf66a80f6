"""Facts about the store as a whole."""

from toancanh.kernel.runtime.models import Mark


def read(name: str) -> str:
    """The mark's value; empty where it was never set."""
    return Mark.objects.filter(name=name).values_list("value", flat=True).first() or ""


def write(name: str, value: str) -> None:
    """Set the mark."""
    Mark.objects.update_or_create(name=name, defaults={"value": value})


def first(name: str, value: str) -> str:
    """The mark's value; ``value`` from now on where it was never set, whoever else asks at the same time."""
    return Mark.objects.get_or_create(name=name, defaults={"value": value})[0].value
