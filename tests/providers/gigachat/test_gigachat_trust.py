"""Certificates: the system's authorities and the installed root; verification is never off by itself."""

from __future__ import annotations

import asyncio
import http.server
import ssl
import stat
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from g4f_nb import errors
from g4f_nb.providers import GigaChat
from g4f_nb.providers.gigachat import trust as gigachat_trust
from g4f_nb.testing import serve_gigachat
from g4f_nb.testing.certificates import new_certificates

ROOT = Path(__file__).parent / "russian_trusted_root_ca.crt"
ASKED = [{"role": "user", "content": "Привет"}]


def ask(**given) -> str:
    """One answer."""
    return "".join(map(str, GigaChat.create_completion("", ASKED, **({"max_retries": 0} | given))))


@contextmanager
def _file_server(*, tls=None, **files):
    """Serves these bytes at `/NAME`, and keeps which were asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            asked.append(name)
            self.send_response(200 if name in files else 404)
            self.end_headers()
            self.wfile.write(files.get(name, b"no such file"))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls is not None:
            server.socket = tls.context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        scheme = "http" if tls is None else "https"
        yield f"{scheme}://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()
        thread.join()


# ---- install_ca ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pem", "der", "bundle"])
def test_the_root_is_installed_from_wherever_it_comes(tmp_path, form):
    """As PEM, in binary form, among others: that certificate alone is kept, readable for its owner only."""
    pem = ROOT.read_bytes()
    other = trustme.CA().cert_pem.bytes()
    data = {"pem": pem, "der": ssl.PEM_cert_to_DER_cert(pem.decode()), "bundle": other + b"\n" + pem}[form]
    with _file_server(root=data) as (address, asked):
        place = GigaChat.install_ca(f"{address}/root")
    assert asked == ["root"]
    assert place == tmp_path / "config" / "russian_trusted_root_ca.crt"
    assert ssl.PEM_cert_to_DER_cert(place.read_text()) == ssl.PEM_cert_to_DER_cert(pem.decode())
    assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0
    assert [file.name for file in place.parent.iterdir()] == [place.name]
    names = [str(cert["subject"]) for cert in gigachat_trust.trusting(None).get_ca_certs()]
    assert any("Russian Trusted Root CA" in name for name in names)
    assert len(names) > 1, "the system's authorities are trusted as before"


def test_a_downloaded_file_can_be_named(tmp_path):
    """For whoever cannot reach the address from here; it is checked as well."""
    assert GigaChat.install_ca(str(ROOT)).exists()
    assert asyncio.run(GigaChat.install_ca_async(str(ROOT))).exists()
    with pytest.raises(errors.InvalidParameterError, match=r"nowhere\.crt cannot be read"):
        GigaChat.install_ca("nowhere.crt")


@pytest.mark.parametrize("what", ["other", "page", "torn", "nothing"])
def test_any_other_certificate_is_refused(tmp_path, what):
    """The fingerprint alone decides: nothing is written, and the error shows both."""
    data = {
        "other": trustme.CA().cert_pem.bytes(),
        "page": b"<html>please log in</html>",
        "torn": ROOT.read_bytes()[:-200],
        "nothing": b"",
    }[what]
    with _file_server(root=data) as (address, _):
        with pytest.raises(
            errors.CertificateError, match=r"fingerprint is [0-9a-f]{64}, not d26d2d02"
        ) as caught:
            GigaChat.install_ca(f"{address}/root")
        assert "nothing was installed" in str(caught.value)
        assert "GigaChat.install_ca('file.crt')" in str(caught.value)
        with pytest.raises(errors.ResponseError, match="404"):
            GigaChat.install_ca(f"{address}/absent")
    assert not (tmp_path / "config").exists()


def test_an_address_that_cannot_be_reached_leaves_another_way():
    """The error keeps its class and ends with it."""
    with pytest.raises(errors.ConnectionFailedError, match=r"127\.0\.0\.1:1 .*gosuslugi\.ru/crt.*file\.crt"):
        GigaChat.install_ca("http://127.0.0.1:1/root")
    with pytest.raises(errors.InvalidParameterError, match="no web address"):
        GigaChat.install_ca("ftp://127.0.0.1/root")


def test_a_refused_certificate_leaves_the_installed_one(tmp_path):
    """Installing again never makes it worse."""
    place = GigaChat.install_ca(str(ROOT))
    kept = place.read_bytes()
    other = trustme.CA().cert_pem.bytes()
    with _file_server(root=other) as (address, _), pytest.raises(errors.CertificateError):
        GigaChat.install_ca(f"{address}/root")
    assert place.read_bytes() == kept


def test_the_address_need_not_prove_who_it_is():
    """It may be signed by the very root that is to be installed; the fingerprint is proof, and is needed."""
    certificates = new_certificates()
    try:
        with _file_server(tls=certificates, root=ROOT.read_bytes(), bad=b"x") as (address, _):
            assert GigaChat.install_ca(f"{address}/root").exists()
            with pytest.raises(errors.CertificateError, match="fingerprint"):
                GigaChat.install_ca(f"{address}/bad")
    finally:
        certificates.delete()


def test_the_official_addresses_are_tried_in_order(monkeypatch):
    """The second one if the first has moved; both failing, the first error is told."""
    with _file_server(second=ROOT.read_bytes()) as (address, asked):
        monkeypatch.setattr(gigachat_trust, "ROOT_ADDRESSES", (f"{address}/first", f"{address}/second"))
        assert GigaChat.install_ca().exists()
        assert asked == ["first", "second"]
        monkeypatch.setattr(gigachat_trust, "ROOT_ADDRESSES", (f"{address}/first", f"{address}/third"))
        with pytest.raises(errors.ResponseError, match="404"):
            GigaChat.install_ca()


def test_the_official_addresses_are_those_that_the_documentation_links_to():
    """Of the state's own host for such files."""
    assert {each.partition("/content/")[0] for each in gigachat_trust.ROOT_ADDRESSES} == {"https://gu-st.ru"}


