"""Any answer becomes a table, and nothing of it is left out."""

from datetime import UTC, datetime

from services.cli.tables import cells, rows
from services.documents.examples import example
from services.installation.queries import AppView, SiteAppsView
from services.listing.queries import ListingView
from services.token.queries import TokenList

NOW = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def test_what_is_but_a_list_has_a_row_for_each() -> None:
    told = TokenList.model_validate(example(TokenList))
    head, first = rows(told, lambda time: time.strftime("%H:%M"))
    assert head == (
        "token_id",
        "token",
        "links.private",
        "links.public",
        "note",
        "maker",
        "created_at",
        "status",
        "site_id",
        "cloud_id",
        "applied_at",
    )
    assert first[:2] == ("1", "gl_1_k1***")
    applied = ("applied", "site-a", "2f1e1b8e-95f0-5a3c-8f37-0a9c2f3f6a10", "09:31")
    assert first[3:] == ("", "for site-a", "ann", "09:30", *applied)
    apps = SiteAppsView(apps=(AppView.model_validate(example(AppView)),) * 2)
    assert len(rows(apps)) == 3
    assert rows(SiteAppsView(apps=())) == []


def test_anything_else_has_a_row_for_each_field() -> None:
    told = {row[0]: row[1] for row in rows(ListingView.model_validate(example(ListingView)))}
    assert told["app_key"] == "com.example.roadmap"
    assert told["categories"] == "planning"
    assert (told["versions.1.build"], told["versions.1.beta"]) == ("1", "yes")
    assert told["documentation"] == ""


def test_a_cell_is_named_for_its_place() -> None:
    data = {"a": {"b": [1, 2], "c": None}, "d": [{"e": NOW}, {"e": False}], "f": []}
    assert cells(data) == {
        "a.b": "1,2",
        "a.c": "",
        "d.1.e": "2026-11-25T09:30:00.000000Z",
        "d.2.e": "no",
        "f": "",
    }
