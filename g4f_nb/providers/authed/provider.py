"""`AsyncAuthedProvider`: a provider behind a login, which is kept, and renewed when the server refuses it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from functools import partial
from inspect import Parameter, isawaitable, signature
from pathlib import Path
from typing import Any, ClassVar

from g4f_nb import loops, parameters
from g4f_nb.chunks import AuthResult, Chunk, is_content
from g4f_nb.errors import G4FError, MissingAuthError
from g4f_nb.loops.handover import closing
from g4f_nb.notices import tell
from g4f_nb.providers.authed.authfile import AuthFileMixin, delete_login, read_login, save_login
from g4f_nb.providers.authed.logins import Login, LoginAccount, account_at
from g4f_nb.providers.base import AsyncGeneratorProvider
from g4f_nb.secret import Secret, Veiled
from g4f_nb.typing import AsyncResult, CreateResult, Messages


class AsyncAuthedProvider(AsyncGeneratorProvider, AuthFileMixin):
    """Asks with a login: a subclass writes how to get one, `on_auth_async`, and how to ask, `create_authed`.

    A kept login is tried first. Where there is none, or the server refuses it before any content came
    (`MissingAuthError`), one login is made and the question is asked once more. Only a login that was
    accepted is kept.
    """

    # The parameters that say whose login it is, the most telling first.
    account_parameters: ClassVar[tuple[str, ...]] = ("account", "username", "user", "email", "api_key")

    @classmethod
    async def on_auth_async(cls, **kwargs: Any) -> AuthResult:
        """Log in: a coroutine that returns an `AuthResult`, or an async generator that yields one last.

        What a generator yields before, like `RequestLogin`, is shown to the user while it waits.
        """
        kwargs = Veiled(kwargs)
        if not kwargs.get("api_key"):
            raise MissingAuthError(f"{cls.__name__} needs a key: pass api_key=", provider=cls.__name__)
        return AuthResult()

    @classmethod
    @abstractmethod
    def create_authed(cls, model: str, messages: Messages, auth_result: AuthResult, **kwargs: Any) -> Any:
        """Answer with this login: an async generator of chunks, or a coroutine that gives the whole."""
        raise NotImplementedError(f"{cls.__name__} does not define create_authed")

    @classmethod
    def on_auth(cls, **kwargs: Any) -> AuthResult | Iterator[Chunk | str]:
        """Log in from synchronous code, also where an event loop runs already.

        It gives what `on_auth_async` gives: an `AuthResult`, or an iterator that ends with one.
        """
        kwargs = Veiled(kwargs)
        login: Any = cls.on_auth_async(**kwargs)
        if hasattr(login, "__aiter__"):
            return loops.to_sync_generator(login)
        return loops.run(login)  # type: ignore[no-any-return]  # the AuthResult

    @classmethod
    def get_account(cls, **kwargs: Any) -> str | Secret | None:
        """Whose login a call needs, for the name of its file; `None` if nobody is named.

        An address that the call gives counts, too: what one server has issued is never shown to another.
        """
        kwargs = Veiled(kwargs)
        named = (Secret.of(kwargs.get(name)) for name in cls.account_parameters)
        who = next(filter(None, named), None)
        where = kwargs.get("api_base")
        return Secret(f"{who.reveal() if who else ''}\n{where}") if where else who

    @classmethod
    def read_cache_file(cls, cache_file: Path) -> AuthResult | None:
        """The login that is kept there; one that is damaged is none."""
        return read_login(cache_file)

    @classmethod
    def write_cache_file(cls, cache_file: Path, auth_result: AuthResult | None = None) -> None:
        """Keep this login there, readable for its owner only; `None` deletes the file."""
        if auth_result is None:
            delete_login(cache_file)
        else:
            save_login(cache_file, auth_result)

    @classmethod
    def create_completion(
        cls, model: str, messages: Messages, stream: bool = True, **kwargs: Any
    ) -> CreateResult:
        """Stream synchronously; a login that the user has to do is seen at once, whatever `stream` says."""
        kwargs = Veiled(kwargs)
        return loops.to_sync_generator(cls.create_async_generator(model, messages, stream=stream, **kwargs))

    @classmethod
    async def create_async_generator(  # noqa: C901  # one story, told in its order
        cls, model: str, messages: Messages, stream: bool = True, **kwargs: Any
    ) -> AsyncResult:
        """Stream one answer; what a login shows comes first, as part of the stream."""
        kwargs = Veiled(kwargs)
        cls.check_parameters(kwargs)
        account = account_at(cls.get_cache_file(cls.get_account(**kwargs)))
        login = account.known(cls)
        may_renew = login is not None
        while True:
            if login is None:
                start = partial(cls._start_login, kwargs)
                async with closing(steps := account.log_in(cls, start, provider=cls.__name__)):
                    async for step in steps:
                        if isinstance(step, Login):
                            login = step
                        else:
                            yield step
            assert login is not None  # noqa: S101  # log_in ends with one or raises
            answer = cls._ask(model, messages, login, Veiled({"stream": stream, **kwargs}))
            started = False
            try:
                async with closing(answer):
                    async for chunk in answer:
                        if not started and is_content(chunk):
                            started = True
                            cls._keep(account, login)
                        yield chunk
            except MissingAuthError:
                if started:
                    raise
                account.reject(login, cls)
                if not may_renew:
                    raise
            else:
                cls._keep(account, login)
                return
            login, may_renew = None, False

    @classmethod
    def check_parameters(cls, names: Iterable[str]) -> None:
        """Raise for a keyword that neither the login nor the question takes."""
        known = {"model", "messages", "stream", "api_key"}
        login_of = next(klass for klass in cls.__mro__ if "on_auth_async" in vars(klass))
        # The login that is given here takes whatever comes, and reads the key alone.
        methods: list[Any] = [cls.create_authed]
        if login_of is not AsyncAuthedProvider:
            methods.append(cls.on_auth_async)
        for found in (signature(method).parameters for method in methods):
            if any(each.kind is Parameter.VAR_KEYWORD for each in found.values()):
                return
            known.update(found)
        parameters.refuse_unknown(names, known - {"auth_result"}, provider=cls.__name__)

    @classmethod
    def _main_method(cls) -> Callable[..., Any]:
        return cls.create_authed

    @classmethod
    def _start_login(cls, given: Mapping[str, Any]) -> Any:
        return cls.on_auth_async(**_taken_by(cls.on_auth_async, given))

    @classmethod
    async def _ask(
        cls, model: str, messages: Messages, login: Login, given: Mapping[str, Any]
    ) -> AsyncIterator[str | Chunk]:
        answer: Any = cls.create_authed(
            model, messages, auth_result=login.result, **_taken_by(cls.create_authed, given)
        )
        if isawaitable(answer):
            answer = await answer
        if hasattr(answer, "__aiter__"):
            async with closing(answer):
                async for chunk in answer:
                    yield chunk
        elif answer is not None:
            yield answer

    @classmethod
    def _keep(cls, account: LoginAccount, login: Login) -> None:
        """Write an accepted login; if that fails, the next one is due sooner, and the answer goes on."""
        try:
            account.keep(login, cls)
        except (G4FError, OSError) as error:
            reason = str(error) if isinstance(error, G4FError) else error.strerror or type(error).__name__
            tell(
                f"{cls.__name__}: this login is forgotten when Python ends, for it cannot be saved: {reason}"
            )


def _taken_by(method: Callable[..., Any], given: Mapping[str, Any]) -> Veiled:
    """The keywords that a method takes; one with `**kwargs` takes them all."""
    known = signature(method).parameters
    if any(each.kind is Parameter.VAR_KEYWORD for each in known.values()):
        return Veiled(given)
    return Veiled((name, value) for name, value in given.items() if name in known)