def test_the_published_root_is_the_one_that_is_accepted():
    """The fingerprint in the code is that of the certificate, which ends in 2032."""
    context = ssl.create_default_context(cafile=str(ROOT))
    (found,) = [cert for cert in context.get_ca_certs() if "Russian" in str(cert["subject"])]
    assert found["notAfter"] == "Feb 27 21:04:15 2032 GMT"
    assert found["serialNumber"] == "1000"


# ---- calls -----------------------------------------------------------------------------------------


def test_an_unknown_authority_is_refused_and_the_way_out_told(tls, where):
    """For tokens, chats and everything beside them; nothing was sent."""
    for call in (ask, GigaChat.balance, lambda **given: GigaChat.count_tokens("x", **given)):
        with pytest.raises(errors.CertificateError, match=r"GigaChat\.install_ca\(\).*ca_bundle_file="):
            call(**where(tls))
    assert tls.requests == []
    GigaChat.install_ca(str(ROOT))
    with pytest.raises(errors.CertificateError, match=r"another authority signed it.*ca_bundle_file="):
        ask(**where(tls))
    # The token may come from elsewhere: the chat's host is checked, too.
    keys = {tls.key: ["GIGACHAT_API_PERS"]}
    with (
        serve_gigachat(keys=keys) as other,
        pytest.raises(errors.CertificateError, match="another authority"),
    ):
        ask(**where(tls, auth_url=other.auth_url))
    assert tls.requests == []


