"""Every place that may hold a key, each empty until a test fills it."""

from __future__ import annotations

import sys
import types

import keyring.backend
import keyring.errors

from g4f_nb import key_places


class PocketKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory; locked, it refuses everything."""

    priority = 1
    name = "a pocket"

    def __init__(self):
        super().__init__()
        self.held, self.asked, self.locked = {}, [], False

    def _open(self, *asked):
        self.asked.append(asked)
        if self.locked:
            raise keyring.errors.KeyringLocked("it is locked")

    def get_password(self, service, username):
        """What is held."""
        self._open(service, username)
        return self.held.get((service, username))

    def set_password(self, service, username, password):
        """Hold it."""
        self._open(service, username)
        self.held[service, username] = password

    def delete_password(self, service, username):
        """Drop it."""
        self._open(service, username)
        del self.held[service, username]


class Places:
    """The working folder, the environment, the keyring, and stand-ins for the modules of Colab and Kaggle."""

    def __init__(self, monkeypatch, folder, pocket):
        self.patch, self.folder, self.pocket = monkeypatch, folder, pocket
        monkeypatch.chdir(folder)

    def environment(self, name, value):
        """Set a variable."""
        self.patch.setenv(name, value)

    def dotenv(self, text):
        """Write `.env`."""
        (self.folder / ".env").write_text(text, encoding="utf-8")

    def keyring(self, name, value):
        """Put a key into the keyring."""
        self.pocket.held[key_places.KEYRING_SERVICE, name] = value
        key_places.look_again()

    def colab(self, *, denied=(), **secrets):
        """As Colab's `userdata`: a secret that is not there, or that this notebook may not read, raises."""
        missing, no_access = (type(name, (Exception,), {}) for name in ("Missing", "NoAccess"))

        def get(name):
            if name in denied:
                raise no_access
            if name not in secrets:
                raise missing
            return secrets[name]

        userdata = self._module("google.colab.userdata", get=get)
        userdata.SecretNotFoundError, userdata.NotebookAccessError = missing, no_access
        self._module("google.colab", userdata=userdata)
        key_places.look_again()

    def kaggle(self, **secrets):
        """As Kaggle's client: a secret that is not there raises whatever it does."""
        self.patch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
        client = type("UserSecretsClient", (), {"get_secret": lambda _, name: secrets[name]})
        self._module("kaggle_secrets", UserSecretsClient=client)
        key_places.look_again()

    def _module(self, name, **values):
        module = types.ModuleType(name)
        module.__dict__.update(values, __spec__=types.SimpleNamespace(name=name), __path__=[])
        self.patch.setitem(sys.modules, name, module)
        return module
