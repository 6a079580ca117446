"""A page that plays steps: its structure, its safety, and its controls in a real browser."""

import re
from html import unescape

import pytest

from minigrad.draw.page import Page

SHOW = 'function show(step, index) { document.getElementById("here").textContent = `${step.what} ${index}`; }'


def page(steps=("one", "two", "three"), title="a page"):
    listed = [{"text": f"step {what}", "what": what} for what in steps]
    return Page(title, '<p id="here"></p>', listed, script=SHOW)


def test_nothing_from_outside():
    html = page().html
    assert "default-src 'none'" in html
    assert not re.search(r"(src|href)=|url\(|@import|https?:", html.replace('srcdoc="', ""))


@pytest.mark.parametrize(
    "text", ["</script><script>alert(1)</script>", "a\nb", "\"quoted\" 'text'", "🦊", "&lt;", "x" * 10_000]
)
def test_any_text_is_text(open_page, text):
    window = open_page(page([text], title=text))
    assert window.find_element("id", "here").get_attribute("textContent") == f"{text} 0"
    assert window.find_element("tag name", "h1").get_attribute("textContent") == text
    assert window.find_element("id", "status").get_attribute("textContent") == f"step {text}"
    assert len(window.find_elements("tag name", "script")) == 2


def test_in_a_notebook_it_is_a_frame_of_its_own():
    frame = page()._repr_html_()
    assert re.fullmatch(
        r'<iframe title="a page" sandbox="allow-scripts" srcdoc="[^"]*" width="100%" height="\d+" style="[^"]*"></iframe>',
        frame,
    )
    assert unescape(re.search(r'srcdoc="([^"]*)"', frame)[1]) == page().html


def test_save_refuses_another_suffix_and_a_missing_folder(tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.html, got 'page.htm'"):
        page().save(tmp_path / "page.htm")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        page().save(tmp_path / "no" / "page.html")
    assert not list(tmp_path.iterdir())


def state(window):
    return window.find_element("id", "here").text, window.find_element("id", "count").text


def test_moving_by_button_slider_and_key(open_page):
    from selenium.webdriver.common.keys import Keys

    window = open_page(page())
    body = window.find_element("tag name", "body")
    assert state(window) == ("one 0", "1 of 3")
    assert window.find_element("id", "back").get_attribute("aria-disabled") == "true"
    window.find_element("id", "next").click()
    assert state(window) == ("two 1", "2 of 3")
    body.send_keys(Keys.ARROW_RIGHT)
    assert state(window) == ("three 2", "3 of 3")
    body.send_keys(Keys.ARROW_RIGHT)  # nothing after the last
    assert state(window) == ("three 2", "3 of 3")
    body.send_keys(Keys.ARROW_LEFT)
    assert state(window) == ("two 1", "2 of 3")
    body.send_keys(Keys.END)
    assert state(window) == ("three 2", "3 of 3")
    window.find_element("id", "slider").send_keys(Keys.ARROW_LEFT)  # one step, though the slider knows the key too
    assert state(window) == ("two 1", "2 of 3")
    body.send_keys(Keys.HOME)
    assert state(window) == ("one 0", "1 of 3")
    window.find_element("id", "last").click()
    assert window.find_element("id", "status").text == "step three"


def test_playing_runs_to_the_end_and_pauses(open_page):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    window = open_page(page())
    play = window.find_element("id", "play")
    window.find_element("id", "speed").send_keys("4")
    window.find_element("tag name", "body").send_keys(Keys.SPACE)
    assert play.get_attribute("aria-label") == "Pause"
    WebDriverWait(window, 20).until(lambda w: state(w) == ("three 2", "3 of 3"))
    assert play.get_attribute("aria-label") == "Play"
    # From the end it starts again; read in the same turn as the click, before the next step can come.
    restarted = "arguments[0].click(); return document.getElementById('slider').getAttribute('aria-valuetext')"
    assert window.execute_script(restarted, play) == "step one"
    play.send_keys(Keys.SPACE)  # the key on the button is a click, and no second toggle
    assert play.get_attribute("aria-label") == "Play"


def test_what_a_screen_reader_is_told(open_page):
    window = open_page(page())
    assert window.find_element("id", "status").get_attribute("aria-live") == "polite"
    assert window.find_element("id", "slider").get_attribute("aria-valuetext") == "step one"
    for button in window.find_elements("tag name", "button"):
        assert button.get_attribute("aria-label")