def test_an_authority_s_file_adds_to_what_is_trusted(tls, where, monkeypatch):
    """By argument, by variable, or put where the root is: each verifies the chain."""
    assert ask(ca_bundle_file=tls.ca_file, **where(tls)) == "Привет"
    assert ask(ca_bundle_file=Path(tls.ca_file), **where(tls)) == "Привет"
    monkeypatch.setenv("GIGACHAT_CA_BUNDLE_FILE", tls.ca_file)
    assert ask(**where(tls)) == "Привет"
    monkeypatch.delenv("GIGACHAT_CA_BUNDLE_FILE")
    place = GigaChat.install_ca(str(ROOT))
    place.write_bytes(Path(tls.ca_file).read_bytes())
    assert ask(**where(tls)) == "Привет"
    names = gigachat_trust.trusting(tls.ca_file).get_ca_certs()
    assert len(names) > 1


def test_both_chains_verify_at_once(tls, where):
    """A server of the installed root and one of the named file, in one program."""
    with serve_gigachat(tls=True) as other:
        place = GigaChat.install_ca(str(ROOT))
        place.write_bytes(Path(other.ca_file).read_bytes())
        assert ask(ca_bundle_file=tls.ca_file, **where(tls)) == "Привет"
        assert ask(ca_bundle_file=tls.ca_file, **where(other)) == "Привет"


def test_a_call_writes_nothing(tls, where, tmp_path):
    """No folder and no certificate appear by calling."""
    ask(ca_bundle_file=tls.ca_file, **where(tls))
    assert not (tmp_path / "config").exists()


def test_one_context_serves_many_calls(tls, where):
    """So that connections are kept: ten answers, one connection."""
    for _ in range(10):
        ask(ca_bundle_file=tls.ca_file, **where(tls))
    assert tls.connections == 1


@pytest.mark.parametrize("how", ["argument", "variable", "class"])
def test_switching_verification_off_warns_loudly(tls, where, how, monkeypatch, capsys):
    """It is never off by itself."""
    given = {}
    if how == "argument":
        given = {"verify_ssl_certs": False}
    elif how == "variable":
        monkeypatch.setenv("GIGACHAT_VERIFY_SSL_CERTS", "false")
    else:
        monkeypatch.setattr(GigaChat, "verify_ssl_certs", False)
    assert ask(**where(tls), **given) == "Привет"
    told = capsys.readouterr().err
    assert "WARNING: GigaChat does not verify certificates" in told
    assert "GigaChat.install_ca()" in told
    monkeypatch.setenv("GIGACHAT_VERIFY_SSL_CERTS", "perhaps")
    monkeypatch.setattr(GigaChat, "verify_ssl_certs", None)
    with pytest.raises(errors.InvalidParameterError, match="GIGACHAT_VERIFY_SSL_CERTS is 'perhaps'"):
        ask(**where(tls))


def test_verification_is_on_unless_somebody_says_no(tls, where, monkeypatch, capsys):
    """`True` by argument wins over the variable."""
    monkeypatch.setenv("GIGACHAT_VERIFY_SSL_CERTS", "0")
    with pytest.raises(errors.CertificateError):
        ask(verify_ssl_certs=True, **where(tls))
    assert "WARNING" not in capsys.readouterr().err


def test_a_certificate_that_has_ended_is_told_as_such(where):
    """Another authority would not help, and is not offered."""
    refused = pytest.raises(errors.CertificateError, match="expired")
    with serve_gigachat(tls=True, expired=True) as server, refused as caught:
        ask(ca_bundle_file=server.ca_file, **where(server))
    assert "install_ca" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "No such file"), (b"no certificate", "no certificate")]
)
def test_a_file_that_is_no_bundle_is_named(tls, where, tmp_path, content, words):
    """With the option and its variable."""
    file = tmp_path / "mine.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(errors.InvalidParameterError, match=f"mine.pem.*{words}.*GIGACHAT_CA_BUNDLE_FILE"):
        ask(ca_bundle_file=str(file), **where(tls))
    place = tmp_path / "config" / "russian_trusted_root_ca.crt"
    place.parent.mkdir()
    place.write_bytes(b"spoilt")
    with pytest.raises(errors.InvalidParameterError, match=r"delete .*install_ca"):
        ask(**where(tls))
