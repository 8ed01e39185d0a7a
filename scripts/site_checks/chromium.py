"""How Chromium is started, for checks of the site and for tests."""

from __future__ import annotations

from typing import Final

QUIET: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Without these it looks up its maker's hosts, and does not start for root."""
