"""A key shows itself to nobody but `reveal`."""

from __future__ import annotations

import base64
import copy
import html
import json
import pickle
import time
from urllib.parse import quote

import pytest
from thorough import rounds

from g4f_nb.secret import (
    MASK,
    Secret,
    Veiled,
    mask_given,
    redact,
    secrets_in,
    secrets_of_address,
    secrets_of_headers,
    shown_address,
    together,
)

KEY = "planted-0123456789"


def test_no_way_of_printing_shows_it():
    """`repr`, `str`, f-strings with or without a width, and lists of it show the mask."""
    secret = Secret(KEY)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:>20}", repr([secret])]
    assert KEY not in " ".join(shown)
    assert all(MASK in text for text in shown)
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol):
    """A key does not get into a file or another process, and the error says what to do instead."""
    with pytest.raises(TypeError, match="find its own key") as caught:
        pickle.dumps(Secret(KEY), protocol)
    assert KEY not in str(caught.value)


def test_it_compares_and_hashes_like_its_value():
    """Two of the same key are equal; a plain text is not."""
    assert Secret(KEY) == Secret(KEY) != Secret("other")
    assert len({Secret(KEY), Secret(KEY)}) == 1
    assert Secret(KEY) != KEY


def test_a_fingerprint_tells_keys_apart_without_showing_them():
    """Twelve hex digits, the same each time."""
    prints = {Secret(KEY).fingerprint(), Secret(KEY).fingerprint(), Secret("other").fingerprint()}
    assert len(prints) == 2
    assert all(len(some) == 12 and int(some, 16) >= 0 for some in prints)


def test_what_is_pasted_is_trimmed_and_nothing_is_no_key():
    """A line end of a paste would make an illegal header."""
    assert Secret.of(f" {KEY}\n").reveal() == KEY
    assert Secret.of(None) is Secret.of("") is Secret.of(" \n") is None
    secret = Secret(KEY)
    assert Secret.of(secret) is secret


def test_a_key_of_another_type_is_refused_without_showing_it():
    """A number or bytes are a mistake that the user should hear of."""
    with pytest.raises(TypeError, match="not a value of type bytes"):
        Secret.of(KEY.encode())


@pytest.mark.parametrize(
    "word",
    [
        "sk-abcdefgh12345678",
        "sk-proj-abc_DEF-123456",
        "gsk_0123456789abcdef",
        "AIzaSyA0123456789abcdefghijk",
        "hf_abcdefghijklmnop",
        "github_pat_11ABCDEFG0123",
        "SK-ABCDEFGH12345678",
        "sk-abcd*******5678",
    ],
)
def test_whatever_looks_like_a_key_is_masked(word):
    """Servers repeat keys, also other ones than we sent."""
    assert redact(f"Incorrect API key provided: {word}.").startswith(f"Incorrect API key provided: {MASK}")
    assert word[-6:-1] not in redact(f"key={word} x")
    assert word not in redact(f"Authorization: Bearer {word}")


def test_given_keys_are_masked_whatever_they_look_like():
    """Every occurrence of every one of them, and nothing else."""
    text = redact(f"<{KEY}> <{KEY}> <x9> a task-force asks", Secret(KEY), None, Secret("x9"))
    assert text == f"<{MASK}> <{MASK}> <{MASK}> a task-force asks"


def test_copies_of_what_holds_a_key_hold_the_same():
    """A key never changes, so that whatever holds one can be copied, though it cannot be pickled."""
    holder = {"api_key": Secret(KEY)}
    assert copy.deepcopy(holder) == copy.copy(holder) == holder
    assert copy.deepcopy(Secret(KEY)).reveal() == KEY


def test_what_is_made_of_veiled_values_is_veiled():
    """Copies, unions: `dict` itself would make plain dicts."""
    veiled = Veiled(api_key=KEY, headers=Veiled(x=KEY))
    made = [veiled.copy(), copy.copy(veiled), copy.deepcopy(veiled), veiled | {"n": 1}]
    assert all(type(each) is Veiled and each["api_key"] == KEY for each in made)
    assert KEY not in repr(made) + repr(made[2]["headers"])
    assert made[3]["n"] == 1


def test_veiled_values_are_not_pickled():
    """What may hold a key gets into no file; the error says so."""
    with pytest.raises(TypeError, match="may hold a key and is not pickled"):
        pickle.dumps(Veiled(headers={"Authorization": KEY}))


