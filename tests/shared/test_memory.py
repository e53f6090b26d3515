"""A client reads its own writes, also those of the program before it."""

import pytest

from services.installation.commands import InstallApp, ResetSite, SetToken
from services.listing.commands import PublishApp
from services.token.commands import CreateToken
from services.token.queries import ListTokens
from shared.keys import Keys
from shared.memory import Memory

APP, URL = "com.example.App", "https://app.example.com/a.json"
PUBLISH = PublishApp(
    app_key=APP,
    partner_id="example",
    descriptor_url=URL,
    visibility="private",
    payment_model="free",
)
LISTED = "listing/listing/com.example.app@2"


def published() -> Memory:
    """What is remembered once an app was listed."""
    memory = Memory()
    memory.remember(PUBLISH, LISTED)
    return memory


def test_what_was_seen_is_asked_after() -> None:
    memory = published()
    assert memory.after(CreateToken(app_key=APP)) == (LISTED,)
    assert memory.after(InstallApp(site_id="site", url=URL)) == (LISTED,)
    assert memory.after(CreateToken(app_key="other")) == ()
    assert memory.after(PUBLISH) == ()


@pytest.mark.parametrize("through_text", [False, True])
def test_what_changed_once_more_is_asked_after_by_all_who_saw_it(through_text: bool) -> None:
    memory = published()
    memory.remember(SetToken(site_id="site", app_key=APP, token="t"), "installation/site/site@3")
    if through_text:
        text, memory = memory.text(), Memory()
        memory.read(text)
    memory.remember(ResetSite(site_id="site"), "installation/site/site@9")
    after = memory.after(ListTokens(app_key=APP))
    assert after == ("installation/site/site@9", LISTED)


def test_what_is_told_late_takes_nothing_back() -> None:
    memory = Memory()
    memory.remember(ResetSite(site_id="site"), "installation/site/site@10")
    memory.remember(ResetSite(site_id="site"), "installation/site/site@9")
    assert memory.after(CreateToken(app_key="site")) == ("installation/site/site@10",)


def test_a_memory_is_taken_over_from_its_text() -> None:
    memory = Memory()
    memory.read(published().text())
    assert memory.after(CreateToken(app_key=APP)) == (LISTED,)
    assert memory.after(InstallApp(site_id="site", url=URL)) == (LISTED,)
    assert memory.text() == published().text()


def test_a_text_holds_no_token() -> None:
    token = Keys({"k1": bytes(32)}).token("x", 1)
    memory = Memory()
    url = f"https://elsewhere.example.com/?token={token}"
    memory.remember(InstallApp(site_id="site", url=url), "installation/site/site@3")
    assert "gl_1_k1***" in memory.text()
    assert token not in memory.text()


def test_a_text_has_the_newest_names_only() -> None:
    memory = published()
    for number in range(1000):
        memory.remember(CreateToken(app_key=f"app-{number}"), f"token/tokens/app-{number}@1")
    again = Memory()
    again.read(memory.text())
    assert again.after(CreateToken(app_key=APP)) == ()
    newest = PUBLISH.model_copy(update={"app_key": "app-999"})
    assert again.after(newest) == ("token/tokens/app-999@1",)
    memory.remember(PUBLISH, LISTED)
    again.read(memory.text())
    assert again.after(CreateToken(app_key=APP)) == (LISTED,)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "null", "{}", '{"seen": {"x": ["no position"]}, "leads": {}}', '{"seen": []}'],
)
def test_what_is_no_memory_is_not_taken_over(text: str) -> None:
    memory = published()
    with pytest.raises(ValueError, match=r".*"):
        memory.read(text)
    assert memory.text() == published().text()
