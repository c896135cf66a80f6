"""One line of text, whatever it was pasted from."""


def one_line(text: str) -> str:
    """The same without what cannot be seen, spaces single, none at the ends.

    Word and chat programs bring no-break and zero-width spaces, soft hyphens and byte-order marks along.
    """
    kept = "".join(c if c.isprintable() else " " if c.isspace() else "" for c in text)
    return " ".join(kept.split())
