"""A token opens its own app and nothing else, and can be found and masked wherever it stands."""

import random
import re
import stat
import string
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.keys import PUBLISHED_PATTERN, Keys, mask

APP = "com.example.roadmap"
KEYS = Keys({"k1": bytes(32)})
OTHER = Keys({"k1": b"\1" * 32})
TOKEN = KEYS.token(APP, 7)
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
NUMBERS = st.integers(1, 10**9 - 1)


def sealed(body: str) -> str:
    """A text with the checksum that anybody can give it: CRC-32 in base 62."""
    crc = zlib.crc32(body.encode())
    return body + "".join(ALPHABET[crc // 62**place % 62] for place in reversed(range(6)))


def changed(text: str) -> list[str]:
    """All texts that differ from `text` in one character."""
    return [
        text[:place] + character + text[place + 1 :]
        for place in range(len(text))
        for character in f"{ALPHABET}_ \n\u0661"
        if character != text[place]
    ]


@settings(deadline=None)
@given(NUMBERS)
def test_a_token_gives_back_its_number(number: int) -> None:
    assert KEYS.number(APP, KEYS.token(APP, number)) == number


def test_the_same_token_is_made_each_time(tmp_path: Path) -> None:
    Keys.make(tmp_path / "keys.json")
    tokens = {Keys.read(tmp_path / "keys.json").token(APP, 7) for _ in range(3)}
    assert len(tokens) == 1


@pytest.mark.parametrize(
    ("number", "token"),
    [
        (7, "gl_7_k19dyFxFGG7P23f04KiTnqDR3Losm0iu8SG"),
        (37, "gl_37_k1Azcd5zrWhXJ3gLlp0HWFEbEoG1n0j3Miz"),
    ],
)
def test_tokens_that_were_given_out_stay_what_they_are(number: int, token: str) -> None:
    assert KEYS.token(APP, number) == token


def test_tokens_of_different_apps_numbers_and_keys_have_different_macs() -> None:
    tokens = [
        keys.token(app, number)
        for keys in (KEYS, OTHER)
        for app in (APP, f"{APP}1", "com.example")
        for number in (1, 7, 11)
    ]
    assert len({token[-33:-6] for token in tokens}) == len(tokens)


def test_an_app_key_in_another_case_has_the_same_token() -> None:
    assert KEYS.token(APP.upper(), 7) == TOKEN
    assert KEYS.number(APP.title(), TOKEN) == 7


def test_a_token_of_another_app_is_no_token() -> None:
    assert KEYS.number("com.example", TOKEN) is None


def test_a_token_of_another_key_file_is_no_token() -> None:
    assert KEYS.number(APP, OTHER.token(APP, 7)) is None


def test_no_character_of_a_token_can_be_changed() -> None:
    assert [text for text in changed(TOKEN) if KEYS.number(APP, text) is not None] == []


def test_a_right_checksum_alone_makes_no_token() -> None:
    assert sealed(TOKEN[:-6]) == TOKEN
    forged = map(sealed, changed(TOKEN[:-6]))
    assert [text for text in forged if KEYS.number(APP, text) is not None] == []


@pytest.mark.parametrize(
    "text",
    [
        *("", "gl", "gl_", "gl_7_k1", "gl_7_k1***", TOKEN[:-1], TOKEN[1:], TOKEN + "0", TOKEN * 2),
        *(f" {TOKEN}", f"{TOKEN} ", f"{TOKEN}\n", f"\t{TOKEN}", f"{TOKEN}\0"),
        *(TOKEN.upper(), TOKEN.lower(), TOKEN.replace("7", "\u0667"), f"access-token={TOKEN}"),
    ],
)
def test_another_text_is_no_token(text: str) -> None:
    assert KEYS.number(APP, text) is None


@pytest.mark.parametrize("number", ["07", "007", "000000007"])
def test_a_number_with_leading_zeros_is_no_number_of_a_token(number: str) -> None:
    padded = sealed(TOKEN[:-6].replace("gl_7_", f"gl_{number}_"))
    assert re.fullmatch(PUBLISHED_PATTERN, padded)
    assert KEYS.number(APP, padded) is None


def test_10_000_guesses_with_a_right_checksum_give_one_answer() -> None:
    guesses = (OTHER.token(APP, number) for number in range(1, 10_001))
    assert {KEYS.number(APP, guess) for guess in guesses} == {None}


def test_the_published_pattern_finds_each_of_100_000_tokens() -> None:
    tokens = [KEYS.token(APP, number) for number in range(1, 100_001)]
    text = "".join(f'commit {token[-6:]}: link="?access-token={token}",\n' for token in tokens)
    assert re.findall(PUBLISHED_PATTERN, text) == tokens


@pytest.mark.extra
def test_a_million_random_texts_of_the_same_form_are_no_tokens() -> None:
    letters = (ALPHABET * 5)[:256].encode()
    text = random.Random(7).randbytes(33 * 10**6).translate(letters).decode()
    found = [
        body
        for start in range(0, len(text), 33)
        if KEYS.number(APP, f"gl_7_k1{(body := text[start : start + 33])}") is not None
    ]
    assert found == []


@settings(deadline=None)
@given(st.lists(st.text() | NUMBERS))
def test_a_masked_text_holds_no_token_and_can_be_restored(parts: list[str | int]) -> None:
    tokens = [KEYS.token(APP, part) for part in parts if isinstance(part, int)]
    text = "".join(KEYS.token(APP, part) if isinstance(part, int) else part for part in parts)
    masked = mask(text)
    assert not [token for token in tokens if token[-33:] in masked]
    assert KEYS.unmask(APP, masked) == text


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "gl_1_ab" + "x" * 31 + "{}",
        '{{"token":"{}"}}',
        "?access-token={}&x=1",
        "{0}{0}",
        "x{}x",
        "gl_{}",
        "gl_1_{}_",
    ],
)
def test_a_token_is_masked_wherever_it_stands(text: str) -> None:
    masked = mask(text.format(TOKEN))
    assert masked == text.format("gl_7_k1***")
    assert KEYS.unmask(APP, masked) == text.format(TOKEN)


