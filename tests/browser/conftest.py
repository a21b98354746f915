"""A real Chromium that opens pages from disk, and minds everything it says or asks for."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from made_up import made_up
from playwright.sync_api import sync_playwright

from lightbench.reports.html import render

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--headless=new",
    "--no-sandbox",  # which root has no right to, and a container no kernel for
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
APT = ["apt-get", "-o", "DPkg::Lock::Timeout=120", "install", "-y", "chromium"]


def found():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def chromium():
    """Its path; Debian's is installed where that is allowed."""
    if path := found():
        return path
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    command = APT if root else ["sudo", "-n", *APT]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        )
        why = (done.stderr.strip() or "it did not say why").splitlines()[-1]
    except (OSError, subprocess.TimeoutExpired) as error:
        why = str(error)
    return found() or pytest.skip(
        f"no Chromium here, and {' '.join(command)} installed none: {why}"
    )


@pytest.fixture(scope="module")
def browser(chromium):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a file. In the end nothing was said on the console, asked of a network, refused by the
    page's policy, or shown as a dialog."""
    heard, contexts = [], []

    def visit(path, **options):
        context = browser.new_context(**{"color_scheme": "light", **options})
        contexts.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        url = path.as_uri()
        page.on("console", lambda message: heard.append(message.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda dialog: (heard.append("dialog"), dialog.dismiss()))
        page.on(
            "request",
            lambda request: (
                request.url.partition("#")[0] == url
                or request.url.startswith(("data:", "blob:", "about:"))  # which reach nobody
                or heard.append(request.url)
            ),
        )
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.log(e.violatedDirective))"
        )
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert heard == []


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(made_up()), encoding="utf-8", newline="")
    return path


@pytest.fixture
def page(visit, path):
    return visit(path)
