"""The built site in a real browser: every page on a desktop and on a phone, links, modes."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from processes import missing

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as ``zensical build`` makes it, in a folder of the tests' own."""
    if importlib.util.find_spec("zensical") is None:
        missing('pip install "smartllm[dev]"')
    folder = tmp_path_factory.mktemp("site")
    for name in ("docs", "overrides"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "smartllm").symlink_to(ROOT / "smartllm")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    built = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder / "build" / "site"


@pytest.mark.slow
def test_every_link_leads_somewhere(site: Path) -> None:
    from site_checks.links import broken_links, pages_of

    assert list(broken_links(site)) == []
    assert len(pages_of(site)) > 40


@pytest.mark.slow
def test_every_page_in_a_browser(site: Path) -> None:
    if not Path(CHROMIUM).exists():
        missing("apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        missing("pip install playwright")
    from site_checks.browser import Checks

    checks = Checks(site, CHROMIUM)
    assert list(checks.findings()) == []
    assert len(checks.pages) > 40


PAGE = """<!doctype html><style>pre {{ overflow: auto }} {style}</style>
<form data-md-component="palette"><label>mode</label></form>
<article>{article}</article>"""


def written(folder: Path, article: str, style: str = "") -> Path:
    (folder / "index.html").write_text(PAGE.format(article=article, style=style), encoding="utf-8")
    return folder


def test_links_that_lead_nowhere_are_found(tmp_path: Path) -> None:
    from site_checks.links import broken_links

    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "index.html").write_text('<h2 id="used">x</h2>', encoding="utf-8")
    links = ["tools/", "tools/#used", "tools/#gone", "missing/", "https://example.org/", "#", "picture.svg"]
    written(tmp_path, "".join(f'<a href="{link}">x</a>' for link in links))
    assert list(broken_links(tmp_path)) == [
        "/: tools/#gone: there is no such anchor",
        "/: missing/: there is no such page",
        "/: picture.svg: there is no such page",
    ]


FAULTS = {
    "wide page": ("<div style='width: 3000px'>x</div>", "wider than the window"),
    "wide code": (
        f"<pre><code style='display: block; overflow: auto'>{'x' * 400}</code></pre>",
        "code wider",
    ),
    "broken id": ("<table style='width: 50px'><td><code>one-two-three-four</code></table>", "broken into"),
    "outside": ("<img src='http://example.org/x.png'>", "asks http://example.org/x.png"),
    "script": ("<script>throw new Error('no')</script>", "script: no"),
    "backslash": (r"<table><td><code>one \| two</code></table>", "a backslash too many"),
    "small picture": ("<p><img src='wide.svg' style='width: 300px'></p>", "is too small to read"),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_found(fault: str, tmp_path: Path) -> None:
    if importlib.util.find_spec("playwright") is None or not Path(CHROMIUM).exists():
        missing("apt-get install chromium && pip install playwright")
    from site_checks.browser import Checks

    article, said = FAULTS[fault]
    text = '<text font-size="20" y="20">x</text>'
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="1300" height="100">{text}</svg>'
    (tmp_path / "wide.svg").write_text(picture, encoding="utf-8")
    found = list(Checks(written(tmp_path, article), CHROMIUM).findings())
    assert any(said in line for line in found), found
