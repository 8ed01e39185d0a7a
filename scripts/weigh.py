"""What an installation holds, and whether that is still little: python scripts/weigh.py MOST MEGABYTES.

Run it with the Python of a virtual environment in which nothing but the project is installed. Bytecode is
left out of the size, as it differs between Pythons.
"""

from __future__ import annotations

import sys
from importlib.metadata import Distribution, distributions
from typing import Final

_BROUGHT: Final = frozenset({"pip", "setuptools"})
"""What a virtual environment has from its start."""


def size_of(distribution: Distribution) -> int:
    """Bytes of its files, without bytecode."""
    files = [distribution.locate_file(file) for file in distribution.files or [] if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in files if path.is_file())


def main(most: int, megabytes: float) -> int:
    """Print what there is; 1 where it is more than that.

    Args:
        most: How many distributions there may be.
        megabytes: How large all of them may be.
    """
    sizes = {one.name: size_of(one) for one in distributions() if one.name.lower() not in _BROUGHT}
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        sys.stdout.write(f"{size / 1e6:8.2f} MB  {name}\n")
    total = sum(sizes.values()) / 1e6
    sys.stdout.write(
        f"{total:8.2f} MB  in {len(sizes)} distributions; {most} and {megabytes} MB are the most\n"
    )
    return int(len(sizes) > most or total > megabytes)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), float(sys.argv[2])))
