"""The oldest versions that pyproject.toml allows users, for `pip install -c`: python scripts/oldest.py.

Left at their newest are the tools of development, and what the tests only compare with.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Final

_FLOOR: Final = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)")
_TOOLS: Final = "dev"
_COMPARED: Final = frozenset({"openai"})


def floors(pyproject: str) -> dict[str, str]:
    """The oldest version of each package that users install with the project and its extras.

    Args:
        pyproject: The text of the file.

    Raises:
        ValueError: A requirement is no floor alone, or there are two that differ.
    """
    project = tomllib.loads(pyproject)["project"]
    groups = project["optional-dependencies"].items()
    wanted = [*project["dependencies"], *(item for name, group in groups if name != _TOOLS for item in group)]
    found: dict[str, str] = {}
    for requirement in wanted:
        if requirement.startswith(f"{project['name']}["):
            continue
        match = _FLOOR.fullmatch(requirement)
        if match is None:
            raise ValueError(f"no floor alone: {requirement}")
        name, floor = match.groups()
        if found.setdefault(name, floor) != floor:
            raise ValueError(f"two floors of {name}: {found[name]} and {floor}")
    return {name: floor for name, floor in sorted(found.items()) if name not in _COMPARED}


if __name__ == "__main__":
    text = (Path(__file__).resolve().parents[1] / "pyproject.toml").read_text("utf-8")
    sys.stdout.writelines(f"{name}=={floor}\n" for name, floor in floors(text).items())
