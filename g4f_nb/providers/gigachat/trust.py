"""Whom GigaChat's calls trust: the system's authorities, and the Russian Trusted Root CA once installed.

GigaChat's hosts show certificates of that authority, which no system knows. `fetch_root` gets its certificate
from the official address and takes it only if its SHA-256 fingerprint is the published one.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import hashlib
import re
import ssl as tls
from pathlib import Path

from g4f_nb import private_files, settings
from g4f_nb.calls import Call, Headers, TimeLimits
from g4f_nb.credentials import origin
from g4f_nb.errors import CertificateError, G4FError, InvalidParameterError
from g4f_nb.files.reading import read_regular
from g4f_nb.secret import Secret, shown_address
from g4f_nb.wire.http import Exchange

ROOT_FILE = "russian_trusted_root_ca.crt"
# What the page https://www.gosuslugi.ru/crt and GigaChat's documentation link to.
ROOT_ADDRESSES = (
    "https://gu-st.ru/content/lending/russian_trusted_root_ca_pem.crt",
    "https://gu-st.ru/content/Other/doc/russian_trusted_root_ca.cer",
)
# Subject and issuer "Russian Trusted Root CA", serial number 0x1000, valid from 2022-03-01 to 2032-02-27.
ROOT_FINGERPRINT = "d26d2d0231b7c39f92cc738512ba54103519e4405d68b5bd703e9788ca8ecf31"
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")
_LONGEST_FILE = 1024 * 1024


def root_file() -> Path:
    """Where the certificate of the root is, once it is installed."""
    return settings.config_folder() / ROOT_FILE


def trusting(ca_bundle_file: str | None) -> tls.SSLContext:
    """The system's authorities, the installed root, and those in the given file; made once for the same."""
    return _context(_state(str(root_file())), _state(ca_bundle_file))


def unknown_authority(error: CertificateError) -> CertificateError:
    """The error with what to do about it, where a certificate more would help."""
    if any(word in str(error) for word in ("expired", "mismatch", "not valid for")):
        return error
    if root_file().exists():
        way = f"{ROOT_FILE} is installed, so another authority signed it: name its file with ca_bundle_file="
    else:
        way = (
            "GigaChat's hosts are signed by the Russian Trusted Root CA: run GigaChat.install_ca() once, "
            "which checks the certificate's fingerprint, or name a file of certificates with ca_bundle_file="
        )
    told = str(error).partition(": check the address")[0]
    made = CertificateError(f"{told}: {way}", provider=error.provider, model=error.model)
    made.__cause__ = error.__cause__
    return made


async def fetch_root(source: str | None, *, proxy: Secret | None, silence: float | None) -> str:
    """The root's certificate in PEM form, from an address or a file; another certificate is refused."""
    failure: G4FError | None = None
    for place in ROOT_ADDRESSES if source is None else (source,):
        try:
            return _checked(await _bytes_of(place, proxy=proxy, silence=silence), place)
        except G4FError as error:
            failure = failure or _by_hand(error)
    assert failure is not None  # noqa: S101  # for the type checker: there is always a first place
    raise failure.alone() from failure.__cause__


def _by_hand(error: G4FError) -> G4FError:
    """The same error, with the way that is left where no address gives the certificate."""
    if isinstance(error, InvalidParameterError):
        return error
    told = copy.copy(error)
    told.__cause__ = error.__cause__
    what = re.split(": check |: start ", str(error))[0]
    way = "download the certificate from https://www.gosuslugi.ru/crt by other means and name the file"
    told.args = (f"{what}: {way}, like GigaChat.install_ca('file.crt')",)
    return told


def keep_root(certificate: str) -> Path:
    """Put the certificate into its place; gives the place."""
    file = root_file()
    private_files.write(file, Secret(certificate))
    return file


def _checked(data: bytes, place: str) -> str:
    seen = [hashlib.sha256(each).hexdigest() for each in _certificates(data)]
    if ROOT_FINGERPRINT in seen:
        return tls.DER_cert_to_PEM_cert(_certificates(data)[seen.index(ROOT_FINGERPRINT)])
    raise CertificateError(
        f"what {shown_address(place)} holds is not the Russian Trusted Root CA: its SHA-256 fingerprint is "
        f"{seen[0]}, not {ROOT_FINGERPRINT}; nothing was installed",
        provider="GigaChat",
    )


def _certificates(data: bytes) -> list[bytes]:
    """Each certificate of a PEM text in binary form; what is no such text may be a certificate itself."""
    found = []
    for text in _PEM.findall(data):
        with contextlib.suppress(ValueError):
            found.append(tls.PEM_cert_to_DER_cert(text.decode()))
    return found or [data]


async def _bytes_of(place: str, *, proxy: Secret | None, silence: float | None) -> bytes:
    if "://" not in place:
        return _bytes_in(place)
    origin(place)
    try:
        return await _download(place, proxy=proxy, silence=silence, trust=None)
    except CertificateError:
        # Its own host may show a certificate of the very authority that is about to be installed. Nothing
        # secret goes there, and the fingerprint alone decides what is taken, so nobody is trusted here.
        return await _download(place, proxy=proxy, silence=silence, trust=False)


def _bytes_in(file: str) -> bytes:
    try:
        return read_regular(Path(file).expanduser(), most=_LONGEST_FILE)
    except OSError as error:
        raise InvalidParameterError(f"{file} cannot be read ({error.strerror}): check its name") from error


async def _download(url: str, *, proxy: Secret | None, silence: float | None, trust: bool | None) -> bytes:
    limits = TimeLimits(connect=silence, silence=silence)
    call = Call("GET", url, Headers(), limits=limits, proxy=proxy, ssl=trust, provider="GigaChat")
    async with Exchange(call) as answer:
        return await answer.read(_LONGEST_FILE)


def _state(file: str | None) -> tuple[str, int, int] | None:
    """A file's name and what tells one state of it from another; `None` where there is none."""
    if file is None:
        return None
    try:
        stamp = Path(file).stat()
    except OSError:
        return file, 0, 0
    return file, stamp.st_mtime_ns, stamp.st_size


@functools.lru_cache(maxsize=16)
def _context(root: tuple[str, int, int] | None, bundle: tuple[str, int, int] | None) -> tls.SSLContext:
    context = tls.create_default_context()
    if root is not None and root[2]:
        _add(context, root[0], f"delete {root[0]} and run GigaChat.install_ca()")
    if bundle is not None:
        _add(context, bundle[0], "ca_bundle_file= (GIGACHAT_CA_BUNDLE_FILE) names a file of PEM certificates")
    return context


def _add(context: tls.SSLContext, file: str, way_out: str) -> None:
    try:
        context.load_verify_locations(cafile=file)
    except (OSError, tls.SSLError) as error:
        reason = "it holds no certificate" if isinstance(error, tls.SSLError) else error.strerror
        raise InvalidParameterError(f"{file} cannot be read ({reason}): {way_out}") from error