def test_several_keys_of_one_request_are_masked_together():
    """Each of them, in every spelling; one alone is itself, none is none."""
    one, two = Secret("a&b/c-123"), Secret("second-456")
    both = together([one, None, two, one])
    assert redact("a&b/c-123 a%26b%2Fc%2d123 second-456 third-789", both) == f"{MASK} {MASK} {MASK} third-789"
    assert together([None]) is None
    assert together([one, one]) is one
    assert KEY not in repr(together([Secret(KEY), one]))
    assert together([one, two]) == both != together([two, one])
    assert len({both, together([one, two])}) == 1


def test_keys_are_known_by_the_names_they_go_by():
    """In headers, in a body, in a query, in a proxy's address; what only looks alike is left alone."""
    given = {
        "Authorization": "Bearer planted1", "X-Api-Key": "planted2", "max_tokens": 5, "seed": "7",
        "nested": [{"client_secret": "planted3"}], "model": "keyboard",
    }  # fmt: skip
    found = {secret.reveal() for secret in secrets_in(given)}
    assert found == {"Bearer planted1", "planted1", "planted2", "planted3"}
    found = {
        secret.reveal() for secret in secrets_of_address("http://u:p%40ss@h/v1?key=planted&api-version=7")
    }
    assert found == {"planted", "u:p%40ss", "p%40ss", "p@ss", "dTpwQHNz"}


def test_every_value_of_own_headers_may_be_a_key():
    """Only the user knows which is one; what is short is left alone, unless its name says that it is one."""
    given = {"X-Auth": "planted-1", "X-Plan": "free", "X-Token": "tok", "X-Way": "Bearer planted-2"}
    found = {secret.reveal() for secret in secrets_of_headers(given)}
    assert found == {"planted-1", "tok", "Bearer planted-2", "planted-2"}


def test_a_key_in_a_query_is_masked_however_the_server_reads_it():
    """As it was sent, with its `+` read as a blank, decoded; whatever its name. A version is no key."""
    url = "http://h/v1?code=Zq8-PLANTED/a+ed=77&team=pla%2Fnted-9&api-version=2024-10-21&n=1"
    masked = together(secrets_of_address(url))
    for said in ("Zq8-PLANTED/a+ed=77", "Zq8-PLANTED/a ed=77", "pla%2Fnted-9", "pla/nted-9"):
        assert redact(f"<{said}>", masked) == f"<{MASK}>"
    assert redact("2024-10-21 1", masked) == "2024-10-21 1"


def test_veiled_values_show_their_names_only():
    """What a traceback prints of keyword arguments is no key."""
    veiled = Veiled(api_key=KEY, n=1)
    assert repr(veiled) == f"Veiled({{'api_key': '{MASK}', 'n': '{MASK}'}})"
    assert veiled == {"api_key": KEY, "n": 1}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://h:1/v1", "http://h:1/v1"),
        ("http://h/v1?k=x#y", "http://h/v1"),
        ("http://u:p@h:1/v1?k=x", "http://***@h:1/v1"),
        ("http://u:p@q@h/v1", "http://***@h/v1"),
        ("http://u:p/q@h/v1", "http://***@h/v1"),
        ("http://u:p?q@h/v1", "http://***@h/v1"),
        ("u:p@h/v1", "***@h/v1"),
        ("http:/u:p@h/v1", "***@h/v1"),
        ("http://h:1/v1/@cf/x", "http://h:1/v1/@cf/x"),
        ("http://[::1]/v1/@cf", "http://[::1]/v1/@cf"),
        ("http://[::1]:80/v1/@cf", "http://[::1]:80/v1/@cf"),
        ("http://h:port", "http://h:port"),
        ("nonsense", "nonsense"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url, shown):
    """User, password and query are left out, also of what is hardly an address."""
    assert shown_address(url) == shown


def test_passwords_of_addresses_are_masked_anywhere():
    """Whoever they belong to."""
    assert redact("at http://u:p@h:1/v1 and a@b.c") == f"at http://{MASK}@h:1/v1 and a@b.c"


