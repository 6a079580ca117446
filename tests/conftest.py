"""A real browser for the tests of pages, where there is one; and how long the soak lasts."""

import shutil

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def pytest_addoption(parser):
    parser.addoption("--soak", action="store_true", help="run the soak in full, which takes an hour, not a sample of it")


@pytest.fixture(scope="session")
def rounds(request):
    """How many rounds of the soak to run: all of them with --soak, else a few."""
    return lambda full, few: full if request.config.getoption("--soak") else few


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    """A headless Chromium under a driver; tests that need it are skipped where there is none."""
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not program or not driver:
        pytest.skip("no browser to drive: install chromium and chromedriver (Debian: chromium chromium-driver)")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = program
    for flag in (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--no-first-run", f"--user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):  # fmt: skip
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    window = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield window
    window.quit()


@pytest.fixture
def open_page(browser, tmp_path):
    """Show a page in the browser; afterwards its console must have stayed empty: no error, nothing refused, nothing fetched."""

    def show(page, width=1000, height=800):
        page.save(tmp_path / "page.html")
        browser.set_window_size(width, height)
        browser.get((tmp_path / "page.html").as_uri())
        return browser

    yield show
    messages = [entry["message"] for entry in browser.get_log("browser")]
    assert not messages
