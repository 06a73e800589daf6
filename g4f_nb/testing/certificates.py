"""Certificates for a server on this machine, by an authority that was made for it and trusts nothing else."""

from __future__ import annotations

import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from g4f_nb.errors import MissingRequirementsError

_NAMES = ("127.0.0.1", "localhost")


@dataclass(frozen=True, slots=True, eq=False)
class Certificates:
    """What an HTTPS server shows, and the file of the authority that a client has to trust."""

    context: ssl.SSLContext
    ca_file: Path

    def delete(self) -> None:
        """Remove the authority's file."""
        self.ca_file.unlink(missing_ok=True)


def new_certificates(*, expired: bool = False) -> Certificates:
    """Make an authority and a certificate of it for 127.0.0.1; `expired` makes one that has ended."""
    try:
        import trustme
    except ImportError as error:
        raise MissingRequirementsError(
            'a test server over HTTPS needs the extra "test": pip install "g4f_nb[test]" (or only '
            "pip install trustme), or use it without tls=True"
        ) from error
    import datetime as dt

    authority = trustme.CA()
    ends = dt.datetime.now(dt.UTC) - dt.timedelta(days=1) if expired else None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*_NAMES, not_after=ends).configure_cert(context)
    with tempfile.NamedTemporaryFile(prefix="g4f_nb-", suffix=".crt", delete=False) as file:
        file.write(authority.cert_pem.bytes())
    return Certificates(context, Path(file.name))
