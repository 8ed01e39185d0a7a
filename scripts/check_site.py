"""Check the built site: links, and every page in a real browser, on a desktop and on a phone."""

from __future__ import annotations

import argparse
import shutil
import sys
from itertools import chain
from pathlib import Path

from site_checks.browser import Checks
from site_checks.links import broken_links

SITE = Path(__file__).parent.parent / "build" / "site"


def main() -> int:
    """Print the findings; their number is the exit status, at most 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=SITE, help="folder of the built site")
    parser.add_argument("--chromium", default=shutil.which("chromium"), help="the browser's program")
    parser.add_argument("--pictures", type=Path, help="folder for a picture of each page")
    given = parser.parse_args()
    if given.pictures is not None:
        given.pictures.mkdir(parents=True, exist_ok=True)
    checks = Checks(given.site, given.chromium, given.pictures)
    found = 0
    for line in chain(broken_links(given.site), checks.findings()):
        sys.stdout.write(f"{line}\n")
        found += 1
    sys.stdout.write(f"{len(checks.pages)} pages, {found} findings\n")
    return min(found, 1)


if __name__ == "__main__":
    raise SystemExit(main())
