"""The report in a real browser: it filters, links, fits a phone, and complains of nothing.

Screenshots are left in pytest's temporary folder, for a person to look at.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

import invented
from claimslab import report

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-prefers-reduced-motion",  # a smooth scroll under way would take the click
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTHS = {"phone": 390, "tablet": 820, "desktop": 1400}

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="not run: needs chromium and chromedriver"
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    ev = invented.evidence()
    page, _ = report.write(ev, invented.verdicts(ev), folder, calibration=invented.CALIBRATION)
    return page.as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: webdriver.Chrome, url: str) -> webdriver.Chrome:
    browser.get("about:blank")
    resize(browser, WIDTHS["desktop"])
    browser.get(url)
    return browser


def resize(browser: webdriver.Chrome, width: int) -> None:
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def shown(browser: webdriver.Chrome) -> list[str]:
    """Ids of the claims in the table that can be seen."""
    rows = browser.find_elements(By.CSS_SELECTOR, ".verdicts tbody tr:not([hidden]) .id")
    return [row.text for row in rows]


def chip(browser: webdriver.Chrome, word: str) -> None:
    browser.find_element(By.CSS_SELECTOR, f".chip[value='{word}']").click()


def test_verdicts_topic_and_text_filter_table_and_sections(page: webdriver.Chrome) -> None:
    everything = shown(page)
    chip(page, "mixed")
    some = shown(page)
    assert 0 < len(some) < len(everything)
    assert "word=mixed" in page.current_url
    assert (
        f"{len(some)} of {len(everything)} claims"
        in page.find_element(By.CSS_SELECTOR, ".found").text
    )
    chip(page, "reproduced")
    assert len(shown(page)) > len(some)
    chip(page, "reproduced")
    page.find_element(By.CSS_SELECTOR, "input[type=search]").send_keys("realloc small")
    assert shown(page) == ["lab-append-realloc-small"]
    visible = page.find_elements(By.CSS_SELECTOR, "article:not([hidden])")
    assert [a.get_attribute("id") for a in visible] == ["lab-append-realloc-small"]
    page.find_element(By.CSS_SELECTOR, ".reset").click()
    assert shown(page) == everything
    Select(page.find_element(By.CSS_SELECTOR, "select")).select_by_value("slices")
    assert shown(page) == everything and "topic=slices" in page.current_url


def test_a_filter_in_the_address_is_obeyed(page: webdriver.Chrome, url: str) -> None:
    page.get("about:blank")
    page.get(f"{url}#word=refuted,mixed&text=quarter")
    assert set(shown(page)) == {"q311-quarter-above-1024", "lab-append-realloc-huge"} & set(
        shown(page)
    )
    assert "q311-quarter-above-1024" in shown(page)
    pressed = page.find_elements(By.CSS_SELECTOR, ".chip[aria-pressed=true]")
    assert {p.get_attribute("value") for p in pressed} == {"refuted", "mixed"}


def test_a_claims_link_leads_to_it_and_keeps_the_filter(page: webdriver.Chrome) -> None:
    chip(page, "mixed")
    before = shown(page)
    page.find_element(By.CSS_SELECTOR, f".verdicts a[href='#{before[-1]}']").click()
    assert page.current_url.endswith("#" + before[-1])
    assert shown(page) == before
    page.execute_script("history.back()")
    assert "word=mixed" in page.current_url and shown(page) == before


def test_a_link_to_a_claim_that_a_filter_hides_still_shows_it(page: webdriver.Chrome) -> None:
    chip(page, "reproduced")
    hidden = page.find_element(By.CSS_SELECTOR, "article[hidden]").get_attribute("id")
    page.execute_script("location.hash = arguments[0]", hidden)
    assert page.find_element(By.ID, str(hidden)).is_displayed()


def test_the_keyboard_reaches_the_filters(page: webdriver.Chrome) -> None:
    everything = shown(page)
    target = page.find_element(By.CSS_SELECTOR, ".chip[value='mixed']")
    target.send_keys(Keys.ENTER)
    assert len(shown(page)) < len(everything)


def test_every_picture_has_loaded(page: webdriver.Chrome) -> None:
    broken = page.execute_script(
        "return [...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    )
    assert broken == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", WIDTHS)
def test_nothing_overflows_and_nothing_is_complained_of(
    page: webdriver.Chrome, tmp_path: Path, name: str, scheme: str
) -> None:
    page.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    resize(page, WIDTHS[name])
    page.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    wide = page.execute_script("return document.documentElement.scrollWidth")
    assert wide <= WIDTHS[name]
    picture = page.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": False})
    (tmp_path / f"{name}-{scheme}.png").write_bytes(base64.b64decode(picture["data"]))
    assert page.get_log("browser") == []  # type: ignore[no-untyped-call]


def test_print_shows_all_and_hides_the_filters(page: webdriver.Chrome, tmp_path: Path) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", "features": []})
    assert not page.find_element(By.CSS_SELECTOR, ".filters").is_displayed()
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
    pdf = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    data = base64.b64decode(pdf["data"])
    assert data.startswith(b"%PDF")
    (tmp_path / "report.pdf").write_bytes(data)
