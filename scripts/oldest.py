"""Print the oldest versions that pyproject.toml allows, as constraints for pip: ``python scripts/oldest.py``."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

_FLOOR: Final = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")


def floors(pyproject: str) -> dict[str, str]:
    """The oldest version of each package that a project, or an extra of it, asks for.

    Args:
        pyproject: The text of the file.

    Raises:
        ValueError: A requirement has no floor, or two that differ.
    """
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"].values()
    found: dict[str, str] = {}
    for requirement in (*project["dependencies"], *(item for extra in extras for item in extra)):
        if requirement.startswith(f"{project['name']}["):
            continue
        match = _FLOOR.fullmatch(requirement)
        if match is None:
            raise ValueError(f"no floor alone: {requirement}")
        name, floor = match.groups()
        if found.setdefault(name, floor) != floor:
            raise ValueError(f"two floors of {name}: {found[name]} and {floor}")
    return found


if __name__ == "__main__":
    path = Path(__file__).resolve().parents[1] / "pyproject.toml"
    sys.stdout.writelines(f"{name}=={floor}\n" for name, floor in sorted(floors(path.read_text("utf-8")).items()))