@pytest.mark.parametrize(
    "spelling",
    [
        "a&amp;b/c-123", "a&#38;b&#x2f;c-123", "a%26b%2Fc%2d123", "a\\u0026b\\/c-123", "a&amp;b&sol;c-123",
        "A&B/C-123", "A%26B%2FC-123",
        "a&amp;amp;b&amp;sol;c-123", "a%2526b%252fc-123", "a%252526b%25252Fc-123",
    ],
)  # fmt: skip
def test_a_key_is_masked_in_every_spelling(spelling):
    """As JSON, HTML and addresses write it, and as they do not."""
    assert redact(f"<{spelling}>", Secret("a&b/c-123")) == f"<{MASK}>"


@pytest.mark.parametrize(
    "write",
    [
        "&#{};".format, "&#x{:x};".format, "&#X{:04X};".format, "&amp;#{};".format, "%{:02x}".format,
        "%25{:02X}".format, "\\u{:04x}".format, "\\\\u{:04x}".format,
    ],
)  # fmt: skip
@pytest.mark.parametrize("every", [1, 4])
def test_letters_as_codes_make_no_other_key(write, every):
    """A page shows what HTML's codes stand for; nor is one safe that is written so in parts."""
    key = "Zq7Xk29pLmWv83+tR5uBhh1"
    coded = "".join(write(ord(char)) if at % every == 0 else char for at, char in enumerate(key))
    assert redact(f"it is {coded}!", Secret(key)) == f"it is {MASK}!"


@pytest.mark.clock
@pytest.mark.parametrize("piece", ["\\", "%25", "&amp;", "amp;", "://", "&#0", "0", "http://u:"])
def test_no_text_takes_long(piece):
    """Whatever a server repeats without end."""
    begin = time.monotonic()
    redact(f"&#{piece * rounds(300_000, 100_000)}", Secret("/&planted+0123"))
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize("how", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("ahead", ["", "a", "ab", "Bearer ", "user:"])
@pytest.mark.parametrize("behind", ["", "!", "??", "\n[DONE]"])
def test_a_key_in_base64_is_masked(how, ahead, behind):
    """Whatever was put before and behind it: of its own letters none is left but those at the seams."""
    key = "Zq8-planted+0123/456789?ab>>"
    said = how(f"{ahead}{key}{behind}".encode()).decode()
    seam = len(how(ahead.encode())) + len(how(behind.encode())) + len(MASK)
    shown = redact(f"<{said}>", Secret(key))
    assert MASK in shown
    assert len(shown) <= seam + 6


@pytest.mark.parametrize(
    "cut",
    ["Zq8-planted+", "Zq8-planted+01234567", "Zq8-planted\\u002b01", "0123456789ab", "anted+0123456789ab"],
)
def test_a_key_cut_short_is_masked(cut):
    """Its beginning or its end; a few letters of it are any word."""
    key = Secret("Zq8-planted+0123456789ab")
    assert redact(f"key <{cut}>, ends in 89ab", key) == f"key <{MASK}>, ends in 89ab"
    assert redact("Zq8-planted", key) == "Zq8-planted"


def test_of_two_keys_none_is_left_where_one_begins_like_the_other():
    """The whole ones are masked before the parts."""
    both = together([Secret("planted-key-0123"), Secret("planted-key-0123456789")])
    assert redact("<planted-key-0123456789>", both) == f"<{MASK}>"


@pytest.mark.parametrize(
    "key", ["sk-AbC/def+123", "sk-proj-Zq8_planted01", "a.b", "....", "Ünïcode-pass phrase", "k"]
)
def test_a_long_text_is_masked_like_a_short_one(key):
    """In every spelling, whole or in part or as base64, whatever stands around it."""
    spellings = [key, key.upper(), key.lower(), quote(key, safe=""), html.escape(key), json.dumps(key)[1:-1]]
    spellings += [
        key[:13],
        key[-13:],
        base64.b64encode(f"user:{key}".encode()).decode(),
        key.replace("s", "\N{LATIN SMALL LETTER LONG S}"),
    ]
    around = "lorem ipsum, sk: proj. " * 300
    for spelling in spellings:
        short = mask_given(f"<{spelling}>", Secret(key))
        assert mask_given(f"{around}<{spelling}>{around}", Secret(key)) == f"{around}{short}{around}"


@pytest.mark.clock
def test_a_long_text_without_keys_is_read_quickly():
    """However many keys there are."""
    keys = [Secret(f"sk-proj-{number:040x}") for number in range(7, 30)]
    begin = time.monotonic()
    text = "the quick brown fox; sk jumps over proj.\n" * 100_000
    assert mask_given(text, *keys) == text
    assert time.monotonic() - begin < 5