def test_tokens_of_other_apps_and_keys_are_masked_too() -> None:
    assert mask(f"{OTHER.token('another.app', 123)}") == "gl_123_k1***"


def test_text_without_a_token_stays_as_it_is() -> None:
    text = f"gl_7 gl_7_k1 {TOKEN[7:]} GL{TOKEN[2:]}"
    assert mask(text) == text


def test_after_a_new_key_the_old_one_still_verifies_and_the_new_one_signs() -> None:
    both = Keys({"k1": bytes(32), "k2": b"\2" * 32})
    assert both.number(APP, TOKEN) == 7
    assert both.token(APP, 7).startswith("gl_7_k2")
    assert both.number(APP, both.token(APP, 7)) == 7
    assert both.unmask(APP, "gl_7_k1***") == TOKEN
    assert KEYS.number(APP, both.token(APP, 7)) is None


def test_a_key_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    Keys.make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    Keys.make(tmp_path / "keys.json")
    with pytest.raises(FileExistsError):
        Keys.make(tmp_path / "keys.json")


@pytest.mark.parametrize(
    "text",
    [
        *("", "{}", "[]", "null", '{"k1": ""}', '{"k1": "00"}', '{"k1": null}'),
        *(f'{{"{key_id}": "{"0" * 64}"}}' for key_id in ("", "k", "key", "K1", "k_", "k1\\n")),
        *('{"k1": "%s"}' % key for key in ("0" * 63, "0" * 66, "g" * 64)),  # noqa: UP031
    ],
)
def test_another_file_is_no_key_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no key file"):
        Keys.read(path)


def test_a_mask_with_an_unknown_key_stays() -> None:
    assert KEYS.unmask(APP, "gl_7_zz***") == "gl_7_zz***"


def test_two_key_files_hold_different_keys(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Keys.make(tmp_path / name)
    assert Keys.read(tmp_path / "a").token(APP, 7) != Keys.read(tmp_path / "b").token(APP, 7)
